//! Recovery: one thing after another is tried until the agent beats again, before the eyes of a person who may hold it.

use std::time::Duration;

use super::Rung;
use crate::time::Time;
use crate::view::{LadderView, RungKind, RungState, RungView};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Idle,
    /// The rung acts then; while it is held, nobody knows when.
    Counting {
        rung: usize,
        acts_at: Option<Time>,
    },
    /// It acted; it worked if a beat that was sent since is confirmed.
    Trying {
        rung: usize,
        since: Time,
        until: Time,
    },
    /// Nothing is left to try.
    Exhausted,
}

/// The ladder.
#[derive(Clone, Debug)]
pub(super) struct Ladder {
    rungs: Vec<Rung>,
    states: Vec<RungState>,
    stage: Stage,
    held: bool,
    /// A person is called.
    calls: bool,
    /// Why the last rung failed.
    problem: String,
}

impl Ladder {
    pub(super) fn new(rungs: Vec<Rung>) -> Self {
        let states = vec![RungState::Waiting; rungs.len()];
        Self { rungs, states, stage: Stage::Idle, held: false, calls: false, problem: String::new() }
    }

    pub(super) fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// Whether a person has to see to it: all was tried, or the ladder says so.
    pub(super) const fn calls(&self) -> bool {
        self.calls
    }

    /// Whether something is tried or about to be.
    pub(super) const fn is_at_work(&self) -> bool {
        matches!(self.stage, Stage::Counting { .. } | Stage::Trying { .. })
    }

    pub(super) const fn poll_timeout(&self) -> Option<Time> {
        match self.stage {
            Stage::Counting { acts_at, .. } => acts_at,
            Stage::Trying { until, .. } => Some(until),
            Stage::Idle | Stage::Exhausted => None,
        }
    }

    /// Other rungs are wanted; those that are the same go on.
    pub(super) fn follow(&mut self, rungs: &[Rung]) {
        if self.rungs != rungs {
            let held = self.held;
            *self = Self { held, ..Self::new(rungs.to_vec()) };
        }
    }

    /// A person took it over, or all is well: what is tried next begins from the bottom.
    pub(super) fn reset(&mut self) {
        let held = self.held;
        *self = Self { held, ..Self::new(std::mem::take(&mut self.rungs)) };
    }

    /// Something is wrong that nothing else sees to.
    pub(super) fn trouble(&mut self, now: Time) {
        if self.stage == Stage::Idle && !self.rungs.is_empty() {
            self.states.fill(RungState::Waiting);
            self.count(0, now);
        }
    }

    /// Whether what is tried worked.
    pub(super) fn worked(&self, beat: Option<Time>) -> bool {
        matches!(self.stage, Stage::Trying { since, .. } if beat.is_some_and(|beat| beat >= since))
    }

    /// Nothing is. `beat` is the last one that was confirmed.
    pub(super) fn well(&mut self, beat: Option<Time>) {
        match self.stage {
            Stage::Trying { rung, .. } if self.worked(beat) => {
                self.states[rung] = RungState::Worked;
                self.settle();
            }
            Stage::Counting { .. } => {
                self.states.fill(RungState::Waiting);
                self.settle();
            }
            Stage::Exhausted => self.settle(),
            Stage::Idle | Stage::Trying { .. } => {}
        }
    }

    fn settle(&mut self) {
        (self.stage, self.calls) = (Stage::Idle, false);
        self.problem.clear();
    }

    /// The deadline passed; answers the rung that acts now.
    pub(super) fn timeout(&mut self, now: Time) -> Option<usize> {
        match self.stage {
            Stage::Counting { rung, acts_at: Some(at) } if at <= now => {
                self.states[rung] = RungState::Trying;
                self.stage = Stage::Trying { rung, since: now, until: now + self.rungs[rung].worked_within };
                self.calls |= self.rungs[rung].kind == RungKind::Alert;
                Some(rung)
            }
            Stage::Trying { rung, until, .. } if until <= now => {
                let within = crate::notice::duration(self.rungs[rung].worked_within);
                self.fail(format!("no confirmed beat within {within}"), now);
                None
            }
            Stage::Idle | Stage::Counting { .. } | Stage::Trying { .. } | Stage::Exhausted => None,
        }
    }

    /// What is tried came to nothing.
    pub(super) fn fail(&mut self, problem: String, now: Time) {
        if let Stage::Trying { rung, .. } = self.stage {
            self.states[rung] = RungState::Failed;
            self.problem = problem;
            self.count(rung + 1, now);
        }
    }

    pub(super) fn hold(&mut self, on: bool, now: Time) {
        self.held = on;
        if let Stage::Counting { rung, .. } = self.stage {
            self.count(rung, now);
        }
    }

    pub(super) fn skip(&mut self, now: Time) {
        if let Stage::Counting { rung, .. } | Stage::Trying { rung, .. } = self.stage {
            self.states[rung] = RungState::Skipped;
            self.count(rung + 1, now);
        }
    }

    fn count(&mut self, rung: usize, now: Time) {
        let Some(next) = self.rungs.get(rung) else {
            (self.stage, self.calls) = (Stage::Exhausted, true);
            return;
        };
        self.states[rung] = RungState::Counting;
        let acts_at = (!self.held).then(|| now + next.after.max(Duration::from_millis(1)));
        self.stage = Stage::Counting { rung, acts_at };
    }

    pub(super) fn view(&self) -> Option<LadderView> {
        let rungs = self.rungs.iter().zip(&self.states);
        let rungs: Vec<RungView> =
            rungs.map(|(rung, state)| RungView { kind: rung.kind, label: rung.label.clone(), state: *state }).collect();
        (!rungs.is_empty()).then(|| LadderView {
            rungs,
            acts_at: self.poll_timeout(),
            held: self.held,
            sentence: self.sentence(),
        })
    }

    fn sentence(&self) -> String {
        let label = |rung: usize| &self.rungs[rung].label;
        let said = match self.stage {
            Stage::Idle => return String::new(),
            Stage::Counting { rung, acts_at: None } => format!("Held by you before: {}", label(rung)),
            Stage::Counting { rung, .. } => format!("Next: {}", label(rung)),
            Stage::Trying { rung, .. } => format!("Tried: {}; a confirmed beat is awaited", label(rung)),
            Stage::Exhausted => "Nothing is left to try".to_owned(),
        };
        if self.problem.is_empty() { said } else { format!("{said}; before: {}", self.problem) }
    }
}
