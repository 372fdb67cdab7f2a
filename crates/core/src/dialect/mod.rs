//! Which of the field's ways to beat a place understands. Only the dialect's file in [`wire`](crate::wire) and its driver know more.

mod trial;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use trial::{Finding, Sign, Trial};

/// One way to beat.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum Dialect {
    /// What the live Zynd registry takes (protocols.md 1.4).
    #[default]
    Zynd,
    /// What Zynd's guide describes, on each entity's own socket (protocols.md 9, 1 to 3).
    ZyndDocumented,
    /// The same, on one path for every entity (protocols.md 9, 4).
    ZyndDocumentedShared,
    /// ArtCafe's `HeartbeatAgent` (protocols.md 5.1).
    #[serde(rename = "artcafe")]
    ArtCafe,
    /// The Redis heartbeat bus (protocols.md 6).
    Redis,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Zynd, Self::ZyndDocumented, Self::ZyndDocumentedShared, Self::ArtCafe, Self::Redis];

    /// The name as it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zynd => "zynd",
            Self::ZyndDocumented => "zynd_documented",
            Self::ZyndDocumentedShared => "zynd_documented_shared",
            Self::ArtCafe => "artcafe",
            Self::Redis => "redis",
        }
    }

    /// From the stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == name)
    }

    /// For people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Zynd => "Zynd, live form",
            Self::ZyndDocumented => "Zynd, documented form",
            Self::ZyndDocumentedShared => "Zynd, documented form at /v1/heartbeat",
            Self::ArtCafe => "ArtCafe",
            Self::Redis => "Redis bus",
        }
    }

    /// Whether whoever takes a beat answers it, on the connection that it came by.
    #[must_use]
    pub const fn is_acknowledged(self) -> bool {
        matches!(self, Self::ArtCafe)
    }

    /// Whether there is a record that can be read.
    #[must_use]
    pub const fn has_records(self) -> bool {
        matches!(self, Self::Zynd | Self::ZyndDocumented | Self::ZyndDocumentedShared)
    }
}

/// What a configuration says of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DialectChoice {
    /// Zynd: the live form is tried first, and what moves the registry is kept.
    #[default]
    Auto,
    /// [`Dialect::Zynd`], whatever happens.
    Zynd,
    /// [`Dialect::ZyndDocumented`].
    ZyndDocumented,
    /// [`Dialect::ZyndDocumentedShared`].
    ZyndDocumentedShared,
    /// [`Dialect::ArtCafe`].
    #[serde(rename = "artcafe")]
    ArtCafe,
    /// [`Dialect::Redis`]; a bus says so by being one, not by a word in the file.
    #[serde(skip)]
    Redis,
}

impl DialectChoice {
    /// What is spoken first.
    #[must_use]
    pub const fn first(self) -> Dialect {
        match self {
            Self::Auto | Self::Zynd => Dialect::Zynd,
            Self::ZyndDocumented => Dialect::ZyndDocumented,
            Self::ZyndDocumentedShared => Dialect::ZyndDocumentedShared,
            Self::ArtCafe => Dialect::ArtCafe,
            Self::Redis => Dialect::Redis,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_wherever_it_is_written() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::from_name(dialect.as_str()), Some(dialect));
            assert_eq!(serde_json::to_value(dialect).unwrap(), dialect.as_str());
        }
    }
}
