//! One agent's case: what is known of it at the desk, while there is anything to know.

use std::collections::VecDeque;
use std::time::Duration;

use super::{AlertRules, Fault, Held, Incident, Resolution, Sighting};
use crate::history::Turns;
use crate::liveness::Liveness;
use crate::notice::{NoticeId, NoticeKind, worth_interrupting};
use crate::time::Time;

/// One agent at the desk.
#[derive(Default)]
pub(super) struct Case {
    pub(super) incident: Option<Box<Incident>>,
    pub(super) snoozed_until: Option<Time>,
    /// Its silence was asked for, to see that it is noticed.
    pub(super) drill: bool,
    /// Since when it is bad enough for an incident, without a break.
    bad_since: Option<Time>,
    /// When it changed between beating and missing, lately, as far as somebody could tell.
    changes: VecDeque<Time>,
    /// Cause and sentence of its last going from beating to missing.
    last_loss: Option<(String, String)>,
    /// It went missing when nobody could tell, so that its return says as little.
    gone_unseen: bool,
    /// When the person is told again.
    remind_at: Option<Time>,
    /// Until then a recovery is what was over before Beatkeeper looked again.
    meanwhile_until: Option<Time>,
    pub(super) due: Option<Time>,
}

/// What holds a telling back, until when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Block {
    pub(super) because: Option<Held>,
    pub(super) until: Option<Time>,
    /// A person wants to hear nothing, whatever else holds it back.
    pub(super) hushed: bool,
}

impl Block {
    /// Whether nobody can tell how the agent is: whether it is an incident will be seen afterwards.
    pub(super) const fn nobody_can_tell(self) -> bool {
        matches!(self.because, Some(Held::OwnNetwork | Held::Waking))
    }
}

/// What becomes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An incident was opened.
    Opened,
    /// The person is to be told.
    Tell(NoticeKind),
    /// What the person was told of is over, and that is not told.
    Withdraw(NoticeId),
    /// The record changed.
    Changed,
}

impl Case {
    /// What an earlier run left.
    pub(super) fn from_past(
        incident: Option<Incident>,
        snoozed_until: Option<Time>,
        turns: Turns,
        meanwhile_until: Time,
    ) -> Self {
        Self {
            meanwhile_until: incident.as_ref().map(|_| meanwhile_until),
            incident: incident.map(Box::new),
            snoozed_until,
            changes: turns.counted.into(),
            gone_unseen: turns.gone_unseen,
            ..Self::default()
        }
    }

    /// Whether nothing is known that is worth keeping.
    pub(super) fn is_idle(&self) -> bool {
        self.incident.is_none()
            && self.snoozed_until.is_none()
            && !self.drill
            && self.bad_since.is_none()
            && self.changes.is_empty()
            && !self.gone_unseen
            && self.due.is_none()
    }

    /// It went from beating to missing, or back. Answers whether that counts towards flapping.
    pub(super) fn turned(&mut self, seen: &Sighting<'_>, nobody_can_tell: bool, now: Time) -> bool {
        let missing = seen.liveness.is_missing();
        if missing {
            self.last_loss = Some((seen.cause.to_owned(), seen.sentence.to_owned()));
        }
        let unseen = nobody_can_tell || (self.gone_unseen && !missing);
        self.gone_unseen = missing && nobody_can_tell;
        if !unseen {
            self.changes.push_back(now);
        }
        !unseen
    }

    pub(super) fn changes(&self) -> usize {
        self.changes.len()
    }

    /// Looks at it anew. `block` tells what holds tellings back.
    pub(super) fn look(&mut self, seen: &Sighting<'_>, block: Block, now: Time) -> Vec<Step> {
        let mut steps = Vec::new();
        self.due = None;
        self.expire(now, &mut steps);
        self.follow_flapping(seen, block, now, &mut steps);
        let bad = seen.rules.level.is_met_by(seen.liveness);
        let nobody_can_tell = block.nobody_can_tell();
        let called = seen.calls && seen.rules.level != super::Level::Never;
        match seen.liveness {
            // Its end was seen here, whoever else can tell.
            Liveness::Unknown
            | Liveness::Inactive
            | Liveness::Active
            | Liveness::Late
            | Liveness::Stale
            | Liveness::Offline
                if called =>
            {
                self.open(seen, now, &mut steps);
            }
            Liveness::Stopped => self.resolve(Resolution::Stopped, now, &mut steps),
            Liveness::Active => {
                self.bad_since = None;
                if self.incident.is_some() && !self.flaps() && seen.good_beats >= seen.rules.good_beats {
                    self.recover(block, now, &mut steps);
                }
            }
            Liveness::Late | Liveness::Stale | Liveness::Offline if bad && nobody_can_tell => {
                self.wait_for(block.until);
            }
            Liveness::Late | Liveness::Stale | Liveness::Offline if bad => {
                let since = *self.bad_since.get_or_insert(now);
                if self.incident.is_none() && since + seen.rules.grace > now {
                    self.wait_for(Some(since + seen.rules.grace));
                } else {
                    self.open(seen, now, &mut steps);
                }
            }
            Liveness::Unknown | Liveness::Inactive | Liveness::Late | Liveness::Stale | Liveness::Offline => {
                self.bad_since = None;
            }
        }
        self.interrupt(seen, bad || called, called, block, now, &mut steps);
        steps
    }

    /// What ends by itself.
    fn expire(&mut self, now: Time, steps: &mut Vec<Step>) {
        match self.snoozed_until {
            Some(until) if until <= now => {
                self.snoozed_until = None;
                steps.push(Step::Changed);
            }
            until => self.wait_for(until),
        }
        let Some(incident) = &mut self.incident else { return };
        match incident.acknowledged_until {
            Some(until) if until <= now => {
                (incident.acknowledged_at, incident.acknowledged_until) = (None, None);
                steps.push(Step::Changed);
            }
            until => self.wait_for(until),
        }
    }

    fn follow_flapping(&mut self, seen: &Sighting<'_>, block: Block, now: Time, steps: &mut Vec<Step>) {
        let rule = seen.rules.flapping;
        while self.changes.front().is_some_and(|first| *first + rule.within <= now) {
            self.changes.pop_front();
        }
        if let Some(first) = self.changes.front() {
            self.wait_for(Some(*first + rule.within));
        }
        let enough = rule.changes > 0 && self.changes.len() >= rule.changes as usize;
        if enough && !self.flaps() && block.nobody_can_tell() {
            self.wait_for(block.until);
        } else if enough && !self.flaps() && seen.rules.level != super::Level::Never {
            self.open(seen, now, steps);
            if let Some(incident) = &mut self.incident {
                incident.flapping = true;
            }
            steps.push(Step::Changed);
        } else if self.flaps() && self.changes.len() * 2 <= rule.changes as usize {
            // It has settled, one way or the other.
            if let Some(incident) = &mut self.incident {
                incident.flapping = false;
            }
            steps.push(Step::Changed);
        }
    }

    fn flaps(&self) -> bool {
        self.incident.as_ref().is_some_and(|incident| incident.flapping)
    }

    fn open(&mut self, seen: &Sighting<'_>, now: Time, steps: &mut Vec<Step>) {
        let worst = seen.liveness;
        match &mut self.incident {
            None => {
                // Who beats right now, and is called flapping for what went before, has a verdict without a fault.
                let loss = self.last_loss.as_ref().filter(|_| !seen.liveness.is_missing());
                let (cause, sentence) = match loss {
                    Some((cause, sentence)) => (cause.as_str(), sentence.as_str()),
                    None => (seen.cause, seen.sentence),
                };
                self.incident = Some(Box::new(Incident {
                    agent: seen.id.clone(),
                    opened_at: now,
                    last_beat: seen.last_beat,
                    worst,
                    cause: cause.to_owned(),
                    sentence: sentence.to_owned(),
                    fault: Fault::of_code(cause),
                    flapping: false,
                    told_at: None,
                    told: None,
                    notice: None,
                    escalated_at: None,
                    held: None,
                    acknowledged_at: None,
                    acknowledged_until: None,
                    resolved_at: None,
                    resolution: None,
                    drill: self.drill,
                }));
                steps.push(Step::Opened);
            }
            Some(incident) if worst.badness() > incident.worst.badness() => {
                incident.worst = worst;
                seen.cause.clone_into(&mut incident.cause);
                seen.sentence.clone_into(&mut incident.sentence);
                incident.fault = Fault::of_code(seen.cause);
                steps.push(Step::Changed);
            }
            Some(_) => {}
        }
    }

    /// Tells the person what is worth it, or notes why not.
    fn interrupt(
        &mut self,
        seen: &Sighting<'_>,
        bad: bool,
        called: bool,
        block: Block,
        now: Time,
        steps: &mut Vec<Step>,
    ) {
        let Some(wanted) = self.wanted(seen, bad, called, now) else {
            self.hold(None, steps);
            return;
        };
        let block = self.blocked(block);
        if block.because.is_some() {
            self.wait_for(block.until);
            // A reminder is nothing that anybody waits for.
            self.hold(block.because.filter(|_| wanted != NoticeKind::Reminder), steps);
            return;
        }
        let Some(incident) = &mut self.incident else { return };
        incident.held = None;
        if wanted != NoticeKind::Reminder {
            if incident.told_at.is_some() {
                incident.escalated_at = Some(now);
            } else {
                incident.told_at = Some(now);
            }
            incident.told = Some(wanted);
        }
        self.remind_at = seen.rules.remind_every.map(|every| now + every);
        self.wait_for(self.remind_at);
        steps.push(Step::Tell(wanted));
    }

    fn wanted(&mut self, seen: &Sighting<'_>, bad: bool, called: bool, now: Time) -> Option<NoticeKind> {
        let incident = self.incident.as_ref()?;
        if incident.flapping {
            return (incident.told != Some(NoticeKind::Flapping)).then_some(NoticeKind::Flapping);
        }
        if called && incident.told != Some(NoticeKind::GaveUp) {
            return Some(NoticeKind::GaveUp);
        }
        // Whoever was told that it flaps has not heard that it is gone.
        let told = incident.told.filter(|told| *told != NoticeKind::Flapping || !bad);
        let worse = if bad { worth_interrupting(told, seen.liveness) } else { None };
        if worse.is_some() || !bad || incident.told.is_none() {
            return worse;
        }
        // After a restart of the app nobody knows when the last reminder was.
        let every = seen.rules.remind_every?;
        let due = *self.remind_at.get_or_insert(now + every);
        if due > now {
            self.wait_for(Some(due));
            return None;
        }
        Some(NoticeKind::Reminder)
    }

    /// What holds this agent's tellings back, beside what holds all back.
    fn blocked(&self, general: Block) -> Block {
        let acknowledged = self.incident.as_ref().and_then(|incident| incident.acknowledged_until);
        let own = if let Some(until) = self.snoozed_until {
            Block { because: Some(Held::Snoozed), until: Some(until), hushed: general.hushed }
        } else if let Some(until) = acknowledged {
            Block { because: Some(Held::Acknowledged), until: Some(until), hushed: general.hushed }
        } else {
            Block::default()
        };
        if general.because.is_some() { general } else { own }
    }

    fn hold(&mut self, because: Option<Held>, steps: &mut Vec<Step>) {
        if let Some(incident) = &mut self.incident
            && incident.held != because
        {
            incident.held = because;
            steps.push(Step::Changed);
        }
    }

    fn recover(&mut self, block: Block, now: Time, steps: &mut Vec<Step>) {
        let meanwhile = self.meanwhile_until.is_some_and(|until| now <= until);
        let (told, notice) = self.incident.as_ref().map_or((None, None), |incident| (incident.told, incident.notice));
        let wanted = worth_interrupting(told, Liveness::Active);
        self.snoozed_until = None;
        match (wanted, notice) {
            (Some(recovered), _) if !meanwhile && !block.hushed => steps.push(Step::Tell(recovered)),
            (Some(_), Some(notice)) => steps.push(Step::Withdraw(notice)),
            _ => {}
        }
        let how = if meanwhile { Resolution::Meanwhile } else { Resolution::Recovered };
        self.end(how, now, steps);
    }

    /// It ends without a word.
    pub(super) fn resolve(&mut self, how: Resolution, now: Time, steps: &mut Vec<Step>) {
        self.bad_since = None;
        self.gone_unseen = false;
        self.changes.clear();
        if let Some(notice) = self.incident.as_ref().and_then(|incident| incident.notice) {
            steps.push(Step::Withdraw(notice));
        }
        self.end(how, now, steps);
    }

    fn end(&mut self, how: Resolution, now: Time, steps: &mut Vec<Step>) {
        self.remind_at = None;
        self.meanwhile_until = None;
        if let Some(incident) = &mut self.incident {
            incident.resolved_at = Some(now);
            incident.resolution = Some(how);
            incident.held = None;
            steps.push(Step::Changed);
        }
    }

    /// The record that ended, to be let go once it was kept.
    pub(super) fn take_ended(&mut self) -> Option<Box<Incident>> {
        self.incident.take_if(|incident| incident.resolved_at.is_some())
    }

    /// A person knows; nothing is told until then.
    pub(super) fn acknowledge(&mut self, until: Option<Time>, now: Time) -> bool {
        let Some(incident) = &mut self.incident else { return false };
        incident.acknowledged_at = until.map(|_| now);
        incident.acknowledged_until = until;
        true
    }

    fn wait_for(&mut self, until: Option<Time>) {
        self.due = match (self.due, until) {
            (Some(due), Some(until)) => Some(due.min(until)),
            (due, until) => due.or(until),
        };
    }
}

/// For the words of a notice.
pub(super) const fn window(rules: &AlertRules) -> Duration {
    rules.flapping.within
}
