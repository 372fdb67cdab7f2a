//! The tray's menu as a plain value.

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::tray::{TrayAgent, TrayModel, TrayProcess};

/// One line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The fleet in a sentence; it does nothing.
    Sentence(String),
    /// Brings the window.
    ShowWindow,
    /// An agent, with what can be done [below](Entry::below) it.
    Agent(TrayAgent),
    /// Opens this agent's page.
    Open(EntityId),
    /// Closes its link and dials anew.
    Restart(EntityId),
    /// Tells nothing of it for an hour.
    Snooze(EntityId),
    /// Ends that before its time.
    Wake(EntityId, Time),
    /// So many more need attention; brings the window.
    More(usize),
    /// Agents that are started here, each with what can be done with it [below](Entry::below) it.
    Local(Vec<TrayProcess>),
    /// Starts an agent's process.
    Start(TrayProcess),
    /// Ends it.
    Stop(TrayProcess),
    /// Says that the person knows of everyone.
    AcknowledgeAll,
    /// Holds notices back for an hour.
    PauseAlerts,
    /// Ends that before its time.
    ResumeAlerts(Time),
    /// Ends the app, and with it so many processes, or leaves them.
    Quit { running: usize, left: bool },
    /// A line between.
    Separator,
}

/// What choosing a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The window.
    ShowWindow,
    /// An agent's page.
    Open(EntityId),
    /// Its link anew.
    Restart(EntityId),
    /// No notices about it for an hour.
    Snooze(EntityId),
    /// Notices about it again.
    Wake(EntityId),
    /// Its process started.
    Start(EntityId),
    /// Its process ended.
    Stop(EntityId),
    /// That a person knows of everyone.
    AcknowledgeAll,
    /// No notices for so many minutes, or as many as is usual.
    PauseAlerts(Option<u32>),
    /// The end.
    Quit,
}

/// The menu that shows this.
pub(crate) fn menu(model: &TrayModel) -> Vec<Entry> {
    let sentence = if model.sentence.is_empty() { "Beatkeeper" } else { &model.sentence };
    let mut entries = vec![Entry::Sentence(sentence.to_owned()), Entry::Separator, Entry::ShowWindow];
    if !model.attention.is_empty() {
        entries.push(Entry::Separator);
        entries.extend(model.attention.iter().cloned().map(Entry::Agent));
    }
    if model.and_more > 0 {
        entries.push(Entry::More(model.and_more));
    }
    if !model.local.is_empty() {
        entries.extend([Entry::Separator, Entry::Local(model.local.clone())]);
    }
    if !model.unacknowledged.is_empty() {
        entries.extend([Entry::Separator, Entry::AcknowledgeAll]);
    }
    entries.push(Entry::Separator);
    entries.push(model.alerts_paused_until.map_or(Entry::PauseAlerts, Entry::ResumeAlerts));
    entries.push(Entry::Separator);
    entries.push(Entry::Quit { running: model.running, left: model.left_running });
    entries
}

impl Entry {
    /// What a person reads; `clock` writes a time as they do.
    pub(crate) fn text(&self, clock: impl Fn(Time) -> Option<String>) -> String {
        match self {
            Self::Sentence(text) => text.clone(),
            Self::ShowWindow => "Show window".to_owned(),
            Self::Agent(agent) => agent.line.clone(),
            Self::Open(_) => "Open".to_owned(),
            Self::Restart(_) => "Restart".to_owned(),
            Self::Snooze(_) => "Snooze 1 h".to_owned(),
            Self::Wake(_, until) => {
                clock(*until).map_or_else(|| "End snooze".to_owned(), |at| format!("End snooze (until {at})"))
            }
            Self::AcknowledgeAll => "Acknowledge all".to_owned(),
            Self::More(count) => format!("and {count} more"),
            Self::PauseAlerts => "Pause alerts for 1 h".to_owned(),
            Self::ResumeAlerts(until) => clock(*until)
                .map_or_else(|| "Resume alerts".to_owned(), |at| format!("Resume alerts (paused until {at})")),
            Self::Local(local) => {
                let up = local.iter().filter(|agent| agent.up).count();
                format!("Agents started here ({up} of {})", local.len())
            }
            Self::Start(agent) => format!("Start {}", agent.name),
            Self::Stop(agent) => format!("Stop {}", agent.name),
            Self::Quit { running: 0, .. } => "Quit".to_owned(),
            Self::Quit { running, left } => {
                let agents = if *running == 1 { "agent" } else { "agents" };
                let (ends, goes_on) = if *running == 1 { ("ends", "goes on") } else { ("end", "go on") };
                format!("Quit ({running} {agents} started here {})", if *left { goes_on } else { ends })
            }
            Self::Separator => String::new(),
        }
    }

    /// The lines of its own menu; none where it has none.
    pub(crate) fn below(&self) -> Vec<Self> {
        if let Self::Local(local) = self {
            let work = |agent: TrayProcess| if agent.up { Self::Stop(agent) } else { Self::Start(agent) };
            return local.iter().cloned().map(work).collect();
        }
        let Self::Agent(agent) = self else { return Vec::new() };
        let id = || agent.id.clone();
        let snooze = agent.snoozed_until.map_or_else(|| Self::Snooze(id()), |until| Self::Wake(id(), until));
        vec![Self::Open(id()), Self::Restart(id()), snooze]
    }

    /// The name that a choice comes back with; nothing for what cannot be chosen.
    pub(crate) fn id(&self) -> Option<String> {
        Some(match self {
            Self::Sentence(_) | Self::Agent(_) | Self::Local(_) | Self::Separator => return None,
            Self::Start(agent) => format!("start/{}", agent.id),
            Self::Stop(agent) => format!("stop/{}", agent.id),
            Self::ShowWindow => "show".to_owned(),
            Self::Open(agent) => format!("open/{agent}"),
            Self::Restart(agent) => format!("restart/{agent}"),
            Self::Snooze(agent) => format!("snooze/{agent}"),
            Self::Wake(agent, _) => format!("wake/{agent}"),
            Self::AcknowledgeAll => "acknowledge".to_owned(),
            Self::More(_) => "more".to_owned(),
            Self::PauseAlerts => "pause".to_owned(),
            Self::ResumeAlerts(_) => "resume".to_owned(),
            Self::Quit { .. } => "quit".to_owned(),
        })
    }
}

impl Wish {
    /// What was chosen, by its name.
    pub(crate) fn of(id: &str) -> Option<Self> {
        match id {
            "show" | "more" => Some(Self::ShowWindow),
            "pause" => Some(Self::PauseAlerts(None)),
            "resume" => Some(Self::PauseAlerts(Some(0))),
            "acknowledge" => Some(Self::AcknowledgeAll),
            "quit" => Some(Self::Quit),
            _ => {
                let (wish, agent) = id.split_once('/')?;
                let agent = agent.parse().ok()?;
                match wish {
                    "open" => Some(Self::Open(agent)),
                    "restart" => Some(Self::Restart(agent)),
                    "snooze" => Some(Self::Snooze(agent)),
                    "wake" => Some(Self::Wake(agent)),
                    "start" => Some(Self::Start(agent)),
                    "stop" => Some(Self::Stop(agent)),
                    _ => None,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::view::Glyph;

    use super::*;

    fn agent(n: u8) -> TrayAgent {
        TrayAgent {
            id: format!("zns:{n:032x}").parse().unwrap(),
            line: format!("agent-{n}: stale, no beat"),
            snoozed_until: None,
        }
    }

    fn process(n: u8, up: bool) -> TrayProcess {
        TrayProcess { id: agent(n).id, name: format!("agent-{n}"), up }
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
            unacknowledged: vec![agent(1).id],
            alerts_paused_until: Some(Time::from_millis(0)),
            local: vec![process(3, true), process(4, false)],
            running: 1,
            left_running: false,
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
                "Agents started here (1 of 2)",
                "",
                "Acknowledge all",
                "",
                "Resume alerts (paused until 15:04)",
                "",
                "Quit (1 agent started here ends)",
            ]
        );
    }

    #[test]
    fn an_agent_can_be_opened_restarted_and_snoozed_and_woken() {
        let below = |agent: TrayAgent| -> Vec<String> {
            let lines = Entry::Agent(agent).below();
            lines.iter().map(|entry| entry.text(|_| Some("15:04".to_owned()))).collect()
        };
        assert_eq!(below(agent(1)), ["Open", "Restart", "Snooze 1 h"]);
        let snoozed = TrayAgent { snoozed_until: Some(Time::ZERO), ..agent(1) };
        assert_eq!(below(snoozed), ["Open", "Restart", "End snooze (until 15:04)"]);
        assert_eq!(Entry::Quit { running: 0, left: false }.below(), []);
        let both = Entry::Local(vec![process(3, true), process(4, false)]).below();
        let both: Vec<String> = both.iter().map(|entry| entry.text(|_| None)).collect();
        assert_eq!(both, ["Stop agent-3", "Start agent-4"]);
    }

    #[test]
    fn each_line_comes_back_as_what_it_says() {
        let wish = |entry: Entry| entry.id().and_then(|id| Wish::of(&id));
        assert_eq!(wish(Entry::Sentence("5 active".to_owned())), None);
        assert_eq!(wish(Entry::Separator), None);
        assert_eq!(wish(Entry::ShowWindow), Some(Wish::ShowWindow));
        assert_eq!(wish(Entry::Agent(agent(7))), None);
        assert_eq!(wish(Entry::Open(agent(7).id)), Some(Wish::Open(agent(7).id)));
        assert_eq!(wish(Entry::Restart(agent(7).id)), Some(Wish::Restart(agent(7).id)));
        assert_eq!(wish(Entry::Snooze(agent(7).id)), Some(Wish::Snooze(agent(7).id)));
        assert_eq!(wish(Entry::Wake(agent(7).id, Time::ZERO)), Some(Wish::Wake(agent(7).id)));
        assert_eq!(wish(Entry::AcknowledgeAll), Some(Wish::AcknowledgeAll));
        assert_eq!(wish(Entry::More(3)), Some(Wish::ShowWindow));
        assert_eq!(wish(Entry::PauseAlerts), Some(Wish::PauseAlerts(None)));
        assert_eq!(wish(Entry::ResumeAlerts(Time::from_millis(0))), Some(Wish::PauseAlerts(Some(0))));
        assert_eq!(wish(Entry::Quit { running: 2, left: true }), Some(Wish::Quit));
        assert_eq!(wish(Entry::Start(process(7, false))), Some(Wish::Start(agent(7).id)));
        assert_eq!(wish(Entry::Stop(process(7, true))), Some(Wish::Stop(agent(7).id)));
        assert_eq!(Wish::of("open/nonsense"), None);
        assert_eq!(Wish::of(&format!("sell/{}", agent(7).id)), None);
        assert_eq!(Wish::of("anything"), None);
    }

    #[test]
    fn a_time_that_cannot_be_written_is_left_out() {
        assert_eq!(Entry::ResumeAlerts(Time::ZERO).text(|_| None), "Resume alerts");
        assert_eq!(Entry::Wake(agent(1).id, Time::ZERO).text(|_| None), "End snooze");
    }
}
