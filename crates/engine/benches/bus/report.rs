//! The table.

use std::time::Duration;

use super::Outcome;
use super::child::Answer;
use super::server::Publish;

/// What the engine's beats came to. What this system does not tell is missing.
pub(crate) struct Beating {
    window: Duration,
    beats: f64,
    /// Seconds a beat.
    engine: Option<f64>,
    /// Seconds a beat.
    server: f64,
    /// Bytes.
    memory: Option<f64>,
    /// Milliseconds, each p50, p99 and most: when it left after it was due, when it was heard after it left, and both.
    latency: [[f64; 3]; 3],
    unconfirmed: f64,
    sent: f64,
    confirmed: f64,
}

impl Beating {
    pub(crate) fn read(
        window: Duration,
        measured: &Answer,
        latency: &Answer,
        outcome: &Answer,
        server: Duration,
        beats: f64,
    ) -> Outcome<Self> {
        let of = |what: &str| -> Outcome<[f64; 3]> {
            let number = |which: &str| latency.number(&format!("{what}_{which}"));
            Ok([number("p50")?, number("p99")?, number("most")?])
        };
        Ok(Self {
            window,
            beats,
            engine: measured.maybe("cpu").map(|cpu| cpu / beats),
            server: server.as_secs_f64() / beats,
            memory: measured.maybe("memory"),
            latency: [of("late")?, of("heard")?, of("whole")?],
            unconfirmed: outcome.number("unconfirmed")?,
            sent: outcome.number("sent")?,
            confirmed: outcome.number("confirmed")?,
        })
    }
}

/// What redis-benchmark's messages came to.
pub(crate) struct Publishing {
    pub(crate) how: Publish,
    /// What the server computed for one.
    pub(crate) busy: Duration,
    /// What one took of the whole time.
    pub(crate) took: Duration,
}

/// All of it, side by side.
pub(crate) struct Report {
    pub(crate) agents: u32,
    /// Of a message, in bytes.
    pub(crate) size: usize,
    pub(crate) beating: Beating,
    pub(crate) publishing: Vec<Publishing>,
}

impl Report {
    pub(crate) fn print(&self) {
        let Self { agents, size, beating, publishing } = self;
        let rate = beating.beats / beating.window.as_secs_f64();
        println!();
        println!("{:.0} beats, {rate:.0} a second, each with a message of {size} bytes", beating.beats);
        println!("  CPU of the engine, a beat         {:>9}", micros(beating.engine));
        println!("  CPU of redis-server, a beat       {:>9}", micros(Some(beating.server)));
        if let Some(memory) = beating.memory {
            println!("  memory of the engine, an agent    {:>6.1} kB", memory / f64::from(*agents) / 1e3);
        }
        println!();
        println!("redis-benchmark PUBLISH                 server  throughput   beat/PUBLISH:  server  engine");
        for Publishing { how, busy, took } in publishing {
            let (busy, took) = (busy.as_secs_f64(), took.as_secs_f64());
            let heard = if how.heard { "one listens" } else { "nobody listens" };
            let what = format!("{} at once, {heard}", how.at_once);
            let engine = beating.engine.map_or_else(|| "-".to_owned(), |engine| format!("{:.2}", engine / took));
            let (server, each) = (micros(Some(busy)), micros(Some(took)));
            println!("  {what:<32}{server:>12}{each:>12}{:>22.2}{engine:>8}", beating.server / busy);
        }
        println!();
        println!("                                     p50      p99     most");
        for (what, [p50, p99, most]) in
            ["due to sent", "sent to heard again", "due to heard again"].into_iter().zip(&beating.latency)
        {
            println!("  {what:<28}{p50:>7} ms{p99:>6} ms{most:>6} ms");
        }
        println!();
        println!(
            "A beat is a PUBLISH that comes back, an HSET of its figures and an EXPIRE. Throughput: the whole time of"
        );
        println!("redis-benchmark by its messages, which the engine's ratio is to; the server's is CPU to CPU.");
        let Beating { sent, confirmed, unconfirmed, .. } = beating;
        println!("Since its start the engine sent {sent} beats; {confirmed} are confirmed, {unconfirmed} unconfirmed.");
    }
}

fn micros(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "not measured".to_owned(), |seconds| format!("{:.1} us", seconds * 1e6))
}
