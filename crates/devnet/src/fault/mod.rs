//! Faults to order: what a registry, or the way to it, can do wrong.

mod table;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use beatkeeper_core::identity::{EntityId, IdError};

pub(crate) use table::{FaultTable, Forgery, Gossip};

/// One fault, for one entity or for all. Written `KIND[=VALUE][:ENTITY]`, as in `drop-after=12:zns:7f32…`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// For whom; `None` means the whole registry.
    pub entity: Option<EntityId>,
}

/// What can go wrong. "Every answer" means REST and socket handshakes alike; for one entity, those whose path names it.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// Stops listening and closes kept-alive connections, for a time or until cleared; open sockets live on. For one
    /// entity: its connections are closed without an answer.
    Refuse(Option<Duration>),
    /// Drops the sockets that are open now, without a close frame. Over at once, so it is never listed.
    Drop,
    /// Drops every heartbeat socket this long after it opened, or after the fault began.
    DropAfter(Duration),
    /// Reads beats and does not count them: the silence of a registry that lost its database.
    Ignore,
    /// Delays every answer and the reading of every beat.
    Slow(Duration),
    /// The registry's clock is ahead by this many seconds, or behind. For one entity: only when its beats are judged.
    Skew(i64),
    /// 404 `entity not found` for records and heartbeat sockets; lists leave the entity out.
    NotFound,
    /// 400 `Bad Request` at the heartbeat socket, as behind a proxy that strips `Upgrade` (protocols.md 1.10).
    BadRequest,
    /// 301 to the same path under `https://`, as every answer.
    Redirect,
    /// This 5xx status as every answer.
    Error(u16),
    /// 429 as every answer, with `Retry-After` when a number of seconds is given.
    RateLimit(Option<u64>),
    /// The activity stream stays open and says nothing.
    StallActivity,
    /// Sockets stop reading and answering, even pings, while TCP stays open.
    HalfOpen,
    /// 200 and a page of HTML as every answer, as from a captive portal.
    Html,
    /// 200 and no body as every answer.
    Empty,
    /// The first half of the true JSON as every answer.
    HalfJson,
    /// 200 and 10 MB of JSON as every answer.
    Huge,
    /// Sockets say what no registry says: a frame of nonsense after every beat and before every event.
    Noise,
    /// 404 at the activity stream, and open streams end.
    NoActivity,
    /// The sweep finds a silent entity this much later.
    SweepLate(Duration),
    /// The record is a copy that this registry has by gossip: the entity is registered elsewhere, and its socket answers
    /// 404 (protocols.md 1.2).
    GossipCopy,
    /// As [`GossipCopy`](Self::GossipCopy), of an entity that was deleted at home.
    Tombstone,
}

/// What a value of a fault is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Nothing,
    Seconds,
    OptionalSeconds,
    Millis,
    Code,
}

/// Every kind's word and value, in the order in which they are listed to a person.
const WORDS: [(&str, Takes); 22] = [
    ("refuse", Takes::OptionalSeconds),
    ("drop", Takes::Nothing),
    ("drop-after", Takes::Seconds),
    ("ignore", Takes::Nothing),
    ("slow", Takes::Millis),
    ("skew", Takes::Seconds),
    ("not-found", Takes::Nothing),
    ("bad-request", Takes::Nothing),
    ("redirect", Takes::Nothing),
    ("error", Takes::Code),
    ("rate-limit", Takes::OptionalSeconds),
    ("stall-activity", Takes::Nothing),
    ("half-open", Takes::Nothing),
    ("html", Takes::Nothing),
    ("empty", Takes::Nothing),
    ("half-json", Takes::Nothing),
    ("huge", Takes::Nothing),
    ("noise", Takes::Nothing),
    ("no-activity", Takes::Nothing),
    ("sweep-late", Takes::OptionalSeconds),
    ("gossip-copy", Takes::Nothing),
    ("tombstone", Takes::Nothing),
];

/// How late the sweep is when nobody says.
const DEFAULT_LATE: Duration = Duration::from_secs(60);

/// Why a text is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No such kind.
    #[error("there is no fault \"{word}\". Choose one of {}; add :zns:… for one entity", listing())]
    Unknown {
        /// What was written.
        word: String,
    },
    /// A value is missing, superfluous or unreadable.
    #[error("the fault \"{word}\" is written {}, not with \"{}\"", usage(.word), .value.as_deref().unwrap_or("no value"))]
    Value {
        /// The kind.
        word: &'static str,
        /// What was written after `=`.
        value: Option<String>,
    },
    /// The part after the kind is no id.
    #[error(transparent)]
    Entity(#[from] IdError),
    /// Some faults concern nobody in particular.
    #[error("the fault \"{word}\" concerns the whole registry: leave the entity out")]
    WholeRegistry {
        /// The kind.
        word: &'static str,
    },
}

impl Fault {
    /// A fault of the whole registry.
    #[must_use]
    pub const fn all(kind: FaultKind) -> Self {
        Self { kind, entity: None }
    }

    /// A fault that only this entity meets.
    #[must_use]
    pub const fn of(entity: EntityId, kind: FaultKind) -> Self {
        Self { kind, entity: Some(entity) }
    }

    /// Puts the parts of a fault together, as [`FromStr`] and the control route read them.
    ///
    /// # Errors
    /// [`FaultError`] with the sentence to show.
    pub fn from_parts(word: &str, value: Option<&str>, entity: Option<&str>) -> Result<Self, FaultError> {
        let kind = FaultKind::from_parts(word, value)?;
        let entity = entity.map(str::parse).transpose()?;
        if entity.is_some() && kind == FaultKind::NoActivity {
            return Err(FaultError::WholeRegistry { word: kind.word() });
        }
        Ok(Self { kind, entity })
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (kind, entity) = match text.split_once(':') {
            Some((kind, entity)) => (kind, Some(entity)),
            None => (text, None),
        };
        let (word, value) = match kind.split_once('=') {
            Some((word, value)) => (word, Some(value)),
            None => (kind, None),
        };
        Self::from_parts(word, value, entity)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        if let Some(value) = self.kind.value() {
            write!(f, "={value}")?;
        }
        match &self.entity {
            Some(entity) => write!(f, ":{entity}"),
            None => Ok(()),
        }
    }
}

impl FaultKind {
    /// The kind's word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Refuse(_) => "refuse",
            Self::Drop => "drop",
            Self::DropAfter(_) => "drop-after",
            Self::Ignore => "ignore",
            Self::Slow(_) => "slow",
            Self::Skew(_) => "skew",
            Self::NotFound => "not-found",
            Self::BadRequest => "bad-request",
            Self::Redirect => "redirect",
            Self::Error(_) => "error",
            Self::RateLimit(_) => "rate-limit",
            Self::StallActivity => "stall-activity",
            Self::HalfOpen => "half-open",
            Self::Html => "html",
            Self::Empty => "empty",
            Self::HalfJson => "half-json",
            Self::Huge => "huge",
            Self::Noise => "noise",
            Self::NoActivity => "no-activity",
            Self::SweepLate(_) => "sweep-late",
            Self::GossipCopy => "gossip-copy",
            Self::Tombstone => "tombstone",
        }
    }

    fn value(&self) -> Option<String> {
        match self {
            Self::Refuse(time) => time.map(seconds),
            Self::DropAfter(time) | Self::SweepLate(time) => Some(seconds(*time)),
            Self::Slow(time) => Some(time.as_millis().to_string()),
            Self::Skew(seconds) => Some(seconds.to_string()),
            Self::Error(code) => Some(code.to_string()),
            Self::RateLimit(seconds) => seconds.map(|seconds| seconds.to_string()),
            Self::Drop
            | Self::Ignore
            | Self::NotFound
            | Self::BadRequest
            | Self::Redirect
            | Self::StallActivity
            | Self::HalfOpen
            | Self::Html
            | Self::Empty
            | Self::HalfJson
            | Self::Huge
            | Self::Noise
            | Self::NoActivity
            | Self::GossipCopy
            | Self::Tombstone => None,
        }
    }

    fn from_parts(word: &str, value: Option<&str>) -> Result<Self, FaultError> {
        let Some(&(word, takes)) = WORDS.iter().find(|(known, _)| *known == word) else {
            return Err(FaultError::Unknown { word: word.chars().take(40).collect() });
        };
        let wrong = || FaultError::Value { word, value: value.map(|value| value.chars().take(40).collect()) };
        if (takes == Takes::Nothing) != value.is_none() && takes != Takes::OptionalSeconds {
            return Err(wrong());
        }
        let duration = || value.map(|text| parse_seconds(text).ok_or_else(wrong)).transpose();
        let required = || duration()?.ok_or_else(wrong);
        Ok(match word {
            "refuse" => Self::Refuse(duration()?),
            "drop" => Self::Drop,
            "drop-after" => Self::DropAfter(required()?),
            "ignore" => Self::Ignore,
            "slow" => Self::Slow(Duration::from_millis(number(value).ok_or_else(wrong)?)),
            "skew" => Self::Skew(number(value).filter(|skew| (-MAX_SKEW..=MAX_SKEW).contains(skew)).ok_or_else(wrong)?),
            "not-found" => Self::NotFound,
            "bad-request" => Self::BadRequest,
            "redirect" => Self::Redirect,
            "error" => Self::Error(number(value).filter(|code| (500..600).contains(code)).ok_or_else(wrong)?),
            "rate-limit" => match value {
                Some(_) => Self::RateLimit(Some(number(value).ok_or_else(wrong)?)),
                None => Self::RateLimit(None),
            },
            "stall-activity" => Self::StallActivity,
            "half-open" => Self::HalfOpen,
            "html" => Self::Html,
            "empty" => Self::Empty,
            "half-json" => Self::HalfJson,
            "huge" => Self::Huge,
            "noise" => Self::Noise,
            "no-activity" => Self::NoActivity,
            "gossip-copy" => Self::GossipCopy,
            "tombstone" => Self::Tombstone,
            _ => Self::SweepLate(duration()?.unwrap_or(DEFAULT_LATE)),
        })
    }
}

/// A clock more than a year off is a typing error.
const MAX_SKEW: i64 = 366 * 86_400;

fn number<T: FromStr>(value: Option<&str>) -> Option<T> {
    value.and_then(|text| text.parse().ok())
}

fn parse_seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

fn seconds(time: Duration) -> String {
    time.as_secs_f64().to_string()
}

fn usage(word: &str) -> String {
    match WORDS.iter().find(|(known, _)| *known == word).map(|(_, takes)| takes) {
        Some(Takes::Seconds) => format!("{word}=SECONDS"),
        Some(Takes::OptionalSeconds) => format!("{word}[=SECONDS]"),
        Some(Takes::Millis) => format!("{word}=MS"),
        Some(Takes::Code) => format!("{word}=CODE (500 to 599)"),
        Some(Takes::Nothing) | None => word.to_owned(),
    }
}

fn listing() -> String {
    WORDS.map(|(word, _)| usage(word)).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "zns:56475aa75463474c0285df5dbf2bcab7";

    #[test]
    fn every_fault_is_read_as_it_is_written() {
        for (word, takes) in WORDS {
            let text = match takes {
                Takes::Nothing => word.to_owned(),
                Takes::Seconds | Takes::Millis => format!("{word}=12"),
                Takes::OptionalSeconds => format!("{word}=3"),
                Takes::Code => format!("{word}=503"),
            };
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
            if word != "no-activity" {
                let one = format!("{text}:{ID}");
                assert_eq!(one.parse::<Fault>().unwrap().to_string(), one);
            }
        }
        assert_eq!("drop-after=0.25".parse::<Fault>().unwrap().to_string(), "drop-after=0.25");
        assert_eq!("skew=-90".parse::<Fault>().unwrap(), Fault::all(FaultKind::Skew(-90)));
        assert_eq!("refuse".parse::<Fault>().unwrap(), Fault::all(FaultKind::Refuse(None)));
    }

    #[test]
    fn a_bad_fault_gets_a_sentence() {
        let sentence = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        assert!(
            sentence("explode").starts_with("there is no fault \"explode\". Choose one of refuse[=SECONDS], drop, ")
        );
        assert!(sentence("").contains("half-open"));
        assert_eq!(
            sentence("drop-after"),
            "the fault \"drop-after\" is written drop-after=SECONDS, not with \"no value\""
        );
        assert_eq!(sentence("drop=1"), "the fault \"drop\" is written drop, not with \"1\"");
        assert_eq!(sentence("error=404"), "the fault \"error\" is written error=CODE (500 to 599), not with \"404\"");
        assert!(sentence("slow=-1").contains("slow=MS"));
        assert!(sentence("refuse=inf").contains("refuse[=SECONDS]"));
        assert!(sentence("ignore:zns:XY").contains("is not an entity id"));
        assert!(sentence(&format!("no-activity:{ID}")).contains("whole registry"));
    }
}
