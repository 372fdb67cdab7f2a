use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use zbus::Connection;

use super::*;

/// Far more than any of this takes; what comes later does not come.
const GIVE_UP: Duration = Duration::from_secs(60);

/// A bus of one's own that starts nothing by itself.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    fn start(folder: &Path) -> Self {
        let config = folder.join("bus.conf");
        let socket = folder.join("bus");
        let text = format!(
            "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
             <policy context='default'><allow send_destination='*'/><allow send_type='signal'/><allow receive_sender='*'/>\
             <allow own='*'/></policy></busconfig>",
            socket.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(&config).args(["--nofork", "--nopidfile", "--print-address=1"]);
        let mut daemon = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is needed (package dbus-daemon)");
        // It prints its address once it listens.
        let mut line = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("unix:"), "dbus-daemon did not start: {line:?}");
        // The printed one has the daemon's own id in it, which another daemon at the same place does not have.
        Self { daemon, address: format!("unix:path={}", socket.display()) }
    }

    /// A program that has logind's name.
    async fn logind(&self) -> Logind {
        let builder = Builder::address(self.address.as_str()).unwrap().name(LOGIND).unwrap();
        Logind(Box::pin(builder.build()).await.unwrap())
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

struct Logind(Connection);

impl Logind {
    async fn say(&self, member: &str, begins: bool) {
        self.0.emit_signal(None::<&str>, PATH, MANAGER, member, &begins).await.unwrap();
    }

    /// Says it until somebody listens and the event is there.
    async fn say_until_heard(&self, begins: bool, events: &mut mpsc::Receiver<PowerEvent>, wanted: PowerEvent) {
        let heard = async {
            loop {
                self.say(PREPARE_FOR_SLEEP, begins).await;
                if let Ok(event) = timeout(Duration::from_millis(50), events.recv()).await
                    && event.unwrap() == wanted
                {
                    return;
                }
            }
        };
        timeout(GIVE_UP, heard).await.unwrap();
    }
}

async fn next(events: &mut mpsc::Receiver<PowerEvent>) -> PowerEvent {
    timeout(GIVE_UP, events.recv()).await.unwrap().unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("bk").tempdir().unwrap()
}

#[tokio::test]
async fn sleep_and_waking_are_passed_on_and_nothing_else() {
    let folder = folder();
    let bus = Bus::start(folder.path());
    let logind = bus.logind().await;
    let (notify, mut events) = mpsc::channel(64);
    let signals = find(Some(&bus.address)).await.unwrap();
    let hearing = tokio::spawn(async move { hear(signals, &notify).await });

    logind.say(PREPARE_FOR_SLEEP, true).await;
    assert_eq!(next(&mut events).await, PowerEvent::GoingToSleep);
    logind.say("PrepareForShutdown", true).await;
    // Whoever does not have the name is not heard.
    let stranger = Box::pin(Builder::address(bus.address.as_str()).unwrap().build()).await.unwrap();
    Logind(stranger).say(PREPARE_FOR_SLEEP, true).await;
    logind.say(PREPARE_FOR_SLEEP, false).await;
    assert_eq!(next(&mut events).await, PowerEvent::Woke);

    drop(bus);
    timeout(GIVE_UP, hearing).await.unwrap().unwrap();
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn a_bus_and_a_logind_that_come_back_are_heard_again() {
    let folder = folder();
    let bus = Bus::start(folder.path());
    let logind = bus.logind().await;
    let (notify, mut events) = mpsc::channel(64);
    let watching = tokio::spawn(watch_at(Some(bus.address.clone()), notify));
    logind.say_until_heard(true, &mut events, PowerEvent::GoingToSleep).await;
    drop(logind);
    let logind = bus.logind().await;
    logind.say_until_heard(false, &mut events, PowerEvent::Woke).await;

    drop(bus);
    let bus = Bus::start(folder.path());
    bus.logind().await.say_until_heard(true, &mut events, PowerEvent::GoingToSleep).await;

    drop(events);
    timeout(GIVE_UP, watching).await.unwrap().unwrap();
}

#[tokio::test]
async fn without_a_bus_listening_ends_and_the_task_ends_with_its_receiver() {
    let folder = folder();
    let nowhere = format!("unix:path={}", folder.path().join("nothing").display());
    let (notify, mut events) = mpsc::channel(1);
    listen(Some(&nowhere), &notify).await;
    assert_eq!(events.try_recv(), Err(mpsc::error::TryRecvError::Empty));
    let watching = tokio::spawn(watch_at(Some(nowhere), notify));
    drop(events);
    timeout(GIVE_UP, watching).await.unwrap().unwrap();
}
