//! What a registration says of an agent, and who says it.

use std::time::Duration;

use beatkeeper_core::base_url::is_only_here;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::wire::registration::{LONGEST_NAME, LONGEST_SUMMARY, MOST_TAGS};
use serde_json::Value;
use url::Url;

use super::records::Record;
use crate::project::{self, Published};
use crate::refusal::Refusal;
use crate::settings::AgentEntry;

/// Where a current agent says what it is.
const CARD_PATH: &str = "/.well-known/agent-card.json";
/// What its address for calls ends with; before that is where it is published.
const CALLS: &str = "/a2a/v1";
/// An agent on this computer answers at once, or does not run.
const WITHIN: Duration = Duration::from_secs(3);
/// As a registry would take one.
const LARGEST_CARD: usize = 50 * 1024;
/// As the SDKs cut a description.
const USUAL_SUMMARY: usize = 160;
const USUAL_CATEGORY: &str = "general";

/// What a registration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) entity_url: String,
    pub(super) category: String,
    pub(super) tags: Vec<String>,
    pub(super) summary: String,
}

/// What one of those that know the agent says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) name: Option<String>,
    pub(super) entity_url: Option<String>,
    pub(super) category: Option<String>,
    pub(super) tags: Option<Vec<String>>,
    pub(super) summary: Option<String>,
}

impl Facts {
    /// What the person says, then the record that is there, the agent's own card, its project, and what is configured.
    pub(super) async fn gather(
        person: Said,
        record: Option<&Record>,
        agent: &AgentEntry,
        http: &reqwest::Client,
    ) -> Result<Self, Refusal> {
        let address = health_address(agent);
        let card = match &address {
            Some(address) => card(http, address, &agent.entity).await.unwrap_or_default(),
            None => Said::default(),
        };
        let described = agent.project.as_deref().and_then(|folder| project::published(folder, agent.entity.kind()));
        let configured = Said {
            name: Some(agent.name.clone()),
            entity_url: address.map(|address| address.origin().ascii_serialization()),
            ..Said::default()
        };
        let sources = [
            person,
            record.map(Said::from).unwrap_or_default(),
            card,
            described.map(Said::from).unwrap_or_default(),
            configured,
        ];
        Self::of(&sources)
    }

    fn of(sources: &[Said]) -> Result<Self, Refusal> {
        let first = |part: fn(&Said) -> Option<&String>| {
            let said = sources.iter().filter_map(part).map(|text| text.trim()).find(|text| !text.is_empty());
            said.map(str::to_owned)
        };
        let entity_url = first(|said| said.entity_url.as_ref()).ok_or_else(|| {
            Refusal::new(
                "write.no_url",
                "Nobody says where the agent is published: no record, no card, no project, no health address",
                "Give the address at which others reach it: --url.",
            )
            .at("entity_url")
        })?;
        let facts = Self {
            name: first(|said| said.name.as_ref()).unwrap_or_default(),
            entity_url: checked_url(&entity_url)?,
            category: first(|said| said.category.as_ref()).unwrap_or_else(|| USUAL_CATEGORY.to_owned()),
            tags: sources.iter().find_map(|said| said.tags.clone()).unwrap_or_default(),
            summary: first(|said| said.summary.as_ref()).unwrap_or_default(),
        };
        facts.check()?;
        Ok(facts)
    }

    /// The registry counts bytes, and says so only after everything was signed.
    fn check(&self) -> Result<(), Refusal> {
        let long = |field: &str, limit: usize, unit: &str| {
            let sentence = format!("The registry takes at most {limit} {unit} as {field}");
            Refusal::new("write.bad_field", sentence, format!("Give a shorter one: --{field}.")).at(field)
        };
        if self.name.len() > LONGEST_NAME {
            return Err(long("name", LONGEST_NAME, "bytes"));
        }
        if self.summary.len() > LONGEST_SUMMARY {
            return Err(long("summary", LONGEST_SUMMARY, "bytes"));
        }
        if self.tags.len() > MOST_TAGS {
            return Err(long("tags", MOST_TAGS, "tags"));
        }
        Ok(())
    }

    /// What a person should know of it before it is published.
    pub(super) fn warnings(&self, registry_is_here: bool) -> Vec<String> {
        url_warning(&self.entity_url, registry_is_here).into_iter().collect()
    }
}

/// An address at which something can be published, as it was written.
pub(super) fn checked_url(text: &str) -> Result<String, Refusal> {
    let bad = |why: String| {
        let shown: String = text.chars().take(120).flat_map(char::escape_debug).collect();
        let sentence = format!("\"{shown}\" is no address to publish an agent at: {why}");
        Refusal::new("write.bad_url", sentence, "Give one such as https://weather.example.com.").at("entity_url")
    };
    let text = text.trim();
    let url: Url = text.parse().map_err(|error: url::ParseError| bad(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("it must begin with http:// or https://".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("it has a user name or a password in it, which everybody would read".to_owned()));
    }
    Ok(text.to_owned())
}

/// Whoever finds the agent calls it at this address.
pub(super) fn url_warning(entity_url: &str, registry_is_here: bool) -> Option<String> {
    let url: Url = entity_url.parse().ok()?;
    (is_only_here(&url) && !registry_is_here).then(|| {
        format!("{entity_url} can be reached from this computer alone: others will find the agent, and not reach it.")
    })
}

fn health_address(agent: &AgentEntry) -> Option<Url> {
    project::probes(agent).live.and_then(|probe| probe.http).or_else(|| agent.health.clone())
}

/// What the agent itself says, if it runs and is this one.
async fn card(http: &reqwest::Client, address: &Url, id: &EntityId) -> Option<Said> {
    let url = address.join(CARD_PATH).ok()?;
    let response = http.get(url).timeout(WITHIN).send().await.ok()?;
    if response.status().as_u16() != 200 || response.content_length().is_some_and(|length| length > LARGEST_CARD as u64)
    {
        return None;
    }
    let bytes = response.bytes().await.ok().filter(|bytes| bytes.len() <= LARGEST_CARD)?;
    read_card(&serde_json::from_slice(&bytes).ok()?, id)
}

/// Nothing of another agent's, nor of one that does not say whose it is: any program may have the port.
fn read_card(card: &Value, id: &EntityId) -> Option<Said> {
    let own = card.get("x-zynd")?;
    if own.get("entityId").and_then(Value::as_str) != Some(id.as_str()) {
        return None;
    }
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let url = text(card.get("url"));
    Some(Said {
        name: text(card.get("name")),
        entity_url: url.map(|url| url.trim_end_matches(CALLS).trim_end_matches('/').to_owned()),
        category: text(own.get("category")),
        tags: None,
        summary: text(card.get("description")).map(|description| summary_of(&description)),
    })
}

/// The first sentence of a description, as the SDKs register it.
fn summary_of(description: &str) -> String {
    let line = description.trim().split('\n').next().unwrap_or_default();
    let sentence = line.find(". ").map_or(line, |end| &line[..=end]);
    let mut summary: String = sentence.chars().take(USUAL_SUMMARY).collect();
    while summary.len() > LONGEST_SUMMARY {
        summary.pop();
    }
    summary
}

impl From<&Record> for Said {
    fn from(record: &Record) -> Self {
        Self {
            name: Some(record.name.clone()),
            entity_url: record.entity_url.clone(),
            category: Some(record.category.clone()),
            tags: record.tags.clone(),
            summary: Some(record.summary.clone()),
        }
    }
}

impl From<Published> for Said {
    fn from(published: Published) -> Self {
        let Published { name, entity_url, category, tags, summary } = published;
        Self { name, entity_url, category, tags, summary: summary.map(|text| summary_of(&text)) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(name: &str, url: &str) -> Said {
        Said { name: Some(name.into()), entity_url: Some(url.into()), ..Said::default() }
    }

    #[test]
    fn who_stands_nearer_to_the_person_counts_more() {
        let person = Said { tags: Some(vec![]), ..Said::default() };
        let record = Said { tags: Some(vec!["a".into()]), ..said(" ", "http://a") };
        let facts = Facts::of(&[person, record, said("card", "http://b")]).unwrap();
        assert_eq!((facts.name.as_str(), facts.entity_url.as_str()), ("card", "http://a"));
        assert!(facts.tags.is_empty(), "none was said, and meant");
        assert_eq!((facts.category.as_str(), facts.summary.as_str()), ("general", ""));
    }

    #[test]
    fn what_a_registry_would_refuse_is_refused_before_anything_is_signed() {
        let code = |said: Said| Facts::of(&[said]).unwrap_err().code;
        assert_eq!(code(Said::default()), "write.no_url");
        assert_eq!(code(said("a", "ftp://a")), "write.bad_url");
        assert_eq!(code(said("a", "weather.example.com")), "write.bad_url");
        assert_eq!(code(said("a", "https://me:pw@example.com")), "write.bad_url");
        assert_eq!(code(said(&"é".repeat(51), "http://a")), "write.bad_field");
        assert_eq!(code(Said { summary: Some("x".repeat(201)), ..said("a", "http://a") }), "write.bad_field");
        assert_eq!(code(Said { tags: Some(vec!["x".into(); 21]), ..said("a", "http://a") }), "write.bad_field");
    }

    #[test]
    fn a_card_counts_when_it_is_the_agents_own() {
        let id: EntityId = "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap();
        let card = json!({
            "name": "Weather", "description": "Tells the weather. And more.", "url": "https://w.example.com/a2a/v1",
            "x-zynd": {"entityId": id, "category": "data"},
        });
        let read = read_card(&card, &id).unwrap();
        assert_eq!(read.entity_url.as_deref(), Some("https://w.example.com"));
        assert_eq!((read.category.as_deref(), read.summary.as_deref()), (Some("data"), Some("Tells the weather.")));
        let other: EntityId = "zns:c05f93041a20967a48616b85df7ada7f".parse().unwrap();
        assert_eq!(read_card(&card, &other), None);
        for nobodys in [json!({"name": "Weather"}), json!({"name": "Weather", "x-zynd": {"category": "data"}})] {
            assert_eq!(read_card(&nobodys, &id), None, "{nobodys}");
        }
    }

    #[test]
    fn an_address_of_this_computer_is_warned_of_unless_the_registry_is_here_too() {
        for here in ["http://127.0.0.1:5000", "http://localhost:5000", "http://0.0.0.0:5000", "http://[::1]:5000"] {
            assert!(url_warning(here, false).is_some(), "{here}");
            assert_eq!(url_warning(here, true), None);
        }
        assert_eq!(url_warning("https://w.example.com", false), None);
    }

    #[test]
    fn a_summary_is_short_in_bytes() {
        assert!(summary_of(&"é".repeat(300)).len() <= LONGEST_SUMMARY);
        assert_eq!(summary_of("One.Two three"), "One.Two three");
    }
}
