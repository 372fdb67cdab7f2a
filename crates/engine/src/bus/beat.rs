//! One beat on a bus: the message, the agent's hash, and how long that lives (protocols.md 6).

use std::time::Duration;

use beatkeeper_core::wire::redis_bus::{BeatMessage, hash_fields, lives_for_seconds};
use redis::{Cmd, Pipeline, Value, pipe};

use super::host;
use crate::figures::Figure;
use crate::settings::BusEntry;

/// Writes a beat, unless a newer lease than ours has written already: whoever lost its own and does not know yet changes
/// nothing. Of one key, so that a cluster can do it; what is published within goes wherever it would go otherwise.
const FENCED: &str = r"
local newest = tonumber(redis.call('HGET', KEYS[1], 'fence'))
if newest and newest > tonumber(ARGV[1]) then return 0 end
redis.call('PUBLISH', ARGV[2], ARGV[3])
redis.call('HDEL', KEYS[1], 'stoppedAt')
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1";

/// Writes a goodbye, unless somebody else has written since, or nothing is there any more.
const FENCED_GOODBYE: &str = r"
if tonumber(redis.call('HGET', KEYS[1], 'fence')) ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'status', 'stopped', 'stoppedAt', ARGV[2])
return 1";

/// What a beat says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub(super) interval: Duration,
    /// What kind of agent it is.
    pub(super) kind: &'a str,
    /// What people call it, where that is not its name on the bus.
    pub(super) label: Option<&'a str>,
    pub(super) status: &'a str,
    /// What is known of its process and its work.
    pub(super) known: &'a Figure,
    /// In a team: of the lease that we have.
    pub(super) fence: Option<u64>,
}

/// Makes an agent's beats.
#[derive(Debug)]
pub(super) struct Beats {
    name: String,
    key: String,
    channel: String,
    host: String,
    sequence: u64,
    /// When it began, in Unix milliseconds.
    began: u64,
    /// Whether its hash says so on this connection: a server that was restarted may have forgotten it.
    registered: bool,
    /// What the last one was sent under.
    fence: Option<u64>,
}

impl Beats {
    pub(super) fn of(name: String, bus: &BusEntry) -> Self {
        Self {
            key: format!("{}{name}", bus.prefix),
            name,
            channel: bus.channel.clone(),
            host: host::name(),
            sequence: 0,
            began: now_ms(),
            registered: false,
            fence: None,
        }
    }

    /// The next one, as commands.
    pub(super) fn next(&mut self, said: &Said<'_>) -> serde_json::Result<Pipeline> {
        self.sequence += 1;
        self.fence = said.fence;
        let interval_ms = u64::try_from(said.interval.as_millis()).unwrap_or(u64::MAX);
        let message = BeatMessage {
            agent_id: &self.name,
            agent_type: said.kind,
            timestamp: now_ms(),
            sequence: self.sequence,
            status: said.status,
            metrics: said.known.metrics,
            current_task: said.known.task.as_deref(),
            task_progress: said.known.progress,
            interval_ms,
            fence: said.fence,
            label: said.label,
        };
        let text = serde_json::to_vec(&message)?;
        let mut fields = hash_fields(&message, &self.host, said.known.pid);
        if !self.registered {
            fields.push(("registeredAt", self.began.to_string()));
        }
        let lives_for = lives_for_seconds(interval_ms);
        let mut pipeline = pipe();
        if let Some(fence) = said.fence {
            pipeline.cmd("EVAL").arg(FENCED).arg(1).arg(&self.key);
            pipeline.arg(fence).arg(&self.channel).arg(text).arg(lives_for).arg(fields);
        } else {
            if !self.registered {
                pipeline.cmd("HDEL").arg(&self.key).arg("stoppedAt");
            }
            pipeline.cmd("PUBLISH").arg(&self.channel).arg(text);
            pipeline.cmd("HSET").arg(&self.key).arg(fields);
            pipeline.cmd("EXPIRE").arg(&self.key).arg(lives_for);
        }
        Ok(pipeline)
    }

    /// The last one was answered; tells whether it was written.
    pub(super) fn answered(&mut self, answers: &[Value]) -> bool {
        self.registered = answers != [Value::Int(0)];
        self.registered
    }

    /// What comes next goes over another connection.
    pub(super) const fn connect_anew(&mut self) {
        self.registered = false;
    }

    /// Its hash says that it stopped, as the how-to has it; nothing is published. Nothing if it never beat.
    pub(super) fn goodbye(&self) -> Option<Cmd> {
        let now = now_ms().to_string();
        let goodbye = if let Some(fence) = self.fence {
            let mut script = redis::cmd("EVAL");
            script.arg(FENCED_GOODBYE).arg(1).arg(&self.key).arg(fence).arg(now);
            script
        } else {
            let mut hash = redis::cmd("HSET");
            hash.arg(&self.key).arg(&[("status", "stopped".to_owned()), ("stoppedAt", now)][..]);
            hash
        };
        (self.sequence > 0).then_some(goodbye)
    }
}

fn now_ms() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or_default()
}
