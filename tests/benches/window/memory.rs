//! The size of the web process, in which the page lives.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// A line a minute.
const SAMPLES_A_LINE: usize = 12;
const NAME: &str = "WebKitWebProces";

/// The process in which the app's page lives.
pub(crate) struct WebProcess {
    pid: u32,
}

/// Its size over some time.
pub(crate) struct Sizes {
    kib: Vec<f64>,
}

impl WebProcess {
    /// Finds it among the descendants of the app.
    pub(crate) fn of(app: u32) -> Result<Self> {
        let numbers = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let mut ours = numbers.filter(|pid| {
            let named = fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == NAME);
            named && descends_from(*pid, app)
        });
        Ok(Self { pid: ours.next().context("the app has no web process")? })
    }

    /// Looks at it now and then.
    pub(crate) async fn watch(&self, time: Duration) -> Result<Sizes> {
        let mut kib = Vec::new();
        let mut ticks = tokio::time::interval(SAMPLE_EVERY);
        for _ in 0..=time.as_secs() / SAMPLE_EVERY.as_secs() {
            ticks.tick().await;
            kib.push(self.kib()?);
            if kib.len() % SAMPLES_A_LINE == 1 {
                println!("    after {:.0} min: {:.1} MiB", minutes(kib.len() - 1), kib[kib.len() - 1] / 1024.0);
            }
        }
        Ok(Sizes { kib })
    }

    /// Its proportional share of memory: what it would free by ending.
    fn kib(&self) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).context("the web process is gone")?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("no size of the web process")?;
        Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
    }
}

impl Sizes {
    /// Its baseline is its own first third. The collector lets it swing; what it comes down to is what is kept.
    pub(crate) fn print(&self) {
        let third = (self.kib.len() / 3).max(1);
        let least = |kib: &[f64]| kib.iter().copied().fold(f64::MAX, f64::min) / 1024.0;
        let (first, last) = (least(&self.kib[..third]), least(&self.kib[self.kib.len() - third..]));
        let most = self.kib.iter().copied().fold(0.0, f64::max) / 1024.0;
        println!(
            "  memory of the web process over {:.0} min: least {first:.1} MiB in the first third, {last:.1} in the last \
             ({:+.1} %, hold +-5 %); most at any time {most:.1}",
            minutes(self.kib.len() - 1),
            (last / first - 1.0) * 100.0
        );
    }
}

fn descends_from(pid: u32, ancestor: u32) -> bool {
    let parent = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold anything; state and parent follow it.
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()
    };
    std::iter::successors(parent(pid), |pid| parent(*pid)).take_while(|pid| *pid > 1).any(|pid| pid == ancestor)
}

fn minutes(samples: usize) -> f64 {
    samples as f64 * SAMPLE_EVERY.as_secs_f64() / 60.0
}
