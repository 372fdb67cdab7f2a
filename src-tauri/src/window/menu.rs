//! The menu that the window has where there is no tray: its way out. Elsewhere the system's own menu has Quit.

#[cfg(target_os = "linux")]
pub(super) use linux::adapt;

#[cfg(target_os = "linux")]
mod linux {
    use tauri::menu::{MenuBuilder, MenuItemBuilder, SubmenuBuilder};
    use tauri::{AppHandle, Manager, WebviewWindow};

    use crate::shell::Shell;

    /// On the main thread.
    pub(in crate::window) fn adapt(app: &AppHandle, window: &WebviewWindow) {
        if app.state::<Shell>().tray.hosted() {
            if let Err(error) = window.remove_menu() {
                tracing::debug!("the window's menu cannot be removed: {error}");
            }
        } else if let Err(error) = add_menu(app, window) {
            tracing::warn!("the window has no menu: {error}");
        }
    }

    fn add_menu(app: &AppHandle, window: &WebviewWindow) -> tauri::Result<()> {
        let quit = MenuItemBuilder::with_id("quit", "Quit").accelerator("Ctrl+Q").build(app)?;
        let submenu = SubmenuBuilder::new(app, "Beatkeeper").item(&quit).build()?;
        window.set_menu(MenuBuilder::new(app).item(&submenu).build()?)?;
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn adapt(_: &tauri::AppHandle, _: &tauri::WebviewWindow) {}
