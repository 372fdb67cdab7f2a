use beatkeeper_private_bus::Bus;
use zbus::Connection;

use super::*;

/// Far more than any of this takes; what comes later does not come.
const GIVE_UP: Duration = Duration::from_secs(60);

struct Logind(Connection);

impl Logind {
    /// A program that has logind's name.
    async fn on(bus: &Bus) -> Self {
        let builder = Builder::address(bus.address()).unwrap().name(LOGIND).unwrap();
        Self(Box::pin(builder.build()).await.unwrap())
    }

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
    let bus = Bus::start_in(folder.path());
    let logind = Logind::on(&bus).await;
    let (notify, mut events) = mpsc::channel(64);
    let signals = find(Some(bus.address())).await.unwrap();
    let hearing = tokio::spawn(async move { hear(signals, &notify).await });

    logind.say(PREPARE_FOR_SLEEP, true).await;
    assert_eq!(next(&mut events).await, PowerEvent::GoingToSleep);
    logind.say("PrepareForShutdown", true).await;
    // Whoever does not have the name is not heard.
    let stranger = Box::pin(Builder::address(bus.address()).unwrap().build()).await.unwrap();
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
    let bus = Bus::start_in(folder.path());
    let logind = Logind::on(&bus).await;
    let (notify, mut events) = mpsc::channel(64);
    let watching = tokio::spawn(watch_at(Some(bus.address().to_owned()), notify));
    logind.say_until_heard(true, &mut events, PowerEvent::GoingToSleep).await;
    drop(logind);
    let logind = Logind::on(&bus).await;
    logind.say_until_heard(false, &mut events, PowerEvent::Woke).await;

    drop(bus);
    let bus = Bus::start_in(folder.path());
    Logind::on(&bus).await.say_until_heard(true, &mut events, PowerEvent::GoingToSleep).await;

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
