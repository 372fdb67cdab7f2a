//! The post: what hosts of channels talk to.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use beatkeeper_core::alert::{Delivery, DeliveryState};
use beatkeeper_core::notice::{Notice, NoticeId};
use tokio::sync::watch;

use super::attempt;
use super::health::{ChannelHealth, ChannelTrouble};
use super::keep::Keep;
use super::letter::Letter;
use super::means::Means;
use super::pace::Pace;
use super::room::{self, Lane, Room, State};
use super::secrets::Secrets;
use super::setback::Setback;
use super::{http, lane, retry};
use crate::clock::Clock;
use crate::refusal::Refusal;
use crate::settings::ChannelEntry;

/// What a post is started with.
pub struct Setup {
    /// The channels of the configuration.
    pub channels: Vec<ChannelEntry>,
    /// What earlier runs left behind, in any order: what waits is taken up again, what is dead can be tried again.
    pub earlier: Vec<(Delivery, Notice)>,
    /// Where notices and deliveries are kept.
    pub keep: Arc<dyn Keep>,
    /// The channels' secrets.
    pub secrets: Arc<dyn Secrets>,
    /// The engine's shared configuration.
    pub tls: Arc<rustls::ClientConfig>,
    /// The engine's clock.
    pub clock: Arc<Clock>,
    /// How long is waited, and how often it is tried.
    pub pace: Pace,
}

/// The channels beside the desktop. Cheap to clone; when the last clone is gone, nothing is sent any more.
#[derive(Clone)]
pub struct Post(Arc<Owner>);

/// Lanes hold the room, and the room holds the lanes' tasks: somebody has to let go first.
struct Owner(Arc<Room>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.lock().lanes.clear();
    }
}

impl Post {
    /// Starts a lane for each channel. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn start(setup: Setup) -> Result<Self, reqwest::Error> {
        let Setup { channels, mut earlier, keep, secrets, tls, clock, pace } = setup;
        earlier.sort_by_key(|(delivery, _)| match delivery.state {
            DeliveryState::Dead => delivery.at.as_millis(),
            // What was told first; the front of a queue is not what was tried last.
            DeliveryState::Waiting | DeliveryState::Delivered => delivery.notice.0,
        });
        let http = http::client(&tls)?;
        let room = Arc::new(Room::new(Means { http, tls, secrets, pace }, keep, clock));
        let post = Self(Arc::new(Owner(Arc::clone(&room))));
        {
            let now = room.clock.now();
            let mut state = room.lock();
            state.lanes = channels.into_iter().map(Lane::new).collect();
            let State { lanes, dead, .. } = &mut *state;
            for (delivery, notice) in earlier {
                let mut letter = Letter::kept(delivery, notice);
                // A clock that was set back meanwhile must not have it wait for hours.
                letter.delivery.next_at = letter.delivery.next_at.map(|at| at.min(now + pace.longest));
                match letter.delivery.state {
                    DeliveryState::Delivered => {}
                    DeliveryState::Dead if letter.delivery.problem.as_deref() == Some(room::CALLED_OFF) => {}
                    DeliveryState::Dead => room.lay(dead, letter),
                    DeliveryState::Waiting => {
                        let lane = lanes.iter_mut().find(|lane| lane.entry.name == letter.delivery.channel);
                        match lane {
                            Some(lane) if lane.entry.enabled => {
                                lane.queue.push_back(letter);
                                room.shorten(lane, dead, now);
                            }
                            Some(_) => room.bury(dead, letter, OFF.into(), now),
                            None => room.bury(dead, letter, GONE.into(), now),
                        }
                    }
                }
            }
            run_lanes(&room, &mut state);
        }
        Ok(post)
    }

    /// Such a notice will be sent, as soon as it is complete. Should the program end before that, the next one sends it as
    /// it was kept last.
    pub fn expect(&self, notice: &Notice) {
        self.room().expect(notice);
    }

    /// What was expected is over before it was complete: nobody is told.
    pub fn call_off(&self, notice: &Notice) {
        self.room().call_off(notice);
    }

    /// Has every channel told that wants to be. Returns at once; deliveries are kept as they go.
    pub fn send(&self, notice: Notice) {
        self.room().accept(notice);
    }

    /// Takes over a changed configuration. What waits for a channel that stays is tried now, by its new settings; what
    /// waits for one that is gone or switched off becomes a dead letter that says so. A channel that was
    /// [renamed](Self::renaming) takes along what waits for it and its dead letters.
    pub fn reconcile(&self, channels: Vec<ChannelEntry>) {
        let room = self.room();
        let mut state = room.lock();
        let mut old = std::mem::take(&mut state.lanes);
        let State { dead, renames, .. } = &mut *state;
        room.rename(renames, &mut old, dead, &channels);
        for entry in channels {
            let place = old.iter().position(|lane| lane.entry.name == entry.name);
            let mut lane = match place {
                Some(place) => old.remove(place),
                None => Lane::new(entry.clone()),
            };
            if *lane.entry != entry {
                lane.entry = Arc::new(entry);
                lane.problem = None;
                lane.hurry();
            }
            if !lane.entry.enabled {
                lane.task = None;
                let letters = std::mem::take(&mut lane.queue);
                bury_all(room, &mut state.dead, letters, OFF);
                lane = lane.switched_off();
            }
            state.lanes.push(lane);
        }
        for mut lane in old {
            lane.task = None;
            bury_all(room, &mut state.dead, lane.queue, GONE);
        }
        run_lanes(room, &mut state);
        room.tell(&state);
    }

    /// A channel's secret was stored or removed: what waits is tried now.
    pub fn secret_changed(&self, channel: &str) {
        if let Some(lane) = self.room().lock().lane(channel) {
            lane.look = None;
            lane.hurry();
        }
    }

    /// Tries everything that waits now: the network is back, or the keychain was unlocked.
    pub fn hurry(&self) {
        self.room().lock().lanes.iter_mut().for_each(Lane::hurry);
    }

    /// How each channel is doing, in the configuration's order.
    #[must_use]
    pub fn health(&self) -> Vec<ChannelHealth> {
        self.room().health()
    }

    /// The channels that fail. Changes when one begins or ceases to, or fails in another way.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<[ChannelTrouble]>> {
        self.room().troubles()
    }

    /// Really sends a test through this channel, past what waits, and waits for what comes of it.
    ///
    /// # Errors
    /// `channel.unknown`, `channel.locked`, `channel.unreachable`, `channel.failed`, `channel.refused` with the channel's
    /// own words, or `channel.slow`.
    pub async fn test(&self, channel: &str) -> Result<Duration, Refusal> {
        let room = self.room();
        let entry = room.lock().lane(channel).map(|lane| Arc::clone(&lane.entry)).ok_or_else(|| unknown(channel))?;
        if let Err(problem) = self.keychain_answers(channel).await {
            return Err(Setback::Locked(problem).refusal(channel));
        }
        let notice = Notice::test(room.clock.now());
        let begun = Instant::now();
        let trying = Box::pin(attempt::deliver(&room.means, &entry, &notice));
        match tokio::time::timeout(room.means.pace.test, trying).await {
            Ok(Ok(())) => {
                room.proved(channel);
                Ok(begun.elapsed())
            }
            Ok(Err(setback)) => Err(setback.refusal(channel)),
            Err(_) => Err(Refusal::new(
                "channel.slow",
                format!("{channel}: no outcome within {} s", room.means.pace.test.as_secs()),
                "Look whether it arrives late; alerts are given more time.",
            )),
        }
    }

    /// The dead letters, newest first.
    #[must_use]
    pub fn dead_letters(&self, limit: usize) -> Vec<(Delivery, Notice)> {
        let state = self.room().lock();
        let newest = state.dead.iter().rev().take(limit);
        newest.map(|letter| (letter.delivery.clone(), Notice::clone(&letter.notice))).collect()
    }

    /// Has a dead letter tried again.
    ///
    /// # Errors
    /// `delivery.unknown` when it is no dead letter, `delivery.desktop` of the desktop; `channel.unknown` when there is no
    /// such channel, `channel.off` when it is switched off.
    pub fn retry(&self, notice: NoticeId, channel: &str) -> Result<(), Refusal> {
        let room = self.room();
        let now = room.clock.now();
        let mut state = room.lock();
        let State { lanes, dead, .. } = &mut *state;
        let place = dead.iter().position(|letter| letter.notice.id == notice && letter.delivery.channel == channel);
        let lane = lanes.iter_mut().find(|lane| lane.entry.name == channel);
        let enabled = lane.as_ref().map(|lane| lane.entry.enabled);
        if let Some(refusal) = retry::refusal(channel, enabled, place.is_some()) {
            return Err(refusal);
        }
        let letter = place.and_then(|place| dead.remove(place));
        let (Some(lane), Some(mut letter)) = (lane, letter) else { return Err(unknown(channel)) };
        letter.rises(now);
        room.note(&letter);
        lane.queue.push_back(letter);
        room.shorten(lane, dead, now);
        lane.bell.notify_one();
        Ok(())
    }

    pub(super) fn room(&self) -> &Arc<Room> {
        &self.0.0
    }
}

const GONE: &str = "the channel was removed while this waited for it";
const OFF: &str = "the channel was switched off while this waited for it";

fn bury_all(room: &Room, dead: &mut VecDeque<Letter>, letters: VecDeque<Letter>, why: &str) {
    let now = room.clock.now();
    for letter in letters {
        room.bury(dead, letter, why.into(), now);
    }
}

fn run_lanes(room: &Arc<Room>, state: &mut State) {
    for lane in state.lanes.iter_mut().filter(|lane| lane.entry.enabled && lane.task.is_none()) {
        lane.task = Some(lane::start(room, &lane.bell));
    }
}

fn unknown(channel: &str) -> Refusal {
    Refusal::new(
        "channel.unknown",
        format!("There is no channel \"{channel}\"."),
        "`beatkeeper alert channels` lists them.",
    )
}
