//! `beatkeeper run`: the engine without a window.

use std::time::Duration;

use beatkeeper_engine::alerts::{Desktop, NotShown, OnClick};
use beatkeeper_engine::command::{Command, EngineStatus, Refusal};
use beatkeeper_engine::{Engine, Handle, Options, Paths, Shown, Telling, setup};
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{self, Receiver};

use crate::args::{OrderOptions, VaultKind};
use crate::changes::Changes;
use crate::failure::Failure;
use crate::fleet::{Delta, Fleet};
use crate::local::foreground;
use crate::out::{note, plain};
use crate::passphrase;
use crate::remote::no_runtime;
use crate::signals::Signals;

/// The engine bounds its own farewell; this holds even if it does not.
const FAREWELL: Duration = Duration::from_secs(5);
/// What becomes of a notice on a computer that nobody sits at.
const NO_DESKTOP: &str = "There is no desktop here. Set up a channel, such as ntfy or a webhook.";
/// How often the engine is asked how it is itself.
const CHECK: Duration = Duration::from_secs(2);

/// Runs until it is told to stop. With `up`, these agents are started then, and ended before the engine is.
pub(crate) fn run(paths: &Paths, kind: VaultKind, up: Option<&OrderOptions>) -> Result<(), Failure> {
    // A running engine keeps its last good configuration; one that starts has none, and would run without a word.
    let agents = setup::configured_agents(paths)?.len();
    let vault = passphrase::choose(kind, paths)?;
    let options = Options { paths: paths.clone(), vault, shim: None };
    let runtime = tokio::runtime::Runtime::new().map_err(|error| no_runtime(&error))?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(|error| no_runtime(&error))?;
        let mut engine =
            Box::pin(Engine::start(options)).await.map_err(|error| Failure::from(Refusal::from(&error)))?;
        note(&greeting(agents, paths));
        if let Some(tellings) = engine.tellings() {
            tokio::spawn(show(engine.handle(), tellings));
        }
        let told = tokio::spawn(tell(engine.handle()));
        let starting = up.map(|options| tokio::spawn(foreground::up(engine.handle(), paths.clone(), options.clone())));
        tokio::select! {
            () = signals.next() => {}
            () = engine.quit_asked() => {}
        }
        told.abort();
        if let Some(starting) = starting {
            starting.abort();
            note("The agents are ended. Once more leaves them to it.");
            tokio::select! {
                ended = Box::pin(foreground::down(engine.handle())) => ended?,
                () = signals.next() => {}
            }
        }
        tokio::select! {
            _ = tokio::time::timeout(FAREWELL, Box::pin(engine.shutdown())) => {}
            // A second signal is meant.
            () = signals.next() => {}
        }
        note("Beatkeeper has ended");
        Ok(())
    });
    // A desktop that hangs over a notice does not delay the end.
    runtime.shutdown_background();
    ended
}

fn greeting(agents: usize, paths: &Paths) -> String {
    let agents = match agents {
        1 => "1 agent".to_owned(),
        many => format!("{many} agents"),
    };
    format!("Beatkeeper runs: {agents}, configuration {}, data {}", paths.config.display(), paths.data.display())
}

/// Shows notices on the desktop where there is one, and always here. The engine is told how the desktop took them.
async fn show(engine: Handle, mut tellings: Receiver<Telling>) {
    // No more than the desktop can fail at: it has a place for each notice, and a pause after each try.
    let (told, mut outcomes) = mpsc::unbounded_channel();
    let tell = move |notice, outcome: Result<(), NotShown>| {
        // After the end of the engine there is nobody to tell.
        let _ = told.send(Shown { notice, outcome });
    };
    // There is no window that a click could open.
    let desktop = has_desktop().then(|| Desktop::start(OnClick::Nothing, tell.clone()));
    loop {
        tokio::select! {
            telling = tellings.recv() => match telling {
                Some(Telling::Show(notice)) => {
                    note(&format!("! {}: {}", plain(&notice.title), plain(&notice.body)));
                    match &desktop {
                        Some(desktop) => desktop.show(*notice),
                        None => tell(notice.id, Err(NotShown { problem: NO_DESKTOP.to_owned(), again: false, over: false })),
                    }
                }
                Some(Telling::Withdraw(notices)) => {
                    if let Some(desktop) = &desktop {
                        desktop.withdraw(&notices);
                    }
                }
                None => return,
            },
            Some(shown) = outcomes.recv() => engine.shown(shown).await,
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn has_desktop() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    set("DBUS_SESSION_BUS_ADDRESS").is_some()
        || set("XDG_RUNTIME_DIR").is_some_and(|dir| std::path::Path::new(&dir).join("bus").exists())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn has_desktop() -> bool {
    true
}

/// A line on stderr for each change of an agent, and for what is wrong with the engine itself.
async fn tell(handle: Handle) {
    let (mut fleet, mut changes) = (Fleet::default(), Changes::default());
    let mut told = EngineStatus::default();
    let mut revision = handle.revision();
    let mut check = tokio::time::interval(CHECK);
    loop {
        tokio::select! {
            changed = revision.changed() => {
                if changed.is_err() {
                    return;
                }
                let since = fleet.revision;
                let Some(delta) = ask::<Delta>(&handle, Command::FleetDelta { since }).await else { return };
                changes.fold(&mut fleet, delta, &TimeZone::system()).iter().for_each(|line| note(line));
            }
            _ = check.tick() => {
                let Some(status) = ask::<EngineStatus>(&handle, Command::EngineStatus).await else { return };
                for line in complaints(&told, &status) {
                    note(&line);
                }
                told = status;
            }
        }
    }
}

/// What is newly wrong, or right again.
fn complaints(before: &EngineStatus, now: &EngineStatus) -> Vec<String> {
    let mut lines = Vec::new();
    if before.config_problem != now.config_problem {
        lines.push(match &now.config_problem {
            Some(problem) => format!("! The configuration is refused, the last good one stays: {}", plain(problem)),
            None => "The configuration is in order again".to_owned(),
        });
    }
    if before.problem != now.problem
        && let Some(problem) = &now.problem
    {
        lines.push(format!("! {}", plain(problem)));
    }
    lines
}

async fn ask<T: DeserializeOwned>(handle: &Handle, command: Command) -> Option<T> {
    let answer = handle.execute(command).await.map_err(|refusal| refusal.to_string());
    match answer.and_then(|value| serde_json::from_value(value).map_err(|error| error.to_string())) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::warn!("changes are no longer told: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_configuration_is_told_once_and_when_it_is_mended() {
        let good = EngineStatus::default();
        let bad = EngineStatus { config_problem: Some("line 3".into()), ..EngineStatus::default() };
        assert!(complaints(&good, &bad)[0].contains("refused") && complaints(&bad, &bad).is_empty());
        assert_eq!(complaints(&bad, &good), ["The configuration is in order again"]);
    }
}
