//! A notice as environment variables, in a size that every system takes.

use super::message::{Message, value};
use crate::settings::{ChannelEntry, FIELDS};

/// Bytes of one value at most. Linux takes 128 KiB of one and Windows 32,767 characters, and one that is too long keeps
/// the program from being started at all.
const LONGEST: usize = 8000;
/// Between the agents' names.
const COMMA: &str = ", ";

/// The variables, with their full names.
pub(super) fn environment(entry: &ChannelEntry, message: &Message<'_>) -> Vec<(String, String)> {
    let named = |name: &str, value: &str| (format!("BEATKEEPER_{name}"), short(&value.replace('\0', "")));
    let mut environment: Vec<_> = FIELDS
        .iter()
        .map(|field| match *field {
            "title" => named("TITLE", &message.title),
            "body" => named("BODY", &message.body),
            "agents" => named("AGENTS", &names(message.notice.agents.iter().map(|agent| agent.name.as_str()))),
            field => named(&field.to_uppercase(), &value(message.notice, field)),
        })
        .collect();
    environment.push(named("AGENTS_COUNT", &message.notice.agents.len().to_string()));
    environment.push(named("NOTICE", &message.notice.id.0.to_string()));
    environment.push(named("CHANNEL", &entry.name));
    environment
}

/// As many whole names as there is room for, from the first on.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let mut names = String::new();
    for name in all {
        let gap = if names.is_empty() { "" } else { COMMA };
        if names.len() + gap.len() + name.len() > LONGEST {
            break;
        }
        names.push_str(gap);
        names.push_str(name);
    }
    names
}

/// With a mark where it was cut.
fn short(value: &str) -> String {
    const MARK: char = '…';
    if value.len() <= LONGEST {
        return value.to_owned();
    }
    let end = value.floor_char_boundary(LONGEST - MARK.len_utf8());
    format!("{}{MARK}", &value[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_and_all_of_them_while_there_is_room() {
        assert_eq!(names(["a", "b"].into_iter()), "a, b");
        assert_eq!(names([].into_iter()), "");
        // Ten bytes each with the comma.
        let many = names(std::iter::repeat_n("agent-äö", 900));
        assert!(many.len() <= LONGEST && many.len() > LONGEST - 12, "{}", many.len());
        assert!(many.split(COMMA).all(|name| name == "agent-äö"));
    }

    #[test]
    fn a_value_is_cut_between_characters() {
        assert_eq!(short(&"x".repeat(LONGEST)).len(), LONGEST);
        let cut = short(&"ä".repeat(LONGEST));
        assert!(cut.len() <= LONGEST && cut.ends_with('…'), "{}", cut.len());
    }
}
