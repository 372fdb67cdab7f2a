//! What a reader answers.

use std::fmt;
use std::str::FromStr;

use beatkeeper_core::time::Time;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::LogLine;

/// A place in a log: bytes since the log began, over all its files, also those that are gone.
///
/// It serialises as a decimal string, since a number of JavaScript is exact only to 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, TS)]
#[ts(export, rename = "LogCursor", type = "string")]
pub struct Cursor(pub(super) u64);

impl Cursor {
    /// Where the log began. What is gone since is `skipped`.
    pub const BEGIN: Self = Self(0);
    /// Behind everything, also what is written later: reading after it answers nothing but where the end is now.
    pub const END: Self = Self(u64::MAX);

    /// Bytes since the log began.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Some lines of a log, oldest first, and where they are in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, rename = "LogPage")]
pub struct Page {
    /// Oldest first. Of a search: those that fit.
    pub lines: Vec<LogLine>,
    /// Where what was read begins: read on backwards from here.
    pub from: Cursor,
    /// Where it ends: read on forwards from here.
    pub to: Cursor,
    /// Where the oldest line begins that is still kept. What a window shows from before it is gone from the disk:
    /// rotated away or cleared.
    pub oldest: Cursor,
    /// Bytes that should have been here: rotated away before they were read, or damaged on the disk.
    #[ts(type = "number")]
    pub skipped: u64,
    /// Nothing older than `from` is kept.
    pub at_begin: bool,
    /// Nothing newer than `to` was there when it was read.
    pub at_end: bool,
}

/// Where the agent was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export, rename = "LogStart")]
pub struct Start {
    /// The note's place.
    pub cursor: Cursor,
    /// When.
    pub at: Time,
    /// The note's text, with its first word.
    pub text: String,
}

/// Which way a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To newer lines; go on from [`Page::to`].
    Forward,
    /// To older lines; go on from [`Page::from`].
    Back,
}
