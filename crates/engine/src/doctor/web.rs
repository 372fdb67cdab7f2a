//! Requests of the doctor: what came back is told as it came.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::failure::Transient;
use futures_util::StreamExt as _;
use rustls::ClientConfig;
use serde_json::Value;
use url::Url;

/// No answer that is read here is longer; a developer's list of a hundred has about 200 kB.
const MOST: usize = 1024 * 1024;

/// Redirects that a visitor of a published address follows.
const REDIRECTS: usize = 5;

/// Asks agents: of this computer, which no proxy reaches, or where they are published, as any visitor would.
pub(super) struct Visitors {
    pub(super) near: reqwest::Client,
    pub(super) far: reqwest::Client,
}

impl Visitors {
    pub(super) fn new(tls: &Arc<ClientConfig>) -> Result<Self, reqwest::Error> {
        let builder = || {
            reqwest::Client::builder()
                .tls_backend_preconfigured(ClientConfig::clone(tls))
                .user_agent(concat!("beatkeeper/", env!("CARGO_PKG_VERSION")))
        };
        let near = builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let far = builder().redirect(reqwest::redirect::Policy::limited(REDIRECTS)).build()?;
        Ok(Self { near, far })
    }
}

/// An answer.
pub(super) struct Fetched {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
    /// How far the server's clock is ahead of this computer's: the middle of the second that `Date` says.
    pub(super) clock_ahead_ms: Option<i64>,
}

impl Fetched {
    /// Its body, if that is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What a person would call its body.
    pub(super) fn what(&self) -> String {
        match self.body.trim_ascii() {
            [] => "an empty answer".into(),
            [b'<', ..] => "a web page".into(),
            _ if self.json().is_none() => "broken JSON".into(),
            _ => "JSON that no registry says".into(),
        }
    }
}

/// Asks with GET, or with POST when there is something to say.
pub(super) async fn fetch(
    http: &reqwest::Client,
    url: Url,
    say: Option<&Value>,
    within: Duration,
) -> Result<Fetched, Transient> {
    let request = match say {
        Some(value) => http.post(url).json(value),
        None => http.get(url),
    };
    let left = jiff::Timestamp::now();
    let response = request.timeout(within).send().await.map_err(|error| transient(&error))?;
    let header = |name: reqwest::header::HeaderName| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let (location, status) = (header(reqwest::header::LOCATION), response.status().as_u16());
    let retry_after = header(reqwest::header::RETRY_AFTER).and_then(|value| value.trim().parse().ok());
    let retry_after = retry_after.map(Duration::from_secs);
    let clock_ahead_ms = crate::registry::clock_ahead(&response, left);
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| transient(&error))?;
        if body.len() + chunk.len() > MOST {
            // Whatever it is, it is none of the answers that are looked for.
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched { status, location, retry_after, body, clock_ahead_ms })
}

fn transient(error: &reqwest::Error) -> Transient {
    if error.is_timeout() {
        return Transient::DialTimeout;
    }
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            let sorted = crate::links::connect::from_io(io);
            if !matches!(sorted, Transient::Broken { .. }) {
                return sorted;
            }
        }
        source = cause.source();
    }
    Transient::Broken { detail: crate::registry::reason(error) }
}
