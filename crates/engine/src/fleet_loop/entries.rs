//! What the configuration says of registries and agents, as the fleet takes it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::alert::AlertRules;
use beatkeeper_core::dialect::{Dialect, DialectChoice};
use beatkeeper_core::fleet::{AgentSettings, BusSettings, RegistrySettings};

use crate::bus;
use crate::processes::Plan;
use crate::settings::{AgentEntry, BusEntry, Names, RegistryEntry};

/// Between two beats.
pub(super) fn interval(agent: &AgentEntry) -> Duration {
    Duration::from_secs(agent.interval.into())
}

pub(super) fn registry_settings(entry: &RegistryEntry, known_dialect: Option<Dialect>) -> RegistrySettings {
    RegistrySettings {
        name: entry.name.clone(),
        url: entry.url.to_string(),
        dialect: entry.dialect,
        known_dialect,
        thresholds: entry.thresholds.to_thresholds().into(),
        bus: None,
        demo: entry.demo,
        remote: !entry.url.is_loopback(),
    }
}

pub(super) fn bus_settings(entry: &BusEntry, alerts: Arc<AlertRules>) -> RegistrySettings {
    RegistrySettings {
        name: entry.name.clone(),
        url: entry.url.to_string(),
        dialect: DialectChoice::Redis,
        known_dialect: None,
        thresholds: entry.thresholds(),
        bus: Some(BusSettings { most_seen: if entry.watch { entry.most_seen } else { 0 }, alerts }),
        demo: false,
        remote: bus::is_remote(entry),
    }
}

pub(super) fn agent_settings(
    entry: &AgentEntry,
    alerts: Arc<AlertRules>,
    names: Names<'_>,
    team: Option<&BusEntry>,
) -> AgentSettings {
    let probed = Plan::of(entry, None).is_some_and(|plan| plan.is_probed());
    AgentSettings {
        id: entry.entity.clone(),
        name: entry.name.clone(),
        registry: entry.registry.clone(),
        interval: interval(entry),
        beats_by: entry.beats,
        paused: entry.paused,
        probed: entry.health.is_some() && entry.run.is_none(),
        run: entry.run_policy(names, probed).map(Arc::new),
        truthful: entry.is_truthful(),
        tags: entry.tags.clone(),
        only_seen: false,
        team: team.map(|bus| bus.name.clone()),
        project: entry.project.as_deref().map(project_name),
        alerts,
    }
}

/// Short enough for a table.
fn project_name(folder: &Path) -> String {
    folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned()
}
