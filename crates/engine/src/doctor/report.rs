//! The report: Markdown for people, JSON for programs. All its texts were redacted when they were written down.

use std::fmt::Write as _;

use beatkeeper_core::doctor::{Diagnosis, Layer, Outcome};
use beatkeeper_core::view::Severity;
use serde_json::{Value, json};

use super::sheet::{CheckRow, DoctorRun};
use crate::blackbox::{Clean, escaped};

/// Of the JSON.
pub const REPORT_VERSION: u32 = 1;

/// Writes both into a run that has its diagnosis.
pub(super) fn write(run: &mut DoctorRun) {
    run.json = json(run);
    run.markdown = run.diagnosis.as_ref().map(|diagnosis| markdown(run, diagnosis));
}

/// What a command that showed this report ends with: 0 when all is well, 1 when something was found, 2 when nobody could look.
#[must_use]
pub fn exit_code(run: &DoctorRun) -> u8 {
    match &run.diagnosis {
        Some(diagnosis) if diagnosis.code == "ok" => 0,
        Some(_) => 1,
        None => 2,
    }
}

fn json(run: &DoctorRun) -> Value {
    json!({
        "version": REPORT_VERSION,
        "program": concat!("beatkeeper ", env!("CARGO_PKG_VERSION")),
        "agent": run.agent,
        "name": Clean::new(&run.name),
        "registry": Clean::new(&run.registry),
        "symptom": run.symptom,
        "took_ms": run.took_ms,
        "checks": run.checks,
        "diagnosis": run.diagnosis,
    })
}

fn markdown(run: &DoctorRun, diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let name = escaped(Clean::new(&run.name).as_str());
    let _ = writeln!(text, "# Doctor's report: {name}\n");
    let shape = match diagnosis.severity {
        Severity::Good => "✔",
        Severity::Neutral => "○",
        Severity::Warning => "▲",
        Severity::Bad => "■",
    };
    let _ = writeln!(text, "**{shape} {}** (`{}`)\n", escaped(&diagnosis.sentence), diagnosis.code);
    if !diagnosis.remedy.is_empty() {
        let _ = writeln!(text, "{}\n", escaped(&diagnosis.remedy));
    }
    if let Some(symptom) = run.symptom {
        let _ = writeln!(text, "- Seen: {}", symptom.sentence());
    }
    for proof in &diagnosis.proof {
        let _ = writeln!(text, "- {}", escaped(proof));
    }
    let took = run.took_ms.unwrap_or(0) as f64 / 1000.0;
    let _ = writeln!(
        text,
        "\n`{}` at registry {}; looked at in {took:.1} s by Beatkeeper {}\n",
        run.agent,
        escaped(Clean::new(&run.registry).as_str()),
        env!("CARGO_PKG_VERSION")
    );
    let _ = writeln!(text, "| | Check | Result | Evidence | Took |\n|---|---|---|---|---|");
    let mut layer = None;
    for row in &run.checks {
        let first = if layer == Some(row.layer) { "" } else { title(row.layer) };
        layer = Some(row.layer);
        let took = row.took_ms.map(|ms| format!("{ms} ms")).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {first} | {} | {} {} | {} | {took} |",
            row.title,
            mark(row.result),
            row.result.as_str(),
            escaped(row.evidence.as_str())
        );
    }
    commands(&mut text, &run.checks);
    text
}

/// For whoever wants to see it for oneself.
fn commands(text: &mut String, rows: &[CheckRow]) {
    let worth = |row: &&CheckRow| matches!(row.result, Outcome::Bad | Outcome::Notice);
    let told: Vec<&str> = rows.iter().filter(worth).filter_map(|row| Some(row.command.as_ref()?.as_str())).collect();
    if told.is_empty() {
        return;
    }
    let _ = writeln!(text, "\nTo see it for yourself:\n\n```sh\n{}\n```", told.join("\n").replace("```", "'''"));
}

const fn title(layer: Layer) -> &'static str {
    match layer {
        Layer::Computer => "This computer",
        Layer::Path => "Path",
        Layer::Registry => "Registry",
        Layer::Record => "Record",
        Layer::Link => "Link",
        Layer::Beats => "Beats",
        Layer::Agent => "Agent",
    }
}

const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "✔",
        Outcome::Notice => "▲",
        Outcome::Bad => "■",
        Outcome::Unknown => "?",
        Outcome::NotAsked | Outcome::Waiting | Outcome::Running => "·",
    }
}
