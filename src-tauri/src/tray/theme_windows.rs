//! The colours of the taskbar, which are not those of windows: a value of the registry that is only written.

use std::time::Duration;

use tauri::Theme;
use tokio::sync::watch;
use windows_registry::CURRENT_USER;

const KEY: &str = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize";
/// 0 or 1; missing before Windows 10 1903, whose taskbar is dark.
const VALUE: &str = "SystemUsesLightTheme";
/// A person who changes it looks for a moment longer than this.
const APART: Duration = Duration::from_secs(10);

/// Never ends: reading costs some microseconds.
pub(super) async fn watch(desktop: &watch::Sender<Option<Theme>>) {
    loop {
        let light = CURRENT_USER.open(KEY).and_then(|key| key.get_u32(VALUE)).unwrap_or(0) != 0;
        let theme = Some(if light { Theme::Light } else { Theme::Dark });
        desktop.send_if_modified(|known| std::mem::replace(known, theme) != theme);
        tokio::time::sleep(APART).await;
    }
}
