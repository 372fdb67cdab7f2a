//! Reading agents' hashes: those that are asked for, and all that there are.

use std::collections::BTreeSet;

use beatkeeper_core::fleet::BusWord;
use beatkeeper_core::time::Time;
use beatkeeper_core::wire::redis_bus::{self, Unusable};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::{Pipeline, RedisResult, Value, from_redis_value, pipe};

use super::cluster::Node;
use super::server::Commands;

/// So many are read in one pipeline.
pub(super) const AT_ONCE: usize = 100;
/// A hint to the server, of how many keys it looks at before it answers.
const LOOKED_AT: usize = 1000;
/// What is read of a hash: whoever writes a million other fields into it does not fill our memory.
const FIELDS: [&str; 12] = [
    "lastHeartbeat",
    "registeredAt",
    "sequence",
    "status",
    "type",
    "host",
    "pid",
    "cpuPercent",
    "memoryMB",
    "intervalMs",
    "fence",
    "label",
];

/// Reads the hashes of these agents.
///
/// # Errors
/// When the server does not answer, or does not let us read at all. A key that holds something else is passed over.
pub(super) async fn records(mut commands: Commands, prefix: &str, names: Vec<String>) -> RedisResult<Vec<BusWord>> {
    let answers = match &mut commands {
        Commands::One(one) => {
            let mut pipeline = pipe();
            names.iter().for_each(|name| ask_for(&mut pipeline, prefix, name));
            pipeline.ignore_errors();
            pipeline.query_async::<Vec<Value>>(one).await?
        }
        Commands::Cluster(cluster) => one_by_one(cluster, prefix, &names).await?,
    };
    let wall = Time::from_timestamp(jiff::Timestamp::now());
    let words = names.into_iter().zip(answers.chunks(2));
    Ok(words.filter_map(|(name, answer)| word(name, answer, wall)).collect())
}

/// Each key may be on another server of a cluster.
async fn one_by_one(cluster: &ClusterConnection<Node>, prefix: &str, names: &[String]) -> RedisResult<Vec<Value>> {
    let ask = |name: &String| {
        let (mut cluster, mut pipeline) = (cluster.clone(), pipe());
        ask_for(&mut pipeline, prefix, name);
        pipeline.ignore_errors();
        async move { pipeline.query_async::<Vec<Value>>(&mut cluster).await }
    };
    Ok(futures_util::future::try_join_all(names.iter().map(ask)).await?.concat())
}

fn ask_for(pipeline: &mut Pipeline, prefix: &str, name: &str) {
    let key = format!("{prefix}{name}");
    pipeline.cmd("HMGET").arg(&key).arg(&FIELDS);
    pipeline.cmd("PTTL").arg(&key);
}

fn word(name: String, answer: &[Value], wall: Time) -> Option<BusWord> {
    let [fields, ttl] = answer else { return None };
    let texts: Vec<Option<Vec<u8>>> = from_redis_value(fields.clone()).ok()?;
    let ttl: i64 = from_redis_value(ttl.clone()).ok()?;
    // There is no such key, by the server's own convention.
    if ttl == -2 {
        return Some(BusWord::Gone(name));
    }
    let texts: Vec<Option<String>> =
        texts.into_iter().map(|text| text.and_then(|text| String::from_utf8(text).ok())).collect();
    let known = FIELDS.iter().zip(&texts).filter_map(|(field, text)| Some((*field, text.as_deref()?)));
    Some(match redis_bus::read_hash(&name, known, u64::try_from(ttl).ok(), wall) {
        Ok(heard) => BusWord::Record(heard),
        Err(why) => BusWord::Unusable(why, 1),
    })
}

/// What a walk over all keys found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Agents' names, as many as were wanted at most.
    pub(super) names: BTreeSet<String>,
    /// Keys that cannot be an agent's.
    pub(super) unusable: u64,
}

/// Finds the names of agents that have a hash.
///
/// # Errors
/// When the server does not answer, or does not let us look.
pub(super) async fn names(mut commands: Commands, prefix: &str, most: usize) -> RedisResult<Found> {
    let mut found = Found::default();
    match &mut commands {
        Commands::One(one) => {
            let mut cursor = 0;
            loop {
                let (next, keys) = scan(cursor, prefix).query_async::<(u64, Vec<Vec<u8>>)>(one).await?;
                if found.take(keys, prefix, most) || next == 0 {
                    return Ok(found);
                }
                cursor = next;
            }
        }
        Commands::Cluster(cluster) => {
            for (host, port) in masters(cluster).await? {
                let mut cursor = 0;
                loop {
                    let place = SingleNodeRoutingInfo::ByAddress { host: host.clone(), port };
                    let answer = cluster.route_command(scan(cursor, prefix), RoutingInfo::SingleNode(place)).await?;
                    let (next, keys): (u64, Vec<Vec<u8>>) = from_redis_value(answer)?;
                    if found.take(keys, prefix, most) {
                        return Ok(found);
                    }
                    if next == 0 {
                        break;
                    }
                    cursor = next;
                }
            }
            Ok(found)
        }
    }
}

fn scan(cursor: u64, prefix: &str) -> redis::Cmd {
    let mut scan = redis::cmd("SCAN");
    scan.arg(cursor).arg("MATCH").arg(format!("{}*", literally(prefix))).arg("COUNT").arg(LOOKED_AT);
    scan
}

/// The masters of a cluster, which have all keys between them: `CLUSTER SLOTS` names them first in each range.
async fn masters(cluster: &mut ClusterConnection<Node>) -> RedisResult<BTreeSet<(String, u16)>> {
    let ranges: Vec<Vec<Value>> = redis::cmd("CLUSTER").arg("SLOTS").query_async(cluster).await?;
    let master = |range: &Vec<Value>| {
        let node: Vec<Value> = from_redis_value(range.get(2)?.clone()).ok()?;
        let host: String = from_redis_value(node.first()?.clone()).ok()?;
        Some((host, from_redis_value(node.get(1)?.clone()).ok()?))
    };
    Ok(ranges.iter().filter_map(master).collect())
}

/// A text for a pattern that means nothing but this text.
pub(super) fn literally(text: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']' | '\\' | '^');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

impl Found {
    /// Takes in what a step found; answers whether that is enough.
    fn take(&mut self, keys: Vec<Vec<u8>>, prefix: &str, most: usize) -> bool {
        for key in keys {
            let name = String::from_utf8(key).ok().and_then(|key| Some(key.strip_prefix(prefix)?.to_owned()));
            match name {
                Some(_) if self.names.len() >= most => return true,
                Some(name) => {
                    self.names.insert(name);
                }
                None => self.unusable += 1,
            }
        }
        false
    }
}

/// Why such a key is not used.
pub(super) const NOT_A_NAME: Unusable = Unusable::BadName;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_with_a_star_means_that_star() {
        assert_eq!(literally("a*[b]:"), "a\\*\\[b\\]:");
    }

    #[test]
    fn a_walk_takes_what_there_is_room_for() {
        let keys = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect::<Vec<_>>();
        let mut found = Found::default();
        assert!(!found.take(keys(&["agent:a", "agent:a", "agent:b:c"]), "agent:", 2));
        assert!(!found.take(vec![vec![0xff]], "agent:", 2));
        assert!(found.take(keys(&["agent:d"]), "agent:", 2));
        assert_eq!((found.names.into_iter().collect::<Vec<_>>(), found.unusable), (vec!["a".into(), "b:c".into()], 1));
    }
}
