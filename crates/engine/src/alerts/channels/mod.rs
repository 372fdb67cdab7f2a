//! Channels beside the desktop: webhooks, Slack, Discord, ntfy, mail, a program of the user's.
//!
//! [`Post`] takes a notice and returns at once. Every channel that wants it has a lane of its own: a queue, and one task
//! that tries the oldest of it until the channel took it. So a slow channel delays no other, and what happened first is
//! told first. Each step of a [`Delivery`](beatkeeper_core::alert::Delivery) is kept, so that a notice is delivered at
//! least once over crashes, and is never lost without a word: what is not tried any more is a dead letter with its
//! reason, which a person can have tried again.
//!
//! What is shared is one small state behind a lock that is held for moments and never while something is awaited: a
//! notice is in the queue, and on its way to the history, before [`Post::send`] returns.

mod attempt;
mod command;
mod discord;
mod email;
mod environment;
mod health;
mod http;
mod keep;
mod lane;
mod letter;
mod look;
mod means;
mod message;
mod ntfy;
mod pace;
mod payload;
mod post;
mod preview;
mod redact;
mod rename;
mod retry;
mod room;
mod secrets;
mod setback;
mod slack;
mod webhook;

pub use health::{ChannelHealth, ChannelTrouble, ChannelView};
pub use keep::Keep;
pub use pace::Pace;
pub use post::{Post, Setup};
pub use preview::{Preview, preview};
pub use rename::Renaming;
pub use retry::DeliveryView;
pub use secrets::Secrets;
