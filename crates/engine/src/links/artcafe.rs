//! Dialling ArtCafe: a challenge over HTTP, its signature in the socket's query, and a presence before the first beat
//! (protocols.md 5.1, 5.2).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use beatkeeper_core::failure::{Failure, Fatal, Transient};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::wire::artcafe::{self, Challenge};
use beatkeeper_vault::RsaSigner;
use futures_util::SinkExt as _;
use tokio_tungstenite::tungstenite::Message;
use url::Url;

use super::connect::from_io;
use super::dial::{Socket, Traffic, dial, from_socket};
use super::task::LinkShared;

/// How long the challenge may take.
const CHALLENGE_WITHIN: Duration = Duration::from_secs(8);
/// A challenge has 64 digits, and its answer little more.
const LONGEST_ANSWER: usize = 16 * 1024;

/// What an ArtCafe server has to be told, beside its base.
#[derive(Clone, Debug)]
pub struct Cafe {
    /// Whose agents these are.
    pub organization: String,
    /// Where an agent gets its challenge, with `{agent_id}` in it; when missing, below the base.
    pub challenge: Option<String>,
    /// For the challenge.
    pub http: reqwest::Client,
}

pub(super) async fn open(id: &EntityId, shared: &LinkShared, signer: &RsaSigner) -> Result<Socket, Failure> {
    let (Some(cafe), Some((_, name))) = (&shared.cafe, id.parts()) else { return Err(Fatal::NotRegistered.into()) };
    let challenge = fetch(cafe, shared, &name).await?;
    let signature = signer
        .sign(challenge.as_bytes())
        .map_err(|error| Failure::from(Fatal::KeyUnavailable { detail: error.to_string() }))?;
    let mut url = shared.base.websocket(&artcafe::socket_path(&name));
    let query = artcafe::socket_query(&cafe.organization, &name, &challenge, &STANDARD.encode(signature));
    url.query_pairs_mut().extend_pairs(&query);
    let mut socket = dial(&url, &shared.tls, Traffic::Silence).await.map_err(turned_away)?;
    let hello = socket.send(Message::text(artcafe::presence(&name, true))).await;
    hello.map_err(|error| Failure::from(from_socket(&error)))?;
    Ok(socket)
}

/// A server that judges before it opens the socket has no other way to say so than a status (protocols.md 5.2).
fn turned_away(failure: Failure) -> Failure {
    match failure {
        Failure::Fatal(Fatal::Forbidden { status }) => Fatal::Rejected { code: status, reason: String::new() }.into(),
        other @ (Failure::Fatal(_) | Failure::Transient(_)) => other,
    }
}

async fn fetch(cafe: &Cafe, shared: &LinkShared, name: &str) -> Result<String, Failure> {
    let url = match &cafe.challenge {
        Some(template) => artcafe::in_template(template, name).parse::<Url>().map_err(|error| not_one(&error))?,
        None => shared.base.http(&artcafe::challenge_path(name)),
    };
    let request =
        cafe.http.get(url.clone()).header(artcafe::TENANT_HEADER, &cafe.organization).timeout(CHALLENGE_WITHIN);
    let mut response = request.send().await.map_err(|error| unreachable(&error, &url))?;
    let status = response.status();
    if !status.is_success() {
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        return Err(Failure::from_upgrade_status(status.as_u16(), location, None));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error, &url))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err(not_one(&"its answer is too long"));
        }
    }
    let answer: Challenge = serde_json::from_slice(&body).map_err(|error| not_one(&error))?;
    // What it wants signed must be nothing but a challenge.
    if answer.challenge.is_empty() || answer.challenge.len() > artcafe::LONGEST_CHALLENGE {
        return Err(not_one(&"a challenge has 1 to 1,024 bytes"));
    }
    Ok(answer.challenge)
}

fn unreachable(error: &reqwest::Error, url: &Url) -> Failure {
    if error.is_timeout() {
        return Transient::DialTimeout.into();
    }
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
    for io in causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>()) {
        if crate::tls::is_certificate_error(io) {
            return Fatal::Certificate { detail: io.to_string() }.into();
        }
        let sorted = from_io(io);
        if !matches!(sorted, Transient::Broken { .. }) {
            return sorted.into();
        }
    }
    let detail = crate::registry::reason(error);
    if error.is_connect() && detail.contains("(DNS)") {
        return Transient::Dns { host: url.host_str().unwrap_or_default().to_owned() }.into();
    }
    Transient::Broken { detail }.into()
}

fn not_one(why: &dyn std::fmt::Display) -> Failure {
    Transient::Protocol { detail: format!("no challenge: {why}") }.into()
}
