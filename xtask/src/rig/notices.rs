//! What the notification server wrote down.

/// A notice that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Who sent it.
    pub app: String,
    /// First line.
    pub summary: String,
    /// The rest.
    pub body: String,
    /// `LOW`, `NORMAL` or `CRITICAL`.
    pub urgency: String,
    /// Its buttons: (key, label).
    pub actions: Vec<(String, String)>,
}

/// Reads the output of `dunst -print`: one block in braces a notice, with quoted values that may span lines.
pub(super) fn parse(printed: &str) -> Vec<Notice> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in printed.lines() {
        match (&mut block, line) {
            (None, "{") => block = Some(String::new()),
            (Some(text), "}") => {
                blocks.push(std::mem::take(text));
                block = None;
            }
            (Some(text), line) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks.iter().filter_map(|block| notice(block)).collect()
}

fn notice(block: &str) -> Option<Notice> {
    // Values are not escaped, so each ends where the next field is known to begin.
    let app = between(block, "\tappname: '", "'\n\tsummary: '")?;
    let summary = between(block, "\tsummary: '", "'\n\tbody: '")?;
    let body = between(block, "'\n\tbody: '", "'\n\ticon: ")?;
    let urgency = between(block, "\n\turgency: ", "\n")?;
    let actions = between(block, "\n\tactions: {\n", "\n\t}").unwrap_or_default();
    Some(Notice { app, summary, body, urgency, actions: actions.lines().filter_map(action).collect() })
}

fn action(line: &str) -> Option<(String, String)> {
    let (key, label) = line.trim().strip_prefix('"')?.strip_suffix('"')?.split_once("\": \"")?;
    Some((key.to_owned(), label.to_owned()))
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let from = text.find(before)? + before.len();
    let length = text[from..].find(after)?;
    Some(text[from..from + length].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "{\n\tappname: 'Beatkeeper'\n\tsummary: 'weather-agent went stale'\n\tbody: 'it's been\n5 min'\n\t\
        icon: 'icon'\n\traw_icon set: false\n\ttimeout: 5000\n\turgency: CRITICAL\n\ttransient: 0\n\tid: 2\n\t\
        actions: {\n\t\t\"open\": \"Open\"\n\t\t\"snooze\": \"Snooze 1 h\"\n\t}\n\tscript_count: 0\n}\n";

    #[test]
    fn a_notice_is_read_whole() {
        let notice = Notice {
            app: "Beatkeeper".to_owned(),
            summary: "weather-agent went stale".to_owned(),
            body: "it's been\n5 min".to_owned(),
            urgency: "CRITICAL".to_owned(),
            actions: vec![("open".to_owned(), "Open".to_owned()), ("snooze".to_owned(), "Snooze 1 h".to_owned())],
        };
        assert_eq!(parse(PRINTED), std::slice::from_ref(&notice));
        assert_eq!(parse(&format!("WARNING: noise\n{PRINTED}{PRINTED}")), [notice.clone(), notice]);
    }

    #[test]
    fn half_a_notice_is_not_one_yet() {
        assert_eq!(parse(&PRINTED[..PRINTED.len() - 3]), []);
        assert_eq!(parse(""), []);
    }
}
