//! Whether channels have their secrets: all are asked for at once, and waited for a moment. A keychain may hang.

use std::sync::Arc;

use beatkeeper_vault::ChannelSecret;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::health::ChannelView;
use super::post::Post;
use super::room::{self, Lane, Room};
use super::secrets;
use crate::settings::ChannelKind;

/// What a look for a channel's secret found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// One that cannot be looked for may be there.
    pub(super) has_secret: bool,
    /// Why that cannot be told.
    pub(super) problem: Option<String>,
}

/// A look that is under way, or what it found.
pub(super) type Look = watch::Receiver<Option<Found>>;

impl Found {
    fn silence() -> Self {
        Self { has_secret: true, problem: Some("the keychain did not answer".to_owned()) }
    }
}

impl From<ChannelSecret> for Found {
    fn from(secret: ChannelSecret) -> Self {
        match secret {
            ChannelSecret::Present(_) => Self { has_secret: true, problem: None },
            ChannelSecret::Absent => Self { has_secret: false, problem: None },
            ChannelSecret::Locked(why) | ChannelSecret::Unavailable(why) => {
                Self { has_secret: true, problem: Some(why) }
            }
        }
    }
}

impl Post {
    /// The channels as they are shown, in the configuration's order. Asks the vault once for each that may have a secret.
    pub async fn views(&self) -> Vec<ChannelView> {
        let room = self.room();
        let deadline = Instant::now() + room.means.pace.secret;
        let known: Vec<_> = {
            let mut state = room.lock();
            let room::State { lanes, dead, .. } = &mut *state;
            let known = lanes.iter_mut().map(|lane| {
                let look = begin(room, lane);
                (Arc::clone(&lane.entry), room::health(lane, dead), look)
            });
            known.collect()
        };
        let mut views = Vec::with_capacity(known.len());
        for (entry, health, look) in known {
            views.push(ChannelView::of(&entry, health, end(look, deadline).await));
        }
        views
    }

    /// Whether the keychain answers at all when it is asked for this channel's secret now, and does so in a moment.
    pub(super) async fn keychain_answers(&self, channel: &str) -> Result<(), String> {
        let room = self.room();
        let deadline = Instant::now() + room.means.pace.secret;
        let look = {
            let mut state = room.lock();
            let Some(lane) = state.lane(channel) else { return Ok(()) };
            // What was found before says nothing of now; a look that is under way does.
            if lane.look.as_ref().is_some_and(|look| look.borrow().is_some()) {
                lane.look = None;
            }
            begin(room, lane)
        };
        let found = end(look, deadline).await;
        if found == Found::silence() { Err(found.problem.unwrap_or_default()) } else { Ok(()) }
    }
}

/// Takes what is known, or joins the look that is under way, or begins one.
fn begin(room: &Arc<Room>, lane: &mut Lane) -> Look {
    if let Some(look) = &lane.look
        && is_of_use(look)
    {
        return look.clone();
    }
    let (outlet, look) = watch::channel(None);
    if lane.entry.kind == ChannelKind::Command {
        outlet.send_replace(Some(Found { has_secret: false, problem: None }));
    } else {
        let (secrets, channel) = (Arc::clone(&room.means.secrets), lane.entry.name.clone());
        tokio::spawn(async move {
            let found = secrets::ask(&secrets, &channel).await;
            outlet.send_replace(Some(found.into()));
        });
    }
    lane.look = Some(look.clone());
    look
}

/// One that found nothing out is of no use.
fn is_of_use(look: &Look) -> bool {
    match &*look.borrow() {
        Some(found) => found.problem.is_none(),
        None => look.has_changed().is_ok(),
    }
}

async fn end(mut look: Look, deadline: Instant) -> Found {
    match timeout_at(deadline, look.wait_for(Option::is_some)).await {
        Ok(Ok(found)) => found.clone().unwrap_or_else(Found::silence),
        Ok(Err(_)) | Err(_) => Found::silence(),
    }
}
