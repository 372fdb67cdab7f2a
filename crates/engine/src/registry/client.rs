//! How registries are asked: through which proxy, and with how much patience.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::base_url::BaseUrl;
use rustls::ClientConfig;

const WITHIN: Duration = Duration::from_secs(10);

/// As a registry is asked, by whoever asks it: through the system's proxy, unless it is on this computer.
///
/// # Errors
/// When the HTTP client cannot be made.
pub(crate) fn client_for(base: &BaseUrl, tls: &Arc<ClientConfig>) -> Result<reqwest::Client, reqwest::Error> {
    if base.is_loopback() { direct_client(tls) } else { builder(tls).build() }
}

/// One that asks this computer, or a network that is as near: past any proxy, which would be told what is for neither.
pub(crate) fn direct_client(tls: &Arc<ClientConfig>) -> Result<reqwest::Client, reqwest::Error> {
    builder(tls).no_proxy().build()
}

fn builder(tls: &Arc<ClientConfig>) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .tls_backend_preconfigured(ClientConfig::clone(tls))
        .user_agent(concat!("beatkeeper/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .timeout(WITHIN)
        // The registry closes idle connections after 60 s (protocols.md 1.8); we do it first.
        .pool_idle_timeout(Duration::from_secs(45))
        // A redirect means a wrong base URL, which a person should know.
        .redirect(reqwest::redirect::Policy::none())
}
