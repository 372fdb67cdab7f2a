//! The third witness on a Redis bus: an agent's messages there, and its hash (protocols.md 6).

use std::time::Duration;

use crate::bus::{Sequence, Step};
use crate::confirm::Seen;
use crate::fleet::Registry;
use crate::history::SpanKind;
use crate::liveness::Liveness;
use crate::time::Time;
use crate::view::{BusMetrics, BusState, BusView, Speaker};
use crate::wire::redis_bus::Heard;

use super::{Agent, Change};

/// The word of an agent that said goodbye.
const SAID_GOODBYE: &str = "stopped";
/// The cause of its silence.
pub(super) const STOPPED_ON_BUS: &str = "bus.stopped";
/// Whom nobody configured is let go of when it was gone for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// What a bus knows of an agent.
#[derive(Clone, Debug, Default)]
pub(super) struct OnBus {
    sequence: Sequence,
    lost: u64,
    restarts: u32,
    status: Option<String>,
    metrics: BusMetrics,
    task: Option<String>,
    progress: Option<f64>,
    kind: Option<String>,
    host: Option<String>,
    pid: Option<u32>,
    fence: Option<u64>,
    /// Whether it said goodbye since its last message.
    stopped: bool,
    /// When its last message was made, on its own clock.
    spoke_at: Option<Time>,
    heard: bool,
}

impl Agent {
    /// It published a beat.
    pub(in crate::fleet) fn bus_beat(&mut self, heard: &Heard, heard_at: Time, now: Time, change: &mut Change) {
        change.row = true;
        let bus = self.bus.get_or_insert_default();
        // What carries an older lease than the newest was sent by somebody who lost it since.
        if heard.fence.is_some_and(|fence| bus.fence.is_some_and(|newest| fence < newest)) {
            return;
        }
        // Who takes over counts from 1.
        if bus.fence.is_some() && heard.fence > bus.fence {
            bus.sequence = Sequence::default();
        }
        let at = heard.at.unwrap_or(heard_at);
        match heard.sequence.map(|number| bus.sequence.take(number, at)) {
            Some(Step::Again) => return,
            Some(Step::Gap(between)) => bus.lost = bus.lost.saturating_add(between),
            Some(Step::Anew) => bus.restarts = bus.restarts.saturating_add(1),
            Some(Step::Next) | None => {}
        }
        bus.fence = heard.fence.or(bus.fence);
        bus.heard = true;
        bus.spoke_at = heard.at.or(bus.spoke_at);
        self.learn_from_bus(heard, false);
        self.record.registered = Some(true);
        self.saw_heartbeat(at.min(now), now);
        self.is_back_on_bus(now);
        match self.speaker() {
            Speaker::Agent | Speaker::Team => self.confirmed_beat(heard_at, now, change),
            Speaker::App => match self.confirmation.seen_with_its_time(at, heard_at) {
                Seen::Confirmed(confirmed) => self.our_event_came(confirmed, now, change),
                Seen::KnownAlready | Seen::Unclaimed => {}
            },
        }
    }

    /// Its hash was read.
    pub(in crate::fleet) fn bus_record(&mut self, heard: &Heard, now: Time, change: &mut Change) {
        change.row = true;
        self.record.registered = Some(true);
        self.record.seen_at = Some(now);
        let said_goodbye = heard.status.as_deref() == Some(SAID_GOODBYE);
        if said_goodbye && self.spoke_since(heard) {
            return;
        }
        self.learn_from_bus(heard, true);
        if said_goodbye {
            self.bus.get_or_insert_default().stopped = true;
            return;
        }
        self.is_back_on_bus(now);
        // Heard by nobody here: before this program began, or while the bus could not be heard.
        if let Some(beat) = heard.at.map(|at| at.min(now))
            && self.last_confirmed.is_none_or(|last| beat > last + self.settings.interval / 2)
            && self.speaker() != Speaker::App
        {
            self.saw_heartbeat(beat, now);
            self.confirmed_beat(beat, now, change);
        }
    }

    /// Whether its hash was read before it came back: a message was heard that is later than the last beat of that hash.
    fn spoke_since(&self, heard: &Heard) -> bool {
        let spoke_at = self.bus.as_ref().and_then(|bus| bus.spoke_at);
        // Whoever writes hash and message one after the other writes two times.
        let written = heard.at.map(|at| at + self.settings.interval / 4);
        spoke_at.zip(written).is_some_and(|(spoke_at, written)| spoke_at > written)
    }

    /// It has no hash: it never registered, or the bus forgot it.
    pub(in crate::fleet) fn bus_gone(&mut self, now: Time, change: &mut Change) {
        self.record.seen_at = Some(now);
        // Who never writes a hash says how it is in its messages.
        let is_heard = self.bus.as_ref().is_some_and(|bus| bus.heard) && !self.liveness.is_missing();
        if !is_heard {
            change.row |= self.record.status.take().is_some();
        }
    }

    /// Whether it said goodbye on its bus.
    pub(super) fn left_the_bus(&self) -> bool {
        self.bus.as_ref().is_some_and(|bus| bus.stopped)
    }

    /// When an agent that nobody configured is let go of.
    pub(in crate::fleet) fn forgotten_at(&self) -> Option<Time> {
        let gone = matches!(self.liveness, Liveness::Offline | Liveness::Stopped | Liveness::Inactive);
        (self.settings.only_seen && gone).then(|| self.since + FORGOTTEN_AFTER)
    }

    pub(super) fn bus_view(&self, registry: &Registry) -> Option<Box<BusView>> {
        registry.settings.bus.as_ref()?;
        let unheard = OnBus::default();
        let bus = self.bus.as_deref().unwrap_or(&unheard);
        let state = match self.liveness {
            Liveness::Stopped => BusState::Stopped,
            Liveness::Late => BusState::Missing,
            Liveness::Stale | Liveness::Offline => BusState::Failed,
            Liveness::Active => BusState::Healthy,
            Liveness::Inactive | Liveness::Unknown => BusState::Starting,
        };
        Some(Box::new(BusView {
            name: registry.settings.name.clone(),
            state,
            sequence: bus.sequence.last(),
            missed: self.missed,
            lost: bus.lost,
            restarts: bus.restarts,
            status: bus.status.clone(),
            metrics: bus.metrics,
            task: bus.task.clone(),
            progress: bus.progress,
            kind: bus.kind.clone(),
            host: bus.host.clone(),
            pid: bus.pid,
            only_seen: self.settings.only_seen,
        }))
    }

    /// How many intervals it has been silent for.
    pub(super) fn missed_by(&self, now: Time) -> u32 {
        let silent = self.last_confirmed.filter(|_| self.liveness.is_missing()).map(|last| now.since(last));
        let intervals = silent.map_or(0, |silent| silent.as_millis() / self.settings.interval.as_millis().max(1));
        u32::try_from(intervals).unwrap_or(u32::MAX)
    }

    /// What a message or a hash says beside that it is there.
    fn learn_from_bus(&mut self, heard: &Heard, of_hash: bool) {
        if let Some(ms) = heard.interval_ms.filter(|_| self.settings.only_seen) {
            self.settings.interval = Duration::from_millis(ms);
            self.confirmation.set_interval(self.settings.interval);
        }
        if let Some(label) = heard.label.as_ref().filter(|_| self.settings.only_seen) {
            self.settings.name.clone_from(label);
        }
        self.record.status.clone_from(&heard.status);
        let bus = self.bus.get_or_insert_default();
        bus.status.clone_from(&heard.status);
        // A hash has less than its last message had.
        if !(of_hash && bus.heard) {
            bus.metrics = heard.metrics;
            bus.task.clone_from(&heard.task);
            bus.progress = heard.progress;
        }
        for (known, new) in [(&mut bus.kind, &heard.kind), (&mut bus.host, &heard.host)] {
            if new.is_some() {
                known.clone_from(new);
            }
        }
        bus.pid = heard.pid.or(bus.pid);
    }

    fn is_back_on_bus(&mut self, now: Time) {
        if let Some(bus) = self.bus.as_mut().filter(|bus| bus.stopped) {
            bus.stopped = false;
            self.strip.gap(SpanKind::NotRunning, STOPPED_ON_BUS, self.strip.end(), now);
            // Silence after a goodbye was asked for.
            self.last_confirmed = self.last_confirmed.map(|_| now);
        }
    }
}
