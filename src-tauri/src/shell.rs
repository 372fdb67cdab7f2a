//! What the parts of the shell know of each other: the engine, the tray, and what the window was asked to show.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use beatkeeper_engine::Handle;
use beatkeeper_engine::alerts::Desktop;
use beatkeeper_engine::command::{Command, EngineStatus, Refusal};
use serde_json::Value;
use tauri::Theme;
use tokio::sync::{Notify, watch};

use crate::tray::state::Tray;

/// How long a command waits for an engine that is still starting; less than the window waits for its answer.
const STARTING: Duration = Duration::from_secs(10);

/// More agents than these are not picked out of the table: their list would cost the webview more than it is worth, and
/// those that need a person are on top anyway.
const MOST_WANTED: usize = 500;

/// The engine, as far as it got.
#[derive(Clone)]
pub(crate) enum Engine {
    /// On its way.
    Starting,
    /// At work.
    Running(Handle),
    /// It did not start.
    Failed(Refusal),
    /// It was asked to end, and did.
    Ended,
}

/// The state of the shell.
pub(crate) struct Shell {
    /// The engine.
    pub(crate) engine: watch::Sender<Engine>,
    /// Asks everything to end.
    pub(crate) quit: Notify,
    /// Asks an engine that did not start to try again.
    pub(crate) again: Notify,
    /// The tray icon and what it shows.
    pub(crate) tray: Tray,
    /// Light or dark, as the window sees it.
    pub(crate) theme: watch::Sender<Theme>,
    /// Whether a person can see the window.
    pub(crate) visible: watch::Sender<bool>,
    /// Whoever shows notifications.
    pub(crate) alerts: OnceLock<Desktop>,
    /// Agents that the window opens as soon as it can.
    wanted: Mutex<Vec<EntityId>>,
}

impl Shell {
    /// The state before anything has started.
    pub(crate) fn new() -> Self {
        Self {
            engine: watch::Sender::new(Engine::Starting),
            quit: Notify::new(),
            again: Notify::new(),
            tray: Tray::default(),
            theme: watch::Sender::new(Theme::Dark),
            visible: watch::Sender::new(false),
            alerts: OnceLock::new(),
            wanted: Mutex::default(),
        }
    }

    /// Has an engine that did not start try again, and tells what became of it. Others are left as they are.
    pub(crate) async fn start_again(&self) -> EngineStatus {
        let failed = self.engine.send_if_modified(|engine| {
            let failed = matches!(engine, Engine::Failed(_));
            if failed {
                *engine = Engine::Starting;
            }
            failed
        });
        if failed {
            self.again.notify_one();
        }
        let mut engine = self.engine.subscribe();
        let started = engine.wait_for(|engine| !matches!(engine, Engine::Starting));
        // One that takes longer is starting, which the status says, too.
        let _ = tokio::time::timeout(STARTING, started).await;
        self.status().await
    }

    /// Asks the engine, once it runs.
    pub(crate) async fn execute(&self, command: Command) -> Result<Value, Refusal> {
        self.running().await?.execute(command).await
    }

    async fn running(&self) -> Result<Handle, Refusal> {
        let mut engine = self.engine.subscribe();
        let started = engine.wait_for(|engine| !matches!(engine, Engine::Starting));
        let engine = match tokio::time::timeout(STARTING, started).await {
            Ok(Ok(engine)) => engine.clone(),
            Ok(Err(_)) => Engine::Ended,
            Err(_) => Engine::Starting,
        };
        match engine {
            Engine::Running(handle) => Ok(handle),
            Engine::Failed(refusal) => Err(refusal),
            Engine::Starting => Err(Refusal::new(
                "engine.starting",
                "The engine is still starting.",
                "It may be waiting for the keychain: look for a prompt that asks to unlock it.",
            )),
            Engine::Ended => Err(Refusal::new("engine.ended", "Beatkeeper is quitting.", "Start it again.")),
        }
    }

    /// Whether all is well, with what only the shell knows.
    pub(crate) async fn status(&self) -> EngineStatus {
        let engine = self.engine.borrow().clone();
        let mut status = match engine {
            Engine::Running(handle) => match handle.execute(Command::EngineStatus).await {
                Ok(answer) => serde_json::from_value(answer).unwrap_or_else(|error| {
                    bare("running", Some(format!("The engine's status is unreadable: {error}")))
                }),
                Err(refusal) => bare("failed", Some(both(&refusal))),
            },
            Engine::Starting => bare("starting", None),
            Engine::Failed(refusal) => bare("failed", Some(both(&refusal))),
            Engine::Ended => bare("failed", Some("Beatkeeper is quitting.".to_owned())),
        };
        status.tray_problem = self.tray.problem();
        status.problem = status.problem.or_else(|| self.alerts.get().and_then(Desktop::problem));
        status
    }

    /// Remembers agents to open. Of nobody and of too many the table shows enough.
    pub(crate) fn want(&self, agents: Vec<EntityId>) {
        if (1..=MOST_WANTED).contains(&agents.len()) {
            *self.wanted() = agents;
        }
    }

    /// The agents to open, once.
    pub(crate) fn take_wanted(&self) -> Vec<EntityId> {
        std::mem::take(&mut *self.wanted())
    }

    fn wanted(&self) -> MutexGuard<'_, Vec<EntityId>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bare(state: &str, problem: Option<String>) -> EngineStatus {
    EngineStatus {
        state: state.to_owned(),
        problem,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Default::default()
    }
}

/// What is wrong and what to do, as one text: errors of the floors below begin small and have no full stop.
pub(crate) fn both(refusal: &Refusal) -> String {
    let mut sentence = refusal.sentence.trim().to_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    format!("{sentence} {}", refusal.remedy).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_engine_that_did_not_start_says_why_and_what_to_do() {
        let shell = Shell::new();
        assert_eq!(shell.status().await.state, "starting");
        let refusal = Refusal::new("engine.already_running", "another engine runs", "Stop it first.");
        shell.engine.send_replace(Engine::Failed(refusal.clone()));
        let status = shell.status().await;
        assert_eq!(status.state, "failed");
        assert_eq!(status.problem.as_deref(), Some("Another engine runs. Stop it first."));
        assert_eq!(shell.execute(Command::Registries).await, Err(refusal));
    }

    #[tokio::test]
    async fn a_command_waits_for_the_start_and_then_learns_how_it_went() {
        let shell = Shell::new();
        let refusal = Refusal::new("engine.data", "the data folder cannot be used", "Give another.");
        let (answer, ()) = tokio::join!(shell.execute(Command::Registries), async {
            tokio::task::yield_now().await;
            shell.engine.send_replace(Engine::Failed(refusal.clone()));
        });
        assert_eq!(answer, Err(refusal));
    }

    #[tokio::test]
    async fn a_failed_engine_is_tried_again_once_however_often_it_is_asked() {
        let shell = Shell::new();
        let fail = |sentence: &str| {
            shell.engine.send_replace(Engine::Failed(Refusal::new("engine.already_running", sentence, "Stop it.")));
        };
        fail("another engine runs");
        let (first, second, tries) = tokio::join!(shell.start_again(), shell.start_again(), async {
            shell.again.notified().await;
            assert_eq!(shell.status().await.state, "starting");
            fail("it still runs");
            // A second permit would start a second engine later.
            tokio::time::timeout(Duration::from_millis(50), shell.again.notified()).await.is_err()
        });
        assert!(tries, "two clicks are one try");
        for status in [first, second] {
            assert_eq!((status.state.as_str(), status.problem.as_deref()), ("failed", Some("It still runs. Stop it.")));
        }
    }

    #[tokio::test]
    async fn an_engine_that_has_not_failed_is_not_started_again() {
        let shell = Shell::new();
        shell.engine.send_replace(Engine::Ended);
        assert_eq!(shell.start_again().await.state, "failed");
        assert!(tokio::time::timeout(Duration::from_millis(50), shell.again.notified()).await.is_err());
    }

    #[test]
    fn agents_are_opened_once_and_the_last_ones_win() {
        let shell = Shell::new();
        let ids = |count: usize| -> Vec<EntityId> {
            (0..count).map(|number| format!("zns:{number:032x}").parse().unwrap()).collect()
        };
        shell.want(ids(1));
        shell.want(ids(3));
        shell.want(ids(0));
        shell.want(ids(MOST_WANTED + 1));
        assert_eq!(shell.take_wanted(), ids(3));
        assert_eq!(shell.take_wanted(), []);
        shell.want(ids(MOST_WANTED));
        assert_eq!(shell.take_wanted(), ids(MOST_WANTED));
    }
}
