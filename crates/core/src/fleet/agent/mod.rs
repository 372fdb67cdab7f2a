//! One agent: its three witnesses, folded.

mod announced;
mod beats;
mod bus;
mod comings;
mod copies;
mod face;
mod lease;
mod link;
mod record;
mod rhythm;
mod run;
mod sweep;
mod telling;
mod voice;

use std::collections::VecDeque;
use std::time::Duration;

use crate::confirm::Confirmation;
use crate::dialect::Sign;
use crate::failure::Fatal;
use crate::history::usage::{UsageBucket, UsageRecorder};
use crate::history::{AgentMemory, SpanKind, Transition};
use crate::liveness::Liveness;
use crate::time::Time;
use crate::view::{BeatCounts, BeatsBy, ProcessState, Severity, Speaker, VerdictView};

use super::connections::Connections;
use super::strip::Strip;
use super::{AgentSettings, Context, Past, ProcessReading, Registry};
use crate::supervise::{RunAction, Supervisor};
use announced::Announced;
use bus::{OnBus, STOPPED_ON_BUS};
use comings::Comings;
use lease::LeaseSeen;
use link::LinkSeen;
use record::RecordSeen;
use rhythm::Rhythm;
use voice::Voice;

/// What counts as "lately" for second copies and dropping connections.
const LATELY: Duration = Duration::from_secs(300);
/// While beats are missing, the stretch without them is written down this often: what follows it may be another thing.
const NAME_SILENCE: Duration = Duration::from_secs(300);
/// The cause of a stop that a person asked for.
const PAUSED: &str = "paused";
/// The cause of a process that nobody asked to run.
const STOPPED: &str = "process.stopped";
/// Beyond one interval, what an agent of an earlier run gets to beat again before its silence is judged: while Beatkeeper
/// was off, nobody watched.
const START_GRACE: Duration = Duration::from_secs(5);

/// What one event leads to.
#[derive(Default)]
pub(super) struct Change {
    pub(super) row: bool,
    pub(super) confirmed: bool,
    pub(super) block: Option<Fatal>,
    pub(super) unblock: bool,
    pub(super) read_record: bool,
    /// It went from beating to missing, or back.
    pub(super) turned: bool,
    pub(super) transition: Option<Transition>,
    pub(super) memory: Option<AgentMemory>,
    pub(super) due: Option<Time>,
    pub(super) run: Vec<RunAction>,
    /// What its process cost, to be kept.
    pub(super) usage: Vec<UsageBucket>,
    /// What was seen of the dialect that we beat in.
    pub(super) sign: Option<Sign>,
    /// From now on we beat for it, or do not.
    pub(super) beat: Option<bool>,
    /// From now on we want its lease, or do not.
    pub(super) lease: Option<bool>,
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
    /// The last confirmed beat when its state changed last.
    turned_after: Option<Time>,
    last_sent: Option<Time>,
    round_trip: Option<Duration>,
    beats: BeatCounts,
    confirmation: Confirmation,
    confirmed_here: bool,
    /// When beats were seen that are not ours.
    foreign: VecDeque<Time>,
    rhythm: Rhythm,
    announced: Announced,
    link: LinkSeen,
    record: RecordSeen,
    process: ProcessReading,
    process_since: Option<Time>,
    comings: Comings,
    /// What a bus knows of it.
    bus: Option<Box<OnBus>>,
    /// Intervals without a beat, while it is missing.
    missed: u32,
    /// Its process, when it is ours.
    run: Option<Box<Supervisor>>,
    /// What its process costs; nothing while none was ever measured.
    usage: Option<Box<UsageRecorder>>,
    voice: Voice,
    lease: LeaseSeen,
    /// Whether the link was told to beat.
    beating: bool,
    good_beats: u32,
    pub(super) grace_until: Option<Time>,
    /// Its silence is asked for.
    drilled: bool,
    /// It is silent for a moment, to hear whether somebody else beats.
    listening: bool,
    /// When the stretch without beats is written down again.
    missing_next: Option<Time>,
}

impl Agent {
    pub(super) fn new(settings: AgentSettings, past: &Past, now: Time) -> Self {
        let strip = Strip::from_past(&past.strip);
        let memory = past.memory.as_ref();
        let kept = memory.and_then(|memory| memory.last_confirmed_at).max(strip.last_confirmed());
        // A clock that was set back since must not make anyone alive until it has caught up.
        let last_confirmed = kept.map(|beat| beat.min(now));
        let process = ProcessReading {
            state: if settings.probed { ProcessState::Unknown } else { ProcessState::NotOurs },
            detail: String::new(),
            clock_ahead_ms: None,
            refused: false,
        };
        // For one that beats by itself there is no link that would have to be told.
        let speaks = settings.beats_by != BeatsBy::Agent;
        Self {
            liveness: memory.map_or(Liveness::Unknown, |memory| memory.liveness),
            since: memory.map_or(now, |memory| memory.since),
            last_confirmed,
            turned_after: memory.and_then(|memory| memory.last_confirmed_at).map(|beat| beat.min(now)),
            grace_until: last_confirmed.map(|_| now + settings.interval + START_GRACE),
            drilled: false,
            listening: false,
            missing_next: None,
            strip,
            connections: Connections::from_past(&past.reconnected),
            confirmation: Confirmation::new(settings.interval),
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
            confirmed_here: false,
            foreign: VecDeque::new(),
            rhythm: Rhythm::default(),
            announced: Announced::default(),
            link: LinkSeen::idle(now),
            record: RecordSeen::default(),
            process,
            process_since: None,
            comings: Comings::default(),
            bus: None,
            missed: 0,
            run: None,
            usage: past.usage.map(|open| Box::new(UsageRecorder::from_past(Some(open)))),
            voice: Voice::default(),
            lease: LeaseSeen::default(),
            beating: speaks,
            good_beats: 0,
        }
    }

    /// It joins the fleet: the time in which nobody watched has a name, and its record is read.
    pub(super) fn begin(&mut self, now: Time, change: &mut Change) {
        if now.since(self.strip.end()) > self.settings.interval * 3 {
            self.strip.gap(SpanKind::NotRunning, "app.not_running", self.strip.end(), now);
        }
        change.row = true;
        change.read_record = true;
        let policy = self.settings.run.clone();
        self.keep_running(policy.as_deref(), now);
    }

    pub(super) fn reconfigure(&mut self, settings: AgentSettings, now: Time, change: &mut Change) {
        if settings.beats_by != self.settings.beats_by || settings.paused {
            self.confirmation.link_lost();
        }
        self.confirmation.set_interval(settings.interval);
        if settings.interval != self.settings.interval {
            self.rhythm = Rhythm::default();
        }
        if settings.registry != self.settings.registry {
            // What another registry said of it says nothing of this one.
            (self.record, self.announced) = (RecordSeen::default(), Announced::default());
        }
        if settings.team != self.settings.team {
            self.join_team();
        }
        if self.settings.paused && !settings.paused {
            self.strip.gap(SpanKind::NotRunning, PAUSED, self.strip.end(), now);
            // Silence while paused was asked for.
            self.last_confirmed = self.last_confirmed.map(|_| now);
            change.read_record = true;
        }
        if settings.probed != self.settings.probed {
            self.process.state = if settings.probed { ProcessState::Unknown } else { ProcessState::NotOurs };
        }
        self.keep_running(settings.run.as_deref(), now);
        self.settings = settings;
        change.row = true;
    }

    pub(super) fn process_read(&mut self, reading: ProcessReading, now: Time, change: &mut Change) {
        self.comings.probed(&reading, now);
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

    /// Draws the consequences of whatever changed: state, verdict, notices, deadline.
    pub(super) fn settle(&mut self, registry: &Registry, context: Context, now: Time, change: &mut Change) {
        let (state, mut due) = self.judge(registry, now);
        // Right after sleep only good news counts.
        let hold = context.hold_until.max(self.grace_until);
        let held = hold.filter(|until| *until > now && state.is_missing());
        if state.is_missing() {
            self.good_beats = 0;
        }
        if let Some(until) = held {
            due = Some(until);
        } else {
            if state != self.liveness {
                self.turn(state, registry, context, now, change);
            }
            self.go_on_missing(now, change);
        }
        self.missed = self.missed_by(now);
        self.speak_for_the_silent(now);
        self.settle_run(now, change);
        self.settle_lease(change);
        let beating = self.may_beat();
        if beating != std::mem::replace(&mut self.beating, beating) {
            change.beat = Some(beating);
            change.row = true;
        }
        let sweep = self.await_sweep(registry, context, now, change);
        let verdict = self.verdict_at(registry, context, now);
        if verdict != self.verdict {
            self.verdict = verdict;
            change.row = true;
        }
        let ask = [self.confirmation.ask_at(), self.confirmation.foreign_at()].into_iter().flatten().min();
        // What was lately will no longer be lately.
        let lately = [
            self.foreign_lately(now).map(|(_, until)| until),
            self.two_rhythms_until(now),
            self.restart_loop(now).map(|(_, until)| until),
        ];
        let lately = lately.into_iter().flatten().min();
        // While it is held, nothing is written down.
        let missing_next = self.missing_next.filter(|_| held.is_none());
        let run = self.run.as_ref().and_then(|run| run.poll_timeout());
        change.due = [due, ask, lately, sweep, missing_next, run, self.voice_due(), self.forgotten_at()]
            .into_iter()
            .flatten()
            .map(|due| due.max(now + Duration::from_millis(1)))
            .min();
    }

    fn judge(&self, registry: &Registry, now: Time) -> (Liveness, Option<Time>) {
        if self.settings.paused || self.process_rests(now) || self.left_the_bus() {
            return (Liveness::Stopped, None);
        }
        match self.last_confirmed {
            Some(last) => {
                let pace = self.pace();
                let (state, next) = registry.settings.thresholds.of(pace).judge(pace, last, now);
                // New thresholds or clocks do not bring anyone back to life: only a beat does.
                let milder = state.badness() < self.liveness.badness() && Some(last) <= self.turned_after;
                (if milder { self.liveness } else { state }, next)
            }
            None if self.record.registered.is_some() => (Liveness::Inactive, None),
            None => (Liveness::Unknown, None),
        }
    }

    /// Writes the stretch without beats down, now and then.
    fn go_on_missing(&mut self, now: Time, change: &mut Change) {
        if !self.liveness.is_missing() {
            self.missing_next = None;
        } else if self.missing_next.is_none_or(|next| next <= now) {
            self.name_silence(now);
            self.missing_next = Some(now + NAME_SILENCE);
            // Its uptime is another one now.
            change.row = true;
        }
    }

    /// Names the time since the last beat, or since what was named last.
    fn name_silence(&mut self, now: Time) {
        let (kind, cause) = self.missing_because();
        self.strip.gap(kind, cause, self.strip.end(), now);
    }

    fn turn(&mut self, to: Liveness, registry: &Registry, context: Context, now: Time, change: &mut Change) {
        if self.liveness.is_missing() && to == Liveness::Stopped {
            // Until now it was missing; from now on nobody misses it.
            self.name_silence(now);
        }
        let from = std::mem::replace(&mut self.liveness, to);
        change.row = true;
        self.since = now;
        self.turned_after = self.last_confirmed;
        self.verdict = self.verdict_at(registry, context, now);
        if to.is_missing() {
            self.name_silence(now);
            // A goodbye on a bus is only in the hash: nobody publishes it.
            change.read_record |= self.bus.is_some();
        }
        if to == Liveness::Offline
            && self.speaker() != Speaker::App
            && let Some(last) = self.last_confirmed
        {
            self.connections.seen_silent(last);
        }
        if to == Liveness::Stopped {
            let cause = match () {
                () if self.settings.paused => PAUSED,
                () if self.left_the_bus() => STOPPED_ON_BUS,
                () => STOPPED,
            };
            self.strip.begin(SpanKind::NotRunning, cause, now);
        }
        change.turned = matches!((from, to), (Liveness::Active, _)) && to.is_missing()
            || from.is_missing() && to == Liveness::Active;
        self.record_turn(from, now, change);
    }
}
