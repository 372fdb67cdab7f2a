//! The table.

use std::time::Duration;

use super::Outcome;
use super::child::Answer;

/// What an agent may take, in bytes: kilobytes as design.md counts them.
const MEMORY_TO_HOLD: f64 = 16e3;
/// What the engine may compute, in bare loops.
const CPU_TO_HOLD: f64 = 2.0;
/// What one beat in a hundred may be late at least, in milliseconds.
const LATENESS_TO_HOLD: f64 = 50.0;

/// One part's figures. Those that this system does not tell are missing.
pub(crate) struct Run {
    pub(crate) all_beating: Duration,
    /// Bytes, of which the larger counts: when all links had beaten, and at the end.
    memory: Option<[f64; 2]>,
    /// Seconds.
    cpu: Option<f64>,
    /// Milliseconds: p50, p99, most.
    late: [f64; 3],
    beats: f64,
    taken: f64,
    outcome: Option<Beats>,
}

struct Beats {
    sent: f64,
    confirmed: f64,
    unconfirmed: f64,
    foreign: f64,
    owed: f64,
}

impl Run {
    pub(crate) fn read(
        all_beating: Duration,
        window: Duration,
        taken: f64,
        measured: &Answer,
        beats: &Answer,
    ) -> Outcome<Self> {
        let late = [measured.number("late_p50")?, measured.number("late_p99")?, measured.number("late_most")?];
        let memory = measured.maybe("rss_opened").zip(measured.maybe("rss")).map(|(opened, end)| [opened, end]);
        let outcome = match beats.maybe("sent") {
            Some(sent) => Some(Beats {
                sent,
                confirmed: beats.number("confirmed")?,
                unconfirmed: beats.number("unconfirmed")?,
                foreign: beats.number("foreign")?,
                owed: beats.number("owed")?,
            }),
            None => None,
        };
        let cpu = measured.maybe("cpu").map(|seconds| seconds / window.as_secs_f64());
        Ok(Self { all_beating, memory, cpu, late, beats: measured.number("beats")?, taken, outcome })
    }
}

/// Both, side by side.
pub(crate) struct Report {
    pub(crate) links: u32,
    pub(crate) bare: Run,
    pub(crate) engine: Run,
}

impl Report {
    pub(crate) fn print(&self) {
        let Self { links, bare, engine } = self;
        let a_link = |run: &Run| run.memory.map(|[opened, end]| opened.max(end) / f64::from(*links));
        let kilobytes = |bytes: Option<f64>| unit(bytes.map(|bytes| bytes / 1e3), 1, "kB");
        let percent = |share: Option<f64>| unit(share.map(|share| share * 1e2), 1, "%");
        let late = |run: &Run, which: usize| unit(Some(run.late[which]), 1, "ms");

        println!();
        line(["", "bare loop", "engine", "ratio", "to hold", ""]);
        line([
            "all links have beaten after",
            &unit(Some(bare.all_beating.as_secs_f64()), 1, "s"),
            &unit(Some(engine.all_beating.as_secs_f64()), 1, "s"),
            "",
            "",
            "",
        ]);
        let memory = (a_link(bare), a_link(engine));
        line([
            "memory a link",
            &kilobytes(memory.0),
            &kilobytes(memory.1),
            &ratio(memory),
            "<= 16 kB",
            verdict(memory.1.map(|bytes| bytes <= MEMORY_TO_HOLD)),
        ]);
        let cpu = (bare.cpu, engine.cpu);
        line([
            "CPU, of one core",
            &percent(cpu.0),
            &percent(cpu.1),
            &ratio(cpu),
            "<= 2 x",
            verdict(cpu.0.zip(cpu.1).map(|(bare, engine)| engine <= CPU_TO_HOLD * bare)),
        ]);
        let p99_held = engine.late[1] <= LATENESS_TO_HOLD;
        line(["a beat is late, p50", &late(bare, 0), &late(engine, 0), "", "", ""]);
        line(["a beat is late, p99", &late(bare, 1), &late(engine, 1), "", "<= 50 ms", verdict(Some(p99_held))]);
        line(["a beat is late, at most", &late(bare, 2), &late(engine, 2), "", "", ""]);
        line(["beats sent in that time", &whole(bare.beats), &whole(engine.beats), "", "", ""]);
        line(["of those taken by the registry", &whole(bare.taken), &whole(engine.taken), "", "", ""]);
        println!();
        println!(
            "Memory: resident, without what the process had before it had keys; the larger of two moments, when all"
        );
        println!("links had beaten and at the end. Late: from the schedule to the system call that sent it, by the");
        println!("sender's own clock (whole milliseconds in the engine).");
        if let Some(beats) = &engine.outcome {
            beats.print();
        }
    }
}

impl Beats {
    fn print(&self) {
        let Self { sent, confirmed, unconfirmed, foreign, owed } = self;
        println!("Since its start the engine sent {sent} beats; {confirmed} are confirmed, {unconfirmed} unconfirmed.");
        if *owed == 0.0 && *unconfirmed == 0.0 && *foreign == 0.0 {
            println!("All beats that are older than ten seconds are confirmed.");
        } else {
            println!(
                "NOT ALL CONFIRMED: {owed} beats that are older than ten seconds are not, and {foreign} seemed foreign."
            );
        }
    }
}

fn line(cells: [&str; 6]) {
    let [what, bare, engine, ratio, hold, verdict] = cells;
    println!("{}", format!("{what:<32}{bare:>12}{engine:>12}{ratio:>8}   {hold:<10}{verdict}").trim_end());
}

fn unit(value: Option<f64>, digits: usize, unit: &str) -> String {
    value.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.digits$} {unit}"))
}

fn whole(value: f64) -> String {
    format!("{value:.0}")
}

fn ratio((bare, engine): (Option<f64>, Option<f64>)) -> String {
    bare.zip(engine).map_or_else(String::new, |(bare, engine)| format!("{:.2}", engine / bare))
}

const fn verdict(held: Option<bool>) -> &'static str {
    match held {
        Some(true) => "held",
        Some(false) => "NOT HELD",
        None => "",
    }
}
