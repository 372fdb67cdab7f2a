//! What agents that are new here bring along from earlier runs.

use std::collections::HashMap;
use std::time::Duration;

use beatkeeper_core::alert::Incident;
use beatkeeper_core::fleet::{Past, STRIP};
use beatkeeper_core::history::Connection;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_store::{Reader, StoreError};

/// The longest time within which changes are called flapping.
const CHANGES: Duration = Duration::from_secs(24 * 3600);

/// Reads them.
pub(super) fn read_pasts(reader: &Reader, ids: &[EntityId], now: Time) -> Result<HashMap<EntityId, Past>, StoreError> {
    let from = now - STRIP;
    let mut strips = reader.strips(ids, from, now)?;
    let mut memories: HashMap<EntityId, _> =
        reader.memories()?.into_iter().map(|memory| (memory.agent.clone(), memory)).collect();
    let mut incidents: HashMap<EntityId, Incident> =
        reader.open_incidents()?.into_iter().rev().map(|incident| (incident.agent.clone(), incident)).collect();
    let snoozes = reader.snoozes()?;
    let mut usage = reader.open_usage(now)?;
    let mut pasts = HashMap::with_capacity(ids.len());
    for id in ids {
        let past = Past {
            memory: memories.remove(id),
            strip: strips.remove(id).unwrap_or_default(),
            reconnected: reconnected(&reader.connections(id, 500, None)?, from),
            incident: incidents.remove(id),
            snoozed_until: snoozes.get(id).copied(),
            turns: reader.turns(id, now - CHANGES)?,
            usage: usage.remove(id),
        };
        pasts.insert(id.clone(), past);
    }
    Ok(pasts)
}

/// When lost connections were replaced, oldest first, from a list that begins with the newest.
fn reconnected(newest_first: &[Connection], from: Time) -> Vec<Time> {
    let lost = |connection: &Connection| {
        connection.close_code.is_some_and(|code| code != 1000)
            && connection.cause.as_deref() != Some(beatkeeper_store::APP_ENDED)
    };
    let replaced = newest_first.windows(2).filter(|pair| lost(&pair[1])).filter_map(|pair| pair[0].opened_at);
    let mut times: Vec<Time> = replaced.filter(|opened| *opened >= from).collect();
    times.sort_unstable();
    times
}
