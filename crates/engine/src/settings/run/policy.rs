//! What the file says, as core takes it.

use std::time::Duration;

use beatkeeper_core::supervise::RunPolicy;

use super::super::file::AgentEntry;
use super::{KeyUse, Names, ProbeEntry, RunEntry, StartWhen};

impl AgentEntry {
    /// How its process is kept; nothing when it is not ours. `ready_is_probed`: whether a probe tells when it is ready.
    ///
    /// Of those that it depends on, who is not there is left out: [`start_order`](super::start_order) refuses the start.
    #[must_use]
    pub fn run_policy(&self, names: Names<'_>, ready_is_probed: bool) -> Option<RunPolicy> {
        if self.run.is_none() && self.recover.is_empty() {
            return None;
        }
        let usual = RunEntry::default();
        let run = self.run.as_ref().unwrap_or(&usual);
        let ready = run.ready.clone().unwrap_or_default();
        let found = run.depends_on.iter().filter_map(|name| names.find(name).ok());
        Some(RunPolicy {
            own_command: self.run.is_some(),
            starts_with_app: self.run.is_some() && run.start == StartWhen::WithApp,
            signer: self.run.is_some() && self.key_use() == KeyUse::Signer,
            restart: run.restart,
            max_restarts: run.max_restarts,
            success: run.success_codes.clone(),
            stop_grace: Duration::from_secs(run.stop_grace.into()),
            ready_is_probed,
            ready_within: ready.start_within(),
            failures: run.live.as_ref().map_or_else(|| ProbeEntry::default().failures, |live| live.failures),
            depends_on: found.map(|agent| agent.entity.clone()).collect(),
            rungs: self.recover.iter().map(|rung| rung.rung(self.interval)).collect(),
        })
    }

    /// Whether we beat only while its process is seen to be well: as the file says, else when it is started here.
    #[must_use]
    pub fn is_truthful(&self) -> bool {
        self.truthful.unwrap_or(self.run.is_some())
    }
}
