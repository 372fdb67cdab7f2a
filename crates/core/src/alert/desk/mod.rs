//! The desk at which every agent's state arrives, and which decides what a person hears of it.

mod telling;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use super::board::Board;
use super::case::{Case, Step};
use super::network::{Elsewhere, Network};
use super::{AlertRules, Incident, NetworkReading, QuietHours, Resolution};
use crate::history::Turns;
use crate::identity::EntityId;
use crate::liveness::Liveness;
use crate::notice::{Notice, NoticeId};
use crate::time::Time;

/// An agent as the desk sees it.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// Whose.
    pub id: &'a EntityId,
    /// Its name.
    pub name: &'a str,
    /// Its registry's name.
    pub registry: &'a str,
    /// Whether that is on another computer.
    pub remote: bool,
    /// Our word.
    pub liveness: Liveness,
    /// The verdict's code.
    pub cause: &'a str,
    /// The verdict's sentence.
    pub sentence: &'a str,
    /// The last confirmed beat.
    pub last_beat: Option<Time>,
    /// Confirmed beats since it was missing.
    pub good_beats: u32,
    /// Until when it gets time to beat again, since nobody could have seen it.
    pub grace_until: Option<Time>,
    /// Its process was given up, or its recovery calls a person: it is bad, whatever its beats say.
    pub calls: bool,
    /// The rules that hold for it.
    pub rules: &'a AlertRules,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeskAction {
    /// Show this on the desktop, in the place of what has its id and of what it supersedes.
    Show(Notice),
    /// Send this to the channels: nobody joins it any more.
    Send(Notice),
    /// This was shown and is over before it was sent: the channels never get it.
    CallOff(Notice),
    /// Take these from the desktop: they are over.
    Withdraw(Vec<NoticeId>),
    /// Keep everything that is known of this moment: an incident of the agent was opened.
    Freeze(EntityId, Time),
    /// Keep this record.
    Keep(Incident),
    /// Keep until when an agent is snoozed.
    KeepSnooze(EntityId, Option<Time>),
    /// Keep until when all alerts are paused.
    KeepPause(Option<Time>),
}

/// The desk.
#[derive(Default)]
pub struct Desk {
    cases: HashMap<EntityId, Case>,
    due: BTreeSet<(Time, EntityId)>,
    board: Board,
    network: Network,
    quiet: Vec<QuietHours>,
    paused_until: Option<Time>,
    /// After sleep nothing is told until then.
    hold_until: Option<Time>,
    zone: i32,
    /// How far the clock on the wall is ahead of the timeline.
    wall_ahead_ms: i64,
    actions: VecDeque<DeskAction>,
}

impl Desk {
    /// What to do next.
    pub fn poll_action(&mut self) -> Option<DeskAction> {
        self.actions.pop_front()
    }

    /// When somebody has to be looked at again, or a notice to be sent.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Time> {
        let first = self.due.first().map(|(due, _)| *due);
        [first, self.board.due(), self.paused_until].into_iter().flatten().min()
    }

    /// Those whose time has come. Each must be [looked at](Self::look).
    pub fn due(&mut self, now: Time) -> Vec<EntityId> {
        for notice in self.board.closed(now) {
            self.actions.push_back(DeskAction::Send(notice));
        }
        if self.paused_until.is_some_and(|until| until <= now) {
            // What is kept is a time of day: with the clock set back, the next run would find it ahead again.
            self.pause(None);
        }
        self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| id.clone()).collect()
    }

    /// Whether anything is known of an agent: else, while it beats, it need not be looked at.
    #[must_use]
    pub fn knows(&self, id: &EntityId) -> bool {
        self.cases.contains_key(id)
    }

    /// Takes over what an earlier run left of an agent.
    pub fn recall(
        &mut self,
        id: &EntityId,
        incident: Option<Incident>,
        snoozed_until: Option<Time>,
        turns: Turns,
        meanwhile_until: Time,
    ) {
        if let Some((notice, agent)) = incident.as_ref().and_then(|incident| Some((incident.notice?, &incident.agent)))
        {
            self.board.recall(notice, agent);
        }
        let case = Case::from_past(incident, snoozed_until, turns, meanwhile_until);
        if !case.is_idle() {
            self.cases.insert(id.clone(), case);
        }
    }

    /// Looks at an agent. Answers whether anything about its case changed.
    pub fn look(&mut self, seen: &Sighting<'_>, now: Time) -> bool {
        if !self.cases.contains_key(seen.id) && !seen.liveness.is_missing() && !seen.calls {
            return false;
        }
        let block = self.block(seen, now);
        let case = self.cases.entry(seen.id.clone()).or_default();
        let (was_due, was_snoozed) = (case.due, case.snoozed_until);
        let steps = case.look(seen, block, now);
        let snoozed = case.snoozed_until;
        let asked: Vec<DeskAction> = steps.iter().flat_map(|step| self.take(*step, seen, now)).collect();
        if snoozed != was_snoozed {
            self.actions.push_back(DeskAction::KeepSnooze(seen.id.clone(), snoozed));
        }
        let Some(case) = self.cases.get_mut(seen.id) else { return true };
        if !steps.is_empty()
            && let Some(incident) = &case.incident
        {
            // On record before anybody is told.
            self.actions.push_back(DeskAction::Keep(Incident::clone(incident)));
        }
        self.actions.extend(asked);
        case.take_ended();
        // Looking at it moved its deadline ahead.
        case.due = case.due.map(|due| due.max(now + Duration::from_millis(1)));
        let mut due = case.due;
        if case.is_idle() {
            self.cases.remove(seen.id);
            due = None;
        }
        self.rearm(seen.id, was_due, due);
        !steps.is_empty()
    }

    /// An agent went from beating to missing, or back. It must be [looked at](Self::look) next. Answers whether that was
    /// its own doing, as far as somebody can tell.
    pub fn turned(&mut self, seen: &Sighting<'_>, now: Time) -> bool {
        let nobody_can_tell = self.block(seen, now).nobody_can_tell();
        self.cases.entry(seen.id.clone()).or_default().turned(seen, nobody_can_tell, now)
    }

    /// An agent is watched no longer.
    pub fn forget(&mut self, id: &EntityId, now: Time) {
        let Some(mut case) = self.cases.remove(id) else { return };
        self.rearm(id, case.due, None);
        let mut steps = Vec::new();
        if case.incident.is_some() {
            case.resolve(Resolution::Removed, now, &mut steps);
        }
        if let Some(incident) = case.take_ended() {
            let opened_at = incident.opened_at;
            self.actions.push_back(DeskAction::Keep(*incident));
            for step in steps {
                if let Step::Withdraw(notice) = step {
                    let withdrawn = self.withdraw(notice, id, opened_at, now);
                    self.actions.extend(withdrawn);
                }
            }
        }
        if case.snoozed_until.is_some() {
            self.actions.push_back(DeskAction::KeepSnooze(id.clone(), None));
        }
    }

    /// Nobody is interrupted because of an agent until then; nothing ends that.
    pub fn snooze(&mut self, id: &EntityId, until: Option<Time>) {
        if self.cases.get(id).and_then(|case| case.snoozed_until) == until {
            return;
        }
        self.cases.entry(id.clone()).or_default().snoozed_until = until;
        self.actions.push_back(DeskAction::KeepSnooze(id.clone(), until));
    }

    /// A person knows of the agent's incident; nothing takes that back. Answers whether there is one.
    pub fn acknowledge(&mut self, id: &EntityId, until: Option<Time>, now: Time) -> bool {
        let Some(case) = self.cases.get_mut(id) else { return false };
        let done = case.acknowledge(until, now);
        if let Some(incident) = case.incident.as_ref().filter(|_| done) {
            self.actions.push_back(DeskAction::Keep(Incident::clone(incident)));
        }
        done
    }

    /// The agent's silence is asked for, or no longer.
    pub fn drill(&mut self, id: &EntityId, on: bool) {
        let case = self.cases.entry(id.clone()).or_default();
        case.drill = on;
    }

    /// Nobody is interrupted at all until then. Everyone must be looked at.
    pub fn pause(&mut self, until: Option<Time>) {
        self.paused_until = until;
        self.actions.push_back(DeskAction::KeepPause(until));
    }

    /// Takes over what an earlier run left that concerns no single agent.
    pub fn recall_alerts(&mut self, paused_until: Option<Time>, last_notice: Option<NoticeId>) {
        self.paused_until = paused_until;
        self.board.go_on_after(last_notice.unwrap_or_default());
    }

    /// These are quiet hours. Everyone must be looked at.
    pub fn set_quiet(&mut self, quiet: Vec<QuietHours>) {
        self.quiet = quiet;
    }

    /// Times of day are told in this zone, in seconds east of UTC.
    pub const fn set_zone(&mut self, offset: i32) {
        self.zone = offset;
    }

    /// The clock on the wall is so far ahead of the timeline, in milliseconds. Answers whether that makes a difference for
    /// everyone, who must then be looked at.
    pub const fn set_wall(&mut self, ahead_ms: i64) -> bool {
        let moved = self.wall_ahead_ms.abs_diff(ahead_ms) >= 2_000;
        if moved {
            self.wall_ahead_ms = ahead_ms;
        }
        moved
    }

    /// This computer woke up, and nothing is told until then. Everyone must be looked at.
    pub const fn hold(&mut self, until: Time) {
        self.hold_until = Some(until);
    }

    /// What this computer knows of its network.
    pub fn read_network(&mut self, reading: NetworkReading) {
        self.network.read(reading);
    }

    /// Draws the consequence; when it answers true, everyone must be looked at.
    pub(crate) fn judge_network(&mut self, elsewhere: Elsewhere, now: Time) -> bool {
        self.network.judge(elsewhere, now)
    }

    /// Our own network.
    #[must_use]
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// Until when nobody is interrupted because of an agent.
    #[must_use]
    pub fn snoozed_until(&self, id: &EntityId) -> Option<Time> {
        self.cases.get(id)?.snoozed_until
    }

    /// The agent's open incident.
    #[must_use]
    pub fn incident(&self, id: &EntityId) -> Option<&Incident> {
        self.cases.get(id)?.incident.as_deref()
    }

    /// The open incidents.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.cases.values().filter_map(|case| case.incident.as_deref())
    }

    /// Until when nobody is interrupted at all.
    #[must_use]
    pub fn paused_until(&self, now: Time) -> Option<Time> {
        self.paused_until.filter(|until| *until > now)
    }

    /// Until when it is quiet.
    #[must_use]
    pub fn quiet_until(&self, now: Time) -> Option<Time> {
        // They are times of the clock on the wall.
        let until = QuietHours::until_of(&self.quiet, now.offset_millis(self.wall_ahead_ms))?;
        Some(until.offset_millis(-self.wall_ahead_ms))
    }

    /// Sends what others might still have joined: the program ends.
    pub fn close(&mut self) {
        for notice in self.board.all() {
            self.actions.push_back(DeskAction::Send(notice));
        }
    }

    fn rearm(&mut self, id: &EntityId, was: Option<Time>, due: Option<Time>) {
        if was == due {
            return;
        }
        if let Some(was) = was {
            self.due.remove(&(was, id.clone()));
        }
        if let Some(due) = due {
            self.due.insert((due, id.clone()));
        }
    }
}
