//! What ArtCafe's `HeartbeatAgent` says, and what it understands (protocols.md 5.1).

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where an agent gets its challenge, below the base.
const CHALLENGE_PATH: &str = "api/v1/agents/{agent_id}/challenge";
/// The header that names the organization.
pub const TENANT_HEADER: &str = "X-Tenant-Id";
/// Longer challenges are refused: a server chooses what is signed, and a challenge has 64 digits.
pub const LONGEST_CHALLENGE: usize = 1024;

/// What the server gives to sign.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Challenge {
    /// Its UTF-8 bytes are signed.
    pub challenge: String,
}

/// The path of an agent's challenge, below the base.
#[must_use]
pub fn challenge_path(agent: &str) -> String {
    in_template(CHALLENGE_PATH, agent)
}

/// A template with the agent's name in the place of `{agent_id}`.
#[must_use]
pub fn in_template(template: &str, agent: &str) -> String {
    template.replace("{agent_id}", &encode(agent))
}

/// The path of an agent's socket, below the base. What authenticates it goes into the query.
#[must_use]
pub fn socket_path(agent: &str) -> String {
    format!("api/v1/ws/agent/{}", encode(agent))
}

/// The query that authenticates: the signature is standard base64 of RSASSA-PKCS1-v1_5 with SHA-256 over the challenge.
///
/// The organization goes along as `tenant_id`: the client of 0.4.3 leaves it out, and the server requires it (protocols.md 5.2).
#[must_use]
pub fn socket_query(organization: &str, agent: &str, challenge: &str, signature: &str) -> [(&'static str, String); 4] {
    [
        ("agent_id", agent.into()),
        ("challenge", challenge.into()),
        ("signature", signature.into()),
        ("tenant_id", organization.into()),
    ]
}

/// Says that the agent is there, or goes.
#[must_use]
pub fn presence(agent: &str, online: bool) -> String {
    let message = if online {
        serde_json::json!({
            "type": "presence", "agent_id": agent, "status": "online", "capabilities": [], "metadata": {}
        })
    } else {
        serde_json::json!({ "type": "presence", "agent_id": agent, "status": "offline" })
    };
    message.to_string()
}

/// One beat. The time is ISO 8601 with microseconds and `+00:00`, as Python writes it.
#[must_use]
pub fn heartbeat(at: Timestamp) -> String {
    format!(r#"{{"type":"heartbeat","timestamp":"{}"}}"#, iso(at))
}

/// As a server acknowledges a beat.
#[must_use]
pub fn heartbeat_ack(at: Timestamp) -> String {
    format!(r#"{{"type":"heartbeat_ack","timestamp":"{}"}}"#, iso(at))
}

fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// What a server sends, reduced to what we act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromServer {
    /// It took a beat.
    HeartbeatAck,
    /// It greets.
    Welcome,
    /// It is not content.
    Error {
        /// In its words, at most 200 characters.
        message: String,
    },
    /// Work for the agent, and whatever else: not ours to read.
    Other,
}

/// Reads a frame of the server's. Only the type counts, as for the client of 0.4.3.
#[must_use]
pub fn read(frame: &str) -> FromServer {
    #[derive(Deserialize)]
    struct Frame {
        r#type: String,
        #[serde(default)]
        message: Value,
    }
    let Ok(Frame { r#type, message }) = serde_json::from_str(frame) else { return FromServer::Other };
    match r#type.as_str() {
        "heartbeat_ack" => FromServer::HeartbeatAck,
        "welcome" => FromServer::Welcome,
        "error" => {
            let message = message.as_str().unwrap_or_default();
            FromServer::Error { message: message.chars().filter(|c| !c.is_control()).take(200).collect() }
        }
        _ => FromServer::Other,
    }
}

/// What a client sends, as a server reads it.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FromClient {
    /// It is there, or goes.
    Presence {
        /// `online` or `offline`.
        status: String,
    },
    /// A beat.
    Heartbeat {
        /// Missing in the plainest client.
        #[serde(default)]
        timestamp: Option<String>,
    },
    /// Asks for messages.
    Subscribe,
    /// Sends a message.
    Publish,
    /// Asks for a `pong`.
    Ping,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> Timestamp {
        "2026-11-22T00:32:42.249131Z".parse().unwrap()
    }

    #[test]
    fn a_beat_is_what_the_client_of_0_4_3_sends() {
        assert_eq!(heartbeat(moment()), r#"{"type":"heartbeat","timestamp":"2026-11-22T00:32:42.249131+00:00"}"#);
        assert!(matches!(
            serde_json::from_str(&heartbeat(moment())).unwrap(),
            FromClient::Heartbeat { timestamp: Some(at) } if at.ends_with("+00:00")
        ));
    }

    #[test]
    fn presence_says_who_and_whether() {
        let online: Value = serde_json::from_str(&presence("a", true)).unwrap();
        let wanted =
            serde_json::json!({"type":"presence","agent_id":"a","status":"online","capabilities":[],"metadata":{}});
        assert_eq!(online, wanted);
        assert!(presence("a\"b", false).contains(r#""agent_id":"a\"b""#));
    }

    #[test]
    fn names_stay_in_their_place_in_a_path() {
        assert_eq!(challenge_path("a/b?c"), "api/v1/agents/a%2Fb%3Fc/challenge");
        assert_eq!(socket_path("../x"), "api/v1/ws/agent/%2E%2E%2Fx");
        assert_eq!(in_template("https://h/{agent_id}/c", "a b"), "https://h/a%20b/c");
    }

    #[test]
    fn only_the_type_of_an_answer_counts() {
        assert_eq!(read(r#"{"type":"heartbeat_ack"}"#), FromServer::HeartbeatAck);
        assert_eq!(read(r#"{"type":"heartbeat_ack","timestamp":7,"more":[]}"#), FromServer::HeartbeatAck);
        assert_eq!(read(r#"{"type":"welcome","agent_id":"a"}"#), FromServer::Welcome);
        assert_eq!(read(r#"{"type":"error","message":"no\u0007"}"#), FromServer::Error { message: "no".into() });
        assert_eq!(read(r#"{"type":"error","message":{}}"#), FromServer::Error { message: String::new() });
        for frame in ["", "{}", "[]", "heartbeat_ack", r#"{"type":1}"#, r#"{"type":"message","data":1}"#] {
            assert_eq!(read(frame), FromServer::Other, "{frame}");
        }
    }
}
