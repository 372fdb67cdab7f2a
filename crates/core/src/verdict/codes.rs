//! Every code that a verdict can have.

use self::Subject as About;
use crate::alert::Fault;
use crate::alert::Fault::{Clock, Key, Link, NotRunning, OwnNetwork, Process, Registry, Unknown};

/// What a verdict is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All is well.
    Well,
    /// Nobody expects it to beat.
    Rest,
    /// The beats themselves: whether they count, and whose they are.
    Beats,
    /// The registry, and what it holds of the agent.
    Registry,
    /// The connection.
    Link,
    /// The key.
    Key,
    /// Clocks.
    Clock,
    /// Its process, and an agent that beats by itself.
    Process,
    /// Teams.
    Team,
}

impl Subject {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Well,
        Self::Rest,
        Self::Beats,
        Self::Registry,
        Self::Link,
        Self::Key,
        Self::Clock,
        Self::Process,
        Self::Team,
    ];
}

/// A code, and what holds for every verdict that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownVerdict {
    /// Stable, for machines. Never given another meaning.
    pub code: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// Whose fault it is when beats are missing meanwhile.
    pub fault: Fault,
    /// When it is given.
    pub given: &'static str,
}

/// What is known of a code; nothing of one that is no verdict's.
#[must_use]
pub fn known(code: &str) -> Option<&'static KnownVerdict> {
    VERDICTS.iter().find(|known| known.code == code)
}

const fn it(code: &'static str, subject: Subject, fault: Fault, given: &'static str) -> KnownVerdict {
    KnownVerdict { code, subject, fault, given }
}

/// Every verdict that there is. `docs/verdicts.md` shows them with their sentences and remedies.
pub const VERDICTS: &[KnownVerdict] = &[
    it("ok", About::Well, Unknown, "We beat, and the registry was seen to take the last beat."),
    it("ok.watched", About::Well, Unknown, "It beats by itself, and the registry was seen to take the last beat."),
    it("ok.team", About::Well, Unknown, "Another computer of the team beats for it, and the registry takes the beats."),
    it("paused", About::Rest, NotRunning, "A person paused it."),
    it("drill", About::Rest, NotRunning, "A fire drill is under way."),
    it("listening", About::Rest, NotRunning, "The doctor listens, at a person's request, whether somebody else beats."),
    it("process.stopped", About::Rest, NotRunning, "Its process is started here, and nobody asked it to run."),
    it("process.done", About::Rest, NotRunning, "Its process ended by itself with an exit code that means success."),
    it("bus.stopped", About::Rest, NotRunning, "It said goodbye on its bus."),
    it("network.down", About::Rest, OwnNetwork, "This computer has no network, and the registry is on another one."),
    it("beats.waiting", About::Beats, Unknown, "Our socket is open, and no beat was confirmed on it yet."),
    it(
        "beats.unconfirmed",
        About::Beats,
        Unknown,
        "Our socket is open and was good; no beat was confirmed for three intervals, and the record was not read since.",
    ),
    it(
        "beats.ignored",
        About::Beats,
        Registry,
        "Two beats in a row did not move the record, and neither clock nor key explains that, nor their form.",
    ),
    it(
        "beats.held",
        About::Beats,
        Process,
        "Beats are true only while its process is well, and it is not, or not yet.",
    ),
    it(
        "beats.second_copy",
        About::Beats,
        Process,
        "Beside ours, at least three beats of somebody else within five minutes, the last within two of their intervals; or an \
         agent that beats by itself does so twice as often as its interval allows.",
    ),
    it(
        "beats.foreign",
        About::Beats,
        Process,
        "As `beats.second_copy`, while nobody here beats because it is paused, stopped, held back, listening or in a drill. \
         Where that has a cause that is bad by itself, the cause is the verdict, and its sentence says so.",
    ),
    it("beats.signature_invalid", About::Beats, Key, "The other side says that a beat's signature is not the key's."),
    it("beats.timestamp_refused", About::Beats, Clock, "The other side says that a beat's time is too far off."),
    it("beats.unknown_agent", About::Beats, Registry, "The other side says that it does not know the agent."),
    it("beats.malformed", About::Beats, Registry, "The other side says that it cannot read a beat."),
    it("beats.refused", About::Beats, Registry, "The other side refuses a beat in other words."),
    it("dialect.trying", About::Beats, Registry, "Beats do not move the record, so another form of beat is tried."),
    it(
        "artcafe.ignores_heartbeats",
        About::Beats,
        Registry,
        "A server that should acknowledge beats has never acknowledged one.",
    ),
    it("registry.waiting", About::Registry, Unknown, "Nothing was heard of the agent yet."),
    it(
        "registry.not_registered",
        About::Registry,
        Registry,
        "The registry answers 404 for it, and was never seen to know it since Beatkeeper began.",
    ),
    it("registry.deleted", About::Registry, Registry, "The registry was seen to know it, and answers 404 now."),
    it(
        "registry.gossip_copy",
        About::Registry,
        Registry,
        "The record has no heartbeat, key or time of registration: the registry heard of the agent from another one.",
    ),
    it("registry.tombstoned", About::Registry, Registry, "The record is such a copy, and its home deleted the agent."),
    it(
        "registry.resume_unannounced",
        About::Registry,
        Registry,
        "The registry called it inactive, its beats count again on the connection that was open all the while, and no \
         announcement was heard.",
    ),
    it(
        "registry.sweep_late",
        About::Registry,
        Process,
        "It is stale or offline, nothing tells why, and its record says active although by the registry's own clock the sweep \
         should be over (threshold and sweep of its profile: 360 s). Where something does tell why, that is the verdict, and \
         its sentence says so.",
    ),
    it(
        "registry.unreadable",
        About::Registry,
        Registry,
        "The registry answers, and its record cannot be read, while our socket is open or it beats by itself.",
    ),
    it(
        "registry.unreachable",
        About::Registry,
        Unknown,
        "The registry does not answer when its record is asked for, while our socket is open or it beats by itself.",
    ),
    it("link.idle", About::Link, Unknown, "No connection was asked for yet."),
    it("link.connecting", About::Link, Unknown, "The first dial is under way."),
    it("link.dns", About::Link, Link, "The registry's name does not resolve."),
    it("link.refused", About::Link, Registry, "Nobody listens at the registry's address and port."),
    it("link.unreachable", About::Link, Link, "There is no route to the registry."),
    it("link.timeout", About::Link, Link, "A dial was not answered in time."),
    it("link.broken", About::Link, Link, "The connection dropped without a close frame (1006)."),
    it("link.closed", About::Link, Registry, "The registry closed the connection."),
    it("link.half_open", About::Link, Link, "Pings went unanswered on a socket that looks open."),
    it("link.unacknowledged", About::Link, Link, "Beats went unacknowledged where they were acknowledged before."),
    it("link.server_error", About::Link, Registry, "The registry answers a dial with 5xx."),
    it("link.rate_limited", About::Link, Registry, "The registry answers a dial with 429."),
    it("proxy.unreachable", About::Link, Link, "The proxy on the way to the registry does not answer."),
    it("proxy.login", About::Link, Link, "The proxy on the way to the registry wants a login."),
    it("proxy.refused", About::Link, Link, "The proxy on the way to the registry opens no tunnel to it."),
    it("link.tls", About::Link, Link, "The TLS handshake failed for another reason than the certificate."),
    it("link.protocol", About::Link, Link, "The answer to a dial is no WebSocket's."),
    it("link.upgrade_stripped", About::Link, Link, "The answer to a dial is 400: a proxy strips the upgrade."),
    it("link.redirected", About::Link, Link, "The answer to a dial is a redirect."),
    it("link.forbidden", About::Link, Link, "The answer to a dial is 401 or 403."),
    it("link.rejected", About::Link, Link, "The server turns the agent away by its policy (1008)."),
    it(
        "link.unexpected_status",
        About::Link,
        Link,
        "The answer to a dial has another status with which no try succeeds.",
    ),
    it("link.certificate", About::Link, Link, "The registry's certificate is not trusted."),
    it("link.plain_not_allowed", About::Link, Link, "The registry's URL is not encrypted, and is another computer's."),
    it(
        "link.flapping",
        About::Link,
        Link,
        "Our beats are confirmed, and the connection was lost and opened again three times within five minutes.",
    ),
    it("bus.no_master", About::Link, Link, "The Sentinels of a bus know of no master."),
    it("key.locked", About::Key, Key, "The keychain is locked."),
    it("key.missing", About::Key, Key, "The keychain has no key of the agent."),
    it("key.unavailable", About::Key, Key, "The keychain does not answer."),
    it("key.of_another", About::Key, Key, "The keychain has another key in the agent's place."),
    it("key.mismatch", About::Key, Key, "The record holds another key than the one that the id was made of."),
    it(
        "clock.own",
        About::Clock,
        Clock,
        "Beats do not move the record, and our clock is 58 s or more from the registry's.",
    ),
    it(
        "clock.process",
        About::Clock,
        Clock,
        "It beats by itself and is silent, and its process's clock is 58 s or more from the registry's.",
    ),
    it("process.starting", About::Process, Process, "Its process is being started here, and is not ready yet."),
    it("process.stopping", About::Process, Process, "Its process was asked to end, and has not yet."),
    it("process.waiting", About::Process, Process, "Its process ended by itself, and is started again in a moment."),
    it("process.exited", About::Process, Process, "Its process ended badly, and its policy leaves it so."),
    it("process.gave_up", About::Process, Process, "Its process ended too often, or cannot be started."),
    it(
        "process.restarting",
        About::Process,
        Process,
        "A restart loop: within five minutes its process ended three times within 30 s of its start; or, started elsewhere, \
         nobody listened at its health address before it answered there again, three times; or, where nobody sees its \
         process, the registry saw it connect anew three times within two intervals of the time before, and 45 s.",
    ),
    it("process.not_running", About::Process, Process, "It is silent, and its health address does not answer."),
    it("process.unhealthy", About::Process, Process, "Its health address says that it is not well."),
    it("process.gone", About::Process, Process, "Its beats are confirmed, and its health address does not answer."),
    it("process.wrong_agent", About::Process, Process, "Another agent answers at its health address."),
    it("agent.never_beat", About::Process, Process, "It is registered, and was never seen to beat."),
    it("agent.silent", About::Process, Process, "It beat by itself and stopped, and nothing tells why."),
    it(
        "agent.flapping",
        About::Process,
        Process,
        "It beats by itself, and was seen to connect anew three times within five minutes.",
    ),
    it("team.asking", About::Team, Unknown, "The team's bus was not asked yet who beats for it."),
    it("team.unsettled", About::Team, Link, "The team's bus does not say who beats for it."),
    it("team.waiting", About::Team, Unknown, "Another computer has its lease, and no beat of it was confirmed yet."),
    it("team.silent", About::Team, Process, "Another computer has its lease, and no beat of it is confirmed any more."),
];
