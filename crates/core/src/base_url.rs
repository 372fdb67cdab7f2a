//! A registry's base URL, brought to one form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The base of a registry: `http` or `https`, no trailing slash doubled, no query, no fragment, no credentials.
///
/// A doubled slash makes the registry answer 301, which no WebSocket client follows (protocols.md 1.2), so the form is
/// settled here, once.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl(Url);

/// Why a text is not a registry's base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// Not a URL at all.
    #[error("\"{text}\" is not a URL: {why}")]
    NotAUrl {
        /// What was given.
        text: String,
        /// The parser's reason.
        why: String,
    },
    /// Another scheme.
    #[error("\"{scheme}\" is not a scheme of a registry: write http://, https://, ws:// or wss://")]
    Scheme {
        /// The scheme that was given.
        scheme: String,
    },
    /// A name or password in the URL would end up in logs.
    #[error("the URL holds a user name or password: leave it out, a registry has no use for it")]
    Credentials,
    /// A query or fragment.
    #[error("the URL has a \"?\" or \"#\" part: give only the registry's base, such as https://zns01.zynd.ai")]
    Extra,
}

impl BaseUrl {
    /// The URL of `path` (without a leading slash) for requests.
    #[must_use]
    pub fn http(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path()));
        url
    }

    /// The URL of `path` (without a leading slash) for WebSockets.
    #[must_use]
    pub fn websocket(&self, path: &str) -> Url {
        let mut url = self.http(path);
        let scheme = if self.is_encrypted() { "wss" } else { "ws" };
        // Between these schemes the change is always allowed.
        let _ = url.set_scheme(scheme);
        url
    }

    /// Whether traffic is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether it is on this computer.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_only_here(&self.0)
    }

    /// Host and, when it is not the scheme's own, port.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Host name or address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

/// Whether only this computer itself reaches such an address: no proxy stands before it.
#[must_use]
pub fn is_only_here(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        None => false,
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let trimmed = text.trim();
        let not_a_url = |why: String| BaseUrlError::NotAUrl { text: trimmed.chars().take(120).collect(), why };
        let lower = trimmed.to_ascii_lowercase();
        let https = if let Some(rest) = lower.strip_prefix("wss://") {
            format!("https://{}", &trimmed[trimmed.len() - rest.len()..])
        } else if let Some(rest) = lower.strip_prefix("ws://") {
            format!("http://{}", &trimmed[trimmed.len() - rest.len()..])
        } else if trimmed.contains("://") {
            trimmed.to_owned()
        } else {
            return Err(not_a_url("it has no scheme; write https:// before it".into()));
        };
        let mut url = Url::parse(&https).map_err(|error| not_a_url(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BaseUrlError::Scheme { scheme: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::Extra);
        }
        let segments: Vec<&str> = url.path().split('/').filter(|segment| !segment.is_empty()).collect();
        let path = if segments.is_empty() { "/".to_owned() } else { format!("/{}/", segments.join("/")) };
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for BaseUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BaseUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> String {
        text.parse::<BaseUrl>().map_or_else(|error| format!("! {error}"), |url| url.to_string())
    }

    #[test]
    fn slashes_and_websocket_schemes_come_to_one_form() {
        for text in
            ["https://r.example", "https://r.example/", "https://R.example//", "wss://r.example", " WSS://r.example/ "]
        {
            assert_eq!(base(text), "https://r.example", "{text:?}");
        }
        assert_eq!(base("http://127.0.0.1:8080//sub//path/"), "http://127.0.0.1:8080/sub/path");
    }

    #[test]
    fn paths_never_get_a_doubled_slash() {
        let url: BaseUrl = "https://r.example//".parse().unwrap();
        assert_eq!(url.websocket("v1/ws/activity").as_str(), "wss://r.example/v1/ws/activity");
        let url: BaseUrl = "http://localhost:1/sub".parse().unwrap();
        assert_eq!(url.http("v1/info").as_str(), "http://localhost:1/sub/v1/info");
        assert_eq!(url.websocket("v1/info").as_str(), "ws://localhost:1/sub/v1/info");
    }

    #[test]
    fn what_is_no_registry_is_refused_with_a_reason() {
        for text in [
            "",
            "zns01.zynd.ai",
            "ftp://r.example",
            "https://u:p@r.example",
            "https://r.example?x=1",
            "https://",
            "http://[::1",
            "https://r.example/#a",
        ] {
            assert!(base(text).starts_with('!'), "{text:?} gave {}", base(text));
        }
    }

    #[test]
    fn what_is_here_is_told_from_what_others_reach() {
        let here = |text: &str| text.parse::<BaseUrl>().unwrap().is_loopback();
        for url in [
            "http://localhost:1",
            "http://a.localhost",
            "http://127.8.9.1:1",
            "http://0.0.0.0",
            "http://[::1]:5",
            "http://[::]",
        ] {
            assert!(here(url), "{url}");
        }
        for url in [
            "https://a.example",
            "http://localhost.example",
            "http://127.evil.example",
            "http://192.168.0.2",
            "http://[2001:db8::1]",
        ] {
            assert!(!here(url), "{url}");
        }
    }
}
