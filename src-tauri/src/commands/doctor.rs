//! The doctor.

use std::path::PathBuf;

use beatkeeper_core::doctor::Symptom;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_engine::command::{Command, Refusal};
use serde::Deserialize;
use serde_json::Value;
use tauri::{AppHandle, WebviewWindow, command};

use super::{Answer, ask, save};

#[command]
pub(crate) async fn doctor_start(
    app: AppHandle,
    id: EntityId,
    symptom: Option<Symptom>,
    hold: Option<u32>,
    listen: bool,
) -> Answer {
    ask(&app, Command::DoctorStart { id, symptom, hold, listen }).await
}

#[command]
pub(crate) async fn doctor_look(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::DoctorLook { id, started_at: None }).await
}

#[command]
pub(crate) async fn doctor_stop(app: AppHandle, id: EntityId) -> Answer {
    ask(&app, Command::DoctorStop { id }).await
}

/// For whom a report is.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportFormat {
    Markdown,
    Json,
}

/// Saves the report of the run that began then. Answers where it is; nothing when that was cancelled, or there is none.
#[command]
pub(crate) async fn doctor_save(
    app: AppHandle,
    window: WebviewWindow,
    id: EntityId,
    started_at: Time,
    format: ReportFormat,
    name: String,
) -> Result<Option<PathBuf>, Refusal> {
    let run = ask(&app, Command::DoctorLook { id, started_at: Some(started_at) }).await?;
    let Some(text) = report(&run, format) else { return Ok(None) };
    save(&window, name, text).await
}

/// What is passed on of a run; nothing while it is under way.
fn report(run: &Value, format: ReportFormat) -> Option<String> {
    let markdown = run.get("markdown")?.as_str()?;
    match format {
        ReportFormat::Markdown => Some(markdown.to_owned()),
        ReportFormat::Json => Some(format!("{:#}\n", run.get("json")?)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ReportFormat, report};

    #[test]
    fn a_run_has_a_report_once_it_has_ended() {
        let under_way = json!({ "done": false, "markdown": null, "json": null });
        assert_eq!(report(&under_way, ReportFormat::Markdown), None);
        assert_eq!(report(&serde_json::Value::Null, ReportFormat::Json), None);
        let done = json!({ "done": true, "markdown": "# a\n", "json": { "version": 1 } });
        assert_eq!(report(&done, ReportFormat::Markdown).as_deref(), Some("# a\n"));
        assert_eq!(report(&done, ReportFormat::Json).as_deref(), Some("{\n  \"version\": 1\n}\n"));
    }
}
