//! What is secret in a text, taken out. In doubt it is taken out: a log that says less is better than a key in a chat.
//!
//! What stays: entity ids and fingerprints, which are public; public keys with their prefix `ed25519:`; hosts, ports and
//! paths of URLs, since they say where something is broken.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern::{REDACTED, pattern};
use super::{paths, tokens, values};

/// Each pass leaves less; hostile text that needs more than these is not worth more time.
const PASSES: usize = 16;

/// The text without keys, passwords, tokens, e-mail addresses, webhook addresses, and names of users in paths.
///
/// Of URLs, the login, all values of the query and the fragment go. To redact a second time changes nothing.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut clean = once(text);
    // What was taken out may bring together what is a secret only now.
    for _ in 0..PASSES {
        let cleaner = once(&clean);
        if cleaner == clean {
            break;
        }
        clean = cleaner;
    }
    clean
}

fn once(text: &str) -> String {
    let text = PRIVATE_KEY.replace_all(text, REDACTED);
    let text = urls(&text);
    // Before what would take a part of a secret and leave the rest too short to be known.
    let text = tokens::hide(&text);
    let text = values::named(&text);
    let text = MAIL.replace_all(&text, "[e-mail]");
    let text = tokens::hide(&text);
    paths::hide(&text)
}

static PRIVATE_KEY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----.*?(-----END [A-Z0-9 ]*-----|$)"));
/// Also one without a dot: user and computer are nobody's business.
static MAIL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:"[^"@]{1,64}"|[\w.!#$%&*+/=?^{}~'-]+)@[\w-]+(?:\.[\w-]+)*"#));

/// Everything up to the last `@`: passwords have slashes in them, addresses seldom have that sign.
static LOGIN: LazyLock<Regex> = LazyLock::new(|| pattern(r#"([A-Za-z][A-Za-z0-9+.-]*://)[^\s"'<>]*@"#));
/// Who knows such an address may write to the chat.
static CHAT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)((?:hooks\.slack\.com|hooks\.zapier\.com|[\w.-]*discord(?:app)?\.com/api|api\.telegram\.org|chat\.googleapis\.com|[\w.-]*webhook\.office\.com|outlook\.office(?:365)?\.com|[\w.-]*logic\.azure\.com(?::\d+)?|maker\.ifttt\.com|ntfy\.sh))/[^\s"'<>]+"#,
    )
});
static HOOK: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)(/(?:[\w-]*[_-])?(?:web)?hooks?\w*)/[^\s"'<>]+"#));
static QUERY: LazyLock<Regex> = LazyLock::new(|| pattern(r#"([a-z]://[^\s"'<>?#]*)[?#]([^\s"'<>]*)"#));
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| pattern(r#"([?&][^\s=&"'<>#]+=)[^\s&"'<>]+"#));

fn urls(text: &str) -> String {
    let text = LOGIN.replace_all(text, "${1}[redacted]@");
    let text = CHAT.replace_all(&text, "${1}/[redacted]");
    let text = HOOK.replace_all(&text, "${1}/[redacted]");
    let text = QUERY.replace_all(&text, |found: &regex::Captures<'_>| format!("{}?{}", &found[1], query(&found[2])));
    PARAMETER.replace_all(&text, "${1}[redacted]").into_owned()
}

/// Names stay where there are names.
fn query(query: &str) -> String {
    let parameters = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, _)) if name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphabetic() || "_-.".contains(c)) => {
            format!("{name}={REDACTED}")
        }
        _ => REDACTED.to_owned(),
    });
    parameters.collect::<Vec<_>>().join("&")
}
