//! A team's leases: several Beatkeepers share a bus, and for each agent that more than one of them would beat for, one does.
//!
//! What of an agent is asked, and when, is the lease's to say; here it is carried to the bus and back, for many at once.

mod ask;
mod member;
mod mirror;
mod scripts;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::bus::LeaseTiming;
use beatkeeper_core::fleet::FleetEvent;
use beatkeeper_core::identity::{EntityId, Realm};
use beatkeeper_core::time::Time;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::{mpsc, oneshot, watch};

use super::host;
use super::hub::{Hub, Line};
use crate::clock::{self, Clock};
use crate::figures::Figures;
use crate::leases::Leases;
use crate::settings::BusEntry;
use crate::surroundings::power::Delay;
use ask::{Asked, Asking};
use member::Member;
use mirror::Telling;
use scripts::Me;
pub(crate) use scripts::News;
pub(in crate::bus) use scripts::{NEWS, read_news};

/// How long letting go of everything may take.
const GOODBYE_WITHIN: Duration = Duration::from_millis(1000);
/// A computer that was about to sleep and is still awake after so long did not sleep.
const SLEEP_WITHIN: Duration = Duration::from_secs(60);

/// What a team is told.
#[derive(Debug)]
pub(crate) enum TeamCommand {
    /// This agent is configured here: who has its lease is to be known, and whether we want it.
    Know(EntityId, bool),
    /// No longer.
    Forget(EntityId),
    /// We would beat for it, or would not any more.
    Want(EntityId, bool),
    /// One of our beats for it was confirmed by its registry.
    Confirmed(EntityId, Confirmed),
    /// The computer is about to sleep: everything is handed over while it waits.
    Sleep(Delay),
    /// The computer slept, or did not after all.
    Woke,
    /// Everything is let go of.
    End(oneshot::Sender<()>),
}

/// What the team is told of an agent that beats at a registry.
#[derive(Clone, Debug)]
pub(crate) struct Confirmed {
    pub(crate) name: String,
    pub(crate) interval: Duration,
}

/// What a team needs.
pub(crate) struct TeamSetup {
    pub(crate) bus: BusEntry,
    /// Of this run of this computer.
    pub(crate) holder: String,
    pub(crate) leases: Arc<Leases>,
    pub(crate) figures: Arc<Figures>,
    pub(crate) clock: Arc<Clock>,
    /// Events go here.
    pub(crate) output: mpsc::Sender<FleetEvent>,
}

/// A running team; dropping it ends it, and what it had ends by itself later.
pub(crate) struct Team {
    commands: mpsc::UnboundedSender<TeamCommand>,
    task: tokio::task::JoinHandle<()>,
}

impl Team {
    /// Starts one over a hub that has the other end of `news`.
    pub(crate) fn start(setup: TeamSetup, hub: &Hub, news: mpsc::Receiver<News>) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let task = tokio::spawn(Task::new(setup, hub.line()).run(inbox, news));
        Self { commands, task }
    }

    pub(crate) fn tell(&self, command: TeamCommand) {
        let _ = self.commands.send(command);
    }

    /// Whether its task ended without having been asked to.
    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Lets go of everything, so that others need not wait.
    pub(crate) async fn end(self) {
        let (done, ended) = oneshot::channel();
        self.tell(TeamCommand::End(done));
        let _ = tokio::time::timeout(GOODBYE_WITHIN, ended).await;
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The name of an agent's lease: the same on every computer, whatever they call the bus.
fn lease_name(id: &EntityId, bus: &BusEntry) -> String {
    match id.parts() {
        Some((_, name)) if id.realm() == Realm::Bus => format!("{}{name}", bus.prefix),
        _ => id.to_string(),
    }
}

struct Task {
    setup: TeamSetup,
    me: Me,
    line: watch::Receiver<Line>,
    members: HashMap<EntityId, Member>,
    by_lease: HashMap<String, EntityId>,
    due: BTreeSet<(Time, EntityId)>,
    waiting: VecDeque<Asking>,
    under_way: FuturesUnordered<Asked>,
    /// What the team is being told of beats; it never takes the place of a question.
    telling: FuturesUnordered<Telling>,
    /// Of the last member.
    serial: u64,
    /// Until when everybody rests, since the computer is about to sleep.
    asleep_until: Option<Time>,
    /// What keeps the computer awake until everything is handed over.
    delay: Option<Delay>,
}

impl Task {
    fn new(setup: TeamSetup, line: watch::Receiver<Line>) -> Self {
        let lasts = Duration::from_secs(setup.bus.lease.into());
        Self {
            me: Me { holder: setup.holder.clone(), computer: host::name(), lasts },
            setup,
            line,
            members: HashMap::new(),
            by_lease: HashMap::new(),
            due: BTreeSet::new(),
            waiting: VecDeque::new(),
            under_way: FuturesUnordered::new(),
            telling: FuturesUnordered::new(),
            serial: 0,
            asleep_until: None,
            delay: None,
        }
    }

    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<TeamCommand>, mut news: mpsc::Receiver<News>) {
        loop {
            self.ask();
            if self.waiting.is_empty() && self.under_way.is_empty() && self.telling.is_empty() {
                self.delay = None;
            }
            let due = self.due.first().map(|(due, _)| *due).into_iter().chain(self.asleep_until).min();
            let due = due.map(|due| self.setup.clock.instant(due));
            tokio::select! {
                command = inbox.recv() => match command {
                    Some(TeamCommand::End(done)) => {
                        self.let_go_of_all().await;
                        let _ = done.send(());
                        return;
                    }
                    Some(command) => self.told(command).await,
                    None => return,
                },
                Some(news) = news.recv() => self.learn(news).await,
                Some(answers) = self.under_way.next() => self.came_back(answers).await,
                Some((id, told)) = self.telling.next() => self.mirrored(&id, told),
                Ok(()) = self.line.changed() => self.line_changed().await,
                () = clock::due(due) => self.timeout().await,
            }
        }
    }

    async fn told(&mut self, command: TeamCommand) {
        let now = self.now();
        match command {
            TeamCommand::Know(id, _) if self.members.contains_key(&id) => {}
            TeamCommand::Know(id, wanted) => {
                let name = lease_name(&id, &self.setup.bus);
                self.by_lease.insert(name.clone(), id.clone());
                self.serial += 1;
                let member = Member::new(self.serial, name, LeaseTiming { lasts: self.me.lasts }, now);
                self.members.insert(id.clone(), member);
                if wanted {
                    let awake = self.asleep_until.is_none();
                    self.with(&id, |member, now| {
                        member.want(true, now);
                        if !awake {
                            member.rest(now);
                        }
                    })
                    .await;
                } else {
                    self.settle(&id).await;
                }
            }
            TeamCommand::Forget(id) => {
                self.say_goodbye(&id);
                self.with(&id, |member, now| member.want(false, now)).await;
                if let Some(member) = self.members.remove(&id) {
                    self.due.retain(|(_, other)| *other != id);
                    self.setup.leases.free(&id);
                    self.by_lease.remove(&member.lease_name);
                }
            }
            TeamCommand::Want(id, wanted) => {
                let awake = self.asleep_until.is_none();
                if !wanted {
                    self.say_goodbye(&id);
                }
                self.with(&id, |member, now| {
                    member.want(wanted, now);
                    if !awake {
                        member.rest(now);
                    }
                })
                .await;
            }
            TeamCommand::Confirmed(id, confirmed) => self.mirror(&id, &confirmed),
            TeamCommand::Sleep(delay) => {
                self.delay = Some(delay);
                self.asleep_until = Some(now + SLEEP_WITHIN);
                for id in self.members.keys().cloned().collect::<Vec<_>>() {
                    self.say_goodbye(&id);
                }
                self.with_all(Member::rest).await;
            }
            TeamCommand::Woke => self.wake().await,
            TeamCommand::End(_) => {}
        }
    }

    /// The bus told of a change of hands.
    async fn learn(&mut self, news: News) {
        if news.by != self.me.holder
            && let Some(id) = self.by_lease.get(&news.name).cloned()
        {
            self.with(&id, |member, now| member.went_to(news.holder, now)).await;
        }
    }

    async fn wake(&mut self) {
        self.asleep_until = None;
        self.delay = None;
        self.with_all(Member::woke).await;
    }

    async fn line_changed(&mut self) {
        let is_up = matches!(*self.line.borrow_and_update(), Line::Up(..));
        if is_up {
            self.with_all(Member::connected).await;
        }
    }

    async fn timeout(&mut self) {
        let now = self.now();
        if self.asleep_until.is_some_and(|until| until <= now) {
            self.wake().await;
        }
        let due: Vec<EntityId> = self.due.iter().take_while(|(due, _)| *due <= now).map(|(_, id)| id.clone()).collect();
        for id in due {
            self.settle(&id).await;
        }
    }

    async fn with_all(&mut self, act: impl Fn(&mut Member, Time)) {
        let ids: Vec<EntityId> = self.members.keys().cloned().collect();
        for id in ids {
            self.with(&id, &act).await;
        }
    }

    async fn with(&mut self, id: &EntityId, act: impl FnOnce(&mut Member, Time)) {
        let now = self.now();
        if let Some(member) = self.members.get_mut(id) {
            act(member, now);
            self.settle(id).await;
        }
    }

    /// Draws the consequences of whatever changed: questions, the next deadline, and what links and the fleet know.
    async fn settle(&mut self, id: &EntityId) {
        let now = self.now();
        let Some(member) = self.members.get_mut(id) else { return };
        for question in member.questions(self.me.lasts / 3, now) {
            self.waiting.push_back(member.asking(id, question));
        }
        let next = member.due();
        if let Some(before) = std::mem::replace(&mut member.scheduled, next) {
            self.due.remove(&(before, id.clone()));
        }
        if let Some(next) = next {
            self.due.insert((next, id.clone()));
        }
        self.setup.leases.set(id, member.held());
        let stand = member.stand(&self.me.computer, now);
        if member.told.as_ref() != Some(&stand) {
            member.told = Some(stand.clone());
            tracing::debug!(%id, ?stand, "lease");
            // The fleet is gone only when the engine ends.
            let _ = self.setup.output.send(FleetEvent::Lease(id.clone(), stand)).await;
        }
    }

    fn now(&self) -> Time {
        self.setup.clock.now()
    }
}
