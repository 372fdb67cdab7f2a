//! Puts the parts together: tray and engine first, then the window.

use std::time::Duration;

use beatkeeper_engine::Paths;
use beatkeeper_engine::command::Refusal;
use tauri::plugin::TauriPlugin;
use tauri::utils::config::Config;
use tauri::{AppHandle, Manager, RunEvent, Wry, async_runtime};
use tauri_plugin_window_state::StateFlags;

use crate::args::Args;
use crate::shell::{Engine, Shell};
use crate::{commands, engine, quit, tray, window};

/// An engine that starts in this time gets the processor to itself; then the window comes in any case.
const ENGINE_FIRST: Duration = Duration::from_millis(300);

/// Runs the app until it quits.
pub(crate) fn run(args: Args, paths: Result<Paths, Refusal>) -> tauri::Result<()> {
    let mut context = tauri::generate_context!();
    let one_instance = one_instance(context.config_mut(), &args);
    let window_state = tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED);
    let window_state = match &paths {
        // An absolute name: beside everything else that belongs to this data folder.
        Ok(paths) => window_state.with_filename(absolute(paths.data.join("window.json"))),
        Err(_) => window_state,
    };
    let app = tauri::Builder::default()
        .plugin(one_instance)
        .plugin(window_state.build())
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(commands::handler())
        .on_menu_event(|app, event| tray::chosen(app, event.id().as_ref()))
        .on_tray_icon_event(|app, event| tray::touched(app, &event))
        .on_window_event(|window, event| {
            if window::on_event(window, event) == window::Then::Quit {
                quit::quit(window.app_handle());
            }
        })
        .manage(Shell::new())
        .setup(move |app| {
            set_up(app.handle(), &args, paths);
            Ok(())
        })
        .build(context)?;
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            quit::on_exit(app);
        } else if let RunEvent::ExitRequested { code: None, api, .. } = event {
            // The last window is gone; the tray and the engine stay.
            api.prevent_exit();
        }
    });
    Ok(())
}

fn set_up(app: &AppHandle, args: &Args, paths: Result<Paths, Refusal>) {
    window::keep_data_in(app, paths.as_ref().ok().map(|paths| paths.data.join("webview")));
    let options = paths.and_then(|paths| args.options(paths));
    async_runtime::spawn(engine::live(app.clone(), options));
    async_runtime::spawn(tray::theme::follow(app.clone(), app.state::<Shell>().theme.subscribe()));
    tray::raise(app);
    async_runtime::spawn(tray::host::watch(app.clone()));
    async_runtime::spawn(window::release::watch(app.clone()));
    async_runtime::spawn(quit::on_signal(app.clone()));
    if let Some(agent) = &args.agent {
        app.state::<Shell>().want(vec![agent.clone()]);
    }
    let hidden = args.hidden && args.agent.is_none();
    async_runtime::spawn(open(app.clone(), hidden));
}

async fn open(app: AppHandle, hidden: bool) {
    if hidden {
        return window::show_unless_hosted(app).await;
    }
    let mut engine = app.state::<Shell>().engine.subscribe();
    let started = engine.wait_for(|engine| !matches!(engine, Engine::Starting));
    // Whatever became of it, the window says it.
    let _ = tokio::time::timeout(ENGINE_FIRST, started).await;
    window::show(&app);
}

/// One instance per data folder, so that a demonstration or a test leaves the user's own alone.
fn one_instance(config: &mut Config, args: &Args) -> TauriPlugin<Wry> {
    let builder = tauri_plugin_single_instance::Builder::new()
        .callback(|app: &AppHandle, argv: Vec<String>, _| second_launch(app, &argv));
    let Some(instance) = args.instance() else { return builder.build() };
    let name = format!("{}.{instance}", config.identifier);
    if cfg!(target_os = "linux") {
        return builder.dbus_id(name).build();
    }
    // Elsewhere the plugin goes by the app's own name.
    config.identifier = name;
    builder.build()
}

fn second_launch(app: &AppHandle, argv: &[String]) {
    let args = Args::handed_over(argv);
    tracing::info!("launched a second time");
    match args.agent {
        Some(agent) => window::open(app, vec![agent], None),
        None => window::show(app),
    }
}

fn absolute(path: std::path::PathBuf) -> String {
    std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned()
}
