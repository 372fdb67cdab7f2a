//! What the owner of a record asks of it: to be changed, to lose its name, to be deleted (protocols.md 1.7).
//!
//! An authorization holds neither a time nor a number that is used once: whoever reads one can repeat it for ever.

use serde_json::{Map, Value};

use crate::identity::canonical_json;

/// Whose key an authorization is by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Owner {
    /// The entity's own.
    Entity,
    /// That of the developer it belongs to.
    Developer,
}

/// The `Authorization` header of a change or a deletion of a record.
#[must_use]
pub fn authorization(owner: Owner, signature: &str) -> String {
    match owner {
        Owner::Entity => format!("Bearer {signature}"),
        Owner::Developer => format!("Bearer-Dev {signature}"),
    }
}

/// A change of a record. Members that it does not name stay as they are, but for two that the registry empties then:
/// `signature` and `codebase_hash`. No record shows the latter, so it cannot be sent along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update(Map<String, Value>);

impl Update {
    /// One that changes where the entity is published.
    #[must_use]
    pub fn of_url(entity_url: &str) -> Self {
        Self::default().with("entity_url", entity_url)
    }

    /// With another member: `name`, `entity_url`, `category`, `tags`, `summary`, `ttl` or `codebase_hash`.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.0.insert(member.to_owned(), value.into());
        self
    }

    /// What the signature in the body is over. The registry stores that signature without a look at it, and forgets the
    /// one that it has when there is none.
    #[must_use]
    pub fn signed_bytes(&self) -> Vec<u8> {
        canonical_json(&Value::Object(self.0.clone())).into_bytes()
    }

    /// The body, of which the authorization signs every byte. `signature` is over [`signed_bytes`](Self::signed_bytes), in
    /// wire form.
    #[must_use]
    pub fn body(&self, signature: &str) -> String {
        let mut members = self.0.clone();
        members.insert("signature".into(), signature.into());
        canonical_json(&Value::Object(members))
    }
}

/// The name that an entity has under its developer's handle: `HOST/HANDLE/NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fqan {
    text: String,
    host: String,
    handle: String,
    name: String,
}

impl Fqan {
    /// Reads one. Its version and its capability, if it has them, are no part of the binding.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("zns://").or_else(|| text.strip_prefix("agdns://")).unwrap_or(text);
        let text = text.split(['@', '#']).next().unwrap_or_default();
        let mut parts = text.split('/');
        let (host, handle, name) = (parts.next()?, parts.next()?, parts.next()?);
        // Both become segments of a path.
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let fits = parts.next().is_none() && !host.is_empty() && is_word(handle) && is_word(name);
        fits.then(|| Self {
            text: text.to_owned(),
            host: host.to_owned(),
            handle: handle.to_owned(),
            name: name.to_owned(),
        })
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The registry that it belongs to.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The handle of its developer.
    #[must_use]
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// The name under that handle.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Path of the binding.
    #[must_use]
    pub fn path(&self) -> String {
        format!("v1/names/{}/{}", self.handle, self.name)
    }

    /// What its release signs, by the developer's key. Its authorization has the scheme of an entity's.
    #[must_use]
    pub fn release_bytes(&self) -> Vec<u8> {
        format!("release:{}", self.text).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_the_registry_writes_it() {
        let name = Fqan::parse("reg.example.test/dev-one/alpha").unwrap();
        assert_eq!((name.host(), name.handle(), name.name()), ("reg.example.test", "dev-one", "alpha"));
        assert_eq!(name.path(), "v1/names/dev-one/alpha");
        assert_eq!(name.release_bytes(), b"release:reg.example.test/dev-one/alpha");
        let decorated = Fqan::parse("zns://reg.example.test/dev-one/alpha@1.0#search").unwrap();
        assert_eq!(decorated, name);
    }

    #[test]
    fn what_could_lead_to_another_path_is_no_name() {
        for text in ["", "alpha", "a/b", "h/a/b/c", "h/../b", "h/a/b?x=1", "/a/b", "h/A/b", "h/a/%2e"] {
            assert_eq!(Fqan::parse(text), None, "{text}");
        }
    }
}
