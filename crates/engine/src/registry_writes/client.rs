//! Asking a registry, which has its own pace.

use std::time::Duration;

use beatkeeper_core::base_url::BaseUrl;
use futures_util::StreamExt as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;

use super::answers;
use super::deed::Request;
use crate::refusal::Refusal;
use crate::registry::{client_for, direct_client, reason};

/// A list has at most a hundred records of about a kilobyte.
const MOST_BYTES: usize = 4 * 1024 * 1024;
const TOO_MANY: u16 = 429;

/// How a registry's limit is waited out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When it does not say for how long: the live one never does, and its window is a minute (protocols.md 1.8).
    pub(super) unsaid: Duration,
    /// No longer than this.
    pub(super) most: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { unsaid: Duration::from_secs(61), most: Duration::from_secs(65) }
    }
}

/// Whoever asked for a write, and may lose patience while a limit is waited out.
#[derive(Clone, Debug, Default)]
pub(super) struct Asker(Option<watch::Receiver<()>>);

impl Asker {
    /// One who is there until that sender is dropped.
    pub(super) const fn while_there(presence: watch::Receiver<()>) -> Self {
        Self(Some(presence))
    }

    async fn leaves(&mut self) {
        match &mut self.0 {
            Some(presence) => while presence.changed().await.is_ok() {},
            None => std::future::pending().await,
        }
    }
}

/// One registry, for as long as one plan is drawn or carried out.
pub(super) struct Client {
    base: BaseUrl,
    http: reqwest::Client,
    /// Past any proxy, for what the agent itself says.
    direct: reqwest::Client,
    pace: Pace,
    asker: Asker,
    /// Once is enough: who is still turned away then is to know it.
    has_waited: bool,
}

/// What a registry answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Nothing when it is no JSON.
    pub(super) json: Option<Value>,
    /// For how long its limit was waited out before.
    pub(super) waited: Option<Duration>,
}

impl Answer {
    /// The sentence of a refusal.
    pub(super) fn error(&self) -> Option<&str> {
        self.json.as_ref()?.get("error")?.as_str().filter(|said| !said.is_empty())
    }

    /// A member of the answer that is a text.
    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.json.as_ref()?.get(member)?.as_str()
    }

    /// Whether the registry itself says that what was asked for is not there. Any web server has a 404 for a wrong path.
    pub(super) fn is_unknown(&self) -> bool {
        self.status == 404 && self.error().is_some_and(|said| said.ends_with("not found"))
    }
}

impl Client {
    pub(super) fn new(base: BaseUrl, pace: Pace, asker: Asker) -> Result<Self, Refusal> {
        let defect = |why: String| {
            let sentence = format!("Connections cannot be made: {why}");
            Refusal::new("write.no_connections", sentence, "See whether the system's certificates can be read.")
        };
        let tls = crate::tls::client_config().map_err(|error| defect(error.to_string()))?;
        let direct = direct_client(&tls).map_err(|error| defect(error.to_string()))?;
        let http = client_for(&base, &tls);
        let http = http.map_err(|error| defect(error.to_string()))?;
        Ok(Self { base, http, direct, pace, asker, has_waited: false })
    }

    /// For an agent's own card, which no proxy is to read.
    pub(super) const fn direct(&self) -> &reqwest::Client {
        &self.direct
    }

    /// What is there, or that nothing is.
    pub(super) async fn read<T: DeserializeOwned>(&mut self, path: String) -> Result<Option<T>, Refusal> {
        let answer = self.ask(&Request::get(path)).await?;
        if answer.is_unknown() {
            return Ok(None);
        }
        if answer.status != 200 {
            return Err(answers::refusal(&answer, &self.base));
        }
        let read = answer.json.and_then(|value| serde_json::from_value(value).ok());
        read.map(Some).ok_or_else(|| answers::not_a_registry(&self.base))
    }

    /// Asks, and asks once more after the registry's limit was waited out.
    pub(super) async fn ask(&mut self, request: &Request) -> Result<Answer, Refusal> {
        let (answer, wait) = self.ask_once(request).await?;
        if answer.status != TOO_MANY {
            return Ok(answer);
        }
        let wait = wait.unwrap_or(self.pace.unsaid);
        if self.has_waited || wait > self.pace.most {
            return Err(answers::limited(&self.base, wait));
        }
        self.has_waited = true;
        tracing::info!(registry = %self.base, seconds = wait.as_secs(), "the registry's limit is waited out");
        // A request that was sent is judged to its end; one that nobody wants any more is not sent.
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.asker.leaves() => return Err(answers::given_up(&self.base)),
        }
        match self.ask_once(request).await? {
            (again, further) if again.status == TOO_MANY => {
                Err(answers::limited(&self.base, further.unwrap_or(self.pace.unsaid)))
            }
            (again, _) => Ok(Answer { waited: Some(wait), ..again }),
        }
    }

    async fn ask_once(&self, request: &Request) -> Result<(Answer, Option<Duration>), Refusal> {
        let mut asked = self.http.request(request.method.clone(), self.base.http(&request.path));
        if let Some(body) = &request.body {
            asked = asked.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        if let Some(authorization) = &request.authorization {
            asked = asked.header(AUTHORIZATION, authorization);
        }
        let lost = |error: reqwest::Error| {
            let refusal = if error.is_connect() { answers::unreachable } else { answers::no_answer };
            refusal(&self.base, &reason(&error))
        };
        let response = asked.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(seconds);
        let mut bytes = Vec::new();
        let mut body = response.bytes_stream();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(lost)?;
            if bytes.len() + chunk.len() > MOST_BYTES {
                return Err(answers::not_a_registry(&self.base));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok((Answer { status, json: serde_json::from_slice(&bytes).ok(), waited: None }, wait))
    }
}

/// The date that may stand there instead is written by no registry.
fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}
