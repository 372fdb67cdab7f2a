//! What a step of an agent's case means for the board of notices.

use super::{Desk, DeskAction, Sighting};
use crate::alert::board::Withdrawn;
use crate::alert::case::{self, Block, Step};
use crate::alert::group::{Key, Telling};
use crate::alert::{Fault, Held};
use crate::identity::EntityId;
use crate::notice::{NoticeAgent, NoticeId, NoticeKind};
use crate::time::Time;

impl Desk {
    /// What holds tellings back that are not the agent's own affair.
    pub(super) fn block(&self, seen: &Sighting<'_>, now: Time) -> Block {
        let hushed = match (self.paused_until(now), self.quiet_until(now)) {
            (Some(until), _) => Some((Held::Paused, until)),
            (None, until) => until.filter(|_| !seen.rules.urgent).map(|until| (Held::Quiet, until)),
        };
        if seen.remote && self.network.is_down() {
            return Block { because: Some(Held::OwnNetwork), until: None, hushed: hushed.is_some() };
        }
        let back = self.network.back_until(now).filter(|_| seen.remote);
        let waking = [self.hold_until, seen.grace_until, back].into_iter().flatten().filter(|until| *until > now).max();
        let (because, until) = match hushed {
            _ if waking.is_some() => (Some(Held::Waking), waking),
            Some((because, until)) => (Some(because), Some(until)),
            None => (None, None),
        };
        Block { because, until, hushed: hushed.is_some() }
    }

    pub(super) fn take(&mut self, step: Step, seen: &Sighting<'_>, now: Time) -> Vec<DeskAction> {
        match step {
            Step::Opened => vec![DeskAction::Freeze(seen.id.clone(), now)],
            Step::Tell(kind) => self.tell(kind, seen, now).into_iter().collect(),
            Step::Withdraw(notice) => {
                let opened_at = self.incident(seen.id).map(|incident| incident.opened_at);
                opened_at.map(|opened_at| self.withdraw(notice, seen.id, opened_at, now)).unwrap_or_default()
            }
            Step::Changed => Vec::new(),
        }
    }

    fn tell(&mut self, kind: NoticeKind, seen: &Sighting<'_>, now: Time) -> Option<DeskAction> {
        let case = self.cases.get_mut(seen.id)?;
        let changes = (case.changes(), case::window(seen.rules));
        let incident = case.incident.as_mut()?;
        // What is over, or was a moment ago, is told by what it was, and not by what the verdict says now.
        let (cause, why, fault) = if matches!(kind, NoticeKind::Recovered | NoticeKind::Flapping) {
            (incident.cause.as_str(), incident.sentence.as_str(), incident.fault)
        } else {
            (seen.cause, seen.sentence, Fault::of_code(seen.cause))
        };
        let telling = Telling {
            key: Key {
                kind,
                fault,
                registry: seen.registry.to_owned(),
                urgent: seen.rules.urgent,
                drill: incident.drill,
                channels: seen.rules.channels.clone(),
            },
            agent: NoticeAgent {
                id: seen.id.clone(),
                name: seen.name.to_owned(),
                opened_at: incident.opened_at,
                last_beat: incident.last_beat,
            },
            cause: cause.to_owned(),
            why: why.to_owned(),
            changes,
        };
        let before = incident.notice;
        let told = self.board.tell(telling, before, self.zone_on_the_wall(), now);
        let case = self.cases.get_mut(seen.id)?;
        case.incident.as_mut()?.notice = Some(told.id);
        self.unask_show(told.id);
        Some(DeskAction::Show(told))
    }

    /// What an agent was told of is over, and that is not told: neither are others told of it any more.
    pub(super) fn withdraw(&mut self, notice: NoticeId, id: &EntityId, opened_at: Time, now: Time) -> Vec<DeskAction> {
        let Withdrawn { gone, called_off, corrected } =
            self.board.withdraw(notice, id, opened_at, self.zone_on_the_wall(), now);
        for notice in &corrected {
            self.unask_show(notice.id);
        }
        let gone = gone.map(|notice| DeskAction::Withdraw(vec![notice]));
        let called_off = called_off.into_iter().map(DeskAction::CallOff);
        gone.into_iter().chain(called_off).chain(corrected.into_iter().map(DeskAction::Show)).collect()
    }

    /// Of many changes of a notice at one moment only the last is shown.
    fn unask_show(&mut self, notice: NoticeId) {
        let asked = |action: &DeskAction| matches!(action, DeskAction::Show(shown) if shown.id == notice);
        if let Some(place) = self.actions.iter().rposition(asked) {
            self.actions.remove(place);
        }
    }

    /// In seconds east of UTC, for times of the timeline.
    fn zone_on_the_wall(&self) -> i32 {
        self.zone.saturating_add(i32::try_from(self.wall_ahead_ms / 1000).unwrap_or(0))
    }
}
