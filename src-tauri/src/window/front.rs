//! Coming to the front where the desktop gives out permission for it: with a click on a notice, for one window.

#[cfg(target_os = "linux")]
pub(super) use linux::allow;

#[cfg(target_os = "linux")]
mod linux {
    use gtk::prelude::GtkWindowExt;
    use tauri::WebviewWindow;

    /// The next time that it is shown or focused it shows this permission. On the main thread.
    pub(in crate::window) fn allow(window: &WebviewWindow, token: &str) {
        match window.gtk_window() {
            // GTK makes of it what the display wants: an activation under Wayland, a time of interaction under X11.
            Ok(window) => window.set_startup_id(token),
            Err(error) => tracing::debug!("the window cannot be told that it may come to the front: {error}"),
        }
    }
}

/// Elsewhere a program that was clicked may always come to the front.
#[cfg(not(target_os = "linux"))]
pub(super) fn allow(_: &tauri::WebviewWindow, _: &str) {}
