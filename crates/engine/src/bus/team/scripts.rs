//! What a team's leases are on Redis: a hash for each that ends by itself, and a number that only grows.
//!
//! Each script touches the two keys of one lease, which a cluster keeps together since their names share a tag.

use std::time::Duration;

use beatkeeper_core::bus::Asked;
use beatkeeper_core::time::Time;
use beatkeeper_core::wire::redis_bus::{LONGEST_MESSAGE, cut, is_a_fence};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use redis::{Cmd, RedisResult, Value, from_redis_value};
use serde::Deserialize;

/// Where changes of hands are told.
pub(in crate::bus) const NEWS: &str = "beatkeeper:leases";
/// What would end a tag before its end.
const NOT_IN_A_TAG: &AsciiSet = &CONTROLS.add(b'{').add(b'}').add(b'%');
/// The last number of a lease is remembered for so long, in seconds.
const REMEMBERED: u64 = 30 * 24 * 3600;

/// Who has it, for an answer: ours or not, its number, the computer, since when.
const TELL: &str = r"
local holder = redis.call('HGET', KEYS[1], 'holder')
local last = tonumber(redis.call('HGET', KEYS[2], 'fence'))
local info = redis.pcall('INFO', 'server')
info = type(info) == 'string' and info or ''
local run = string.match(info, 'run_id:(%x+)') or ''
local function tell(granted)
  local lease = redis.call('HMGET', KEYS[1], 'fence', 'computer', 'since')
  return { granted, tonumber(lease[1]) or 0, lease[2] or '', tonumber(lease[3]) or 0 }
end
local function give(fence, since)
  redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'computer', ARGV[2], 'fence', fence, 'since', since)
  redis.call('HSET', KEYS[2], 'fence', fence, 'run', run)
  redis.call('EXPIRE', KEYS[2], ARGV[5])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('PUBLISH', ARGV[6], cjson.encode({
    name = ARGV[4], holder = ARGV[1], computer = ARGV[2], fence = string.format('%.0f', fence), since = string.format('%.0f', since)
  }))
end
";

/// The number is a time of the server, or one more than the last: it grows also when the server lost all that it knew. A server
/// that was restarted since it gave the last one may have forgotten who beats, so it gives nothing before that would be over,
/// and nothing at all where nobody may ask when it was started.
/// Who asks again gets another number, so that nothing of before the question counts.
const ACQUIRE: &str = r"
if holder and holder ~= ARGV[1] then return tell(0) end
if run == '' then return redis.error_reply('NOPERM a team needs run_id and uptime_in_seconds of INFO (docs/dialects.md)') end
if not holder and not (last and redis.call('HGET', KEYS[2], 'run') == run) then
  local up = tonumber(string.match(info, 'uptime_in_seconds:(%d+)'))
  if not up or up * 1000 <= tonumber(ARGV[3]) then return { 0, 0, '', 0 } end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
give(math.max(now, (last or 0) + 1), now)
return tell(1)";

/// A lease that the server forgot is still ours while nobody had it after us.
const RENEW: &str = r"
local fence = tonumber(ARGV[7])
if holder == ARGV[1] and tonumber(redis.call('HGET', KEYS[1], 'fence')) == fence then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('HSET', KEYS[2], 'fence', fence, 'run', run)
  redis.call('EXPIRE', KEYS[2], ARGV[5])
  return tell(1)
end
if not holder and (not last or last <= fence) then
  local time = redis.call('TIME')
  give(fence, time[1] * 1000 + math.floor(time[2] / 1000))
  return tell(1)
end
return tell(0)";

const RELEASE: &str = r"
local fence = tonumber(ARGV[7])
if holder == ARGV[1] and (fence == 0 or tonumber(redis.call('HGET', KEYS[1], 'fence')) == fence) then
  redis.call('DEL', KEYS[1])
  redis.call('PUBLISH', ARGV[6], cjson.encode({ name = ARGV[4], holder = ARGV[1] }))
end
return tell(0)";

const LOOK: &str = "return tell(holder == ARGV[1] and 1 or 0)";

/// What the bus is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Acquire {
        asked: Asked,
    },
    Renew {
        fence: u64,
        asked: Asked,
    },
    /// This one, or whatever we have.
    Release {
        fence: Option<u64>,
    },
    Look,
}

/// One of the team.
#[derive(Clone, Debug)]
pub(super) struct Me {
    /// Of this run alone: a copied folder is not this computer.
    pub(super) holder: String,
    pub(super) computer: String,
    pub(super) lasts: Duration,
}

impl Me {
    pub(super) fn ask(&self, name: &str, question: Question) -> Cmd {
        let (script, fence) = match question {
            Question::Acquire { .. } => (ACQUIRE, 0),
            Question::Renew { fence, .. } => (RENEW, fence),
            Question::Release { fence } => (RELEASE, fence.unwrap_or(0)),
            Question::Look => (LOOK, 0),
        };
        let tag = utf8_percent_encode(name, NOT_IN_A_TAG);
        let mut command = redis::cmd("EVAL");
        command.arg(format!("{TELL}{script}")).arg(2);
        command.arg(format!("beatkeeper:lease:{{{tag}}}")).arg(format!("beatkeeper:fence:{{{tag}}}"));
        command.arg(&self.holder).arg(&self.computer).arg(u64::try_from(self.lasts.as_millis()).unwrap_or(u64::MAX));
        command.arg(name).arg(REMEMBERED).arg(NEWS).arg(fence);
        command
    }
}

/// Who has a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) computer: String,
    pub(super) fence: u64,
    pub(super) since: Time,
}

/// What the bus answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Whether it is ours.
    pub(super) granted: bool,
    /// Whose it is.
    pub(super) holder: Option<Holder>,
}

/// Reads an answer.
///
/// # Errors
/// When it has another form.
pub(super) fn read(answer: Value) -> RedisResult<Answer> {
    let (granted, fence, computer, since): (u8, u64, String, u64) = from_redis_value(answer)?;
    let holder = (fence > 0).then(|| Holder { computer: shown(&computer), fence, since: Time::from_millis(since) });
    Ok(Answer { granted: granted == 1, holder })
}

/// What somebody else calls their computer.
fn shown(computer: &str) -> String {
    cut(computer).unwrap_or_default()
}

/// A change of hands, as the bus tells everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(super) name: String,
    pub(super) by: String,
    /// Nobody, when it was let go of.
    pub(super) holder: Option<Holder>,
}

/// Reads one; anybody may write there, so what is wrong is passed over: it would be learned a little later anyway.
pub(in crate::bus) fn read_news(payload: &[u8], wall: Time) -> Option<News> {
    #[derive(Deserialize)]
    struct Told {
        name: String,
        holder: String,
        computer: Option<String>,
        fence: Option<String>,
        since: Option<String>,
    }
    let told: Told = serde_json::from_slice(payload).ok().filter(|_| payload.len() <= LONGEST_MESSAGE)?;
    let holder = match (told.computer, told.fence, told.since) {
        (Some(computer), Some(fence), Some(since)) => {
            let fence = fence.parse().ok().filter(|fence| is_a_fence(*fence, wall))?;
            Some(Holder { computer: shown(&computer), fence, since: Time::from_millis(since.parse().ok()?) })
        }
        _ => None,
    };
    Some(News { name: told.name, by: told.holder, holder })
}
