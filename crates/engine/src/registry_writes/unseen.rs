//! Characters that a person does not see, or that turn the direction of writing around. What is shown before it is signed
//! must not look like something else.

/// Whether it has no picture of its own: control and format characters, and blanks that are letters.
pub(super) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The text with a picture for each of them.
pub(super) fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut seen, c| {
        if is_unseen(c) {
            seen.extend(c.escape_unicode());
        } else {
            seen.push(c);
        }
        seen
    })
}

/// The same of JSON over several lines, which stays the same JSON.
pub(super) fn visible_json(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut seen, c| {
        if is_unseen(c) && c != '\n' {
            let mut units = [0; 2];
            seen.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            seen.push(c);
        }
        seen
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_spelled_out() {
        assert_eq!(visible("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
        for seen in ["Wetter \u{2602} \u{5929}\u{6c17}", "\u{e9}\u{301}", "{\"a\": 1}"] {
            assert_eq!(visible(seen), seen);
        }
    }

    #[test]
    fn json_says_the_same_when_all_of_it_is_seen() {
        let value = serde_json::json!({"name": "a\u{202e}b\u{e0041}\u{7f}", "tags": ["\u{feff}"]});
        let shown = visible_json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(shown.is_ascii() && shown.contains("\\u202e") && shown.contains("\\udb40\\udc41"), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
