//! What can be tried again, and why something cannot.

use std::collections::{HashMap, HashSet};

use beatkeeper_core::alert::{Delivery, DeliveryState};
use beatkeeper_core::notice::NoticeId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::post::Post;
use super::room::State;
use crate::fleet_loop::DESKTOP;
use crate::refusal::Refusal;

/// A delivery as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct DeliveryView {
    /// The record.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// Whether it can be tried again on request.
    pub can_retry: bool,
    /// Why a dead letter cannot, as a sentence.
    pub no_retry: Option<String>,
}

/// What can be tried again at one moment.
#[derive(Default)]
pub(crate) struct Retries {
    /// The channels, and whether they are switched on.
    channels: HashMap<String, bool>,
    dead: HashSet<(NoticeId, String)>,
}

impl Retries {
    pub(super) fn of(state: &State) -> Self {
        let dead = state.dead.iter().map(|letter| (letter.notice.id, letter.delivery.channel.clone()));
        let channels = state.lanes.iter().map(|lane| (lane.entry.name.clone(), lane.entry.enabled));
        Self { channels: channels.collect(), dead: dead.collect() }
    }

    /// The delivery with what a person can do about it.
    pub(crate) fn view(&self, delivery: Delivery) -> DeliveryView {
        let refusal = (delivery.state == DeliveryState::Dead).then(|| {
            let is_there = self.dead.contains(&(delivery.notice, delivery.channel.clone()));
            refusal(&delivery.channel, self.channels.get(&delivery.channel).copied(), is_there)
        });
        let can_retry = matches!(refusal, Some(None));
        let no_retry = refusal.flatten().map(|refusal| format!("{}. {}", refusal.sentence, refusal.remedy));
        DeliveryView { delivery, can_retry, no_retry }
    }
}

impl Post {
    /// What can be tried again now.
    pub(crate) fn retries(&self) -> Retries {
        Retries::of(&self.room().lock())
    }
}

/// Why a dead letter cannot be tried again. `enabled` is whether its channel is switched on, when there is one; `is_there`
/// whether the letter is among the newest, which are at hand.
pub(super) fn refusal(channel: &str, enabled: Option<bool>, is_there: bool) -> Option<Refusal> {
    let (code, sentence, remedy) = match enabled {
        _ if channel == DESKTOP => (
            "delivery.desktop",
            "The desktop is told in the moment or not at all".to_owned(),
            "The incident stays in the list.",
        ),
        None => (
            "channel.unknown",
            format!("There is no channel \"{channel}\" any more"),
            "Add one of this name to have it tried again.",
        ),
        Some(false) => (
            "channel.off",
            format!("The channel \"{channel}\" is switched off"),
            "Switch it on to have it tried again.",
        ),
        Some(true) if !is_there => (
            "delivery.unknown",
            format!("This is none of the newest dead letters of the channel \"{channel}\""),
            "List them again: it may be delivered by now, or was over before it was sent.",
        ),
        Some(true) => return None,
    };
    Some(Refusal::new(code, sentence, remedy))
}
