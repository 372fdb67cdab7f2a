//! Who shows the icon. On Linux that is a program of its own, which may be missing, come late, or go.

use tauri::AppHandle;

#[cfg(target_os = "linux")]
#[path = "host_linux.rs"]
mod platform;

#[cfg(not(target_os = "linux"))]
#[path = "host_always.rs"]
mod platform;

/// Keeps up with hosts that come and go.
pub(crate) async fn watch(app: AppHandle) {
    platform::watch(app).await;
}

/// Why there is no icon, and what to do, for a person.
pub(super) fn problem(error: &tauri::Error) -> String {
    platform::problem(error)
}
