//! The subscription of a bus: its channel, and what happens to agents' hashes where the server tells.

use beatkeeper_core::fleet::BusWord;
use beatkeeper_core::time::Time;
use beatkeeper_core::wire::redis_bus;
use redis::aio::{ConnectionLike as _, PubSubSink, PubSubStream};
use redis::{Msg, RedisResult};

use super::read::literally;
use super::server::{Commands, Reached};
use super::team::NEWS;
use crate::settings::BusEntry;

/// What is heard of a bus, and a way to ask whether anybody is there.
pub(super) struct Ears {
    pub(super) stream: PubSubStream,
    pub(super) sink: PubSubSink,
}

/// Subscribes; answers the connection for commands, and the ears.
///
/// # Errors
/// When the server does not let us listen to the channel. What happens to hashes is an addition, and goes without saying.
pub(super) async fn subscribe(reached: Reached, bus: &BusEntry) -> RedisResult<(Commands, Ears)> {
    let Reached { mut commands, mut ears } = reached;
    ears.subscribe(&bus.channel).await?;
    if bus.team {
        ears.subscribe(NEWS).await?;
    }
    if tells_of_expiry(&mut commands).await {
        let pattern = format!("__keyspace@{}__:{}*", commands.get_db(), literally(&bus.prefix));
        if let Err(error) = ears.psubscribe(pattern).await {
            tracing::debug!(bus = bus.name, "what happens to keys cannot be heard: {error}");
        }
    }
    let (sink, stream) = ears.split();
    Ok((commands, Ears { stream, sink }))
}

/// Whether the server tells of keys that expire. Its configuration is read, and never changed; who may not read it is not
/// told of it.
async fn tells_of_expiry(commands: &mut Commands) -> bool {
    let asked =
        redis::cmd("CONFIG").arg("GET").arg("notify-keyspace-events").query_async::<Vec<String>>(commands).await;
    let flags = asked.ok().and_then(|pair| pair.into_iter().nth(1)).unwrap_or_default();
    flags.contains('K') && (flags.contains('x') || flags.contains('A'))
}

/// What a message says; nothing when it is of no concern.
pub(super) fn word(message: &Msg, bus: &BusEntry, wall: Time) -> Option<BusWord> {
    if !message.from_pattern() {
        return Some(match redis_bus::read_message(message.get_payload_bytes(), wall) {
            Ok(heard) => BusWord::Beat(heard),
            Err(why) => BusWord::Unusable(why, 1),
        });
    }
    if !matches!(message.get_payload_bytes(), b"expired" | b"evicted" | b"del") {
        return None;
    }
    let (_, key) = message.get_channel_name().split_once("__:")?;
    Some(BusWord::Gone(key.strip_prefix(&bus.prefix)?.to_owned()))
}
