//! The tray icon: draws what differs between the last model and the next, and nothing else.

pub(crate) mod host;
mod icons;
mod menu;
pub(crate) mod state;
pub(crate) mod theme;

use std::time::Duration;

use beatkeeper_core::time::Time;
use beatkeeper_core::tray::TrayModel;
use beatkeeper_core::view::Glyph;
use beatkeeper_engine::command::Command;
use tauri::menu::{IsMenuItem, Menu, MenuItemBuilder, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager, Theme, async_runtime};
use tokio::sync::watch;

use self::icons::Colours;
use self::menu::{Entry, Wish, menu};
use self::state::Picture;
use crate::main_thread::on_main_thread;
use crate::shell::Shell;
use crate::{agents, quit, window};

const ID: &str = "beatkeeper";
const TITLE: &str = "Beatkeeper";
/// A menu that changes faster than this cannot be read.
const PACE: Duration = Duration::from_millis(500);

/// Makes the icon; without a host it cannot be made, and why is kept. On the main thread.
pub(crate) fn raise(app: &AppHandle) {
    let tray = &app.state::<Shell>().tray;
    if tray.exists() {
        return tray.set_host(None);
    }
    let picture = tray.state().wanted.clone();
    match build(app, &picture) {
        Ok(icon) => {
            let mut state = tray.state();
            state.icon = Some(icon);
            state.drawn = Some(picture);
            drop(state);
            tray.set_host(None);
            tracing::info!("the tray icon is there");
        }
        Err(error) => {
            tracing::warn!("there is no tray icon: {error}");
            tray.set_host(Some(host::problem(&error)));
        }
    }
}

/// Draws every model that the engine makes, at a pace that a person can follow.
pub(crate) async fn follow(app: AppHandle, mut model: watch::Receiver<TrayModel>) {
    loop {
        let next = model.borrow_and_update().clone();
        // An engine that has just started has nothing to say yet.
        if !next.sentence.is_empty() {
            draw(&app, next);
            tokio::time::sleep(PACE).await;
        }
        if model.changed().await.is_err() {
            return;
        }
    }
}

/// Shows this model. From any thread.
pub(crate) fn draw(app: &AppHandle, model: TrayModel) {
    app.state::<Shell>().tray.state().wanted.model = model;
    on_main_thread(app, redraw);
}

/// The panel changes its colours with the theme. From any thread.
fn paint(app: &AppHandle, theme: Theme) {
    app.state::<Shell>().tray.state().wanted.colours = Colours::on(theme);
    on_main_thread(app, redraw);
}

/// A click on the icon. The menu is the right button's.
pub(crate) fn touched(app: &AppHandle, event: &TrayIconEvent) {
    if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
        window::show(app);
    }
}

/// A line of the menu was chosen.
pub(crate) fn chosen(app: &AppHandle, id: &str) {
    match Wish::of(id) {
        Some(Wish::ShowWindow) => window::show(app),
        Some(Wish::Open(agent)) => window::open(app, vec![agent], None),
        Some(Wish::Restart(agent)) => agents::restart(app, agent),
        Some(Wish::Snooze(agent)) => agents::snooze(app, agent),
        Some(Wish::Wake(agent)) => agents::wake(app, agent),
        Some(Wish::Start(agent)) => agents::start(app, agent),
        Some(Wish::Stop(agent)) => agents::stop(app, agent),
        Some(Wish::AcknowledgeAll) => {
            let all = app.state::<Shell>().tray.state().wanted.model.unacknowledged.clone();
            agents::acknowledge(app, all);
        }
        Some(Wish::PauseAlerts(minutes)) => _ = async_runtime::spawn(pause_alerts(app.clone(), minutes)),
        Some(Wish::Quit) => quit::quit(app),
        None => {}
    }
}

async fn pause_alerts(app: AppHandle, minutes: Option<u32>) {
    if let Err(refusal) = app.state::<Shell>().execute(Command::PauseAlerts { minutes }).await {
        tracing::warn!(code = refusal.code, "alerts cannot be paused: {refusal}");
        // The window says what is wrong with the engine.
        window::show(&app);
    }
}

fn build(app: &AppHandle, picture: &Picture) -> tauri::Result<TrayIcon> {
    let builder = TrayIconBuilder::with_id(ID)
        .icon(icons::icon(picture.colours, picture.model.glyph))
        .icon_as_template(picture.colours.tinted())
        .tooltip(tooltip(&picture.model))
        .menu(&drawn_menu(app, &menu(&picture.model))?)
        .show_menu_on_left_click(false);
    // Where the icon has a name of its own; elsewhere it would be written beside the icon.
    let builder = if cfg!(target_os = "linux") { builder.title(TITLE) } else { builder };
    builder.build(app)
}

/// Draws what differs. On the main thread.
fn redraw(app: &AppHandle) {
    let tray = &app.state::<Shell>().tray;
    let (icon, drawn, wanted) = {
        let state = tray.state();
        let (Some(icon), Some(drawn)) = (&state.icon, &state.drawn) else { return };
        (icon.clone(), drawn.clone(), state.wanted.clone())
    };
    if drawn == wanted {
        return;
    }
    match draw_changes(app, &icon, &drawn, &wanted) {
        Ok(()) => tray.state().drawn = Some(wanted),
        Err(error) => tracing::warn!("the tray cannot be drawn: {error}"),
    }
}

fn draw_changes(app: &AppHandle, icon: &TrayIcon, drawn: &Picture, wanted: &Picture) -> tauri::Result<()> {
    let glyph = |picture: &Picture| -> (Colours, Glyph) { (picture.colours, picture.model.glyph) };
    if glyph(drawn) != glyph(wanted) {
        let image = icons::icon(wanted.colours, wanted.model.glyph);
        icon.set_icon_with_as_template(Some(image), wanted.colours.tinted())?;
    }
    if tooltip(&drawn.model) != tooltip(&wanted.model) {
        icon.set_tooltip(Some(tooltip(&wanted.model)))?;
    }
    let entries = menu(&wanted.model);
    if menu(&drawn.model) != entries {
        icon.set_menu(Some(drawn_menu(app, &entries)?))?;
    }
    Ok(())
}

fn tooltip(model: &TrayModel) -> String {
    // Linux shows the title above it.
    if cfg!(target_os = "linux") { model.sentence.clone() } else { format!("{TITLE}: {}", model.sentence) }
}

fn drawn_menu(app: &AppHandle, entries: &[Entry]) -> tauri::Result<Menu<tauri::Wry>> {
    let menu = Menu::new(app)?;
    for entry in entries {
        menu.append(&*drawn_entry(app, entry)?)?;
    }
    Ok(menu)
}

fn drawn_entry(app: &AppHandle, entry: &Entry) -> tauri::Result<Box<dyn IsMenuItem<tauri::Wry>>> {
    if *entry == Entry::Separator {
        return Ok(Box::new(PredefinedMenuItem::separator(app)?));
    }
    // A single ampersand would underline the letter after it.
    let text = entry.text(clock).replace('&', "&&");
    let below = entry.below();
    if !below.is_empty() {
        let submenu = Submenu::new(app, text, true)?;
        for entry in &below {
            submenu.append(&*drawn_entry(app, entry)?)?;
        }
        return Ok(Box::new(submenu));
    }
    Ok(Box::new(match entry.id() {
        Some(id) => MenuItemBuilder::with_id(id, text).build(app)?,
        None => MenuItemBuilder::new(text).enabled(false).build(app)?,
    }))
}

/// A time of day as this computer's clock shows it.
fn clock(time: Time) -> Option<String> {
    let zone = jiff::tz::TimeZone::try_system().ok()?;
    Some(time.to_timestamp().to_zoned(zone).strftime("%H:%M").to_string())
}
