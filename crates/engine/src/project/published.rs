//! What a project's description says of its agent to the world.

use std::path::Path;

use beatkeeper_core::identity::EntityKind;

use super::zynd::{Described, Kind};

/// What a registration could say, as far as the project does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Published {
    pub(crate) name: Option<String>,
    pub(crate) entity_url: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) summary: Option<String>,
}

/// What the project in this folder says; nothing when it has no description that can be read.
pub(crate) fn published(folder: &Path, kind: EntityKind) -> Option<Published> {
    let kind = match kind {
        EntityKind::Agent => Kind::Agent,
        EntityKind::Service => Kind::Service,
    };
    let described = Described::at(folder, kind).ok()??;
    Some(Published {
        name: described.name(),
        entity_url: described.text(&["entity_url", "entityUrl", "service_endpoint"]),
        category: described.text(&["category"]),
        tags: described.texts("tags"),
        summary: described.text(&["summary", "description"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_either_style_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(published(folder.path(), EntityKind::Agent), None);
        let text = r#"{"name": "weather", "entityUrl": "https://w.example.com", "tags": ["a", 1, "b"],
            "description": "Tells the weather.", "category": " "}"#;
        std::fs::write(folder.path().join("agent.config.json"), text).unwrap();
        let read = published(folder.path(), EntityKind::Agent).unwrap();
        assert_eq!(read.name.as_deref(), Some("weather"));
        assert_eq!(read.entity_url.as_deref(), Some("https://w.example.com"));
        assert_eq!(read.tags, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!((read.summary.as_deref(), read.category), (Some("Tells the weather."), None));
        assert_eq!(published(folder.path(), EntityKind::Service), None);
    }
}
