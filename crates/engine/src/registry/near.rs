//! What is on this very computer: no proxy stands before it, and nobody else reaches it.

use std::sync::Arc;

use beatkeeper_core::base_url::BaseUrl;
use rustls::ClientConfig;
use url::{Host, Url};

use super::record::{direct_client, http_client};

/// As a registry is asked, by whoever asks it: through the system's proxy, unless it is on this computer.
///
/// # Errors
/// When the HTTP client cannot be made.
pub(crate) fn client_for(base: &BaseUrl, tls: &Arc<ClientConfig>) -> Result<reqwest::Client, reqwest::Error> {
    if base.is_loopback() { direct_client(tls) } else { http_client(tls) }
}

/// Whether only this computer itself can reach such an address.
pub(crate) fn is_only_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_here_is_told_from_what_others_reach() {
        let here = |url: &str| is_only_here(&url.parse().unwrap());
        for url in ["http://localhost:1", "http://a.localhost", "http://127.0.0.2", "http://0.0.0.0", "http://[::1]:5"]
        {
            assert!(here(url), "{url}");
        }
        for url in ["https://a.example", "http://localhost.example", "http://192.168.0.2", "http://[2001:db8::1]"] {
            assert!(!here(url), "{url}");
        }
    }
}
