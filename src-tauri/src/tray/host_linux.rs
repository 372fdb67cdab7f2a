//! The icon is an object on the session bus, and the host is whoever owns the watcher's name there. An icon that was
//! taken once registers itself again when its host restarts; here is the rest: the first host, and having none.

use std::time::Duration;

use futures_util::StreamExt;
use tauri::{AppHandle, Manager};
use zbus::fdo::{DBusProxy, NameOwnerChangedStream};
use zbus::names::BusName;

use crate::main_thread::on_main_thread;
use crate::shell::Shell;
use crate::window;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
const MINIMISES: &str = "Until then closing the window minimises it.";
/// A watcher that is there but refuses, for instance while its panel starts, is asked again after this, and then
/// after twice as long each time.
const FIRST_RETRY: Duration = Duration::from_secs(2);
const LAST_RETRY: Duration = Duration::from_secs(60);

pub(super) async fn watch(app: AppHandle) {
    let (bus, mut owners) = match listen().await {
        Ok(both) => both,
        // Without a bus no host can come; the problem that the first try left behind says so.
        Err(error) => return tracing::warn!("hosts of the tray cannot be watched: {error}"),
    };
    // It may have come between the first try and the first listening.
    let mut present = is_present(&bus).await;
    let mut retry = FIRST_RETRY;
    if present && !app.state::<Shell>().tray.hosted() {
        raise(&app).await;
    }
    loop {
        let refused = present && !app.state::<Shell>().tray.hosted();
        let change = tokio::select! {
            change = owners.next() => change,
            () = tokio::time::sleep(retry), if refused => {
                retry = (retry * 2).min(LAST_RETRY);
                raise(&app).await;
                continue;
            }
        };
        let Some(change) = change else { return tracing::warn!("the session bus is gone") };
        let Ok(change) = change.args() else { continue };
        present = change.new_owner.is_some();
        retry = FIRST_RETRY;
        if present {
            raise(&app).await;
        } else {
            gone(&app);
        }
    }
}

pub(super) fn problem(error: &tauri::Error) -> String {
    explain(&error.to_string(), &desktop())
}

/// What is missing, and what to do about it on this desktop. The icon's error says which piece it was in words alone.
fn explain(words: &str, desktop: &str) -> String {
    let words = words.trim_start_matches("tray icon error: ");
    if words.contains("D-Bus connection error") {
        format!(
            "There is no session bus, which carries tray icons ({words}). Start Beatkeeper inside a desktop session, \
             or with dbus-run-session. {MINIMISES}"
        )
    } else if words.contains("ServiceUnknown") || words.contains("NameHasNoOwner") {
        no_host(&format!("Nothing owns {WATCHER} on the session bus"), desktop)
    } else {
        no_host(&format!("{WATCHER} took no icon ({words})"), desktop)
    }
}

fn no_host(missing: &str, desktop: &str) -> String {
    format!("{missing}: {}; the icon then appears by itself. {MINIMISES}", remedy(desktop))
}

fn desktop() -> String {
    std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default()
}

fn remedy(desktop: &str) -> &'static str {
    let is = |names: &[&str]| desktop.split(':').any(|name| names.iter().any(|known| name.eq_ignore_ascii_case(known)));
    if is(&["GNOME", "Unity"]) {
        "install and enable the AppIndicator extension (gnome-shell-extension-appindicator)"
    } else if is(&["XFCE"]) {
        "add the Status Tray plugin to the panel"
    } else if is(&["KDE"]) {
        "add the System Tray widget to the panel"
    } else if is(&["sway", "Hyprland", "river", "niri", "wlroots"]) {
        "start a bar with a tray, such as waybar"
    } else {
        "start a panel that shows status notifier icons, or install the AppIndicator extension of your desktop"
    }
}

async fn listen() -> zbus::Result<(DBusProxy<'static>, NameOwnerChangedStream)> {
    let bus = DBusProxy::new(&zbus::Connection::session().await?).await?;
    let owners = bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    Ok((bus, owners))
}

async fn is_present(bus: &DBusProxy<'_>) -> bool {
    match BusName::try_from(WATCHER) {
        Ok(name) => bus.name_has_owner(name).await.unwrap_or(false),
        Err(_) => false,
    }
}

/// Offers the icon to the host, and waits until it was taken or refused.
async fn raise(app: &AppHandle) {
    let (done, raised) = tokio::sync::oneshot::channel();
    on_main_thread(app, move |app| {
        super::super::raise(app);
        window::adapt(app);
        _ = done.send(());
    });
    _ = raised.await;
}

/// The host is gone: what is hidden must come back to light, unless the host only restarts.
fn gone(app: &AppHandle) {
    tracing::info!("the tray's host is gone");
    let problem = no_host(&format!("Nothing owns {WATCHER} on the session bus any more"), &desktop());
    app.state::<Shell>().tray.set_host(Some(problem));
    on_main_thread(app, window::adapt);
    tauri::async_runtime::spawn(window::show_unless_hosted(app.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_explanation_names_the_missing_piece_and_what_this_desktop_needs() {
        let unknown = "tray icon error: failed to register to the StatusNotifierWatcher: \
                       org.freedesktop.DBus.Error.ServiceUnknown: not provided by any .service files";
        assert_eq!(
            explain(unknown, "ubuntu:GNOME"),
            "Nothing owns org.kde.StatusNotifierWatcher on the session bus: install and enable the AppIndicator \
             extension (gnome-shell-extension-appindicator); the icon then appears by itself. Until then closing the \
             window minimises it."
        );
        assert!(explain(unknown, "XFCE").contains("add the Status Tray plugin to the panel"));
        assert!(explain(unknown, "").contains("start a panel"));
        let no_bus = explain("tray icon error: D-Bus connection error: No such file or directory", "XFCE");
        assert!(no_bus.starts_with("There is no session bus"), "{no_bus}");
        let refused = explain("tray icon error: the watcher is busy", "KDE");
        assert!(refused.starts_with("org.kde.StatusNotifierWatcher took no icon (the watcher is busy)"), "{refused}");
    }
}
