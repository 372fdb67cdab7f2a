//! The fleet and its desk: who is looked at when, and what comes of it.

use super::{Context, Fleet, FleetAction, Registry};
use crate::alert::network::Elsewhere;
use crate::alert::{Desk, DeskAction, NetworkReading, QuietHours};
use crate::history::HistoryRow;
use crate::identity::EntityId;
use crate::time::Time;
use crate::view::AlertsView;

impl Fleet {
    /// What a person is told at all, at the moment.
    #[must_use]
    pub fn alerts(&self, now: Time) -> AlertsView {
        let (mut open, mut unacknowledged) = (0, 0);
        for incident in self.desk.open() {
            open += 1;
            unacknowledged += u32::from(incident.acknowledged_until.is_none());
        }
        AlertsView {
            paused_until: self.desk.paused_until(now),
            quiet_until: self.desk.quiet_until(now),
            network: self.desk.network().view(),
            open,
            unacknowledged,
        }
    }

    /// Whether a registry on another computer did not answer at all when it was asked last.
    #[must_use]
    pub fn misses_a_registry(&self) -> bool {
        self.registries.values().any(|registry| registry.settings.remote && registry.reached == Some(false))
    }

    /// The desk itself.
    #[must_use]
    pub const fn desk(&self) -> &Desk {
        &self.desk
    }

    pub(super) fn acknowledge(&mut self, id: &EntityId, until: Option<Time>, now: Time) {
        if self.desk.acknowledge(id, until, now) {
            self.update(id, now, |_, _, change| change.row = true);
        }
    }

    pub(super) fn snooze(&mut self, id: &EntityId, until: Option<Time>, now: Time) {
        if self.agents.contains_key(id) {
            self.desk.snooze(id, until);
            self.update(id, now, |_, _, change| change.row = true);
        }
    }

    pub(super) fn drill(&mut self, id: &EntityId, on: bool, now: Time) {
        if self.agents.contains_key(id) {
            self.desk.drill(id, on);
            self.update(id, now, |agent, _, _| agent.drill(on));
        }
    }

    pub(super) fn listen(&mut self, id: &EntityId, on: bool, now: Time) {
        if self.agents.contains_key(id) {
            self.update(id, now, |agent, _, _| agent.set_listening(on));
        }
    }

    pub(super) fn pause_alerts(&mut self, until: Option<Time>, now: Time) {
        self.desk.pause(until);
        self.look_at_all(now);
    }

    pub(super) fn set_quiet(&mut self, quiet: Vec<QuietHours>, now: Time) {
        self.desk.set_quiet(quiet);
        self.look_at_all(now);
    }

    pub(super) fn network_read(&mut self, reading: NetworkReading, now: Time) {
        self.desk.read_network(reading);
        self.judge_network(now);
    }

    /// After whatever tells of our network: a reading, or a registry that answered or did not.
    pub(super) fn judge_network(&mut self, now: Time) {
        let mut elsewhere = Elsewhere::default();
        for registry in self.registries.values().filter(|registry| registry.settings.remote) {
            elsewhere.all += 1;
            elsewhere.silent += usize::from(registry.reached == Some(false));
        }
        if self.desk.judge_network(elsewhere, now) {
            self.context.network_down = self.desk.network().is_down();
            self.look_at_all(now);
        }
    }

    /// Something changed that concerns everyone.
    pub(super) fn look_at_all(&mut self, now: Time) {
        self.revision += 1;
        for id in self.all_ids() {
            self.update(&id, now, |_, _, _| {});
        }
    }

    /// Hands on what the desk asks for.
    pub(super) fn take_desk_actions(&mut self) {
        while let Some(action) = self.desk.poll_action() {
            self.actions.push_back(match action {
                DeskAction::Show(notice) => FleetAction::Show(notice),
                DeskAction::Send(notice) => FleetAction::Send(notice),
                DeskAction::CallOff(notice) => FleetAction::CallOff(notice),
                DeskAction::Withdraw(notices) => FleetAction::Withdraw(notices),
                DeskAction::Freeze(id, opened_at) => FleetAction::Freeze(id, opened_at),
                DeskAction::Keep(incident) => FleetAction::Keep(HistoryRow::Incident(Box::new(incident))),
                DeskAction::KeepSnooze(id, until) => FleetAction::Keep(HistoryRow::Snooze(id, until)),
                DeskAction::KeepPause(until) => FleetAction::Keep(HistoryRow::Pause(until)),
            });
        }
    }
}

impl Registry {
    /// How far its clock is ahead of the timeline, in milliseconds.
    pub(super) fn ahead_of_timeline(&self, context: Context) -> i64 {
        self.clock_ahead_ms.map_or(0, |ahead| ahead.saturating_add(context.wall_ahead_ms))
    }

    /// Whether it counts as out of reach because this computer is.
    pub(super) const fn is_cut_off(&self, network_down: bool) -> bool {
        network_down && self.settings.remote
    }
}
