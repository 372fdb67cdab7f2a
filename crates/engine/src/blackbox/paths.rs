//! Names of users in paths, of every system: a log may come from another computer than this one.

use std::sync::LazyLock;

use regex::Regex;

use super::pattern::pattern;

/// A user's name may have blanks there, so it goes up to the next sign that cannot be in one.
static WINDOWS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)(?:[a-z]:[/\\]{1,4}|\\{1,4})(?:users|documents and settings|home)[/\\]{1,4}[^/\\:*?"<>|\r\n',;()\[\]{}~]{1,64}"#,
    )
});
static UNIX: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(^|[^\w.~\]-])(?:/var|/export|/usr|/private|/System/Volumes/Data|/mnt/[a-z]|/[a-z])?/{1,3}(?:home|Users)/{1,3}[^\s/\\:;,"'`<>()|*?\[\]{}~]+"#,
    )
});
static INSIDE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(/(?:home|Users|media)/{1,3}|(?i:%2f(?:home|users)%2f))[^\s/\\:;,"'`<>()|*?\[\]{}%~]+"#)
});
static ROOT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(^|[^\w.~/\]-])/root\b"));
static TILDE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(^|[\s"'=:(])~[A-Za-z_][\w.-]*"#));

pub(super) fn hide(text: &str) -> String {
    let text = WINDOWS.replace_all(text, "~");
    let text = UNIX.replace_all(&text, "${1}~");
    let text = INSIDE.replace_all(&text, "${1}[user]");
    let text = ROOT.replace_all(&text, "${1}~");
    TILDE.replace_all(&text, "${1}~").into_owned()
}
