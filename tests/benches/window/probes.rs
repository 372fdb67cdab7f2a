//! What is measured inside the page.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use beatkeeper_tests::Page;
use serde_json::Value;

/// A frame while scrolling: 3000 pixels a second, faster than anyone reads.
pub(crate) const SCROLL_PIXELS: u32 = 50;
/// What a frame may take at 60 a second, with what timers are off by.
const FRAME_MS: f64 = 1000.0 / 60.0 + 1.0;

/// Times every pull from the moment its bytes are there until the page is laid out again. The answer is read as the
/// app's own bridge reads it; whatever the page does with it happens in the microtasks that follow, so the end is looked
/// for behind many of them, in the same task: how busy the event loop is otherwise does not count.
const TIME_UPDATES: &str = "(() => {
    const taken = (window.beatkeeperUpdates = []);
    const json = Response.prototype.json;
    Response.prototype.json = async function () {
        if (!this.url.includes('fleet_delta')) return json.call(this);
        const text = await this.text();
        const began = performance.now();
        const value = JSON.parse(text);
        const read = performance.now();
        void (async () => {
            for (let turn = 0; turn < 60; turn += 1) await null;
            const done = performance.now();
            void document.body.offsetHeight;
            taken.push([value.rows?.length ?? 0, read - began, performance.now() - began, done - began]);
        })();
        return value;
    };
    return asked;
})()";

/// A bare list of the same rows, drawn once and never touched, over the table: what scrolling costs this webview itself.
const BARE_LIST: &str = "(() => {
    const list = document.createElement('div');
    list.id = asked;
    list.style.cssText = 'position: fixed; inset: 0; overflow: auto; contain: strict; background: Canvas; z-index: 9';
    const rows = [...document.querySelectorAll('[data-testid=row]')].slice(0, 16);
    for (let n = 0; n < 480; n += 1) {
        const row = rows[n % rows.length].cloneNode(true);
        row.style.transform = `translateY(${n * 36}px)`;
        list.append(row);
    }
    document.body.append(list);
    return rows.length;
})()";

/// Times every frame, and scrolls a little in each.
const TIME_FRAMES: &str = "(() => {
    const taken = (window.beatkeeperFrames = []);
    const [pixels, end] = [Number(asked.split(' ')[0]), performance.now() + Number(asked.split(' ')[1])];
    const scroller = document.querySelector('#bare') ?? document.querySelector('.scroller');
    let before = performance.now();
    const frame = (now) => {
        taken.push(now - before);
        before = now;
        scroller.scrollTop += pixels;
        if (scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1) scroller.scrollTop = 0;
        if (now < end) requestAnimationFrame(frame);
        else window.beatkeeperFramesDone = true;
    };
    window.beatkeeperFramesDone = false;
    requestAnimationFrame(frame);
    return asked;
})()";

/// What updates cost.
pub(crate) struct Updates {
    rows: Vec<f64>,
    read_ms: Vec<f64>,
    whole_ms: Vec<f64>,
    script_ms: Vec<f64>,
}

/// The sentence of a fleet in which all is well.
pub(crate) fn active(agents: u32) -> String {
    format!("{agents} active")
}

/// Times what pulls cost for some time.
pub(crate) async fn updates(page: &Page, time: Duration) -> Result<Updates> {
    page.ask(TIME_UPDATES, "").await?;
    tokio::time::sleep(time).await;
    let taken = page.ask("window.beatkeeperUpdates ?? asked", "").await?;
    let column = |at: usize| numbers(&taken, |each| each[at].as_f64());
    let updates = Updates { rows: column(0)?, read_ms: column(1)?, whole_ms: column(2)?, script_ms: column(3)? };
    ensure!(!updates.rows.is_empty(), "the page pulled nothing, or not over the bridge that is timed");
    Ok(updates)
}

/// Times frames, `pixels` further down in each.
pub(crate) async fn frames(page: &Page, pixels: u32, time: Duration) -> Result<Vec<f64>> {
    page.ask(TIME_FRAMES, &format!("{pixels} {}", time.as_millis())).await?;
    beatkeeper_tests::until("the frames", async || {
        let done = page.ask("window.beatkeeperFramesDone || asked", "").await?;
        Ok((done == true).then_some(()))
    })
    .await?;
    let taken = page.ask("window.beatkeeperFrames ?? asked", "").await?;
    numbers(&taken, Value::as_f64)
}

impl Updates {
    pub(crate) fn print(&self, time: Duration) {
        let rows: f64 = self.rows.iter().sum();
        println!(
            "  updates: {:.1} a second of {:.0} rows, {:.0} rows a second",
            self.rows.len() as f64 / time.as_secs_f64(),
            rows / self.rows.len() as f64,
            rows / time.as_secs_f64(),
        );
        println!(
            "  an update, from its bytes to the page laid out again: p50 {:.1} ms, p95 {:.1} ms (hold 8), most {:.1} ms",
            part(&self.whole_ms, 0.5),
            part(&self.whole_ms, 0.95),
            part(&self.whole_ms, 1.0),
        );
        println!(
            "    of that, script without layout: p50 {:.1} ms, p95 {:.1} ms",
            part(&self.script_ms, 0.5),
            part(&self.script_ms, 0.95),
        );
        println!(
            "    baseline, reading the same bytes and no more: p50 {:.1} ms, p95 {:.1} ms",
            part(&self.read_ms, 0.5),
            part(&self.read_ms, 0.95),
        );
    }
}

/// As [`frames`], of a bare list of the same rows.
pub(crate) async fn bare_frames(page: &Page, time: Duration) -> Result<Vec<f64>> {
    page.ask(BARE_LIST, "bare").await?;
    let taken = frames(page, SCROLL_PIXELS, time).await?;
    page.ask("document.querySelector(asked)?.remove()", "#bare").await?;
    Ok(taken)
}

pub(crate) fn print_frames(idle: &[f64], bare: &[f64], scrolling: &[f64]) {
    let say = |frames: &[f64]| {
        let seconds = frames.iter().sum::<f64>() / 1000.0;
        let late = frames.iter().filter(|frame| **frame > FRAME_MS).count();
        format!(
            "{:.1} frames a second, p95 {:.1} ms, most {:.1} ms, {:.1} % later than a sixtieth of a second",
            frames.len() as f64 / seconds,
            part(frames, 0.95),
            part(frames, 1.0),
            late as f64 / frames.len() as f64 * 100.0
        )
    };
    println!("  scrolling, updates going on: {} (hold 60)", say(scrolling));
    println!("    baseline, a bare list of the same rows over it: {}", say(bare));
    println!("    baseline, the same page lying still: {}", say(idle));
}

fn numbers(list: &Value, number: impl Fn(&Value) -> Option<f64>) -> Result<Vec<f64>> {
    let list = list.as_array().context("the page has measured nothing")?;
    list.iter().map(|each| number(each).context("a figure that is no number")).collect()
}

/// The value below which this part of them lies.
fn part(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let place = ((sorted.len() as f64 * part).ceil() as usize).clamp(1, sorted.len().max(1));
    sorted.get(place - 1).copied().unwrap_or(f64::NAN)
}
