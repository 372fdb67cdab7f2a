//! What can be asked of a running engine. Every host (window, command line, local socket) sends these and nothing else.

use serde::{Deserialize, Serialize};

use beatkeeper_core::alert::IncidentCursor;
use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_core::doctor::Symptom;
use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_core::notice::{NoticeId, NoticeKind};
use beatkeeper_core::time::Time;

pub use crate::answers::{Added, Demo, EngineStatus, KeyFace, Ordered, Secret};
use crate::export::ExportFormat;
pub use crate::incidents::IncidentView;
pub use crate::project::Proposal;
pub use crate::refusal::{Refusal, Taken};
pub use crate::registry_writes::{Signing, Write, WriteDone, WriteDoneStep, WritePlan, WriteStep};
pub use crate::settings::{AlertRulesView, ChannelEntry, Derived, RunEntry, RungEntry};
pub use crate::setup::{Adopted, Adoption, AgentRunView, BusFace, ProjectPreview};
pub use crate::signing_desk::SignerAudit;
pub use beatkeeper_core::view::{BeatStrip, BeatsBy};
pub use beatkeeper_vault::Occupant;

/// A request, as JSON: `{"command":"fleet_delta","since":0}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Rows that changed since a revision, or everything for 0. Answers a `FleetDelta`.
    FleetDelta {
        /// The revision the asker has.
        since: u64,
    },
    /// Beat strips. Answers a map from id to `BeatStrip`.
    BeatStrips {
        /// Whose.
        ids: Vec<EntityId>,
        /// How far back, at most 24 * 30.
        hours: u32,
    },
    /// An agent's connections, transitions and incidents, newest first.
    AgentHistory {
        /// Whose.
        id: EntityId,
        /// How many of each at most.
        limit: u32,
    },
    /// An agent's history of some time, for other programs. Answers an [`crate::export::Exported`].
    AgentExport {
        /// Whose.
        id: EntityId,
        /// From when.
        from: Time,
        /// Until when.
        to: Time,
        /// How it is written.
        format: ExportFormat,
    },
    /// The public face of the agent's key. Answers a [`KeyFace`].
    AgentKey {
        /// Whose.
        id: EntityId,
    },
    /// Imports a key file. Answers an [`Added`].
    AgentImport {
        /// The file.
        path: std::path::PathBuf,
        /// A configured registry's name, or a base URL.
        registry: String,
        /// What to call it; the file's own hint when missing.
        #[serde(default)]
        name: Option<String>,
        /// Take the file although others can read it.
        #[serde(default)]
        allow_loose: bool,
        /// What it is the key of; an agent when missing. One key can be registered as either.
        #[serde(default)]
        kind: Option<EntityKind>,
        /// The folder of its project; the one that the file is in when missing, if that is one.
        #[serde(default)]
        project: Option<std::path::PathBuf>,
        /// What is stored under its id and may be replaced: a fingerprint, or `damaged-N`. Nothing is when missing.
        #[serde(default)]
        replace: Option<Occupant>,
    },
    /// Generates a key. Answers an [`Added`].
    AgentGenerate {
        /// A configured registry's name, or a base URL.
        registry: String,
        /// What to call it.
        #[serde(default)]
        name: Option<String>,
    },
    /// Derives a key from a developer's. Answers an [`Added`].
    AgentDerive {
        /// The developer's key file.
        developer_path: std::path::PathBuf,
        /// Which of its agents.
        index: u32,
        /// A configured registry's name, or a base URL.
        registry: String,
        /// What to call it.
        #[serde(default)]
        name: Option<String>,
        /// What is stored under its id and may be replaced: a fingerprint, or `damaged-N`. Nothing is when missing.
        #[serde(default)]
        replace: Option<Occupant>,
    },
    /// Adds an agent of a bus, which has a name there and no key. Answers an [`Added`].
    AgentOnBus {
        /// A configured bus's name.
        bus: String,
        /// What it is called there, and here.
        name: String,
        /// Who beats for it.
        #[serde(default)]
        beats: BeatsBy,
        /// Seconds between two beats, 1 to 120; 30 when missing.
        #[serde(default)]
        interval: Option<u32>,
    },
    /// Looks for keys that are on this computer already. Answers a list of [`crate::discover::FoundKey`].
    KeysFind {
        /// Folders of projects, beside the usual places.
        #[serde(default)]
        folders: Vec<std::path::PathBuf>,
    },
    /// Says what these files are. Answers as `keys_find`; what is no key has a `problem`.
    KeysLook {
        /// The files.
        files: Vec<std::path::PathBuf>,
    },
    /// Overwrites and deletes a key file whose key is safely in the vault.
    KeyFileShred {
        /// The file.
        path: std::path::PathBuf,
    },
    /// Removes an agent from the configuration, and its key when asked.
    AgentRemove {
        /// Whose.
        id: EntityId,
        /// Its name, typed by a person.
        confirm_name: String,
        /// Delete its key from the vault, too.
        #[serde(default)]
        delete_key: bool,
    },
    /// What would be asked of the agent's registry, and what would be signed. Signs nothing. Answers a [`WritePlan`].
    WritePropose {
        /// Whose.
        id: EntityId,
        /// What is to be done.
        write: Write,
    },
    /// Does what was shown. Answers a [`WriteDone`].
    WriteCarryOut {
        /// Whose.
        id: EntityId,
        /// What is to be done.
        write: Write,
        /// Which plan a person has seen, by its [`WritePlan::seal`]: another one is refused.
        seal: String,
    },
    /// Pauses or resumes an agent.
    AgentSetPaused {
        /// Whose.
        id: EntityId,
        /// Paused or not.
        paused: bool,
    },
    /// Dials again now.
    AgentRetry {
        /// Whose.
        id: EntityId,
    },
    /// Ends the agent's process and starts it again when that is ours; else closes its link with a goodbye and dials anew.
    AgentRestart {
        /// Whose.
        id: EntityId,
    },
    /// Starts agents, each after those that it depends on. Answers a list of [`Ordered`].
    AgentUp {
        /// Whose; all that can be started here when empty.
        ids: Vec<EntityId>,
    },
    /// Ends agents that were started here, and keeps them so. Answers as `agent_up`.
    AgentDown {
        /// Whose; all that were started here when empty.
        ids: Vec<EntityId>,
    },
    /// How an agent is run. Answers an [`AgentRunView`].
    AgentRun {
        /// Whose.
        id: EntityId,
    },
    /// Changes how an agent is run: all of it. What runs goes on; the next start follows it.
    AgentRunSet {
        /// Whose.
        id: EntityId,
        /// How its process is started and kept; others run it when missing. Refused while one runs that was started here.
        #[serde(default)]
        run: Option<Box<RunEntry>>,
        /// What is tried, in order, when it does not beat.
        recover: Vec<RungEntry>,
        /// Who beats.
        beats: BeatsBy,
        /// Whether we beat only while its process is seen to be well; when missing, if it is started here.
        #[serde(default)]
        truthful: Option<bool>,
    },
    /// How the agents of a folder could be started. Answers a list of [`Proposal`].
    RunPropose {
        /// Which.
        folder: std::path::PathBuf,
    },
    /// What [`ProjectAdopt`](Command::ProjectAdopt) would do, and which programs would run. Changes nothing. Answers a
    /// [`ProjectPreview`], or nothing when the folder has no `beatkeeper.toml`.
    ProjectPreview {
        /// The project's, or that file in it.
        folder: std::path::PathBuf,
    },
    /// Takes in the agents that a project's own `beatkeeper.toml` describes. Answers a list of [`Adopted`].
    ProjectAdopt {
        /// The project's.
        folder: std::path::PathBuf,
        /// Which state of the file a person has seen, by its [`ProjectPreview::seal`]: another one is refused.
        #[serde(default)]
        seen: Option<String>,
    },
    /// Lines of an agent's log: after a place, before one, or the last when neither is given. Answers a page.
    AgentLog {
        /// Whose.
        id: EntityId,
        /// A cursor.
        #[serde(default)]
        after: Option<String>,
        /// A cursor.
        #[serde(default)]
        before: Option<String>,
        /// How many at most.
        limit: u32,
    },
    /// Lines of an agent's log that fit a pattern. Answers a page.
    AgentLogSearch {
        /// Whose.
        id: EntityId,
        /// A regular expression.
        pattern: String,
        /// A cursor; the near end when missing.
        #[serde(default)]
        from: Option<String>,
        /// To older lines.
        back: bool,
        /// How many at most.
        limit: u32,
    },
    /// Writes a mark into an agent's log.
    AgentLogMark {
        /// Whose.
        id: EntityId,
        /// What it says.
        text: String,
    },
    /// Empties an agent's log.
    AgentLogClear {
        /// Whose.
        id: EntityId,
    },
    /// Where in its log an agent was started. Answers a list of places and times.
    AgentLogStarts {
        /// Whose.
        id: EntityId,
    },
    /// What an agent's process cost, as far as it ran here. Answers a list of `UsagePoint`, at most 300, oldest first.
    AgentUsage {
        /// Whose.
        id: EntityId,
        /// From when.
        from: Time,
        /// Until when.
        to: Time,
    },
    /// Holds an agent's recovery, or lets it go on.
    LadderHold {
        /// Whose.
        id: EntityId,
        /// Held or not.
        on: bool,
    },
    /// Passes over the present step of an agent's recovery.
    LadderSkip {
        /// Whose.
        id: EntityId,
    },
    /// What was signed for an agent that does not hold its key, and what was refused. Answers a
    /// [`SignerAudit`](crate::signing_desk::SignerAudit).
    SignerAudit {
        /// Whose.
        id: EntityId,
    },
    /// Holds the agent's notices back for a time; 0 ends it.
    AgentSnooze {
        /// Whose.
        id: EntityId,
        /// Minutes, a week at most; as is usual when missing ([`Silence`](beatkeeper_core::alert::Silence)).
        #[serde(default)]
        minutes: Option<u32>,
    },
    /// Gives an agent these tags, and no others.
    AgentSetTags {
        /// Whose.
        id: EntityId,
        /// 16 at most, each 1 to 32 characters without commas.
        tags: Vec<String>,
    },
    /// Starts a registry inside Beatkeeper with a few agents that show what states look like. Answers a [`Demo`].
    DemoStart,
    /// Ends it: its agents go, with their keys and their history, and the registry.
    DemoEnd,
    /// Says that a person knows of the agent's open incident, until it ends or this time is over; 0 takes it back.
    AgentAcknowledge {
        /// Whose.
        id: EntityId,
        /// Minutes, a week at most; as is usual when missing.
        #[serde(default)]
        minutes: Option<u32>,
    },
    /// Incidents, newest first. Answers a list of [`IncidentView`].
    Incidents {
        /// Whose; everyone's when missing.
        #[serde(default)]
        id: Option<EntityId>,
        /// Only those that go on.
        #[serde(default)]
        open_only: bool,
        /// How many at most.
        limit: u32,
        /// Only those behind this place: an [`IncidentView`]'s `cursor`.
        #[serde(default)]
        before: Option<IncidentCursor>,
    },
    /// What was known when an incident was opened, or nothing. Answers a [`BlackBox`](crate::blackbox::BlackBox).
    BlackBox {
        /// Whose.
        id: EntityId,
        /// Which of its incidents.
        opened_at: Time,
    },
    /// Whose fault it was that agents were down. Answers a [`Downtime`](crate::downtime::Downtime).
    Downtime {
        /// Whose; everyone's when missing.
        #[serde(default)]
        id: Option<EntityId>,
        /// From when.
        from: Time,
        /// Until when; now at the latest.
        to: Time,
    },
    /// The same for other programs. Answers an [`crate::export::Exported`].
    DowntimeExport {
        /// Whose; everyone's when missing.
        #[serde(default)]
        id: Option<EntityId>,
        /// From when.
        from: Time,
        /// Until when; now at the latest.
        to: Time,
        /// How it is written.
        format: ExportFormat,
    },
    /// The rules for everyone. Answers an [`AlertRulesView`].
    AlertRules,
    /// Changes the rules for everyone.
    AlertRulesSet {
        /// All of them.
        rules: AlertRulesView,
    },
    /// The channels that alerts are sent to, the desktop first. Answers a list of
    /// [`ChannelView`](crate::alerts::channels::ChannelView).
    Channels,
    /// Adds or changes a channel.
    ChannelSave {
        /// As the file has it.
        channel: ChannelEntry,
        /// Its secret: what it has is kept when missing, and taken away when empty.
        #[serde(default)]
        secret: Option<Secret>,
        /// What the channel is called that it takes the place of.
        #[serde(default)]
        replace: Option<String>,
    },
    /// Removes a channel, with its secret.
    ChannelRemove {
        /// Its name.
        name: String,
    },
    /// Really sends a test, and answers after how many milliseconds the channel had it.
    ChannelTest {
        /// Its name; `desktop` is the desktop.
        name: String,
    },
    /// What a channel would send. Answers a [`Preview`](crate::alerts::channels::Preview).
    ChannelPreview {
        /// As the file would have it.
        channel: ChannelEntry,
        /// Of which kind of notice.
        kind: NoticeKind,
    },
    /// What is not tried any more, newest first. Answers a list of [`DeadLetter`](crate::channels::DeadLetter).
    DeadLetters {
        /// How many at most.
        limit: u32,
    },
    /// Has what is not tried any more tried again.
    DeliveryRetry {
        /// Which notice.
        notice: NoticeId,
        /// To which channel.
        channel: String,
    },
    /// Has an agent fall silent, and measures what happens.
    DrillStart {
        /// Whose.
        id: EntityId,
    },
    /// Ends the drill that is under way.
    DrillStop,
    /// Drills, newest first. Answers a list of [`DrillView`](crate::incidents::DrillView).
    Drills {
        /// How many at most.
        limit: u32,
    },
    /// Begins a visit of the doctor, in the place of the one before it. Answers a [`DoctorRun`](crate::doctor::DoctorRun).
    DoctorStart {
        /// Whose.
        id: EntityId,
        /// What is seen.
        #[serde(default)]
        symptom: Option<Symptom>,
        /// Hold sockets open for so many seconds, to find out what cuts them; [`Hold::SECONDS`](beatkeeper_core::doctor::Hold::SECONDS) are allowed.
        #[serde(default)]
        hold: Option<u32>,
        /// Be silent for a while, to hear whether somebody else beats.
        #[serde(default)]
        listen: bool,
    },
    /// A visit of the doctor as it stands. Answers a [`DoctorRun`](crate::doctor::DoctorRun).
    DoctorLook {
        /// Whose.
        id: EntityId,
        /// When it began: that one, or a refusal. The last one when missing, or nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        started_at: Option<Time>,
    },
    /// Ends a visit of the doctor.
    DoctorStop {
        /// Whose.
        id: EntityId,
    },
    /// Holds notices back for a time; 0 ends it.
    PauseAlerts {
        /// Minutes, a week at most; as is usual when missing.
        #[serde(default)]
        minutes: Option<u32>,
    },
    /// Each registry's health.
    Registries,
    /// Adds a registry.
    RegistryAdd {
        /// Its name.
        name: String,
        /// Its base URL.
        url: String,
        /// The way to beat there.
        #[serde(default)]
        dialect: DialectChoice,
        /// ArtCafe: whose agents these are.
        #[serde(default)]
        organization: Option<String>,
        /// ArtCafe: where an agent gets its challenge, with `{agent_id}` in it; when missing, below the base.
        #[serde(default)]
        challenge: Option<String>,
    },
    /// Adds a Redis heartbeat bus, once its server answers.
    BusAdd {
        /// Its name, a part of its agents' ids.
        name: String,
        /// Where, with its password if it has one: that goes into the vault, and never into the file.
        url: Secret,
        /// Its password, if the address does not have it.
        #[serde(default)]
        password: Option<Secret>,
        /// Whether agents that nobody configured are shown, too.
        #[serde(default = "yes")]
        watch: bool,
        /// Whether several Beatkeepers share it.
        #[serde(default)]
        team: bool,
        /// Add it although its server does not answer.
        #[serde(default)]
        force: bool,
    },
    /// The configured buses. Answers a list of [`BusFace`].
    BusList,
    /// Removes a bus, with its password; refused while agents are configured there.
    BusRemove {
        /// Its name.
        name: String,
    },
    /// Gives a bus another password, or none; refused unless it answers to that.
    BusPassword {
        /// Its name.
        name: String,
        /// Empty for none.
        password: Secret,
        /// Also when the server does not answer.
        #[serde(default)]
        force: bool,
    },
    /// Asks a bus's server whether it answers.
    BusTest {
        /// Its name.
        name: String,
    },
    /// Waits until the fleet has another revision than the asker, half a minute at most. Answers the revision.
    Revision {
        /// The revision the asker knows of.
        other_than: u64,
    },
    /// Whether all is well with the engine itself. Answers an [`EngineStatus`].
    EngineStatus,
    /// The fleet as `beatkeeper status --json` prints it.
    Status,
    /// Ends the engine.
    Quit,
}

const fn yes() -> bool {
    true
}
