//! What all lanes share: queues, dead letters, and what is known of each channel.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::notice::{Notice, NoticeId, NoticeKind};
use beatkeeper_core::time::Time;
use tokio::sync::{Notify, watch};
use tokio_util::task::AbortOnDropHandle;

use super::health::{ChannelHealth, ChannelTrouble, target};
use super::keep::Keep;
use super::letter::Letter;
use super::look::Look;
use super::means::Means;
use super::rename::Renames;
use super::setback::Setback;
use crate::clock::Clock;
use crate::settings::ChannelEntry;

/// Dead letters that can be tried again from here. Older ones are in the history alone.
const MOST_DEAD: usize = 1000;

/// What a notice comes to that had nothing left to tell before it was complete; it is never tried again.
pub(super) const CALLED_OFF: &str = "It was over before it was sent";

pub(super) struct Room {
    state: Mutex<State>,
    pub(super) keep: Arc<dyn Keep>,
    pub(super) clock: Arc<Clock>,
    pub(super) means: Means,
    troubles: watch::Sender<Arc<[ChannelTrouble]>>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) lanes: Vec<Lane>,
    pub(super) dead: VecDeque<Letter>,
    pub(super) renames: Renames,
}

/// One channel.
pub(super) struct Lane {
    pub(super) entry: Arc<ChannelEntry>,
    /// What it was called in this run, unless that is another channel's name by now: notices may name it so.
    pub(super) formerly: Vec<String>,
    /// The oldest first. Only the front is ever tried.
    pub(super) queue: VecDeque<Letter>,
    /// The front is being tried.
    flying: bool,
    pub(super) problem: Option<String>,
    last_delivered_at: Option<Time>,
    /// For its secret.
    pub(super) look: Option<Look>,
    /// Rung when there is something new to look at.
    pub(super) bell: Arc<Notify>,
    /// Ends with the lane; missing while the channel is switched off.
    pub(super) task: Option<AbortOnDropHandle<()>>,
}

/// What a lane's task does next.
pub(super) enum Step {
    /// Try this.
    Try(Arc<ChannelEntry>, Arc<Notice>),
    /// Wait until then, or for the bell.
    WaitUntil(Time),
    /// Wait for the bell.
    Wait,
}

impl Lane {
    pub(super) fn new(entry: ChannelEntry) -> Self {
        Self {
            entry: Arc::new(entry),
            formerly: Vec::new(),
            queue: VecDeque::new(),
            flying: false,
            problem: None,
            last_delivered_at: None,
            look: None,
            bell: Arc::default(),
            task: None,
        }
    }

    /// The lane of a channel that is switched off: how it did is of no interest any more.
    pub(super) fn switched_off(self) -> Self {
        let Self { entry, formerly, look, .. } = self;
        Self { formerly, look, ..Self::new(ChannelEntry::clone(&entry)) }
    }

    fn wants(&self, notice: &Notice) -> bool {
        let is_called = |name: &String| *name == self.entry.name || self.formerly.contains(name);
        let named = notice.channels.as_ref().is_none_or(|names| names.iter().any(is_called));
        let only = self.entry.only.as_ref().is_none_or(|only| only.contains(&notice.kind));
        self.entry.enabled && named && (only || notice.kind == NoticeKind::Test)
    }

    /// The front is tried now, whatever it waited for.
    pub(super) fn hurry(&mut self) {
        if let Some(front) = self.queue.front_mut().filter(|_| !self.flying) {
            front.delivery.next_at = None;
        }
        self.bell.notify_one();
    }
}

impl State {
    pub(super) fn lane(&mut self, channel: &str) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.entry.name == channel)
    }
}

impl Room {
    pub(super) fn new(means: Means, keep: Arc<dyn Keep>, clock: Arc<Clock>) -> Self {
        Self { state: Mutex::default(), keep, clock, means, troubles: watch::Sender::new(Arc::default()) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // It is whole between any two statements that hold the lock, so a panic elsewhere cannot have torn it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn troubles(&self) -> watch::Receiver<Arc<[ChannelTrouble]>> {
        self.troubles.subscribe()
    }

    /// Keeps that a notice is on its way, before it is complete: whatever happens until then, it is sent.
    pub(super) fn expect(&self, notice: &Notice) {
        let now = self.clock.now();
        let notice = Arc::new(notice.clone());
        for lane in self.lock().lanes.iter().filter(|lane| lane.wants(&notice)) {
            self.note(&Letter::new(Arc::clone(&notice), &lane.entry.name, now));
        }
    }

    /// Keeps that an expected notice is not sent, since there is nothing left to tell.
    pub(super) fn call_off(&self, notice: &Notice) {
        let now = self.clock.now();
        let notice = Arc::new(notice.clone());
        for lane in self.lock().lanes.iter().filter(|lane| lane.wants(&notice)) {
            let mut letter = Letter::new(Arc::clone(&notice), &lane.entry.name, now);
            letter.dies(CALLED_OFF.to_owned(), now);
            self.note(&letter);
        }
    }

    /// Puts a notice into the queue of every channel that wants it.
    pub(super) fn accept(&self, notice: Notice) {
        let now = self.clock.now();
        let notice = Arc::new(notice);
        let mut state = self.lock();
        let State { lanes, dead, .. } = &mut *state;
        let mut kept = false;
        for lane in lanes.iter_mut().filter(|lane| lane.wants(&notice)) {
            if lane.queue.iter().any(|letter| letter.notice.id == notice.id) {
                continue;
            }
            if !std::mem::replace(&mut kept, true) {
                self.keep.row(HistoryRow::Notice(Box::new(Notice::clone(&notice))));
            }
            let letter = Letter::new(Arc::clone(&notice), &lane.entry.name, now);
            self.note(&letter);
            lane.queue.push_back(letter);
            self.shorten(lane, dead, now);
            lane.bell.notify_one();
        }
        self.tell(&state);
    }

    /// Keeps a lane's queue within its bound.
    pub(super) fn shorten(&self, lane: &mut Lane, dead: &mut VecDeque<Letter>, now: Time) {
        let most = self.means.pace.queue.max(2);
        while lane.queue.len() > most {
            let Some(oldest) = lane.queue.remove(usize::from(lane.flying)) else { return };
            let problem = format!("{most} newer notices wait for this channel; it does not take them fast enough");
            self.bury(dead, oldest, problem, now);
        }
    }

    /// What the task does next whose bell this is; nothing when its lane is gone. A name tells nothing: it may change.
    pub(super) fn next(&self, bell: &Arc<Notify>) -> Option<Step> {
        let now = self.clock.now();
        let mut state = self.lock();
        let State { lanes, renames, .. } = &mut *state;
        let lane = lanes.iter_mut().find(|lane| Arc::ptr_eq(&lane.bell, bell))?;
        if renames.concern(&lane.entry.name) {
            return Some(Step::Wait);
        }
        let Some(front) = lane.queue.front() else { return Some(Step::Wait) };
        match front.delivery.next_at {
            Some(at) if at > now => Some(Step::WaitUntil(at)),
            _ => {
                lane.flying = true;
                Some(Step::Try(Arc::clone(&lane.entry), Arc::clone(&front.notice)))
            }
        }
    }

    /// What the try of the front of that lane came to.
    pub(super) fn settle(&self, bell: &Arc<Notify>, notice: NoticeId, outcome: Result<(), Setback>) {
        let now = self.clock.now();
        let mut state = self.lock();
        let State { lanes, dead, .. } = &mut *state;
        let Some(lane) = lanes.iter_mut().find(|lane| Arc::ptr_eq(&lane.bell, bell)) else { return };
        let Some(mut letter) = lane.queue.pop_front_if(|front| front.notice.id == notice) else { return };
        lane.flying = false;
        match outcome {
            Ok(()) => {
                letter.delivered(now);
                self.note(&letter);
                lane.last_delivered_at = Some(now);
                lane.problem = None;
            }
            Err(setback) => {
                lane.problem = Some(setback.problem().to_owned());
                match self.verdict(&mut letter, setback, now) {
                    Ok(()) => {
                        self.note(&letter);
                        lane.queue.push_front(letter);
                    }
                    Err(problem) => self.bury(dead, letter, problem, now),
                }
            }
        }
        self.tell(&state);
    }

    /// Has a letter wait again, or says why it is not tried any more.
    fn verdict(&self, letter: &mut Letter, setback: Setback, now: Time) -> Result<(), String> {
        let pace = &self.means.pace;
        letter.failures = letter.failures.saturating_add(1);
        let (problem, asked) = match setback {
            Setback::Refused(problem) => {
                letter.delivery.attempts += 1;
                return Err(problem);
            }
            Setback::Locked(problem) => {
                letter.waits(problem, now + pace.wait(letter.failures, dice(), None), now);
                return Ok(());
            }
            Setback::Unreached(problem) => (problem, None),
            Setback::NotNow { problem, again_after } => {
                letter.answers += 1;
                (problem, again_after)
            }
        };
        letter.delivery.attempts += 1;
        if letter.answers >= pace.answers {
            return Err(format!("{problem} (given up after {} such answers)", letter.answers));
        }
        let wait = pace.wait(letter.failures, dice(), asked);
        if now.since(letter.since) + wait > pace.give_up_after {
            let tried = beatkeeper_core::notice::duration(now.since(letter.since));
            return Err(format!("{problem} (given up after {tried} and {} tries)", letter.delivery.attempts));
        }
        letter.waits(problem, now + wait, now);
        Ok(())
    }

    /// Keeps how far a letter got.
    pub(super) fn note(&self, letter: &Letter) {
        self.keep.row(HistoryRow::Delivery(letter.delivery.clone()));
    }

    /// Makes a dead letter of it.
    pub(super) fn bury(&self, dead: &mut VecDeque<Letter>, mut letter: Letter, problem: String, now: Time) {
        tracing::warn!(channel = letter.delivery.channel, notice = letter.notice.id.0, "a dead letter: {problem}");
        letter.dies(problem, now);
        self.note(&letter);
        self.lay(dead, letter);
    }

    /// Puts a letter that is dead to the others.
    pub(super) fn lay(&self, dead: &mut VecDeque<Letter>, letter: Letter) {
        dead.push_back(letter);
        if dead.len() > MOST_DEAD {
            dead.pop_front();
        }
    }

    /// Tells who watches when a channel began or ceased to fail.
    pub(super) fn tell(&self, state: &State) {
        let failing = state.lanes.iter().filter(|lane| lane.entry.enabled);
        let failing = failing
            .filter_map(|lane| Some(ChannelTrouble { name: lane.entry.name.clone(), problem: lane.problem.clone()? }));
        let failing: Arc<[_]> = failing.collect();
        self.troubles.send_if_modified(|told| {
            let differs = *told != failing;
            *told = failing;
            differs
        });
    }

    pub(super) fn health(&self) -> Vec<ChannelHealth> {
        let state = self.lock();
        state.lanes.iter().map(|lane| health(lane, &state.dead)).collect()
    }

    /// A channel took a test: what waits for it has waited long enough.
    pub(super) fn proved(&self, channel: &str) {
        let now = self.clock.now();
        let mut state = self.lock();
        let Some(lane) = state.lane(channel) else { return };
        (lane.problem, lane.last_delivered_at) = (None, Some(now));
        lane.hurry();
        self.tell(&state);
    }
}

pub(super) fn health(lane: &Lane, dead: &VecDeque<Letter>) -> ChannelHealth {
    let name = &lane.entry.name;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ChannelHealth {
        name: name.clone(),
        kind: lane.entry.kind,
        target: target(&lane.entry),
        problem: lane.problem.clone(),
        last_delivered_at: lane.last_delivered_at,
        waiting: count(lane.queue.len()),
        dead: count(dead.iter().filter(|letter| letter.delivery.channel == *name).count()),
    }
}

/// Only how long is waited depends on it, so that a system without randomness waits, too.
fn dice() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}
