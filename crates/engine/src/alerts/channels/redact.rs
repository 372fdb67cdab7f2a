//! Keeps what is secret about a channel out of other people's words: servers repeat what they were sent.

use reqwest::Request;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// A part of an address that is shorter guards nothing, and may be a word that people should read.
const SHORTEST_PART: usize = 8;
/// A whole query or a topic, bare.
const SHORTEST_WHOLE: usize = 4;
const MARK: &str = "…";

/// What may not be shown, in lower case: servers change the case of what they repeat.
#[derive(Clone, Default)]
pub(super) struct Redactor(Vec<SecretString>);

impl Redactor {
    /// Hides a secret: a key, a token, a password, or an address with all its parts.
    pub(super) fn secret(mut self, secret: &SecretString) -> Self {
        let secret = secret.expose_secret();
        self.hide(secret, 1);
        if let Ok(url) = secret.parse() {
            self.address(&url);
        }
        self
    }

    /// Hides a name that opens something to whoever knows it.
    pub(super) fn name(mut self, name: &str) -> Self {
        self.hide(name, SHORTEST_WHOLE);
        self
    }

    /// Hides where a request goes, and its headers that are secret.
    pub(super) fn request(mut self, request: &Request) -> Self {
        self.address(request.url());
        for value in request.headers().values().filter(|value| value.is_sensitive()) {
            self.header(value);
        }
        self
    }

    /// An address, its path, its query, and each part of those that could be a token.
    pub(super) fn address(&mut self, url: &Url) {
        let path = url.path();
        self.hide(url.as_str(), SHORTEST_PART);
        self.hide(path, 2);
        for segment in path.split('/') {
            self.part(segment);
        }
        let Some(query) = url.query() else { return };
        self.hide(&format!("{path}?{query}"), 2);
        self.hide(&format!("?{query}"), 2);
        self.hide(query, SHORTEST_WHOLE);
        for pair in query.split('&') {
            self.part(pair.split_once('=').map_or(pair, |(_, value)| value));
        }
    }

    /// The words without what is hidden.
    pub(super) fn clean(&self, words: &str) -> String {
        let mut words = words.to_owned();
        for hidden in &self.0 {
            let hidden = hidden.expose_secret();
            // Of the same length as the words: only ASCII changes.
            let lower = words.to_ascii_lowercase();
            let mut clean = String::with_capacity(words.len());
            let mut from = 0;
            for (at, _) in lower.match_indices(hidden) {
                clean.push_str(&words[from..at]);
                clean.push_str(MARK);
                from = at + hidden.len();
            }
            clean.push_str(&words[from..]);
            words = clean;
        }
        words
    }

    /// The longest of what is hidden, in bytes. Of words that end anywhere, so many may be the beginning of it.
    pub(super) fn longest(&self) -> usize {
        self.0.first().map_or(0, |hidden| hidden.expose_secret().len())
    }

    /// A header's value, and what is behind its scheme or its names: `Bearer TOKEN`, `t=1,v1=DIGITS`.
    fn header(&mut self, value: &HeaderValue) {
        let Ok(value) = value.to_str() else { return };
        self.hide(value, SHORTEST_WHOLE);
        for part in value.split([' ', ',', '=']) {
            self.hide(part, SHORTEST_PART);
        }
    }

    /// As it is written, and as servers read it.
    fn part(&mut self, part: &str) {
        self.hide(part, SHORTEST_PART);
        if let Ok(read) = percent_encoding::percent_decode_str(part).decode_utf8() {
            self.hide(&read, SHORTEST_PART);
        }
    }

    /// Longest first: the whole of an address before its parts.
    fn hide(&mut self, what: &str, at_least: usize) {
        if what.chars().count() < at_least {
            return;
        }
        let what = what.to_ascii_lowercase();
        if self.0.iter().any(|there| there.expose_secret() == what) {
            return;
        }
        let place = self.0.partition_point(|there| there.expose_secret().len() >= what.len());
        self.0.insert(place, what.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook() -> Redactor {
        Redactor::default().secret(&"https://hooks.example/services/T0/tok-en%2Fhunter2?key=Hunter2-again&b=1".into())
    }

    #[test]
    fn an_address_is_hidden_whole_and_in_parts_however_it_is_written() {
        for words in [
            "https://hooks.example/services/T0/tok-en%2Fhunter2?key=Hunter2-again&b=1 is gone",
            "POST /services/T0/tok-en%2Fhunter2?key=Hunter2-again&b=1 HTTP/1.1",
            "/services/t0/tok-en%2fhunter2",
            "no hook tok-en/hunter2 of T0",
            "{\"path\":\"\\/services\\/T0\\/tok-en%2Fhunter2\"}",
            "key=hunter2-AGAIN&amp;b=1",
            "HUNTER2-AGAIN",
        ] {
            let clean = hook().clean(words);
            assert!(!clean.to_lowercase().contains("hunter2") && clean.contains(MARK), "{clean}");
        }
        assert_eq!(hook().clean("no team T0 (b: 1) at hooks.example"), "no team T0 (b: 1) at hooks.example");
    }

    #[test]
    fn headers_are_hidden_when_they_are_secret() {
        let client = super::super::http::client(&crate::tls::client_config().unwrap()).unwrap();
        let mut secret = HeaderValue::from_static("t=17,v1=0123456789abcdef");
        secret.set_sensitive(true);
        let request = client.post("https://hooks.example/").bearer_auth("tk_hunter2");
        let request = request.header("X-Signature", secret).header("X-Notice", "1234567890").build().unwrap();
        let redactor = Redactor::default().request(&request);
        assert_eq!(
            redactor.clean("Bearer tk_hunter2; tk_hunter2; t=17,v1=0123456789ABCDEF; 0123456789abcdef; 1234567890"),
            "…; …; …; …; 1234567890"
        );
    }

    #[test]
    fn nothing_is_hidden_of_nothing() {
        let nothing = Redactor::default().secret(&"".into()).name("ab");
        assert_eq!((nothing.clean("a b ab"), nothing.longest()), ("a b ab".to_owned(), 0));
    }
}
