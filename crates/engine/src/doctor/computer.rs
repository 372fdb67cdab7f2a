//! This computer: its network and its proxy.

use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::doctor::{NetworkSeen, Reading};
use beatkeeper_core::failure::{Failure, ProxyTrouble, Transient};
use rustls::ClientConfig;
use url::Url;

use crate::links::proxy::{self, Proxy};

/// How long a proxy may take.
const WITHIN: Duration = Duration::from_secs(4);
/// Where programs look for a proxy.
const VARIABLES: [&str; 8] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];

pub(super) fn own_network(near: bool) -> Reading {
    NetworkSeen { route: crate::surroundings::network::has_route(), near }.read()
}

/// Where the environment names a proxy, or an exception from it.
pub(super) fn proxy_settings() -> Vec<String> {
    VARIABLES
        .iter()
        .filter_map(|name| Some((name, std::env::var(name).ok().filter(|value| !value.is_empty())?)))
        .map(|(name, value)| format!("{name}={}", without_login(&value)))
        .collect()
}

/// A tunnel to the registry, as every socket of ours gets one.
pub(super) async fn tunnel(proxy: &Proxy, url: &Url, tls: &Arc<ClientConfig>) -> Result<proxy::Way, Failure> {
    tokio::time::timeout(WITHIN, proxy.tunnel(url, tls)).await.unwrap_or_else(|_| {
        let trouble = ProxyTrouble::Unreachable { detail: Transient::DialTimeout.to_string() };
        Err(Transient::Proxy { proxy: proxy.name(), trouble }.into())
    })
}

/// A proxy's password is nobody's business.
fn without_login(value: &str) -> String {
    match (value.split_once("://"), value.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) => host.to_owned(),
        (_, None) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_not_told() {
        assert_eq!(without_login("http://me:s3cret@proxy:3128"), "http://proxy:3128");
        assert_eq!(without_login("me:p@ss@proxy:3128"), "proxy:3128");
        assert_eq!(without_login("localhost,.example"), "localhost,.example");
    }
}
