//! What Zynd's public guide describes (protocols.md 4 and 9, 1 to 4): another message than the live registry takes.
//!
//! The guide names two places for it, the entity's own socket and `/v1/heartbeat`. It shows a word for refusals and no
//! message that carries it, so answers are read by what they hold and not by one shape.

use serde::Deserialize;

use crate::identity::{EntityId, Signature};
use crate::witness::BeatRefusal;

/// The path that every entity beats at, where a registry has it.
pub const SHARED_PATH: &str = "v1/heartbeat";

/// Longer words of a server are cut.
const LONGEST_WORD: usize = 200;

/// What is signed: the id and the decimal Unix seconds, with nothing between.
#[must_use]
pub fn signed_bytes(id: &EntityId, unix_seconds: i64) -> Vec<u8> {
    format!("{id}{unix_seconds}").into_bytes()
}

/// One beat: a single JSON object in one text frame. The signature is bare base64, as the guide shows it.
#[must_use]
pub fn beat_frame(id: &EntityId, unix_seconds: i64, signature: &Signature) -> String {
    // None of the values can hold a character that JSON escapes.
    format!(
        r#"{{"type":"heartbeat","agent_id":"{id}","timestamp":{unix_seconds},"signature":"{}"}}"#,
        signature.to_base64()
    )
}

/// A beat as such a registry reads it: other fields are ignored.
#[derive(Clone, Debug, Deserialize)]
pub struct BeatMessage {
    /// `heartbeat`
    pub r#type: String,
    /// Whose.
    pub agent_id: String,
    /// Unix seconds.
    pub timestamp: i64,
    /// Base64, with or without `ed25519:`.
    pub signature: String,
}

/// What a registry answered, reduced to what we act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took a beat.
    Acked,
    /// It did not.
    Refused(BeatRefusal),
    /// Anything else.
    Other,
}

/// Reads what a registry sent on a heartbeat socket.
#[must_use]
pub fn read_answer(frame: &str) -> Answer {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Frame {
        r#type: Option<String>,
        status: Option<String>,
        error: Option<Words>,
        code: Option<Words>,
        message: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        Text(String),
        Object { code: Option<String>, message: Option<String> },
        Other(serde::de::IgnoredAny),
    }
    impl Words {
        fn text(self) -> Option<String> {
            match self {
                Self::Text(text) => Some(text),
                Self::Object { code, message } => code.or(message),
                Self::Other(_) => None,
            }
        }
    }
    let Ok(frame) = serde_json::from_str::<Frame>(frame) else { return Answer::Other };
    let kind = frame.r#type.as_deref().unwrap_or_default();
    let is_error = kind == "error" || frame.error.is_some() || frame.status.as_deref() == Some("error");
    if is_error {
        let words = [frame.code, frame.error].into_iter().flatten().find_map(Words::text);
        return Answer::Refused(refusal(&words.or(frame.message).unwrap_or_default()));
    }
    let acked = matches!(kind, "heartbeat_ack" | "ack" | "pong") || frame.status.as_deref() == Some("ok");
    if acked { Answer::Acked } else { Answer::Other }
}

fn refusal(words: &str) -> BeatRefusal {
    let plain = words.to_ascii_lowercase().replace([' ', '-'], "_");
    let says = |needles: &[&str]| needles.iter().any(|needle| plain.contains(needle));
    if says(&["signature"]) {
        BeatRefusal::Signature
    } else if says(&["timestamp", "clock", "skew", "stale", "expired"]) {
        BeatRefusal::Timestamp
    } else if says(&["not_found", "unknown_agent", "unknown_entity", "no_such"]) {
        BeatRefusal::UnknownAgent
    } else if says(&["malformed", "invalid_message", "invalid_json", "bad_request", "parse", "missing_field"]) {
        BeatRefusal::Malformed
    } else {
        BeatRefusal::Other(words.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_understood_in_every_shape_that_servers_use() {
        for (frame, refusal) in [
            (r#"{"error":"signature_invalid"}"#, BeatRefusal::Signature),
            (r#"{"type":"error","message":"signature invalid"}"#, BeatRefusal::Signature),
            (r#"{"type":"error","code":"signature_invalid","message":"x"}"#, BeatRefusal::Signature),
            (r#"{"error":{"code":"timestamp_out_of_range","message":"x"}}"#, BeatRefusal::Timestamp),
            (r#"{"error":"stale heartbeat"}"#, BeatRefusal::Timestamp),
            (r#"{"error":"entity not found"}"#, BeatRefusal::UnknownAgent),
            (r#"{"status":"error","message":"invalid message"}"#, BeatRefusal::Malformed),
            (r#"{"error":7}"#, BeatRefusal::Other(String::new())),
            (r#"{"error":"slow\u0007 down"}"#, BeatRefusal::Other("slow down".into())),
        ] {
            assert_eq!(read_answer(frame), Answer::Refused(refusal), "{frame}");
        }
    }

    #[test]
    fn what_is_neither_yes_nor_no_is_nothing() {
        assert_eq!(read_answer(r#"{"type":"heartbeat_ack","timestamp":1}"#), Answer::Acked);
        assert_eq!(read_answer(r#"{"status":"ok"}"#), Answer::Acked);
        for frame in ["", "[]", "null", "{}", r#"{"type":"welcome"}"#, r#"{"type":7}"#, "not json"] {
            assert_eq!(read_answer(frame), Answer::Other, "{frame}");
        }
        let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(10_000));
        assert!(
            matches!(read_answer(&long), Answer::Refused(BeatRefusal::Other(words)) if words.len() == LONGEST_WORD)
        );
    }
}
