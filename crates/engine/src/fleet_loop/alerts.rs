//! What the fleet has to say: to the desktop, to the channels, and to the record.

use std::sync::Arc;

use beatkeeper_core::alert::{Delivery, DeliveryState, Drill, Incident, Resolution, Silence};
use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::{Notice, NoticeId};
use beatkeeper_core::time::Time;
use beatkeeper_store::StoreError;
use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::oneshot;

use super::FleetLoop;
use crate::alerts::NotShown;
use crate::alerts::channels::ChannelView;
use crate::blackbox::{self, Facts};
use crate::command::Refusal;
use crate::processes::log_place;
use crate::telling::{Shown, Telling};

/// The desktop among the channels.
pub(crate) const DESKTOP: &str = "desktop";

/// How the desktop does.
#[derive(Default)]
pub(super) struct DesktopSeen {
    problem: Option<String>,
    last_delivered_at: Option<Time>,
    /// Who waits for the outcome of a test.
    testers: Vec<(NoticeId, oneshot::Sender<Result<(), String>>)>,
}

impl FleetLoop {
    /// Takes over what an earlier run left that concerns no single agent.
    pub(super) async fn recall(&mut self) {
        let reader = self.crew.reader();
        let read = tokio::task::spawn_blocking(move || {
            let alerts =
                FleetEvent::AlertsWere { paused_until: reader.paused_until()?, last_notice: reader.last_notice()? };
            Ok::<_, StoreError>((alerts, reader.drills(1)?, reader.deliveries_waiting()?, reader.dialects()?))
        });
        let (alerts, drills, waiting, dialects) = match read.await {
            Ok(Ok(recalled)) => recalled,
            Ok(Err(error)) => return tracing::error!("what was told before cannot be read: {error}"),
            Err(_) => return,
        };
        self.crew.recall_dialects(dialects);
        self.fold(alerts);
        let now = self.clock.now();
        if let Some(drill) = drills.into_iter().find(|drill| drill.ended_at.is_none()) {
            let problem = Some("Beatkeeper ended meanwhile".to_owned());
            self.keep(HistoryRow::Drill(Drill { ended_at: Some(now), problem, ..drill }));
        }
        for (delivery, _) in waiting.into_iter().filter(|(delivery, _)| delivery.channel == DESKTOP) {
            self.deliver(
                delivery.notice,
                DeliveryState::Dead,
                Some("Beatkeeper ended before the desktop answered".into()),
            );
        }
    }

    /// Ends the incidents of agents that left the configuration while nobody looked.
    pub(super) async fn close_the_forgotten(&mut self) {
        let reader = self.crew.reader();
        let open = match tokio::task::spawn_blocking(move || reader.open_incidents()).await {
            Ok(Ok(open)) => open,
            Ok(Err(error)) => return tracing::error!("open incidents cannot be read: {error}"),
            Err(_) => return,
        };
        let now = self.clock.now();
        for incident in open.into_iter().filter(|incident| self.fleet.row(&incident.agent).is_none()) {
            let (resolved_at, resolution) = (Some(now), Some(Resolution::Removed));
            let ended = Incident { resolved_at, resolution, held: None, ..incident };
            self.keep(HistoryRow::Incident(Box::new(ended)));
        }
    }

    /// Shows it on the desktop. What the desktop does not get to is kept as such, and stays in the list.
    pub(super) fn show(&mut self, notice: Notice) {
        tracing::info!(notice = notice.id.0, "{}: {}", notice.title, notice.body);
        self.keep(HistoryRow::Notice(Box::new(notice.clone())));
        self.post.expect(&notice);
        if !self.crew.settings().alerts.desktop {
            return;
        }
        let id = notice.id;
        if self.outlets.tellings.try_send(Telling::Show(Box::new(notice))).is_err() {
            let problem = "The desktop does not take notices fast enough".to_owned();
            self.desktop_answered(Shown { notice: id, outcome: Err(NotShown { problem, again: false, over: false }) });
        } else {
            self.deliver(id, DeliveryState::Waiting, None);
        }
    }

    /// Has the channels told of it.
    pub(super) fn send(&self, notice: &Notice) {
        self.post.send(notice.clone());
    }

    /// The tray shows at once that a pause or a quiet time is over.
    pub(super) fn publish_when_alerts_change(&mut self) {
        let alerts = self.fleet.alerts(self.clock.now());
        if alerts != self.alerts_shown {
            self.alerts_shown = alerts;
            self.publish();
        }
    }

    pub(super) fn withdraw(&self, notices: Vec<NoticeId>) {
        // Where nobody takes it away, it stays until a person does.
        let _ = self.outlets.tellings.try_send(Telling::Withdraw(notices));
    }

    /// Keeps what is known at the beginning of an incident. What lies in the history is read aside.
    pub(super) fn freeze(&self, id: &EntityId, opened_at: Time) {
        let Some(row) = self.fleet.row(id) else { return };
        let now = self.clock.now();
        let registry = self.fleet.registry_health().into_iter().find(|registry| registry.name == row.registry.name);
        let data = self.crew.paths().data.clone();
        let facts = Facts {
            opened_at,
            registry,
            alerts: self.fleet.alerts(now),
            now,
            wall: Timestamp::now(),
            probe: self.fleet.last_probe(id),
            output: row.process.run.is_some().then(|| log_place(&data, id)),
            row,
        };
        let (reader, writer, agent) = (self.crew.reader(), Arc::clone(&self.writer), id.clone());
        tokio::task::spawn_blocking(move || {
            // The change that led here belongs to it; a disk that fails is told elsewhere.
            let _ = writer.flush();
            match blackbox::collect(facts, &reader, &data).to_json() {
                Ok(json) => writer.send(HistoryRow::BlackBox { agent, opened_at, json }),
                Err(error) => tracing::error!(%agent, "what was known at the flip cannot be kept: {error}"),
            }
        });
    }

    /// The desktop has it, or not.
    pub(super) fn desktop_answered(&mut self, shown: Shown) {
        let Shown { notice, outcome } = shown;
        let tester = self.desktop.testers.iter().position(|(id, _)| *id == notice);
        if let Some((_, tester)) = tester.map(|place| self.desktop.testers.swap_remove(place)) {
            // Who asked may have run out of patience.
            let _ = tester.send(outcome.map_err(|not_shown| not_shown.problem));
            return;
        }
        match outcome {
            Ok(()) => {
                self.desktop.problem = None;
                self.desktop.last_delivered_at = Some(self.clock.now());
                self.deliver(notice, DeliveryState::Delivered, None);
                self.drill_told(notice);
            }
            Err(NotShown { problem, again, over }) => {
                let state = if again { DeliveryState::Waiting } else { DeliveryState::Dead };
                if !over {
                    self.desktop.problem = Some(problem.clone());
                }
                self.deliver(notice, state, Some(problem));
            }
        }
    }

    /// Has the desktop show a notice that tells nothing, for who wants to see that it does.
    pub(super) fn test_desktop(&mut self, tester: oneshot::Sender<Result<(), String>>) {
        self.desktop.testers.retain(|(_, tester)| !tester.is_closed());
        let mut notice = Notice::test(self.clock.now());
        while self.desktop.testers.iter().any(|(id, _)| *id == notice.id) {
            notice.id.0 += 1;
        }
        let id = notice.id;
        if self.outlets.tellings.try_send(Telling::Show(Box::new(notice))).is_ok() {
            self.desktop.testers.push((id, tester));
        } else {
            let _ = tester.send(Err("The desktop does not take notices fast enough".to_owned()));
        }
    }

    /// The desktop among the channels.
    pub(super) fn desktop_view(&self) -> ChannelView {
        let alerts = &self.crew.settings().alerts;
        ChannelView::desktop(alerts.desktop, self.desktop.problem.clone(), self.desktop.last_delivered_at)
    }

    fn deliver(&self, notice: NoticeId, state: DeliveryState, problem: Option<String>) {
        let (channel, at) = (DESKTOP.to_owned(), self.clock.now());
        self.keep(HistoryRow::Delivery(Delivery { notice, channel, state, attempts: 1, problem, next_at: None, at }));
    }

    pub(super) fn acknowledge(&mut self, id: &EntityId, minutes: Option<u32>) -> Result<Value, Refusal> {
        let row = self.known(id)?;
        if row.incident.is_none() {
            let sentence = format!("{} has no open incident that could be acknowledged", row.name);
            return Err(Refusal::new("incident.none", sentence, "It may have ended: see the list of incidents."));
        }
        let until = Silence::Acknowledge.until(minutes, self.clock.now());
        self.fold(FleetEvent::Acknowledged(id.clone(), until));
        Ok(Value::Null)
    }

    pub(super) fn snooze(&mut self, id: &EntityId, minutes: Option<u32>) -> Result<Value, Refusal> {
        self.known(id)?;
        let until = Silence::Snooze.until(minutes, self.clock.now());
        self.fold(FleetEvent::Snoozed(id.clone(), until));
        Ok(Value::Null)
    }

    pub(super) fn pause_alerts(&mut self, minutes: Option<u32>) {
        let until = Silence::Pause.until(minutes, self.clock.now());
        self.fold(FleetEvent::AlertsPaused(until));
        self.carry_out();
        self.publish();
    }
}
