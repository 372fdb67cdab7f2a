//! This computer: its network and its proxy.

use beatkeeper_core::doctor::{NetworkSeen, Reading};

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
