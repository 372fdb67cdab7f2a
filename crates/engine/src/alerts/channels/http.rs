//! HTTP as channels need it: one request, a short answer, a sentence for what went wrong.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{RequestBuilder, Response, StatusCode};

use super::redact::Redactor;
use super::setback::{Setback, quote};

/// What is read of an answer.
const MOST_ANSWER: usize = 4096;
const MOST_REDIRECTS: usize = 3;

/// The client of all channels.
pub(super) fn client(tls: &Arc<rustls::ClientConfig>) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(rustls::ClientConfig::clone(tls))
        .user_agent(concat!("beatkeeper/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::custom(redirect))
        .referer(false)
        // A channel is told seldom; nobody keeps a connection for that long.
        .pool_max_idle_per_host(0)
        .build()
}

/// Within a server, and only where the request stays what it is: everything else would carry a secret elsewhere, or turn
/// the POST into a GET that a server answers with a friendly 200.
fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let keeps = matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let same = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if keeps && same && attempt.previous().len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// Sends it, and takes every 2xx for a yes. Where it goes and its headers that are secret are hidden like what the
/// redactor hides already.
pub(super) async fn send(request: RequestBuilder, within: Duration, redactor: Redactor) -> Result<(), Setback> {
    match tokio::time::timeout(within, exchange(request, redactor)).await {
        Ok(result) => result,
        Err(_) => Err(Setback::Unreached(format!("no answer within {} s", within.as_secs()))),
    }
}

async fn exchange(request: RequestBuilder, redactor: Redactor) -> Result<(), Setback> {
    let (client, request) = request.build_split();
    let Ok(request) = request else { return Err(Setback::Refused("its address cannot be used".into())) };
    let mut redactor = redactor.request(&request);
    let response = match client.execute(request).await {
        Ok(response) => response,
        Err(error) if error.is_builder() => return Err(Setback::Refused("its address cannot be used".into())),
        // Without its address, which may be the secret.
        Err(error) => {
            let reason = crate::registry::reason(&error.without_url());
            return Err(Setback::Unreached(quote(&reason, &redactor)));
        }
    };
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    if status.is_redirection() {
        return Err(Setback::Refused(format!(
            "it answers {}: it has moved; write the address that it has now",
            status.as_u16()
        )));
    }
    let again_after = retry_after(&response);
    // It may have been sent on, within its server.
    redactor.address(response.url());
    let words = quote(&beginning(response, redactor.longest()).await, &redactor);
    let problem = if words.is_empty() {
        format!("it answers {}", status.as_u16())
    } else {
        format!("it answers {}: {words}", status.as_u16())
    };
    Err(if is_for_good(status) { Setback::Refused(problem) } else { Setback::NotNow { problem, again_after } })
}

/// Whether the same request would get the same answer the next time.
fn is_for_good(status: StatusCode) -> bool {
    let may_pass = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
    );
    status.is_client_error() && !may_pass
}

/// In seconds or as a date.
fn retry_after(response: &Response) -> Option<Duration> {
    let asked = response.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = asked.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::parse(asked).ok()?.timestamp();
    Duration::try_from(at.duration_since(jiff::Timestamp::now())).ok()
}

/// The beginning of an answer. What was cut may have been within a secret, whose beginning nobody would know: so much is
/// left out, too.
async fn beginning(response: Response, longest_secret: usize) -> String {
    let (mut bytes, mut body) = (Vec::new(), response.bytes_stream());
    while let Some(Ok(chunk)) = body.next().await {
        let room = MOST_ANSWER - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == MOST_ANSWER {
            bytes.truncate(MOST_ANSWER.saturating_sub(longest_secret));
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
