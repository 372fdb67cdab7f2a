//! `docs/verdicts.md`, made of what the code says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use beatkeeper_core::alert::Fault;
use beatkeeper_core::verdict::{Evidence, KnownVerdict, Subject, VERDICTS, judge};
use beatkeeper_core::view::{ProcessState, Severity};

use crate::witnesses::{self, PROCESSES, State};

const INTRODUCTION: &str = "\
# Verdicts

For each agent three witnesses are heard: its process, the link to its registry, and the registry itself
([why](adr/0001-three-witnesses.md)). What they say together is one verdict: a code for machines, which never changes its
meaning, a sentence, and what to do about it. `beatkeeper status --json`, the window, notices and the history have the same
codes.

First who is silent because somebody wants it so, then each pair of states, for each who may beat, then every code, with whose
fault the time is that is lost meanwhile. Liveness is counted in confirmed beats alone: late after 3 intervals, stale after 5 minutes, offline after 15, unless the registry's
entry in the configuration says otherwise.

This page is written by the code:
`BEATKEEPER_DOCS=keep cargo test -p beatkeeper-core --test verdicts`, and a test fails when it is not what the code does.
";

const PAIRS: &str = "
## Who should beat

`link.refused` and `key.locked` stand for the code of whatever keeps the link from being open.
";

/// All of it.
pub fn of_all() -> String {
    let mut page = INTRODUCTION.to_owned();
    rests(&mut page);
    page.push_str(PAIRS);
    for speaker in witnesses::speakers() {
        pairs(&mut page, &speaker);
    }
    page.push_str("\n## Every code\n");
    let said = said();
    for subject in Subject::ALL {
        writeln!(page, "\n### {}", subject_title(subject)).unwrap();
        for verdict in VERDICTS.iter().filter(|verdict| verdict.subject == subject) {
            code(&mut page, verdict, &said);
        }
    }
    page
}

/// Who is silent because somebody wants it so.
fn rests(page: &mut String) {
    page.push_str(
        "\n## Silent, and meant to be\n\n| because | the registry rests, too | the registry moves all the same |\n",
    );
    page.push_str("|---|---|---|\n");
    for rest in witnesses::rests() {
        let mut evidence = witnesses::well();
        (rest.set)(&mut evidence);
        let quiet = judge(&evidence).code;
        let moves = judge(&Evidence { foreign: true, ..evidence }).code;
        writeln!(page, "| {} | `{quiet}` | `{moves}` |", rest.name).unwrap();
    }
}

/// What one speaker's pairs of states come to. States that come to the same stand together, and what a process changes
/// nothing about is said once.
fn pairs(page: &mut String, speaker: &State) {
    writeln!(page, "\n### {}", speaker.name).unwrap();
    let (links, registries) = (witnesses::links(), witnesses::registries());
    let code = |process: ProcessState, link: &State, registry: &State| {
        let mut evidence = Evidence { process, ..witnesses::well() };
        for set in [&speaker.set, &link.set, &registry.set] {
            set(&mut evidence);
        }
        judge(&evidence).code
    };
    let rows = |process: &ProcessState| -> Vec<Row> {
        let codes = |registry| links.iter().map(|link| code(*process, link, registry)).collect();
        registries.iter().map(|registry| (registry.name, codes(registry))).collect()
    };
    let mut usual: Option<(&str, Vec<Row>)> = None;
    for (processes, rows) in alike(PROCESSES.iter().map(|process| (process_name(*process), rows(process)))) {
        writeln!(page, "\n**The process {}**", processes.join(", or ")).unwrap();
        let codes: BTreeSet<_> = rows.iter().flat_map(|(_, codes)| codes).collect();
        if let (Some(only), 1) = (codes.first(), codes.len()) {
            writeln!(page, "\n`{only}`, whatever the others say.").unwrap();
        } else if let Some((name, usual)) = &usual {
            writeln!(page, "\nAs when the process {name}, but:").unwrap();
            table(page, &links, rows.into_iter().filter(|row| !usual.contains(row)).collect());
        } else {
            table(page, &links, rows.clone());
            usual = Some((processes[0], rows));
        }
    }
}

/// A state of the registry, and the code with each state of our link.
type Row = (&'static str, Vec<&'static str>);

/// First what our link has a say in, then the rest.
fn table(page: &mut String, links: &[State], rows: Vec<Row>) {
    let (same, several): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|(_, codes)| codes.iter().all(|code| *code == codes[0]));
    if !several.is_empty() {
        let column = |place: usize| several.iter().map(|(_, codes)| codes[place]).collect::<Vec<_>>();
        let columns = alike(links.iter().enumerate().map(|(place, link)| (link.name, column(place))));
        let head: Vec<_> = columns.iter().map(|(links, _)| format!("our link is {}", links.join(", or "))).collect();
        writeln!(page, "\n| the registry | {} |\n|---|{}", head.join(" | "), "---|".repeat(columns.len())).unwrap();
        let codes = |row: usize| columns.iter().map(|(_, codes)| codes[row]).collect::<Vec<_>>();
        let rows = several.iter().enumerate().map(|(row, (registry, _))| (*registry, codes(row)));
        for (registries, codes) in alike(rows) {
            let codes: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
            writeln!(page, "| {} | {} |", registries.join("; "), codes.join(" | ")).unwrap();
        }
    }
    if !same.is_empty() {
        page.push_str("\n| the registry | whatever our link is |\n|---|---|\n");
        for (registries, codes) in alike(same) {
            writeln!(page, "| {} | `{}` |", registries.join("; "), codes[0]).unwrap();
        }
    }
}

/// Names of what comes to the same, in the order in which each was met first.
fn alike<K, V: PartialEq>(all: impl IntoIterator<Item = (K, V)>) -> Vec<(Vec<K>, V)> {
    let mut groups: Vec<(Vec<K>, V)> = Vec::new();
    for (name, value) in all {
        match groups.iter_mut().find(|(_, known)| *known == value) {
            Some((names, _)) => names.push(name),
            None => groups.push((vec![name], value)),
        }
    }
    groups
}

/// Everything that is said with each code: how bad it is, the sentence, the remedy.
type Said = BTreeMap<&'static str, BTreeSet<(Severity, String, String)>>;

fn said() -> Said {
    let mut said = Said::new();
    witnesses::each(|evidence| {
        let verdict = judge(evidence);
        // What is said beside a cause is the same with each, and so are the tries.
        let beside = evidence.sweep_late_by.is_some() && verdict.code != "registry.sweep_late";
        if !beside && evidence.attempt == 0 {
            said.entry(verdict.code).or_default().insert((verdict.severity, verdict.sentence, verdict.remedy));
        }
    });
    said
}

fn code(page: &mut String, verdict: &KnownVerdict, said: &Said) {
    writeln!(page, "\n#### `{}`\n\n{}{}\n", verdict.code, verdict.given, fault(verdict.fault)).unwrap();
    page.push_str("| | says | remedy |\n|---|---|---|\n");
    let said = said.get(verdict.code).into_iter().flatten();
    for (severities, (sentence, remedy)) in
        alike(said.map(|(severity, sentence, remedy)| (severity_word(*severity), (sentence, remedy))))
    {
        writeln!(page, "| {} | {} | {} |", severities.join(" or "), cell(sentence), cell(remedy)).unwrap();
    }
}

fn cell(text: &str) -> String {
    if text.is_empty() { "none is needed".into() } else { text.replace('|', "\\|") }
}

const fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Good => "good",
        Severity::Neutral => "neutral",
        Severity::Warning => "warning",
        Severity::Bad => "bad",
    }
}

const fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Process => " Whose fault: the process's.",
        Fault::Link => " Whose fault: that of the way to the registry.",
        Fault::Registry => " Whose fault: the registry's.",
        Fault::Key => " Whose fault: the key's.",
        Fault::Clock => " Whose fault: a clock's.",
        Fault::OwnNetwork => " Whose fault: that of this computer's network.",
        Fault::Asleep | Fault::NotRunning => " Whose fault: nobody's, it is not meant to beat.",
        Fault::Unknown => "",
    }
}

const fn subject_title(subject: Subject) -> &'static str {
    match subject {
        Subject::Well => "All is well",
        Subject::Rest => "Nobody expects it to beat",
        Subject::Beats => "Beats",
        Subject::Registry => "The registry",
        Subject::Link => "The connection",
        Subject::Key => "The key",
        Subject::Clock => "Clocks",
        Subject::Process => "The process, and an agent that beats by itself",
        Subject::Team => "Teams",
    }
}

const fn process_name(process: ProcessState) -> &'static str {
    match process {
        ProcessState::NotOurs => "is not ours to see",
        ProcessState::Unknown => "was not asked yet",
        ProcessState::Stopped => "is stopped",
        ProcessState::Starting => "is starting",
        ProcessState::Running => "runs",
        ProcessState::Unhealthy => "is not well",
        ProcessState::WrongAgent => "is another agent's",
        ProcessState::NotRunning => "does not answer",
        ProcessState::Stopping => "is asked to end",
        ProcessState::Waiting => "ended and is started again",
        ProcessState::Exited => "ended",
        ProcessState::GaveUp => "was given up",
    }
}
