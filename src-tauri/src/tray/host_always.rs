//! The system itself shows the icon.

use tauri::AppHandle;

/// There is nothing to wait for.
pub(super) async fn watch(_: AppHandle) {
    std::future::ready(()).await;
}

pub(super) fn problem(error: &tauri::Error) -> String {
    format!("The system refused a tray icon: {error}. Closing the window minimises it.")
}
