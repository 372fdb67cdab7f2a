//! Whether the desktop is light or dark, also while there is no window that could tell.

use tauri::{AppHandle, Theme};
use tokio::sync::watch;

#[cfg(target_os = "linux")]
#[path = "theme_linux.rs"]
mod platform;

#[cfg(windows)]
#[path = "theme_windows.rs"]
mod platform;

/// Elsewhere the system tints the icon.
#[cfg(not(any(target_os = "linux", windows)))]
mod platform {
    pub(super) async fn watch(_: &super::watch::Sender<Option<super::Theme>>) {}
}

/// Draws the icon in the colours of the desktop, as it says itself, or else as the last window saw it.
pub(crate) async fn follow(app: AppHandle, window: watch::Receiver<Theme>) {
    let desktop = watch::Sender::new(None);
    let drawn = draw(window, desktop.subscribe(), |theme| super::paint(&app, theme));
    // The one ends with the app, the other when the desktop has nothing more to say.
    tokio::join!(drawn, platform::watch(&desktop));
}

async fn draw(mut window: watch::Receiver<Theme>, mut desktop: watch::Receiver<Option<Theme>>, paint: impl Fn(Theme)) {
    loop {
        let changed = tokio::select! {
            changed = window.changed() => changed,
            changed = desktop.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
        let seen = *window.borrow_and_update();
        paint(desktop.borrow_and_update().unwrap_or(seen));
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_the_desktop_says_counts_more_than_what_a_window_saw() {
        let (window, desktop) = (watch::Sender::new(Theme::Dark), watch::Sender::new(None));
        let (tell, mut painted) = mpsc::unbounded_channel();
        let drawing = tokio::spawn(draw(window.subscribe(), desktop.subscribe(), move |theme| _ = tell.send(theme)));
        window.send_replace(Theme::Light);
        assert_eq!(painted.recv().await, Some(Theme::Light));
        desktop.send_replace(Some(Theme::Dark));
        assert_eq!(painted.recv().await, Some(Theme::Dark));
        window.send_replace(Theme::Light);
        assert_eq!(painted.recv().await, Some(Theme::Dark));
        desktop.send_replace(None);
        assert_eq!(painted.recv().await, Some(Theme::Light));
        drop(window);
        drawing.await.unwrap();
    }
}
