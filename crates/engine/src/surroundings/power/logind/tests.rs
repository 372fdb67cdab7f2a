use std::io::{ErrorKind, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use beatkeeper_private_bus::Bus;
use zbus::Connection;
use zbus::zvariant::OwnedFd;

use super::*;

/// Far more than any of this takes; what comes later does not come.
const GIVE_UP: Duration = Duration::from_secs(60);

struct Logind {
    bus: Connection,
    /// The ends of the locks that it gave that are still here.
    locks: Arc<Mutex<Vec<UnixStream>>>,
}

/// What a program may ask logind for.
struct Manager(Arc<Mutex<Vec<UnixStream>>>);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    fn inhibit(&self, what: &str, _who: &str, _why: &str, mode: &str) -> OwnedFd {
        assert_eq!((what, mode), ("sleep", "delay"));
        let (ours, theirs) = UnixStream::pair().unwrap();
        self.0.lock().unwrap().push(ours);
        std::os::fd::OwnedFd::from(theirs).into()
    }
}

impl Logind {
    /// A program that has logind's name.
    async fn on(bus: &Bus) -> Self {
        let locks = Arc::default();
        let builder = Builder::address(bus.address()).unwrap().name(LOGIND).unwrap();
        let builder = builder.serve_at(PATH, Manager(Arc::clone(&locks))).unwrap();
        Self { bus: Box::pin(builder.build()).await.unwrap(), locks }
    }

    /// Whether somebody has a lock: the other end is closed with the program's.
    fn waits(&self) -> bool {
        let is_open = |lock: &UnixStream| {
            lock.set_nonblocking(true).unwrap();
            matches!((&*lock).read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
        };
        self.locks.lock().unwrap().iter().any(is_open)
    }

    /// Waits until somebody has a lock, or nobody any more: the messages that carry a lock hold it, too, until they are
    /// let go of.
    async fn until_waits(&self, waits: bool) {
        let looking = async {
            while self.waits() != waits {
                tokio::task::yield_now().await;
            }
        };
        timeout(GIVE_UP, looking).await.expect("the lock is as it should be");
    }

    async fn say(&self, member: &str, begins: bool) {
        self.bus.emit_signal(None::<&str>, PATH, MANAGER, member, &begins).await.unwrap();
    }

    /// Says it until somebody listens and the event is there.
    async fn say_until_heard(
        &self,
        begins: bool,
        events: &mut mpsc::Receiver<PowerEvent>,
        wanted: fn(&PowerEvent) -> bool,
    ) {
        let heard = async {
            loop {
                self.say(PREPARE_FOR_SLEEP, begins).await;
                if let Ok(event) = timeout(Duration::from_millis(50), events.recv()).await
                    && wanted(&event.unwrap())
                {
                    return;
                }
            }
        };
        timeout(GIVE_UP, heard).await.unwrap();
    }
}

fn sleeps(event: &PowerEvent) -> bool {
    matches!(event, PowerEvent::GoingToSleep(_))
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
    let bus = Bus::start_in(folder.path());
    let logind = Logind::on(&bus).await;
    let (notify, mut events) = mpsc::channel(64);
    let ears = find(Some(bus.address())).await.unwrap();
    let hearing = tokio::spawn(async move { hear(ears, &notify).await });

    logind.say(PREPARE_FOR_SLEEP, true).await;
    let PowerEvent::GoingToSleep(delay) = next(&mut events).await else { panic!("it sleeps") };
    assert!(logind.waits(), "nobody let go of the lock yet");
    drop(delay);
    logind.until_waits(false).await;
    logind.say("PrepareForShutdown", true).await;
    // Whoever does not have the name is not heard.
    let stranger = Box::pin(Builder::address(bus.address()).unwrap().build()).await.unwrap();
    Logind { bus: stranger, locks: Arc::default() }.say(PREPARE_FOR_SLEEP, true).await;
    logind.say(PREPARE_FOR_SLEEP, false).await;
    assert!(matches!(next(&mut events).await, PowerEvent::Woke));
    // The next sleep waits, too.
    logind.until_waits(true).await;

    drop(bus);
    timeout(GIVE_UP, hearing).await.unwrap().unwrap();
    assert!(events.try_recv().is_err());
}

#[tokio::test]
async fn a_bus_and_a_logind_that_come_back_are_heard_again() {
    let folder = folder();
    let bus = Bus::start_in(folder.path());
    let logind = Logind::on(&bus).await;
    let (notify, mut events) = mpsc::channel(64);
    let watching = tokio::spawn(watch_at(Some(bus.address().to_owned()), notify));
    logind.say_until_heard(true, &mut events, sleeps).await;
    drop(logind);
    let logind = Logind::on(&bus).await;
    logind.say_until_heard(false, &mut events, |event| !sleeps(event)).await;

    drop(bus);
    let bus = Bus::start_in(folder.path());
    Logind::on(&bus).await.say_until_heard(true, &mut events, sleeps).await;

    drop(events);
    timeout(GIVE_UP, watching).await.unwrap().unwrap();
}

#[tokio::test]
async fn without_a_bus_listening_ends_and_the_task_ends_with_its_receiver() {
    let folder = folder();
    let nowhere = format!("unix:path={}", folder.path().join("nothing").display());
    let (notify, mut events) = mpsc::channel(1);
    listen(Some(&nowhere), &notify).await;
    assert!(matches!(events.try_recv(), Err(mpsc::error::TryRecvError::Empty)));
    let watching = tokio::spawn(watch_at(Some(nowhere), notify));
    drop(events);
    timeout(GIVE_UP, watching).await.unwrap().unwrap();
}
