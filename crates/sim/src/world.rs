//! The world as it really is: who lives, what is up, what time it is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What ails an agent for which the app beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ill {
    /// The registry answers 503 to its dials.
    Refused,
    /// Its socket stays open, and its beats are dropped in silence.
    Ignored,
}

/// One agent, really.
#[derive(Clone, Debug)]
pub struct Life {
    /// Whether its own program runs, when it beats itself.
    pub alive: bool,
    /// What ails its link, when the app beats for it.
    pub ill: Option<Ill>,
    /// Tells the beats of one life from those of the one before.
    pub generation: u32,
    /// Changes of a bout that are still to come.
    pub bout: u32,
    /// The next accepted beat is the first of its connection.
    pub fresh: bool,
    /// The newest beat that the registry accepted.
    pub beat: Option<Beat>,
}

/// An accepted beat.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    /// Counts the agent's accepted beats.
    pub number: u64,
    /// The true time.
    pub at: u64,
    /// When the app sent it, on its timeline, and in which run of the app.
    pub sent: Option<(u64, u32)>,
}

/// How the network fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// There is no default route.
    Route,
    /// There is one, and nothing answers beyond it.
    Upstream,
}

/// A registry, really.
#[derive(Clone, Copy, Debug)]
pub struct RegistryLife {
    /// Whether it runs.
    pub up: bool,
}

/// The world.
pub struct World {
    /// The true time, in milliseconds since the epoch.
    pub at: u64,
    /// By place in the plan.
    pub agents: Vec<Life>,
    /// By place in the plan.
    pub registries: Vec<RegistryLife>,
    /// How this computer's network fails; nothing while it works.
    pub loss: Option<Loss>,
    /// When it failed or came back last.
    pub network_since: u64,
    /// Until when this computer sleeps.
    pub asleep_until: Option<u64>,
    /// How far the wall clock is ahead of the true time, in milliseconds.
    pub wall_ahead: i64,
    /// Everything is healthy from now on.
    pub calm: bool,
}

impl World {
    /// A healthy one.
    pub fn new(at: u64, agents: usize, registries: usize) -> Self {
        let life = Life { alive: true, ill: None, generation: 0, bout: 0, fresh: true, beat: None };
        Self {
            at,
            agents: vec![life; agents],
            registries: vec![RegistryLife { up: true }; registries],
            loss: None,
            network_since: at,
            asleep_until: None,
            wall_ahead: 0,
            calm: false,
        }
    }

    /// The registry takes a beat.
    pub fn accept(&mut self, agent: usize, sent: Option<(u64, u32)>) -> Beat {
        let life = &mut self.agents[agent];
        let number = life.beat.map_or(1, |beat| beat.number + 1);
        let beat = Beat { number, at: self.at, sent };
        life.beat = Some(beat);
        beat
    }
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// An agent that beats itself does so.
    OwnBeat { agent: usize, generation: u32 },
    /// An agent's luck turns.
    Luck { agent: usize },
    /// A registry goes down or comes up.
    Registry { registry: usize },
    /// The network fails or comes back; just this once, or again and again.
    Network { once: bool },
    /// The computer falls asleep.
    Sleep,
    /// It wakes up.
    Wake,
    /// Its wall clock is set; back to the true time, or not.
    Clock { corrects: bool },
    /// The app ends, well or not.
    AppEnds,
    /// The app starts.
    AppStarts,
    /// A person does something.
    Person,
    /// A person reacts to what was just told of an agent: by stopping it.
    Reaction { agent: usize },
    /// Everything becomes healthy.
    Calm,
    /// The model looks at everyone.
    Look,
    /// Something of the app; of this run of it.
    App { run: u32, what: AppHappening },
}

/// What happens to the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AppHappening {
    /// A link's deadline.
    LinkDue { agent: usize },
    /// A dial's outcome.
    Dialled { agent: usize, dial: u32 },
    /// A link's socket broke.
    Broke { agent: usize, dial: u32 },
    /// What a beat, or a ping, brought back.
    Echo { agent: usize, dial: u32, ping: bool, beat: bool, first: bool },
    /// The clocks are compared.
    Tick,
    /// The network was read.
    Network,
    /// A watcher's clock struck.
    Poll { registry: usize, round: u32 },
    /// Wishes were gathered.
    Gathered { registry: usize },
    /// A request came back.
    Answered { registry: usize, request: u32 },
    /// A stream is dialled.
    Stream { registry: usize, round: u32 },
    /// A stream broke.
    StreamBroke { registry: usize, round: u32 },
}

/// What is to come, in order.
#[derive(Default)]
pub struct Queue {
    heap: BinaryHeap<Reverse<(u64, u64, Happening)>>,
    count: u64,
}

impl Queue {
    /// Something happens at that true time. What comes first of what happens at the same time was put in first.
    pub fn push(&mut self, at: u64, what: Happening) {
        self.count += 1;
        self.heap.push(Reverse((at, self.count, what)));
    }

    /// When the next thing happens.
    pub fn next_at(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((at, ..))| *at)
    }

    /// The next thing.
    pub fn pop(&mut self) -> Option<(u64, Happening)> {
        self.heap.pop().map(|Reverse((at, _, what))| (at, what))
    }
}
