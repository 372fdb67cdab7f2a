//! One agent: its three witnesses, folded.

use std::collections::VecDeque;
use std::time::Duration;

use crate::confirm::{Confirmation, Seen};
use crate::failure::{Failure, Fatal};
use crate::history::{AgentMemory, HistoryRow, SpanKind, Transition};
use crate::link::LinkReport;
use crate::liveness::Liveness;
use crate::notice::{self, Notice, NoticeKind, Story};
use crate::time::Time;
use crate::verdict::{self, Evidence};
use crate::view::{
    AgentRow, BeatCounts, BeatsBy, LinkStateName, LinkView, ProcessState, ProcessView, ReasonView, RegistryView,
    Severity, VerdictView,
};
use crate::wire::zynd::{Activity, RecordFacts};

use super::connections::Connections;
use super::strip::Strip;
use super::{AgentSettings, Context, Past, ProcessReading, Registry, STRIP};

/// What counts as "lately" for second copies and dropping connections.
const LATELY: Duration = Duration::from_secs(300);
/// Beyond one interval, what an agent of an earlier run gets to beat again before its silence is judged: while Beatkeeper
/// was off, nobody watched.
const START_GRACE: Duration = Duration::from_secs(5);
/// How long an event of the activity stream may take before the record is read instead.
const EVENT_WITHIN: Duration = Duration::from_secs(3);

/// What one event leads to.
#[derive(Default)]
pub(super) struct Change {
    pub(super) row: bool,
    pub(super) confirmed: bool,
    pub(super) block: Option<Fatal>,
    pub(super) unblock: bool,
    pub(super) read_record: bool,
    pub(super) notices: Vec<Notice>,
    pub(super) rows: Vec<HistoryRow>,
    pub(super) due: Option<Time>,
}

struct LinkSeen {
    state: LinkStateName,
    since: Time,
    attempt: u32,
    until: Option<Time>,
    failure: Option<Failure>,
    next_beat: Option<Time>,
}

#[derive(Default)]
struct RecordSeen {
    registered: Option<bool>,
    key_matches: Option<bool>,
    status: Option<String>,
    last_heartbeat: Option<Time>,
    seen_at: Option<Time>,
}

pub(crate) struct Agent {
    pub(crate) settings: AgentSettings,
    pub(crate) liveness: Liveness,
    pub(super) flips_at: Option<Time>,
    pub(super) strip: Strip,
    pub(super) connections: Connections,
    pub(super) due: Option<Time>,
    pub(super) revision: u64,
    pub(super) verdict: VerdictView,
    since: Time,
    last_confirmed: Option<Time>,
    last_sent: Option<Time>,
    round_trip: Option<Duration>,
    beats: BeatCounts,
    confirmation: Confirmation,
    confirmed_here: bool,
    foreign: VecDeque<Time>,
    link: LinkSeen,
    record: RecordSeen,
    process: ProcessReading,
    process_since: Option<Time>,
    alerted: Option<NoticeKind>,
    good_beats: u32,
    outage_from: Option<Time>,
    grace_until: Option<Time>,
}

impl Agent {
    pub(super) fn new(settings: AgentSettings, past: &Past, now: Time) -> Self {
        let strip = Strip::from_past(&past.strip);
        let memory = past.memory.as_ref();
        let last_confirmed = memory.and_then(|memory| memory.last_confirmed_at).max(strip.last_confirmed());
        let alerted = memory
            .filter(|memory| memory.alerted)
            .map(|memory| if memory.liveness == Liveness::Offline { NoticeKind::Offline } else { NoticeKind::Stale });
        let process = ProcessReading {
            state: if settings.probed { ProcessState::Unknown } else { ProcessState::NotOurs },
            detail: String::new(),
            clock_ahead_ms: None,
        };
        Self {
            liveness: memory.map_or(Liveness::Unknown, |memory| memory.liveness),
            since: memory.map_or(now, |memory| memory.since),
            last_confirmed,
            grace_until: last_confirmed.map(|_| now + settings.interval + START_GRACE),
            alerted,
            outage_from: alerted.and(last_confirmed),
            strip,
            connections: Connections::from_past(&past.reconnected),
            settings,
            flips_at: None,
            due: None,
            revision: 0,
            verdict: VerdictView {
                code: "",
                severity: Severity::Neutral,
                sentence: String::new(),
                remedy: String::new(),
            },
            last_sent: None,
            round_trip: None,
            beats: BeatCounts::default(),
            confirmation: Confirmation::default(),
            confirmed_here: false,
            foreign: VecDeque::new(),
            link: LinkSeen {
                state: LinkStateName::Idle,
                since: now,
                attempt: 0,
                until: None,
                failure: None,
                next_beat: None,
            },
            record: RecordSeen::default(),
            process,
            process_since: None,
            good_beats: 0,
        }
    }

    /// It joins the fleet: the time in which nobody watched has a name, and its record is read.
    pub(super) fn begin(&mut self, now: Time, change: &mut Change) {
        if let Some(last) = self.strip.spans().last().map(|span| span.to)
            && now.since(last) > self.settings.interval * 3
        {
            self.strip.gap(SpanKind::NotRunning, "app.not_running", last, now);
        }
        change.row = true;
        change.read_record = true;
    }

    pub(super) fn reconfigure(&mut self, settings: AgentSettings, now: Time, change: &mut Change) {
        if settings.beats_by != self.settings.beats_by || settings.paused {
            self.confirmation.forget();
        }
        if self.settings.paused && !settings.paused {
            let from = self.strip.spans().last().map_or(now, |span| span.to);
            self.strip.gap(SpanKind::NotRunning, "paused", from, now);
            // Silence while paused was asked for.
            self.last_confirmed = self.last_confirmed.map(|_| now);
            change.read_record = true;
        }
        if settings.probed != self.settings.probed {
            self.process.state = if settings.probed { ProcessState::Unknown } else { ProcessState::NotOurs };
        }
        self.settings = settings;
        change.row = true;
    }

    pub(super) fn link_reported(&mut self, report: LinkReport, now: Time, change: &mut Change) {
        change.row = true;
        let id = &self.settings.id;
        match report {
            LinkReport::Dialling { attempt } => {
                self.connections.dialling(id, now);
                self.link.attempt = attempt;
                self.link_is(LinkStateName::Connecting, now);
            }
            LinkReport::Opened => {
                self.connections.opened(now);
                self.confirmed_here = false;
                self.link.failure = None;
                self.link.next_beat = Some(now + self.settings.interval);
                self.link_is(LinkStateName::Open, now);
            }
            LinkReport::Sent => {
                self.connections.sent();
                self.beats.sent += 1;
                self.last_sent = Some(now);
                self.link.next_beat = Some(now + self.settings.interval);
                self.confirmation.sent(now);
            }
            LinkReport::Closed { code, failure } => {
                let cause = failure.as_ref().map(|failure| (failure.code(), failure.to_string()));
                self.connections.closed(code, cause, now);
                self.confirmation.forget();
                self.link.failure = failure;
                self.link_is(LinkStateName::Idle, now);
            }
            LinkReport::Waiting { until, failure } => {
                self.connections.waiting(&failure, now);
                self.link.failure = Some(failure);
                self.link_is(LinkStateName::BackingOff, now);
                self.link.until = Some(until);
            }
            LinkReport::Blocked { failure } => {
                if matches!(failure, Fatal::NotRegistered) && self.record.registered != Some(false) {
                    self.record.registered = Some(false);
                    change.read_record = true;
                }
                self.link.failure = Some(failure.into());
                self.link_is(LinkStateName::Blocked, now);
            }
            LinkReport::Idle => {
                self.link.failure = None;
                self.link.attempt = 0;
                self.link_is(LinkStateName::Idle, now);
            }
        }
    }

    fn link_is(&mut self, state: LinkStateName, now: Time) {
        self.link.until = None;
        if state != LinkStateName::Open {
            self.link.next_beat = None;
        }
        if self.link.state != state {
            self.link.state = state;
            self.link.since = now;
        }
    }

    pub(super) fn activity(&mut self, activity: &Activity, now: Time, change: &mut Change) {
        change.row = true;
        match activity {
            Activity::Heartbeat { at, .. } => {
                self.record.registered = Some(true);
                self.record.status = Some("active".into());
                // The record has whole seconds, and must not seem to move backwards when it is read next.
                self.saw_heartbeat(Time::from_millis(at.as_millis() / 1000 * 1000), now);
                match self.settings.beats_by {
                    BeatsBy::Agent => self.confirmed_beat(now, now, change),
                    BeatsBy::App => match self.confirmation.seen(*at, now) {
                        Seen::Confirmed { sent_at, round_trip } => {
                            self.round_trip = Some(round_trip);
                            self.our_beat_confirmed(sent_at, now, change);
                        }
                        Seen::KnownAlready => {}
                        Seen::Foreign => self.foreign_beat(now, change),
                    },
                }
            }
            Activity::BecameActive { .. } => {
                if self.settings.beats_by == BeatsBy::Agent {
                    self.connections.seen_opening(&self.settings.id, self.last_confirmed, now);
                }
            }
            Activity::BecameInactive { .. } => self.record.status = Some("inactive".into()),
            Activity::Registered { .. } | Activity::Deregistered { .. } => change.read_record = true,
            Activity::Connected | Activity::Other => {}
        }
    }

    pub(super) fn record_read(
        &mut self,
        asked_at: Time,
        facts: Option<RecordFacts>,
        clock_ahead_ms: i64,
        now: Time,
        change: &mut Change,
    ) {
        change.row = true;
        let Some(facts) = facts.filter(|facts| !facts.tombstoned) else {
            if self.record.registered != Some(false) && self.settings.beats_by == BeatsBy::App {
                change.block = Some(Fatal::NotRegistered);
            }
            self.record = RecordSeen { registered: Some(false), seen_at: Some(now), ..RecordSeen::default() };
            self.confirmation.forget();
            return;
        };
        let was = (self.record.registered, self.record.key_matches);
        self.record.registered = Some(true);
        self.record.key_matches = facts.public_key.map(|key| self.settings.id.belongs_to(&key));
        self.record.status.clone_from(&facts.status);
        let moved = facts.last_heartbeat > self.record.last_heartbeat;
        if let Some(last) = facts.last_heartbeat {
            self.saw_heartbeat(last, now);
        }
        self.record.seen_at = Some(now);
        if self.record.key_matches == Some(false) {
            if was.1 != Some(false) {
                change.block = Some(Fatal::KeyMismatch);
            }
        } else if was.0 == Some(false) || was.1 == Some(false) {
            change.unblock = true;
        }
        self.record_beats(asked_at, &facts, moved, clock_ahead_ms, now, change);
    }

    fn record_beats(
        &mut self,
        asked_at: Time,
        facts: &RecordFacts,
        moved: bool,
        clock_ahead_ms: i64,
        now: Time,
        change: &mut Change,
    ) {
        let settled = match self.settings.beats_by {
            BeatsBy::App => self.confirmation.record_read(asked_at, facts.last_heartbeat, clock_ahead_ms),
            BeatsBy::Agent => crate::confirm::Settled::default(),
        };
        for sent_at in &settled.confirmed {
            self.our_beat_confirmed(*sent_at, now, change);
        }
        for sent_at in &settled.unconfirmed {
            self.beats.unconfirmed += 1;
            self.strip.beat(SpanKind::Unconfirmed, "beats.unconfirmed", *sent_at, self.settings.interval * 3);
        }
        if settled.foreign && moved {
            self.foreign_beat(now, change);
            return;
        }
        // A real beat that nobody saw happen: of an earlier run, of the agent itself, or while the stream was down.
        let seen = facts.last_real_beat().map(|beat| beat.offset_millis(-clock_ahead_ms).min(now));
        if let Some(beat) = seen.filter(|beat| settled.confirmed.is_empty() && self.is_news(*beat)) {
            self.confirmed_beat(beat, now, change);
        }
    }

    /// Whether a beat read from a record, with its whole seconds, is later than the last one we know.
    fn is_news(&self, beat: Time) -> bool {
        self.last_confirmed.is_none_or(|last| beat > last + Duration::from_secs(2))
            && !(self.settings.beats_by == BeatsBy::App && self.confirmation.is_waiting())
    }

    pub(super) fn process_read(&mut self, reading: ProcessReading, now: Time, change: &mut Change) {
        if reading.state != self.process.state {
            self.process_since = Some(now);
        }
        let clock_moved = match (reading.clock_ahead_ms, self.process.clock_ahead_ms) {
            (Some(new), Some(old)) => (new - old).abs() >= 1000,
            (new, old) => new.is_some() != old.is_some(),
        };
        if clock_moved || reading.state != self.process.state || reading.detail != self.process.detail {
            self.process = reading;
            change.row = true;
        }
    }

    /// Something is due: a state, or a record to read.
    pub(super) fn look(&mut self, now: Time, change: &mut Change) {
        if self.confirmation.ask_at(self.event_within()).is_some_and(|ask| ask <= now) {
            self.confirmation.asked();
            change.read_record = true;
        }
    }

    fn event_within(&self) -> Duration {
        EVENT_WITHIN.min(self.settings.interval / 2)
    }

    fn our_beat_confirmed(&mut self, sent_at: Time, now: Time, change: &mut Change) {
        self.confirmed_here = true;
        self.link.attempt = 0;
        self.connections.confirmed();
        change.confirmed = true;
        self.confirmed_beat(sent_at, now, change);
    }

    fn confirmed_beat(&mut self, at: Time, now: Time, change: &mut Change) {
        change.row = true;
        self.beats.confirmed += 1;
        if self.settings.beats_by == BeatsBy::Agent {
            self.connections.sent();
            self.connections.confirmed();
        }
        self.good_beats = self.good_beats.saturating_add(1);
        self.strip.beat(SpanKind::Confirmed, self.verdict.code, at, self.settings.interval * 3);
        self.last_confirmed = self.last_confirmed.max(Some(at.min(now)));
    }

    fn foreign_beat(&mut self, now: Time, change: &mut Change) {
        self.beats.foreign += 1;
        self.foreign.push_back(now);
        if self.foreign.len() > 16 {
            self.foreign.pop_front();
        }
        // The registry believes the agent alive, whoever says so.
        if self.link.state != LinkStateName::Open {
            self.confirmed_beat(now, now, change);
        }
    }

    fn saw_heartbeat(&mut self, at: Time, now: Time) {
        self.record.last_heartbeat = self.record.last_heartbeat.max(Some(at));
        self.record.seen_at = Some(now);
    }

    /// Draws the consequences of whatever changed: state, verdict, notices, deadline.
    pub(super) fn settle(&mut self, registry: &Registry, context: Context, now: Time, change: &mut Change) {
        let thresholds = &registry.settings.thresholds;
        let (state, mut due) = self.judge(registry, now);
        // Right after sleep only good news counts.
        let hold = context.hold_until.max(self.grace_until);
        let held = hold.filter(|until| *until > now && state.is_missing() && state != self.liveness);
        if let Some(until) = held {
            due = Some(until);
        } else if state != self.liveness {
            self.turn(state, registry, now, change);
        }
        let verdict = self.verdict_at(registry, now);
        if verdict != self.verdict {
            self.verdict = verdict;
            change.row = true;
        }
        self.alert(context.zone, now, change);
        let flips_at = self
            .record
            .last_heartbeat
            .filter(|_| self.record.registered == Some(true))
            .map(|beat| beat.offset_millis(-registry.clock_ahead_ms.unwrap_or(0)) + thresholds.inactive_after);
        change.row |= flips_at != self.flips_at;
        self.flips_at = flips_at;
        let ask = self.confirmation.ask_at(self.event_within());
        // What was lately will no longer be lately.
        let lately = self.foreign.front().copied().map(|first| first + LATELY).filter(|end| *end > now);
        change.due = [due, ask, lately].into_iter().flatten().map(|due| due.max(now + Duration::from_millis(1))).min();
    }

    fn judge(&self, registry: &Registry, now: Time) -> (Liveness, Option<Time>) {
        if self.settings.paused {
            return (Liveness::Stopped, None);
        }
        match self.last_confirmed {
            Some(last) => {
                let (state, next) = registry.settings.thresholds.judge(self.settings.interval, last, now);
                // New thresholds or clocks do not bring anyone back to life: only a beat does.
                let slid_back = self.liveness == Liveness::Offline && state.is_missing();
                (if slid_back { Liveness::Offline } else { state }, next)
            }
            None if self.record.registered.is_some() => (Liveness::Inactive, None),
            None => (Liveness::Unknown, None),
        }
    }

    fn turn(&mut self, to: Liveness, registry: &Registry, now: Time, change: &mut Change) {
        let from = std::mem::replace(&mut self.liveness, to);
        change.row = true;
        self.since = now;
        if to.is_missing() {
            self.good_beats = 0;
            self.outage_from = self.outage_from.or(self.last_confirmed);
            if let Some(last) = self.last_confirmed {
                self.strip.gap(SpanKind::Missed, self.verdict.code, last, now);
            }
        }
        if to == Liveness::Active && self.alerted.is_none() {
            self.outage_from = None;
        }
        if to == Liveness::Stopped {
            // Pausing cancels what is pending.
            self.alerted = None;
            self.outage_from = None;
        }
        self.verdict = self.verdict_at(registry, now);
        if notice::worth_recording(from, to) {
            change.rows.push(HistoryRow::Transition(Transition {
                agent: self.settings.id.clone(),
                at: now,
                from,
                to,
                cause: self.verdict.code.to_owned(),
                sentence: self.verdict.sentence.clone(),
            }));
        }
        change.rows.push(self.memory());
    }

    fn alert(&mut self, zone: i32, now: Time, change: &mut Change) {
        let Some(kind) = notice::worth_interrupting(self.liveness, self.alerted, self.good_beats) else { return };
        let last_beat = if kind == NoticeKind::Recovered { self.outage_from } else { self.last_confirmed };
        let clock = last_beat.map(|beat| notice::time_of_day(beat, zone));
        let story = Story {
            name: &self.settings.name,
            why: &self.verdict.sentence,
            last_beat,
            last_beat_clock: clock.as_deref(),
            now,
        };
        change.notices.push(Notice::tell(self.settings.id.clone(), kind, &story));
        self.alerted = (kind != NoticeKind::Recovered).then_some(kind);
        if kind == NoticeKind::Recovered {
            self.outage_from = None;
        }
        change.rows.push(self.memory());
    }

    fn memory(&self) -> HistoryRow {
        HistoryRow::Memory(AgentMemory {
            agent: self.settings.id.clone(),
            liveness: self.liveness,
            since: self.since,
            last_confirmed_at: self.last_confirmed,
            alerted: self.alerted.is_some(),
        })
    }

    fn verdict_at(&self, registry: &Registry, now: Time) -> VerdictView {
        let lately = now - LATELY;
        let foreign = self.foreign.iter().filter(|at| **at >= lately).count();
        verdict::judge(&Evidence {
            liveness: self.liveness,
            paused: self.settings.paused,
            beats_by: self.settings.beats_by,
            process: self.process.state,
            process_detail: &self.process.detail,
            process_clock_ahead_ms: self.process.clock_ahead_ms,
            link: self.link.state,
            link_failure: self.link.failure.as_ref(),
            attempt: self.link.attempt,
            registered: self.record.registered,
            key_matches: self.record.key_matches,
            registry_problem: registry.problem.as_deref(),
            registry_clock_ahead_ms: registry.clock_ahead_ms,
            unconfirmed_in_a_row: self.confirmation.unconfirmed_in_a_row(),
            confirmed_here: self.confirmed_here,
            foreign_5min: u32::try_from(foreign).unwrap_or(u32::MAX),
            reconnects_5min: self.connections.reconnects_since(lately),
        })
    }

    pub(crate) fn verdict_sentence(&self) -> &str {
        &self.verdict.sentence
    }

    pub(super) fn needs_attention(&self) -> bool {
        !self.settings.paused && (self.liveness.is_missing() || self.verdict.severity == Severity::Bad)
    }

    pub(super) fn row(&self, registry: &Registry) -> AgentRow {
        let newest = self.last_sent.max(self.last_confirmed).unwrap_or(self.since);
        AgentRow {
            id: self.settings.id.clone(),
            short_id: self.settings.id.short(),
            name: self.settings.name.clone(),
            kind: self.settings.id.kind(),
            liveness: self.liveness,
            liveness_since: self.since,
            needs_attention: self.needs_attention(),
            paused: self.settings.paused,
            verdict: self.verdict.clone(),
            process: ProcessView {
                state: self.process.state,
                since: self.process_since,
                clock_ahead_ms: self.process.clock_ahead_ms,
                detail: self.process.detail.clone(),
            },
            link: LinkView {
                state: self.link.state,
                since: self.link.since,
                attempt: self.link.attempt,
                next_dial_at: self.link.until,
                next_beat_at: self.link.next_beat,
                reason: self
                    .link
                    .failure
                    .as_ref()
                    .map(|failure| ReasonView { code: failure.code(), sentence: failure.to_string() }),
            },
            registry: RegistryView {
                name: registry.settings.name.clone(),
                url: registry.settings.url.clone(),
                status: self.record.status.clone(),
                last_heartbeat: self.record.last_heartbeat,
                seen_at: self.record.seen_at,
                registered: self.record.registered,
            },
            beats: self.beats,
            beats_by: self.settings.beats_by,
            interval_ms: crate::time::millis(self.settings.interval),
            last_confirmed_at: self.last_confirmed,
            last_sent_at: self.last_sent,
            flips_at: self.flips_at,
            round_trip_ms: self.round_trip.map(crate::time::millis),
            reconnects_24h: self.connections.reconnects_since(newest - STRIP),
            uptime_24h: self.strip.uptime(self.settings.interval),
            strip_rev: self.strip.revision(),
        }
    }
}
