//! The agent's beats: one that is sent now, and a silence in which others are heard.

use std::time::{Duration, Instant};

use beatkeeper_core::doctor::{Beaten, Chart, Dropped, FirstBeat, Reading, SecondCopy, Taken};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::millis;
use beatkeeper_core::view::{AgentRow, LinkStateName, Speaker};
use beatkeeper_core::witness::Activity;
use tokio::time::{sleep, timeout};

use super::link::word;
use super::patient::{Patient, Tools};
use crate::fleet_loop::Ask;
use crate::links::dial::Socket;

/// How long the confirmation of a beat may take before it is called missing.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(4);
/// Without a stream the record is read for it, so often.
const READ_EVERY: Duration = Duration::from_millis(900);
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// A beat that was on its way when we fell silent is still ours, for so long at most.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Has the agent's own link beat once more, and waits until the fleet sees that confirmed.
pub(super) async fn first(patient: &Patient, tools: &Tools, why: Dropped) -> FirstBeat {
    let id = &patient.entry.entity;
    let Some(before) = tools.row(id).await else {
        return FirstBeat::NotSent("Beatkeeper does not run, so nothing is sent".into());
    };
    if let Some(reason) = why_not(&before) {
        return FirstBeat::NotSent(reason);
    }
    let began = Instant::now();
    if tools.ask(Ask::BeatNow(id.clone())).await.is_err() {
        return FirstBeat::NotSent("Beatkeeper is ending".into());
    }
    let mut read_at = began + READ_EVERY;
    while began.elapsed() < CONFIRMED_WITHIN {
        sleep(LOOK_EVERY).await;
        match tools.row(id).await {
            Some(row) if row.beats.confirmed > before.beats.confirmed => {
                return FirstBeat::Confirmed { after_ms: millis(began.elapsed()) };
            }
            Some(_) => {}
            None => return FirstBeat::NotSent("It was removed meanwhile".into()),
        }
        if Instant::now() >= read_at {
            read_at += READ_EVERY;
            let _ = tools.ask(Ask::ReadNow(id.clone())).await;
        }
    }
    FirstBeat::Unconfirmed { waited: began.elapsed(), why }
}

fn why_not(row: &AgentRow) -> Option<String> {
    match (row.speaker, row.link.state) {
        (Speaker::Agent, _) => Some("The agent beats itself".into()),
        (Speaker::Team, _) => Some("Another computer of the team beats for it, or may".into()),
        (Speaker::App, LinkStateName::Open) => None,
        (Speaker::App, _) if row.paused => Some("Its beats are paused".into()),
        (Speaker::App, LinkStateName::Idle) => Some(format!("No beat is due: {}", row.verdict.sentence)),
        (Speaker::App, LinkStateName::Connecting | LinkStateName::BackingOff | LinkStateName::Blocked) => {
            Some("Its link is not open".into())
        }
    }
}

/// Whether its beats are taken, by what the fleet knows.
pub(super) fn taken(
    patient: &Patient,
    fleet: (Option<&AgentRow>, Option<Chart>),
    last_on_record: Option<Duration>,
    never: bool,
    tools: &Tools,
) -> Reading {
    let (Some(row), chart) = fleet else {
        let interval = Duration::from_secs(patient.entry.interval.into());
        return Taken::NobodyHere { last: last_on_record, never, ours: !patient.beats_itself(), interval }.read();
    };
    let now = tools.clock.now();
    let unheard = row.bus.is_some() && ["bus.", "link.", "team."].iter().any(|part| row.verdict.code.starts_with(part));
    if unheard {
        return Reading::unknown(format!("Its bus cannot be heard as it should be: {}", row.verdict.sentence));
    }
    let refused = matches!(
        row.verdict.code,
        "beats.signature_invalid"
            | "beats.timestamp_refused"
            | "beats.unknown_agent"
            | "beats.malformed"
            | "beats.refused"
    );
    Taken::Known(Box::new(Beaten {
        speaker: row.speaker,
        elsewhere: row.holder.as_ref().filter(|holder| !holder.here).map(|holder| holder.computer.clone()),
        liveness: row.liveness,
        paused: row.paused,
        confirmed: row.beats.confirmed,
        unconfirmed: row.beats.unconfirmed,
        unconfirmed_in_a_row: chart.unwrap_or_default().unconfirmed_in_a_row,
        link: row.link.state,
        refused: refused.then(|| row.verdict.sentence.clone()),
        last: row.last_confirmed_at.map(|at| now.since(at)),
        interval: Duration::from_millis(row.interval_ms),
    }))
    .read()
}

/// Whether somebody else beats: by what the fleet saw, and in a silence when that is asked for.
pub(super) async fn second_copy(patient: &Patient, tools: &Tools, stream: Option<Socket>, listen: bool) -> Reading {
    let id = &patient.entry.entity;
    let Some(row) = tools.row(id).await else {
        return Reading::not_asked("Beatkeeper does not run, so no beat can be told from another");
    };
    let mut seen = SecondCopy {
        foreign: row.beats.foreign,
        persists: matches!(row.verdict.code, "beats.second_copy" | "beats.foreign"),
        ours: row.speaker == Speaker::App,
        ..SecondCopy::default()
    };
    if listen {
        match in_silence(patient, tools, &row, stream).await {
            Ok(heard) => seen.listened = Some(heard),
            Err(why) => seen.could_not = Some(why),
        }
    }
    seen.read()
}

async fn in_silence(
    patient: &Patient,
    tools: &Tools,
    row: &AgentRow,
    stream: Option<Socket>,
) -> Result<(Duration, u32), &'static str> {
    let id = &patient.entry.entity;
    let beats = row.speaker == Speaker::App && row.link.state == LinkStateName::Open && row.last_confirmed_at.is_some();
    if !beats {
        return Err("we do not beat for it now, so our silence would prove nothing");
    }
    let Some(mut stream) = stream else { return Err("without the activity stream nobody would be heard") };
    let interval = Duration::from_millis(row.interval_ms);
    let thresholds = patient.registry.as_ref().map(|registry| registry.thresholds.to_thresholds()).unwrap_or_default();
    // Until shortly before anybody calls it late, by its last beat.
    let late = thresholds.late_after(interval).mul_f64(0.8);
    let since_last = row.last_confirmed_at.map_or(Duration::ZERO, |at| tools.clock.now().since(at));
    let silence = (interval * 2 + interval / 4).min(late.saturating_sub(since_last));
    let last_word = LAST_WORD.min(interval / 2);
    if silence <= last_word + interval / 2 {
        return Err("it is too near to being called late for a silence");
    }
    let quiet = Silence::begin(id.clone(), tools.clone()).await?;
    let began = Instant::now();
    let mut heard = 0;
    while let Some(left) = silence.checked_sub(began.elapsed()) {
        match timeout(left, word(&mut stream)).await {
            Ok(Some(Activity::Heartbeat { id: whose, .. })) if whose == *id && began.elapsed() > last_word => {
                heard += 1;
            }
            Ok(Some(_)) => {}
            Ok(None) => {
                drop(quiet);
                return Err("the activity stream ended meanwhile");
            }
            Err(_) => break,
        }
    }
    drop(quiet);
    Ok((began.elapsed(), heard))
}

/// Our link rests as long as this lives, however the visit ends.
struct Silence {
    id: EntityId,
    tools: Tools,
}

impl Silence {
    async fn begin(id: EntityId, tools: Tools) -> Result<Self, &'static str> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        // From here on: a visit may be ended before the answer is there.
        let silence = Self { id, tools };
        let asked = silence.tools.ask(Ask::Listen(silence.id.clone(), true, Some(reply))).await;
        match (asked, answer.await) {
            (Ok(()), Ok(true)) => Ok(silence),
            (Ok(()), Ok(false)) => Err("a fire drill is under way"),
            _ => Err("Beatkeeper is ending"),
        }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let (id, tools) = (self.id.clone(), self.tools.clone());
        tokio::spawn(async move { tools.ask(Ask::Listen(id, false, None)).await });
    }
}
