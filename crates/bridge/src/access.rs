//! Who may come in: the browser that was given the link, from the page that it loaded here, and nobody else.
//!
//! Every other page that the same browser has open can send requests to this port, and every other program on this
//! computer, too. Against pages stand the names (`Host`, so that no foreign name can be made to point here, and `Origin`)
//! and the cookie that is sent along with no foreign page's requests; against programs the secrets.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::header::{COOKIE, HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, Method};
use beatkeeper_engine::command::Refusal;
use subtle::ConstantTimeEq as _;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The link, and the session that it was exchanged for.
pub(crate) struct Access {
    port: u16,
    secrets: Mutex<Secrets>,
}

struct Secrets {
    /// Gone when it was used.
    token: Option<String>,
    session: String,
}

impl Access {
    /// Fresh secrets; the second is the link's.
    pub(crate) fn new(port: u16) -> Result<(Self, String), getrandom::Error> {
        let token = secret()?;
        let secrets = Secrets { token: Some(token.clone()), session: secret()? };
        Ok((Self { port, secrets: Mutex::new(secrets) }, token))
    }

    /// Whether the request was meant for here, by a page from here or by a person.
    pub(crate) fn meant(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
        let hosts = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let Some(host) = only(headers, &HOST).filter(|host| hosts.iter().any(|known| known == host)) else {
            return Err(refused("bridge.host", "This is not the address of the bridge"));
        };
        let origin = only(headers, &ORIGIN);
        let own = origin.is_some_and(|origin| origin == format!("http://{host}"));
        if !own && (headers.contains_key(ORIGIN) || *method != Method::GET) {
            return Err(refused("bridge.origin", "This was asked by another page"));
        }
        if headers.contains_key(SITE)
            && !only(headers, &SITE).is_some_and(|site| ["same-origin", "none"].contains(&site))
        {
            return Err(refused("bridge.site", "This was asked by another page"));
        }
        Ok(())
    }

    /// Exchanges the link for a session, once.
    pub(crate) fn enter(&self, token: &str) -> Result<String, Refusal> {
        let mut secrets = self.secrets();
        let known = secrets.token.as_deref().ok_or_else(|| refused("bridge.used", "This link was used already"))?;
        if !same(known, token) {
            return Err(refused("bridge.token", "This link is not the one that was printed"));
        }
        secrets.token = None;
        Ok(secrets.session.clone())
    }

    /// Whether the request belongs to the session.
    pub(crate) fn inside(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let name = self.cookie();
        let session = &self.secrets().session;
        let cookies = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        if pairs.any(|(named, value)| named == name && same(session, value)) {
            return Ok(());
        }
        Err(refused("bridge.no_session", "This browser has not opened the link"))
    }

    /// The cookie's name. Cookies know no ports, so that two bridges would take each other's.
    pub(crate) fn cookie(&self) -> String {
        format!("beatkeeper-{}", self.port)
    }

    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(code: &str, sentence: &str) -> Refusal {
    Refusal::new(code, sentence, "Start `cargo xtask ui` again and open the link that it prints.")
}

/// 256 bits of the system's randomness.
fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Takes as long wherever they differ.
fn same(known: &str, given: &str) -> bool {
    known.as_bytes().ct_eq(given.as_bytes()).into()
}

/// The header's value, unless it is there twice.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn code(result: Result<(), Refusal>) -> Option<String> {
        result.err().map(|refusal| refusal.code)
    }

    #[test]
    fn only_its_own_names_are_it() {
        let (access, _) = Access::new(4000).unwrap();
        let meant = |host: &str| code(access.meant(&Method::GET, &headers(&[("host", host)])));
        assert_eq!(meant("127.0.0.1:4000"), None);
        assert_eq!(meant("localhost:4000"), None);
        for host in ["127.0.0.1", "127.0.0.1:4001", "evil.example:4000", "127.0.0.1:4000.evil.example", "localhost"] {
            assert_eq!(meant(host).as_deref(), Some("bridge.host"), "{host}");
        }
        assert_eq!(code(access.meant(&Method::GET, &headers(&[]))).as_deref(), Some("bridge.host"));
    }

    #[test]
    fn what_changes_something_comes_from_its_own_page() {
        let (access, _) = Access::new(4000).unwrap();
        let post = |more: &[(&'static str, &str)]| {
            code(access.meant(&Method::POST, &headers(&[&[("host", "localhost:4000")], more].concat())))
        };
        assert_eq!(post(&[("origin", "http://localhost:4000")]), None);
        assert_eq!(post(&[]).as_deref(), Some("bridge.origin"));
        for origin in ["null", "http://localhost:4001", "http://127.0.0.1:4000", "https://localhost:4000"] {
            assert_eq!(post(&[("origin", origin)]).as_deref(), Some("bridge.origin"), "{origin}");
        }
        let other_port = [("origin", "http://localhost:4000"), ("sec-fetch-site", "same-site")];
        assert_eq!(post(&other_port).as_deref(), Some("bridge.site"));
    }

    #[test]
    fn the_link_works_once_and_a_wrong_one_does_not_use_it_up() {
        let (access, token) = Access::new(1).unwrap();
        assert_eq!(token.len(), 64);
        assert_eq!(access.enter("0").unwrap_err().code, "bridge.token");
        let session = access.enter(&token).unwrap();
        assert_ne!(session, token);
        assert_eq!(access.enter(&token).unwrap_err().code, "bridge.used");
        let cookie = format!("a=b; beatkeeper-1={session}");
        assert_eq!(code(access.inside(&headers(&[("cookie", &cookie)]))), None);
        for wrong in ["beatkeeper-1=", &format!("beatkeeper-2={session}"), &format!("beatkeeper-1={token}")] {
            assert!(access.inside(&headers(&[("cookie", wrong)])).is_err(), "{wrong}");
        }
        assert!(access.inside(&headers(&[])).is_err());
    }
}
