//! The desk, rule by rule. The simulation (`crates/sim`) proves that they hold together.

mod acknowledge;
mod flapping;
mod grouping;
mod network;
mod quiet;
mod reminders;
mod restart;

use std::time::Duration;

use super::network::Elsewhere;
use super::{AlertRules, Desk, DeskAction, Incident, NetworkReading, Resolution, Sighting};
use crate::identity::{EntityId, EntityKind, PublicKey};
use crate::liveness::Liveness;
use crate::notice::{Notice, NoticeId, NoticeKind};
use crate::time::Time;

fn at(seconds: u64) -> Time {
    Time::from_millis(1_800_000_000_000 + seconds * 1000)
}

fn id(number: u8) -> EntityId {
    EntityId::from_key(&PublicKey::from_bytes([number; 32]), EntityKind::Agent)
}

/// A desk, and what it asked for.
struct Scene {
    desk: Desk,
    rules: AlertRules,
    calls: bool,
    grace_until: Option<Time>,
    shown: Vec<Notice>,
    sent: Vec<Notice>,
    called_off: Vec<Notice>,
    withdrawn: Vec<NoticeId>,
    kept: Vec<Incident>,
    /// Code and sentence.
    verdict: (&'static str, &'static str),
}

const LOST: (&str, &str) = ("link.refused", "Connection refused");

impl Default for Scene {
    fn default() -> Self {
        Self {
            desk: Desk::default(),
            rules: AlertRules::default(),
            calls: false,
            grace_until: None,
            shown: Vec::new(),
            sent: Vec::new(),
            called_off: Vec::new(),
            withdrawn: Vec::new(),
            kept: Vec::new(),
            verdict: LOST,
        }
    }
}

impl Scene {
    fn with(rules: AlertRules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// An agent in that state, with so many good beats.
    fn look(&mut self, number: u8, liveness: Liveness, good_beats: u32, now: Time) {
        self.see(number, liveness, good_beats, false, now);
    }

    /// It came into that state right now.
    fn turn(&mut self, number: u8, liveness: Liveness, good_beats: u32, now: Time) {
        self.see(number, liveness, good_beats, true, now);
    }

    fn see(&mut self, number: u8, liveness: Liveness, good_beats: u32, turned: bool, now: Time) {
        self.note(number, liveness, good_beats, turned, now);
        self.take();
    }

    /// As [`see`](Self::see), while nobody carries out what the desk asks for.
    fn note(&mut self, number: u8, liveness: Liveness, good_beats: u32, turned: bool, now: Time) {
        let (id, name) = (id(number), format!("agent-{number}"));
        let seen = Sighting {
            id: &id,
            name: &name,
            registry: "r",
            remote: true,
            liveness,
            cause: self.verdict.0,
            sentence: self.verdict.1,
            last_beat: Some(at(0)),
            good_beats,
            grace_until: self.grace_until,
            calls: self.calls,
            rules: &self.rules,
        };
        if turned {
            self.desk.turned(&seen, now);
        }
        self.desk.look(&seen, now);
    }

    /// The deadline passed; answers who must be looked at.
    fn due(&mut self, now: Time) -> Vec<EntityId> {
        let due = self.desk.due(now);
        self.take();
        due
    }

    fn route(&mut self, up: bool, now: Time) {
        self.desk.read_network(NetworkReading { route: Some(up), witness: None });
        self.desk.judge_network(Elsewhere { all: 1, silent: 0 }, now);
    }

    fn take(&mut self) {
        while let Some(action) = self.desk.poll_action() {
            match action {
                DeskAction::Show(notice) => self.shown.push(notice),
                DeskAction::Send(notice) => self.sent.push(notice),
                DeskAction::Withdraw(notices) => self.withdrawn.extend(notices),
                DeskAction::Keep(incident) => self.kept.push(incident),
                DeskAction::CallOff(notice) => self.called_off.push(notice),
                DeskAction::Freeze(..) | DeskAction::KeepSnooze(..) | DeskAction::KeepPause(_) => {}
            }
        }
    }

    fn told(&self) -> Vec<NoticeKind> {
        self.shown.iter().map(|notice| notice.kind).collect()
    }

    fn ended(&self) -> Option<Resolution> {
        self.kept.last().and_then(|incident| incident.resolution)
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
