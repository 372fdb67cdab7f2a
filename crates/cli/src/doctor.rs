//! `beatkeeper doctor`: looks at everything between an agent and its registry's record, and says what it is.

use std::fs;
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use beatkeeper_core::doctor::{Diagnosis, Outcome};
use beatkeeper_core::view::Severity;
use beatkeeper_engine::Paths;
use beatkeeper_engine::command::{Command, Refusal};
use beatkeeper_engine::doctor::{self, CheckRow, DoctorRun, Orders};

use crate::agent;
use crate::args::{DoctorOptions, VaultKind};
use crate::failure::Failure;
use crate::lookup;
use crate::out::{self, note, plain};
use crate::passphrase;
use crate::remote::{self, Remote};
use crate::signals::Signals;
use crate::style::{Screen, Tone};

/// How often a visit that is under way is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// As shells tell of a program that Ctrl+C ended.
const INTERRUPTED: u8 = 130;

pub(crate) fn examine(paths: &Paths, vault: VaultKind, options: &DoctorOptions) -> Result<(), Failure> {
    let run = look(paths, vault, options).map_err(Failure::could_not_look)?;
    if let Some(file) = &options.save {
        save(&run, file).map_err(Failure::could_not_look)?;
    }
    if options.json {
        out::json(&run.json)?;
    } else if options.markdown {
        out::raw(run.markdown.as_deref().unwrap_or_default())?;
    } else if let Some(diagnosis) = &run.diagnosis {
        out::lines(&told(diagnosis, Screen::of_stdout().colour))?;
    }
    match doctor::exit_code(&run) {
        0 => Ok(()),
        code => Err(Failure::Ended(code)),
    }
}

fn look(paths: &Paths, vault: VaultKind, options: &DoctorOptions) -> Result<DoctorRun, Failure> {
    let mut rows = Rows::new(!options.json && !options.markdown);
    let symptom = options.symptom.map(Into::into);
    let Some(mut remote) = Remote::find(paths)? else {
        let agent = agent::configured(paths, &options.agent)?;
        let orders = Orders::new(symptom, options.hold, options.listen)?;
        // Nobody who can answer is asked in vain, and a vault that stays closed is a finding. Looking makes no vault file.
        let can_look = vault == VaultKind::Keychain || paths.vault_file().exists();
        let vault = if can_look && std::io::stdin().is_terminal() {
            Some(passphrase::choose(vault, paths)?)
        } else {
            passphrase::choose_silently(vault)
        };
        let visit = doctor::alone(paths, vault.as_ref(), &agent.id, orders, |run| rows.show(run));
        let runtime = remote::runtime()?;
        let run = runtime.block_on(visit);
        // A resolver that does not answer is not waited for.
        runtime.shutdown_background();
        return Ok(run?);
    };
    let agent = lookup::find(&options.agent, &agent::candidates(&remote.fleet()?))?;
    let start = Command::DoctorStart { id: agent.id.clone(), symptom, hold: options.hold, listen: options.listen };
    let runtime = remote::runtime()?;
    let mut signals = runtime.block_on(async { Signals::listen() }).map_err(|error| {
        Failure::refused("system.signals", format!("Signals cannot be heard: {error}"), "Close something, try again.")
    })?;
    let mut run: DoctorRun = remote.ask(&start)?;
    let started_at = run.started_at;
    loop {
        rows.show(&run);
        if run.done {
            return Ok(run);
        }
        let to_stop = runtime.block_on(async { tokio::time::timeout(LOOK, signals.next()).await.is_ok() });
        if to_stop {
            // The agent may be silent for this visit.
            let _: serde_json::Value = remote.ask(&Command::DoctorStop { id: agent.id.clone() })?;
            return Err(Failure::Ended(INTERRUPTED));
        }
        let now: Option<DoctorRun> = remote.ask(&Command::DoctorLook { id: agent.id.clone(), started_at: None })?;
        run = now.filter(|run| run.started_at == started_at).ok_or_else(|| {
            Failure::refused(
                "doctor.ended",
                "This visit of the doctor broke off, or somebody else began another one",
                "Run it again.",
            )
        })?;
    }
}

/// Rows, each written once, in order, as soon as it and all before it are there.
struct Rows {
    on: bool,
    colour: bool,
    shown: usize,
}

impl Rows {
    fn new(on: bool) -> Self {
        Self { on, colour: Screen::of_stdout().colour, shown: 0 }
    }

    fn show(&mut self, run: &DoctorRun) {
        let ready = |row: &&CheckRow| run.done || !matches!(row.result, Outcome::Waiting | Outcome::Running);
        let new: Vec<String> =
            run.checks.iter().skip(self.shown).take_while(ready).map(|row| line(row, self.colour)).collect();
        self.shown += new.len();
        if self.on && !new.is_empty() {
            // Whoever reads no more gets no more.
            let _ = out::lines(&new);
        }
    }
}

fn line(row: &CheckRow, colour: bool) -> String {
    let (mark, tone) = match row.result {
        Outcome::Ok => ("✔", Tone::Good),
        Outcome::Notice => ("▲", Tone::Warning),
        Outcome::Bad => ("■", Tone::Bad),
        Outcome::Unknown => ("?", Tone::Quiet),
        Outcome::NotAsked | Outcome::Waiting | Outcome::Running => ("·", Tone::Quiet),
    };
    let took = row.took_ms.map(|ms| format!("{ms} ms")).unwrap_or_default();
    let quiet = Tone::Quiet.paint(&took, colour);
    let evidence = plain(row.evidence.as_str());
    let row_text = format!("{} {:<27} {evidence}", tone.paint(mark, colour), row.title);
    let told = matches!(row.result, Outcome::Bad | Outcome::Notice);
    match row.command.as_ref().filter(|_| told) {
        Some(command) => {
            let command = Tone::Quiet.paint(&format!("$ {}", plain(command.as_str())), colour);
            format!("{row_text}  {quiet}\n  {:<27} {command}", "")
        }
        None => format!("{row_text}  {quiet}"),
    }
}

fn told(diagnosis: &Diagnosis, colour: bool) -> Vec<String> {
    let (mark, tone) = match diagnosis.severity {
        Severity::Good => ("✔", Tone::Good),
        Severity::Neutral => ("○", Tone::Plain),
        Severity::Warning => ("▲", Tone::Warning),
        Severity::Bad => ("■", Tone::Bad),
    };
    let mut lines = vec![
        String::new(),
        format!("{} {}", tone.paint(mark, colour), Tone::Strong.paint(&plain(&diagnosis.sentence), colour)),
    ];
    if !diagnosis.remedy.is_empty() {
        lines.push(format!("  {}", plain(&diagnosis.remedy)));
    }
    let proof = diagnosis.proof.iter().map(|proof| Tone::Quiet.paint(&format!("  · {}", plain(proof)), colour));
    lines.extend(proof);
    lines
}

fn save(run: &DoctorRun, file: &Path) -> Result<(), Failure> {
    let text = if file.extension().is_some_and(|end| end.eq_ignore_ascii_case("json")) {
        serde_json::to_string_pretty(&run.json).unwrap_or_default() + "\n"
    } else {
        run.markdown.clone().unwrap_or_default()
    };
    fs::write(file, text).map_err(|error| {
        let sentence = format!("{} cannot be written: {error}", file.display());
        Failure::Refused(Refusal::new("report.unwritable", sentence, "Choose another file."))
    })?;
    note(&format!("The report is in {}", file.display()));
    Ok(())
}
