//! Reading records over HTTP, from servers that may send anything.

use std::sync::Arc;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::wire::zynd::{self, DeveloperEntities, Record};
use futures_util::StreamExt as _;
use rustls::ClientConfig;
use serde::de::DeserializeOwned;

use super::client::client_for;
use crate::clock::Clock;
use beatkeeper_core::time::Time;

/// One record has about a kilobyte.
const MAX_RECORD: usize = 256 * 1024;
/// A list has at most a hundred.
const MAX_LIST: usize = 4 * 1024 * 1024;

/// Reads one registry's records.
#[derive(Clone)]
pub struct RegistryClient {
    base: BaseUrl,
    http: reqwest::Client,
    clock: Arc<Clock>,
}

/// An answer, or the lack of one.
#[derive(Debug)]
pub struct Answer<T> {
    /// When the request left.
    pub asked_at: Time,
    /// How far the registry's clock is ahead of this computer's, by its `Date` header, in milliseconds. That header has
    /// whole seconds: the middle of the second is taken.
    pub clock_ahead_ms: Option<i64>,
    /// What it said; nothing for 404.
    pub body: Result<Option<T>, Problem>,
}

/// Why there is no answer to be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The request itself failed.
    #[error("{0}")]
    Unreachable(String),
    /// A status that is neither 200 nor 404.
    #[error("it answers {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// Nothing in the body.
    #[error("its answer is empty")]
    Empty,
    /// The body is a web page.
    #[error("it answers a web page instead of JSON: this is another server, or a login page before it")]
    Html,
    /// The body is no JSON, or not all of it.
    #[error("its answer is broken JSON ({0})")]
    BrokenJson(String),
    /// Too long.
    #[error("its answer is larger than {} kB, which no record is", limit / 1024)]
    TooLarge {
        /// Bytes.
        limit: usize,
    },
}

impl Problem {
    /// Whether anybody answered at all.
    #[must_use]
    pub const fn is_an_answer(&self) -> bool {
        !matches!(self, Self::Unreachable(_))
    }
}

impl RegistryClient {
    /// A client for one registry.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(base: BaseUrl, tls: &Arc<ClientConfig>, clock: Arc<Clock>) -> Result<Self, reqwest::Error> {
        let http = client_for(&base, tls)?;
        Ok(Self { base, http, clock })
    }

    /// Reads one entity's record.
    pub async fn record(&self, id: &EntityId) -> Answer<Record> {
        self.get(&zynd::record_path(id), MAX_RECORD).await
    }

    /// Reads a developer's records, at most a hundred.
    pub async fn developer(&self, developer: &str) -> Answer<DeveloperEntities> {
        self.get(&zynd::developer_path(developer), MAX_LIST).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, limit: usize) -> Answer<T> {
        let asked_at = self.clock.now();
        let left = jiff::Timestamp::now();
        let response = match self.http.get(self.base.http(path)).send().await {
            Ok(response) => response,
            Err(error) => {
                return Answer { asked_at, clock_ahead_ms: None, body: Err(Problem::Unreachable(reason(&error))) };
            }
        };
        let clock_ahead_ms = clock_ahead(&response, left);
        let status = response.status().as_u16();
        let body = match status {
            200 => read(response, limit).await.and_then(|bytes| parse(&bytes)).map(Some),
            404 => Self::not_found(response).await,
            status => Err(Problem::Status { status }),
        };
        Answer { asked_at, clock_ahead_ms, body }
    }

    /// Only the registry's own 404 says that an entity is unknown; any web server has one for a wrong path.
    async fn not_found<T>(response: reqwest::Response) -> Result<Option<T>, Problem> {
        #[derive(serde::Deserialize)]
        struct Said {
            error: String,
        }
        let bytes = read(response, MAX_RECORD).await?;
        match serde_json::from_slice::<Said>(&bytes) {
            Ok(said) if !said.error.is_empty() => Ok(None),
            _ => Err(Problem::Status { status: 404 }),
        }
    }
}

/// How far the server's clock is ahead of this computer's, by its `Date` header.
pub(crate) fn clock_ahead(response: &reqwest::Response, left: jiff::Timestamp) -> Option<i64> {
    let date = response.headers().get(reqwest::header::DATE)?.to_str().ok()?;
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_millisecond() + 500;
    let ours = i64::midpoint(left.as_millisecond(), jiff::Timestamp::now().as_millisecond());
    Some(theirs - ours)
}

async fn read(response: reqwest::Response, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut body = response.bytes_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| Problem::Unreachable(reason(&error)))?;
        if bytes.len() + chunk.len() > limit {
            return Err(Problem::TooLarge { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = bytes.trim_ascii();
    match text.first() {
        None => Err(Problem::Empty),
        Some(b'<') => Err(Problem::Html),
        Some(_) => serde_json::from_slice(text).map_err(|error| Problem::BrokenJson(error.to_string())),
    }
}

/// The innermost cause, in words that people know.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut innermost = error.to_string();
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>()
            && matches!(
                io.kind(),
                std::io::ErrorKind::ConnectionRefused
                    | std::io::ErrorKind::NetworkUnreachable
                    | std::io::ErrorKind::HostUnreachable
            )
        {
            return crate::links::connect::from_io(io).to_string();
        }
        innermost = cause.to_string();
        source = cause.source();
    }
    if error.is_timeout() {
        return "no answer in time".into();
    }
    if innermost.contains("lookup") || innermost.contains("resolve") || innermost.contains("Name or service") {
        return "its name does not resolve (DNS)".into();
    }
    innermost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_comes_is_answered_with_a_sentence() {
        let parsed = |bytes: &[u8]| parse::<Record>(bytes).map(|record| record.entity_id);
        assert_eq!(parsed(b""), Err(Problem::Empty));
        assert_eq!(parsed(b" \n"), Err(Problem::Empty));
        assert_eq!(parsed(b"<!doctype html>"), Err(Problem::Html));
        assert!(matches!(parsed(br#"{"entity_id":"zns:1","#), Err(Problem::BrokenJson(_))));
        assert!(matches!(parsed(b"[1,2]"), Err(Problem::BrokenJson(_))));
        assert_eq!(parsed(br#"{"entity_id":"x","unknown":{}}"#), Ok("x".into()));
    }
}
