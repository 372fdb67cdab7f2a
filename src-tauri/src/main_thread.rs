//! The desktop's toolkit is touched by the main thread alone.

use tauri::AppHandle;

/// Has the main thread do it, soon. From any thread.
pub(crate) fn on_main_thread(app: &AppHandle, act: impl FnOnce(&AppHandle) + Send + 'static) {
    let handle = app.clone();
    log(app.run_on_main_thread(move || act(&handle)));
}

/// What the desktop refuses costs that one wish.
pub(crate) fn log(result: tauri::Result<()>) {
    if let Err(error) = result {
        tracing::warn!("the desktop refused: {error}");
    }
}
