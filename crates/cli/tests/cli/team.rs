//! A team of two computers on one Redis: what happens when one of them is closed.
#![cfg(target_os = "linux")]

use std::io::{ErrorKind, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use beatkeeper_private_bus::Bus;
use serde_json::Value;

use crate::redis::Redis;
use crate::stage::{Process, Stage, wait};

const PATH: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";

/// The part of the system that puts a computer to sleep.
struct Logind {
    runtime: tokio::runtime::Runtime,
    bus: Bus,
    connection: zbus::Connection,
    locks: Arc<Mutex<Vec<UnixStream>>>,
}

struct Manager(Arc<Mutex<Vec<UnixStream>>>);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn inhibit(&self, _what: &str, _who: &str, _why: &str, _mode: &str) -> zbus::zvariant::OwnedFd {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        ours.set_nonblocking(true).expect("it does not wait");
        self.0.lock().expect("nobody panicked").push(ours);
        OwnedFd::from(theirs).into()
    }
}

impl Logind {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let bus = Bus::start();
        let locks = Arc::default();
        let connection = runtime.block_on(async {
            let builder = zbus::connection::Builder::address(bus.address()).expect("an address");
            let builder = builder.name("org.freedesktop.login1").expect("a name");
            let builder = builder.serve_at(PATH, Manager(Arc::clone(&locks))).expect("a path");
            Box::pin(builder.build()).await.expect("connected")
        });
        Self { runtime, bus, connection, locks }
    }

    fn says_that_it_sleeps(&self, begins: bool) {
        let said = self.connection.emit_signal(None::<&str>, PATH, MANAGER, "PrepareForSleep", &begins);
        self.runtime.block_on(said).expect("said");
    }

    /// Whether a program has the sleep wait.
    fn is_delayed(&self) -> bool {
        let is_open =
            |mut lock: &UnixStream| matches!(lock.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock);
        self.locks.lock().expect("nobody panicked").iter().any(is_open)
    }
}

/// A computer of the team. A lease lasts far longer than this test may: whoever waits for its end fails.
fn computer(stage: &Stage, redis: &Redis, logind: &Logind) -> Process {
    stage.write(
        "beatkeeper.toml",
        &format!(
            "[[bus]]\nname = \"team\"\nurl = \"redis://127.0.0.1:{}\"\nteam = true\nlease = 300\n\n[[agent]]\nentity = \
             \"bus:team/worker\"\nname = \"worker\"\nregistry = \"team\"\ninterval = 1\n",
            redis.port
        ),
    );
    stage.engine_with("engine", |command| {
        command.env("DBUS_SYSTEM_BUS_ADDRESS", logind.bus.address());
    })
}

fn beats_here(agent: &Value) -> bool {
    agent["verdict"]["code"] == "ok" && agent["holder"]["here"] == true
}

fn beats_elsewhere(agent: &Value) -> bool {
    agent["verdict"]["code"] == "ok.team" && agent["holder"]["here"] == false
}

#[test]
fn a_laptop_that_is_closed_hands_over_before_it_sleeps() {
    let (laptop, desk) = (Stage::new(), Stage::new());
    let redis = Redis::start(&desk, &[]);
    // A server that has just begun and does not know what it forgot would make everybody wait.
    let info = redis.asks(&["INFO", "server"]);
    let run = info.lines().find_map(|line| line.strip_prefix("run_id:")).expect("its run").trim();
    redis.asks(&["HSET", "beatkeeper:fence:{agent:worker}", "fence", "1", "run", run]);
    let (its_system, other_system) = (Logind::start(), Logind::start());
    let _laptop = computer(&laptop, &redis, &its_system);
    laptop.agent("worker", beats_here);
    let _desk = computer(&desk, &redis, &other_system);
    desk.agent("worker", beats_elsewhere);
    wait(|| its_system.is_delayed().then_some(())).expect("the laptop's sleep waits for the program");

    its_system.says_that_it_sleeps(true);
    let taken = desk.agent("worker", beats_here);
    assert!(taken["beats"]["sent"].as_u64() >= Some(1), "{taken:#}");
    wait(|| (!its_system.is_delayed()).then_some(())).expect("then it sleeps");

    its_system.says_that_it_sleeps(false);
    laptop.agent("worker", beats_elsewhere);
    wait(|| its_system.is_delayed().then_some(())).expect("the next sleep waits, too");
}
