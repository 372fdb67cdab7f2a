//! Waiting until processes are where they should be, with a line for each.

use std::collections::BTreeMap;
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::ProcessState;

use super::Local;
use super::engine::Engine;
use crate::failure::Failure;
use crate::fleet::{Fleet, Row};
use crate::out::{self, plain};
use crate::process;
use crate::style::Screen;

/// How often the fleet is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// It is up.
    Up,
    /// It is up, and was not all the time.
    UpAgain,
    /// It has ended.
    Down,
}

/// Where each process was before anything was asked.
pub(super) struct Before(BTreeMap<EntityId, (ProcessState, Option<Time>)>);

impl Before {
    pub(super) fn of(fleet: &Fleet) -> Self {
        let rows = fleet.worst_first().into_iter();
        Self(rows.map(|row| (row.id.clone(), (row.process.state, row.process.since))).collect())
    }

    fn is_as_before(&self, row: &Row) -> bool {
        self.0.get(&row.id) == Some(&(row.process.state, row.process.since))
    }
}

impl Goal {
    /// Whether it is reached, or cannot be; nothing while neither is known.
    fn judge(self, row: &Row, before: &Before) -> Option<bool> {
        let same = before.is_as_before(row);
        let ended_well =
            row.process.run.as_ref().and_then(|run| run.exit.as_ref()).is_some_and(|exit| exit.code == Some(0));
        match (self, row.process.state) {
            (Self::Down, ProcessState::Stopped | ProcessState::NotOurs | ProcessState::NotRunning) => Some(true),
            (Self::Down, ProcessState::Exited | ProcessState::GaveUp) => Some(true),
            (Self::Down, _) => None,
            (Self::Up, ProcessState::Running) => Some(true),
            (Self::UpAgain, ProcessState::Running) => (!same).then_some(true),
            (Self::Up, ProcessState::Unhealthy | ProcessState::WrongAgent) => Some(false),
            // What was so before the start is no word about it.
            (_, _) if same => None,
            (_, ProcessState::Exited) => Some(ended_well),
            (_, ProcessState::GaveUp | ProcessState::Stopped | ProcessState::NotOurs) => Some(false),
            (_, ProcessState::Unhealthy | ProcessState::WrongAgent | ProcessState::NotRunning) => Some(false),
            (_, ProcessState::Unknown | ProcessState::Starting | ProcessState::Stopping | ProcessState::Waiting) => {
                None
            }
        }
    }
}

/// Waits, and answers who did not get there.
pub(super) async fn until(
    engine: &mut Engine,
    agents: &[Local],
    goal: Goal,
    before: &Before,
    width: usize,
) -> Result<Vec<Local>, Failure> {
    let screen = Screen::of_stdout();
    let mut open: Vec<&Local> = agents.iter().collect();
    let mut missed = Vec::new();
    let mut told: BTreeMap<&EntityId, u32> = BTreeMap::new();
    while !open.is_empty() {
        let fleet = engine.fleet().await?;
        let mut still = Vec::new();
        for agent in open {
            let Some(row) = fleet.get(&agent.id) else {
                out::lines(&[line(&agent.name, width, "was removed")])?;
                missed.push(agent.clone());
                continue;
            };
            let words = process::outcome(row, fleet.now);
            match goal.judge(row, before) {
                Some(reached) => {
                    let tone = process::tone(row.process.state);
                    out::lines(&[line(&agent.name, width, &tone.paint(&words, screen.colour))])?;
                    if !reached {
                        missed.push(agent.clone());
                    }
                }
                None => {
                    // Each try that came to nothing is told once: the next may take a while.
                    let tries = row.process.run.as_ref().map_or(0, |run| run.restarts);
                    if row.process.state == ProcessState::Waiting && told.insert(&agent.id, tries) != Some(tries) {
                        out::note(&line(&agent.name, width, &words));
                    }
                    still.push(agent);
                }
            }
        }
        open = still;
        if !open.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
    }
    Ok(missed)
}

/// `weather  running (pid 4711)`.
pub(super) fn line(name: &str, width: usize, words: &str) -> String {
    let name = plain(name);
    let blank = width.saturating_sub(unicode_width::UnicodeWidthStr::width(name.as_str()));
    format!("{name}{}  {words}", " ".repeat(blank))
}

/// The width of the longest name.
pub(super) fn width(agents: &[Local]) -> usize {
    let widths = agents.iter().map(|agent| unicode_width::UnicodeWidthStr::width(plain(&agent.name).as_str()));
    widths.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fleet::tests::{NOON, delta, row};

    fn fleet(state: &str, since: u64, exit: &Value) -> Fleet {
        let run = json!({"pid": null, "started_at": null, "reclaimed": false, "exit": exit, "restarts": 0,
            "max_restarts": 5, "next_start_at": null, "usage": null, "drift": null, "ladder": null});
        let process = json!({"state": state, "since": since, "clock_ahead_ms": null, "detail": "", "run": run});
        let mut fleet = Fleet::default();
        fleet.fold(delta(1, true, &[row(1, "one", "active", &json!({"process": process}))], &[]));
        fleet
    }

    #[test]
    fn a_process_is_up_when_it_is_ready_and_what_was_before_does_not_count() {
        let exit = |code: i32| json!({"code": code, "signal": null, "at": NOON, "sentence": "it ended"});
        let none = Value::Null;
        let (up, again, down) = (Goal::Up, Goal::UpAgain, Goal::Down);
        // Where it was, where it is, whether that is another time, and what that means.
        let cases = [
            (up, "stopped", "starting", true, &none, None),
            (up, "stopped", "running", true, &none, Some(true)),
            (up, "running", "running", false, &none, Some(true)),
            (up, "gave_up", "gave_up", false, &none, None),
            (up, "gave_up", "gave_up", true, &none, Some(false)),
            (up, "stopped", "waiting", true, &none, None),
            (up, "stopped", "unhealthy", true, &none, Some(false)),
            (up, "unhealthy", "unhealthy", false, &none, Some(false)),
            (up, "stopped", "exited", true, &exit(0), Some(true)),
            (up, "stopped", "exited", true, &exit(1), Some(false)),
            (up, "running", "stopped", true, &none, Some(false)),
            (again, "running", "running", false, &none, None),
            (again, "running", "stopping", true, &none, None),
            (again, "running", "running", true, &none, Some(true)),
            (again, "unhealthy", "unhealthy", false, &none, None),
            (again, "unhealthy", "unhealthy", true, &none, Some(false)),
            (down, "running", "stopping", true, &none, None),
            (down, "running", "running", false, &none, None),
            (down, "running", "stopped", true, &none, Some(true)),
            (down, "stopped", "stopped", false, &none, Some(true)),
            (down, "gave_up", "gave_up", false, &none, Some(true)),
        ];
        for (goal, was, is, later, exit, wanted) in cases {
            let before = Before::of(&fleet(was, NOON - 9, &none));
            let now = fleet(is, if later { NOON } else { NOON - 9 }, exit);
            assert_eq!(goal.judge(now.worst_first()[0], &before), wanted, "{goal:?} {was} {is} {later}");
        }
    }

    #[test]
    fn names_stand_above_each_other() {
        let agents =
            ["天気", "db"].map(|name| Local { id: crate::fleet::tests::id(1).parse().unwrap(), name: name.into() });
        let width = width(&agents);
        assert_eq!(line("天気", width, "running"), "天気  running");
        assert_eq!(line("db", width, "running"), "db    running");
    }
}
