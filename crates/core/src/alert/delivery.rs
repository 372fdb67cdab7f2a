//! What became of a notice on its way to a channel.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::notice::NoticeId;
use crate::time::Time;

/// One notice on its way to one channel. The same `(notice, channel)` written again updates it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Delivery {
    /// Which notice.
    pub notice: NoticeId,
    /// The channel's name; `desktop` for the desktop.
    pub channel: String,
    /// How far it got.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// Why the last try failed, as a sentence.
    pub problem: Option<String>,
    /// When it is tried again, while it waits.
    pub next_at: Option<Time>,
    /// When this changed last.
    pub at: Time,
}

/// How far a delivery got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum DeliveryState {
    /// It is still tried.
    Waiting,
    /// The channel took it.
    Delivered,
    /// It is not tried any more: a dead letter.
    Dead,
}

impl DeliveryState {
    /// The name as it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// From the stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Waiting, Self::Delivered, Self::Dead].into_iter().find(|state| state.as_str() == name)
    }
}
