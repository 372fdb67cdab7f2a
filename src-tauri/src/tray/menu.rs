//! The tray's menu as a plain value.

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::tray::TrayModel;

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The fleet in a sentence; it does nothing.
    Sentence(String),
    /// Brings the window.
    ShowWindow,
    /// Opens this agent's page.
    Agent(EntityId, String),
    /// So many more need attention; brings the window.
    More(usize),
    /// Holds notices back for an hour.
    PauseAlerts,
    /// Ends that before its time.
    ResumeAlerts(Time),
    /// Ends the app.
    Quit,
    /// A line between.
    Separator,
}

/// What choosing a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The window.
    ShowWindow,
    /// An agent's page.
    OpenAgent(EntityId),
    /// No notices for so many minutes.
    PauseAlerts(u32),
    /// The end.
    Quit,
}

/// The menu that shows this.
pub(crate) fn menu(model: &TrayModel) -> Vec<Entry> {
    let sentence = if model.sentence.is_empty() { "Beatkeeper" } else { &model.sentence };
    let mut entries = vec![Entry::Sentence(sentence.to_owned()), Entry::Separator, Entry::ShowWindow];
    if !model.attention.is_empty() {
        entries.push(Entry::Separator);
        entries.extend(model.attention.iter().map(|agent| Entry::Agent(agent.id.clone(), agent.line.clone())));
    }
    if model.and_more > 0 {
        entries.push(Entry::More(model.and_more));
    }
    entries.push(Entry::Separator);
    entries.push(model.alerts_paused_until.map_or(Entry::PauseAlerts, Entry::ResumeAlerts));
    entries.push(Entry::Separator);
    entries.push(Entry::Quit);
    entries
}

impl Entry {
    /// What a person reads; `clock` writes a time as they do.
    pub(crate) fn text(&self, clock: impl Fn(Time) -> Option<String>) -> String {
        match self {
            Self::Sentence(text) | Self::Agent(_, text) => text.clone(),
            Self::ShowWindow => "Show window".to_owned(),
            Self::More(count) => format!("and {count} more"),
            Self::PauseAlerts => "Pause alerts for 1 h".to_owned(),
            Self::ResumeAlerts(until) => clock(*until)
                .map_or_else(|| "Resume alerts".to_owned(), |at| format!("Resume alerts (paused until {at})")),
            Self::Quit => "Quit".to_owned(),
            Self::Separator => String::new(),
        }
    }

    /// The name that a choice comes back with; nothing for what cannot be chosen.
    pub(crate) fn id(&self) -> Option<String> {
        Some(match self {
            Self::Sentence(_) | Self::Separator => return None,
            Self::ShowWindow => "show".to_owned(),
            Self::Agent(agent, _) => format!("agent/{agent}"),
            Self::More(_) => "more".to_owned(),
            Self::PauseAlerts => "pause".to_owned(),
            Self::ResumeAlerts(_) => "resume".to_owned(),
            Self::Quit => "quit".to_owned(),
        })
    }
}

impl Wish {
    /// What was chosen, by its name.
    pub(crate) fn of(id: &str) -> Option<Self> {
        match id {
            "show" | "more" => Some(Self::ShowWindow),
            "pause" => Some(Self::PauseAlerts(60)),
            "resume" => Some(Self::PauseAlerts(0)),
            "quit" => Some(Self::Quit),
            _ => id.strip_prefix("agent/")?.parse().ok().map(Self::OpenAgent),
        }
    }
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::tray::TrayAgent;
    use beatkeeper_core::view::Glyph;

    use super::*;

    fn agent(n: u8) -> TrayAgent {
        TrayAgent { id: format!("zns:{n:032x}").parse().unwrap(), line: format!("agent-{n}: stale, no beat") }
    }

    fn read(model: &TrayModel) -> Vec<String> {
        menu(model).iter().map(|entry| entry.text(|_| Some("15:04".to_owned()))).collect()
    }

    #[test]
    fn it_is_never_empty_and_can_always_show_and_quit() {
        assert_eq!(
            read(&TrayModel::default()),
            ["Beatkeeper", "", "Show window", "", "Pause alerts for 1 h", "", "Quit"]
        );
    }

    #[test]
    fn the_sentence_comes_first_then_whoever_needs_a_person() {
        let model = TrayModel {
            glyph: Glyph::Attention,
            sentence: "5 active, 2 stale".to_owned(),
            attention: vec![agent(1), agent(2)],
            and_more: 3,
            alerts_paused_until: Some(Time::from_millis(0)),
        };
        assert_eq!(
            read(&model),
            [
                "5 active, 2 stale",
                "",
                "Show window",
                "",
                "agent-1: stale, no beat",
                "agent-2: stale, no beat",
                "and 3 more",
                "",
                "Resume alerts (paused until 15:04)",
                "",
                "Quit",
            ]
        );
    }

    #[test]
    fn each_line_comes_back_as_what_it_says() {
        let wish = |entry: Entry| entry.id().and_then(|id| Wish::of(&id));
        assert_eq!(wish(Entry::Sentence("5 active".to_owned())), None);
        assert_eq!(wish(Entry::Separator), None);
        assert_eq!(wish(Entry::ShowWindow), Some(Wish::ShowWindow));
        assert_eq!(wish(Entry::Agent(agent(7).id, String::new())), Some(Wish::OpenAgent(agent(7).id)));
        assert_eq!(wish(Entry::More(3)), Some(Wish::ShowWindow));
        assert_eq!(wish(Entry::PauseAlerts), Some(Wish::PauseAlerts(60)));
        assert_eq!(wish(Entry::ResumeAlerts(Time::from_millis(0))), Some(Wish::PauseAlerts(0)));
        assert_eq!(wish(Entry::Quit), Some(Wish::Quit));
        assert_eq!(Wish::of("agent/nonsense"), None);
        assert_eq!(Wish::of("anything"), None);
    }

    #[test]
    fn a_time_that_cannot_be_written_is_left_out() {
        assert_eq!(Entry::ResumeAlerts(Time::from_millis(0)).text(|_| None), "Resume alerts");
    }
}
