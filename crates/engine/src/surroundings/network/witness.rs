//! A second place on the internet, which tells a registry that is gone from a network that is.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use url::Url;

use crate::refusal::Refusal;

/// The witness of a configuration that names none: the front door of the public registry. For agents of that very
/// registry it is no second place.
pub const DEFAULT_WITNESS: &str = "https://zns01.zynd.ai";

/// A second place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness(Url);

impl Witness {
    /// From the text of a configuration; empty text means that there is none.
    ///
    /// # Errors
    /// `network.witness` for anything but an http or https URL without credentials.
    pub fn parse(text: &str) -> Result<Option<Self>, Refusal> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let refusal = |reason: &str| {
            Refusal::new(
                "network.witness",
                format!("{reason}, so it cannot tell whether this computer's network works"),
                format!("Write an address such as {DEFAULT_WITNESS}, or nothing to do without."),
            )
        };
        let url = Url::parse(text).map_err(|error| refusal(&format!("The witness {text:?} is no URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refusal(&format!("The witness {text:?} is neither http nor https")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refusal("The witness has a name or password in its URL"));
        }
        Ok(Some(Self(url)))
    }

    /// Its host, to be compared with a registry's: a registry cannot be its own witness.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

/// Asks witnesses.
#[derive(Clone)]
pub(super) struct Client(reqwest::Client);

impl Client {
    pub(super) fn new(tls: &Arc<ClientConfig>, within: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(ClientConfig::clone(tls))
            .user_agent(concat!("beatkeeper/", env!("CARGO_PKG_VERSION")))
            .timeout(within)
            // Each time anew: a connection of yesterday's network says nothing about today's.
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self(http))
    }

    /// Whether there is any HTTP answer at all.
    pub(super) async fn reaches(self, witness: Witness) -> bool {
        match self.0.head(witness.0).send().await {
            Ok(_) => true,
            Err(error) => {
                tracing::debug!("the witness is not reached: {}", crate::registry::reason(&error));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_is_a_web_address_or_none() {
        assert_eq!(Witness::parse(DEFAULT_WITNESS).unwrap().unwrap().host(), "zns01.zynd.ai");
        assert_eq!(Witness::parse(" http://127.0.0.1:8/x ").unwrap().unwrap().host(), "127.0.0.1");
        assert_eq!(Witness::parse("  "), Ok(None));
        for wrong in ["zns01.zynd.ai", "ftp://zynd.ai", "https://", "https://me@zynd.ai", "https://me:x@zynd.ai"] {
            let refusal = Witness::parse(wrong).unwrap_err();
            assert_eq!(refusal.code, "network.witness", "{wrong}");
            assert!(!refusal.sentence.contains("me:x"));
        }
    }
}
