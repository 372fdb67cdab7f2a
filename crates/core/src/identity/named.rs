//! Ids that are names: somebody chose them, so they may hold anything, and no key proves them.
//!
//! ArtCafe's agents belong to an organization, those of a Redis bus to the bus by its name here (protocols.md 5.1, 6). Both
//! parts are percent-encoded, so an id is one word of visible ASCII wherever it goes: in a file, a path, a log line.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::{EntityId, IdError};

/// The longest name of an agent, in bytes of UTF-8; a bus holds whatever anybody writes there.
pub const LONGEST_NAME: usize = 128;
/// In a table.
const SHORT: usize = 24;

/// What would end a part or hide in it.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'%')
    .add(b'/')
    .add(b'\\')
    .add(b'"')
    .add(b'\'')
    .add(b'`')
    .add(b'<')
    .add(b'>')
    .add(b'#')
    .add(b'?');

const NAMED: &str = "a name of 1 to 128 bytes without control characters";

/// Where an id has its meaning.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Realm {
    /// Zynd registries: the key decides the id.
    Zynd,
    /// ArtCafe: an agent of an organization.
    #[serde(rename = "artcafe")]
    ArtCafe,
    /// An agent on a Redis heartbeat bus.
    Bus,
}

impl Realm {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Zynd => "zns:",
            Self::ArtCafe => "artcafe:",
            Self::Bus => "bus:",
        }
    }
}

impl EntityId {
    /// The agent that an organization at ArtCafe calls so.
    ///
    /// # Errors
    /// [`IdError`] when either is empty, longer than [`LONGEST_NAME`] bytes, or holds control characters.
    pub fn artcafe(organization: &str, name: &str) -> Result<Self, IdError> {
        named(Realm::ArtCafe, organization, name)
    }

    /// The agent that a bus knows by this name.
    ///
    /// # Errors
    /// As [`Self::artcafe`].
    pub fn on_bus(bus: &str, name: &str) -> Result<Self, IdError> {
        named(Realm::Bus, bus, name)
    }

    /// Where it has its meaning.
    #[must_use]
    pub fn realm(&self) -> Realm {
        let named = [Realm::ArtCafe, Realm::Bus].into_iter().find(|realm| self.0.starts_with(realm.prefix()));
        named.unwrap_or(Realm::Zynd)
    }

    /// The organization or the bus, and the name there; nothing for an id that a key decides.
    #[must_use]
    pub fn parts(&self) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
        let realm = self.realm();
        let (place, name) = self.0.strip_prefix(realm.prefix()).filter(|_| realm != Realm::Zynd)?.split_once('/')?;
        Some((decode(place), decode(name)))
    }

    pub(super) fn is_named(text: &str) -> bool {
        text.starts_with(Realm::ArtCafe.prefix()) || text.starts_with(Realm::Bus.prefix())
    }

    /// Only the one spelling that we write ourselves, so that two ids are equal when their texts are.
    pub(super) fn from_named(text: &str) -> Result<Self, IdError> {
        let id = Self(text.into());
        let (place, name) = id.parts().ok_or_else(|| IdError::new(text, NAMED))?;
        let spelled = named(id.realm(), &place, &name)?;
        if spelled == id { Ok(spelled) } else { Err(IdError::new(text, "spelled as Beatkeeper spells it")) }
    }

    pub(super) fn short_name(&self) -> String {
        let name = self.parts().map_or_else(|| self.0.to_string(), |(_, name)| name.into_owned());
        if name.chars().count() <= SHORT {
            return name;
        }
        name.chars().take(SHORT - 1).chain(['…']).collect()
    }
}

fn named(realm: Realm, place: &str, name: &str) -> Result<EntityId, IdError> {
    for part in [place, name] {
        if part.is_empty() || part.len() > LONGEST_NAME || part.chars().any(char::is_control) {
            return Err(IdError::new(part, NAMED));
        }
    }
    let encode = |part| utf8_percent_encode(part, ESCAPED);
    Ok(EntityId(format!("{}{}/{}", realm.prefix(), encode(place), encode(name)).into()))
}

fn decode(part: &str) -> Cow<'_, str> {
    percent_decode_str(part).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_word_and_comes_back() {
        for name in ["worker-1", "a:b", "a/b", "50 %", "größe", "日本", "..", "\"quoted\""] {
            let id = EntityId::on_bus("team", name).unwrap();
            assert_eq!(id.parts().unwrap(), ("team".into(), name.into()));
            assert_eq!(id.realm(), Realm::Bus);
            assert!(id.as_str().bytes().all(|byte| byte.is_ascii_graphic()), "{id}");
            assert_eq!(id.as_str().parse::<EntityId>().unwrap(), id);
            assert_eq!(id.as_str().matches('/').count(), 1);
        }
        assert_eq!(EntityId::artcafe("acme", "weather").unwrap().as_str(), "artcafe:acme/weather");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "x".repeat(LONGEST_NAME + 1);
        for name in ["", "a\nb", "a\0", "\u{7f}", &long] {
            assert!(EntityId::on_bus("team", name).is_err(), "{name:?}");
        }
        for text in
            ["bus:", "bus:team", "bus:/a", "bus:team/", "bus:team/a/b", "bus:team/%61", "bus:team/a%0Ab", "bus:a b/c"]
        {
            assert!(text.parse::<EntityId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_owns_no_name() {
        let id = EntityId::on_bus("team", "zns:56475aa75463474c0285df5dbf2bcab7").unwrap();
        let key = crate::identity::PublicKey::from_file("A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=").unwrap();
        assert!(!id.belongs_to(&key));
        assert!("zns:56475aa75463474c0285df5dbf2bcab7".parse::<EntityId>().unwrap().belongs_to(&key));
    }

    #[test]
    fn a_long_name_is_cut_for_the_table() {
        let id = EntityId::on_bus("team", &"x".repeat(60)).unwrap();
        assert_eq!(id.short().chars().count(), SHORT);
        assert_eq!(EntityId::on_bus("team", "worker-1").unwrap().short(), "worker-1");
    }
}
