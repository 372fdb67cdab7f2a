//! A channel that gets another name stays what it is: what waits for it and its dead letters go by the new name.
//!
//! In the configuration a renamed channel looks like one that went and another that came. So whoever renames one says so
//! before the file is written, and the next [`Post::reconcile`] that meets the new name takes it for what it is.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::letter::Letter;
use super::post::Post;
use super::room::{Lane, Room};
use crate::settings::ChannelEntry;

/// Names that are about to change.
#[derive(Default)]
pub(super) struct Renames(Vec<(String, String)>);

/// A channel's name is about to change. Unless it is said to stand before this is dropped, nothing came of it.
#[must_use = "dropping it says that nothing came of it"]
pub struct Renaming {
    room: Arc<Room>,
    from: String,
}

impl Post {
    /// A channel is about to be renamed. Until [`Post::reconcile`] meets the new name nothing of it is tried, since its
    /// secret is moved meanwhile: what needs one could be refused for good.
    pub fn renaming(&self, from: &str, to: &str) -> Renaming {
        self.room().lock().renames.0.push((from.to_owned(), to.to_owned()));
        Renaming { room: Arc::clone(self.room()), from: from.to_owned() }
    }

    /// The configuration was read after a channel was renamed; whatever became of that, its letters are tried again.
    pub fn renamed(&self, from: &str) {
        self.room().drop_rename(from);
    }
}

impl Renaming {
    /// It is written.
    pub fn stands(mut self) {
        self.from.clear();
    }
}

impl Drop for Renaming {
    fn drop(&mut self) {
        if !self.from.is_empty() {
            self.room.drop_rename(&self.from);
        }
    }
}

impl Renames {
    /// Whether the channel waits for its new name.
    pub(super) fn concern(&self, channel: &str) -> bool {
        self.0.iter().any(|(from, _)| from == channel)
    }

    /// What a channel is called in this configuration, when it is called otherwise now.
    fn new_name(&self, old: &str, channels: &[ChannelEntry]) -> Option<String> {
        let known = |name: &str| channels.iter().any(|entry| entry.name == name);
        let mut name = old;
        // Also by way of names that it had in between. Each is left once at most.
        for _ in &self.0 {
            if known(name) {
                break;
            }
            name = self.0.iter().find(|(from, _)| from == name).map_or(name, |(_, to)| to);
        }
        (name != old && known(name)).then(|| name.to_owned())
    }
}

impl Room {
    /// Gives the lanes of before the names that their channels have in this configuration.
    pub(super) fn rename(
        &self,
        renames: &mut Renames,
        lanes: &mut [Lane],
        dead: &mut VecDeque<Letter>,
        channels: &[ChannelEntry],
    ) {
        for place in 0..lanes.len() {
            let from = lanes[place].entry.name.clone();
            let Some(to) = renames.new_name(&from, channels) else { continue };
            if lanes.iter().all(|lane| lane.entry.name != to) {
                self.rename_lane(&mut lanes[place], dead, &to);
            }
        }
        // One whose old name is still there was not written yet.
        renames.0.retain(|(from, _)| channels.iter().any(|entry| entry.name == *from));
        for lane in lanes {
            lane.formerly.retain(|name| channels.iter().all(|entry| entry.name != *name));
        }
    }

    fn rename_lane(&self, lane: &mut Lane, dead: &mut VecDeque<Letter>, to: &str) {
        let from = lane.entry.name.clone();
        tracing::info!(from, to, waiting = lane.queue.len(), "a channel was renamed");
        lane.entry = Arc::new(ChannelEntry { name: to.to_owned(), ..ChannelEntry::clone(&lane.entry) });
        let called = |letter: &&mut Letter| letter.delivery.channel == from;
        let own = lane.queue.iter_mut().chain(dead.iter_mut()).filter(called);
        let own: HashSet<_> = own.map(|letter| letter.notice.id).collect();
        // Of one notice there is one letter to one channel: not also what an earlier channel of that name left.
        dead.retain(|letter| letter.delivery.channel != to || !own.contains(&letter.notice.id));
        for letter in lane.queue.iter_mut().chain(dead.iter_mut()).filter(called) {
            to.clone_into(&mut letter.delivery.channel);
        }
        self.keep.rename_channel(&from, to);
        lane.formerly.push(from);
        lane.hurry();
    }

    fn drop_rename(&self, from: &str) {
        let mut state = self.lock();
        state.renames.0.retain(|(old, _)| old != from);
        if let Some(lane) = state.lane(from) {
            lane.bell.notify_one();
        }
    }
}
