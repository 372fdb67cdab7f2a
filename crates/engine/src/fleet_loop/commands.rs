//! The commands that concern the fleet.

use std::collections::HashMap;
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::{AgentRow, Speaker};
use serde_json::Value;

use super::FleetLoop;
use crate::command::{Command, EngineStatus};
use crate::refusal::{Refusal, json_of};
use crate::registry::WatchCommand;

impl FleetLoop {
    pub(super) fn command(&mut self, command: &Command) -> Result<Value, Refusal> {
        let now = self.clock.now();
        match command {
            Command::FleetDelta { since } => json_of(&self.fleet.delta_since(*since, now)),
            Command::BeatStrips { ids, hours } => {
                let back = Duration::from_secs(u64::from(*hours) * 3600);
                let strips: HashMap<_, _> =
                    ids.iter().filter_map(|id| Some((id, self.fleet.strip(id, back, now)?))).collect();
                json_of(&strips)
            }
            Command::AgentRetry { id } => {
                self.crew.retry(id);
                self.crew.tell_watcher(id, WatchCommand::Read(id.clone()));
                Ok(Value::Null)
            }
            Command::AgentRestart { id } => self.restart(id).map(|()| Value::Null),
            Command::AgentSnooze { id, minutes } => self.snooze(id, *minutes),
            Command::AgentAcknowledge { id, minutes } => self.acknowledge(id, *minutes),
            Command::PauseAlerts { minutes } => {
                self.pause_alerts(*minutes);
                Ok(Value::Null)
            }
            Command::AgentUp { ids } => self.up(ids),
            Command::AgentDown { ids } => self.down(ids),
            Command::LadderHold { id, on } => self.hold_ladder(id, *on),
            Command::LadderSkip { id } => self.skip_rung(id),
            Command::SignerAudit { id } => self.signed(id),
            Command::DrillStart { id } => self.start_drill(id),
            Command::DrillStop => {
                self.stop_drill();
                Ok(Value::Null)
            }
            Command::Registries => json_of(&self.fleet.registry_health()),
            Command::EngineStatus => json_of(&self.engine_status()),
            Command::Status => Ok(crate::status::status(&self.fleet.delta_since(0, now))),
            Command::Quit => {
                self.outlets.quit.send_replace(true);
                Ok(Value::Null)
            }
            Command::Revision { .. }
            | Command::AgentHistory { .. }
            | Command::AgentExport { .. }
            | Command::Incidents { .. }
            | Command::BlackBox { .. }
            | Command::DoctorStart { .. }
            | Command::DoctorLook { .. }
            | Command::DoctorStop { .. }
            | Command::Downtime { .. }
            | Command::DowntimeExport { .. }
            | Command::Drills { .. }
            | Command::AlertRules
            | Command::AlertRulesSet { .. }
            | Command::Channels
            | Command::ChannelSave { .. }
            | Command::ChannelRemove { .. }
            | Command::ChannelTest { .. }
            | Command::ChannelPreview { .. }
            | Command::DeadLetters { .. }
            | Command::DeliveryRetry { .. }
            | Command::AgentKey { .. }
            | Command::AgentImport { .. }
            | Command::AgentGenerate { .. }
            | Command::AgentDerive { .. }
            | Command::AgentOnBus { .. }
            | Command::AgentRemove { .. }
            | Command::WritePropose { .. }
            | Command::WriteCarryOut { .. }
            | Command::AgentSetPaused { .. }
            | Command::AgentSetTags { .. }
            | Command::AgentRun { .. }
            | Command::AgentRunSet { .. }
            | Command::RunPropose { .. }
            | Command::ProjectAdopt { .. }
            | Command::ProjectPreview { .. }
            | Command::AgentLog { .. }
            | Command::AgentLogSearch { .. }
            | Command::AgentLogMark { .. }
            | Command::AgentLogClear { .. }
            | Command::AgentLogStarts { .. }
            | Command::AgentUsage { .. }
            | Command::DemoStart
            | Command::DemoEnd
            | Command::KeysFind { .. }
            | Command::KeysLook { .. }
            | Command::KeyFileShred { .. }
            | Command::RegistryAdd { .. }
            | Command::BusAdd { .. }
            | Command::BusList
            | Command::BusRemove { .. }
            | Command::BusPassword { .. }
            | Command::BusTest { .. } => Err(Refusal::new(
                "engine.misrouted",
                "The engine does not do this here",
                "This is a defect; please report it.",
            )),
        }
    }

    pub(super) fn known(&self, id: &EntityId) -> Result<AgentRow, Refusal> {
        self.fleet.row(id).ok_or_else(|| {
            Refusal::new("agent.unknown", format!("{id} is not in the configuration"), "See `beatkeeper agent list`.")
        })
    }

    fn restart(&mut self, id: &EntityId) -> Result<(), Refusal> {
        let row = self.known(id)?;
        if row.paused {
            let sentence = format!("{} is paused, so nothing runs that could be restarted", row.name);
            return Err(Refusal::new("agent.paused", sentence, "Resume it."));
        }
        if self.restart_process(&row) {
            return Ok(());
        }
        if row.speaker == Speaker::Agent {
            let sentence = format!("{} beats by itself, and Beatkeeper only watches it", row.name);
            return Err(Refusal::new("agent.not_ours", sentence, "Restart its own program."));
        }
        if let Some(holder) = row.holder.as_ref().filter(|holder| !holder.here) {
            let sentence = format!("{} beats for {}, and Beatkeeper only watches it here", holder.computer, row.name);
            return Err(Refusal::new("agent.elsewhere", sentence, "Restart it there."));
        }
        if self.is_drilled(id) {
            let sentence = format!("{} is silent for a drill", row.name);
            return Err(Refusal::new("drill.running", sentence, "Stop the drill: it beats again then."));
        }
        self.crew.restart(id);
        self.crew.tell_watcher(id, WatchCommand::Read(id.clone()));
        Ok(())
    }

    fn engine_status(&self) -> EngineStatus {
        let dropped = self.writer.dropped();
        let problem = self.writer.problem().or_else(|| {
            (dropped > 0).then(|| format!("{dropped} rows of history were lost: the disk could not keep up"))
        });
        EngineStatus {
            state: "running".into(),
            problem,
            alerts_paused_until: self.fleet.alerts(self.clock.now()).paused_until.map(Time::as_millis),
            config_problem: self.config_problem.as_ref().map(ToString::to_string),
            version: env!("CARGO_PKG_VERSION").into(),
            tray_problem: None,
        }
    }
}
