//! What the tray shows, and what it should show.

use std::sync::{Mutex, MutexGuard, PoisonError};

use beatkeeper_core::tray::TrayModel;
use tauri::Theme;
use tauri::tray::TrayIcon;

use super::icons::Colours;

/// The tray icon, what it shows, and what it should show.
#[derive(Default)]
pub(crate) struct Tray {
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) icon: Option<TrayIcon>,
    pub(super) drawn: Option<Picture>,
    pub(super) wanted: Picture,
    hosted: bool,
    problem: Option<String>,
}

/// Everything that a person sees of the tray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) colours: Colours,
    pub(super) model: TrayModel,
}

impl Default for Picture {
    fn default() -> Self {
        let model = TrayModel { sentence: "Starting…".to_owned(), ..TrayModel::default() };
        Self { colours: Colours::on(Theme::Dark), model }
    }
}

impl Tray {
    /// Whether someone shows the icon.
    pub(crate) fn hosted(&self) -> bool {
        self.state().hosted
    }

    /// Why nobody does.
    pub(crate) fn problem(&self) -> Option<String> {
        self.state().problem.clone()
    }

    /// Whether the icon was ever made; then it finds a host that comes back by itself.
    pub(super) fn exists(&self) -> bool {
        self.state().icon.is_some()
    }

    pub(super) fn set_host(&self, problem: Option<String>) {
        let mut state = self.state();
        state.hosted = problem.is_none();
        state.problem = problem;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
