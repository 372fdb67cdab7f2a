//! `beatkeeper incident`: what happened, who knows of it, and what was frozen when it began.

use beatkeeper_core::alert::{DeliveryState, Fault, Held, Incident, IncidentCursor, Resolution};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::notice::duration;
use beatkeeper_core::time::Time;
use beatkeeper_engine::Paths;
use beatkeeper_engine::blackbox::BlackBox;
use beatkeeper_engine::command::{Command, IncidentView};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::args::IncidentCommand;
use crate::failure::Failure;
use crate::lookup::{self, Candidate};
use crate::out::{self, note, plain};
use crate::remote::Remote;
use crate::shape;
use crate::style::{Screen, Tone};
use crate::table::{Cell, Column, lay_out};
use crate::time::{NONE, clock};

const COLUMNS: [Column; 7] = [
    Column::left(""),
    Column::left("OPENED"),
    Column::left("AGENT").cut_to(12),
    Column::right("FOR"),
    Column::left("FAULT").leave_out(1),
    Column::left("STATE"),
    Column::left("VERDICT").cut_to(20),
];

/// Of these, `show` searches the one that is meant.
const SEARCHED: u32 = 1000;

pub(crate) fn perform(paths: &Paths, command: &IncidentCommand) -> Result<(), Failure> {
    let mut remote = Remote::open(paths)?;
    match command {
        IncidentCommand::List { agent, open, json, limit, before } => {
            let page = Page { open_only: *open, limit: *limit, before: before.clone() };
            list(&mut remote, agent.as_deref(), page, *json)
        }
        IncidentCommand::Ack { agent, minutes, end } => {
            acknowledge(&mut remote, agent, if *end { 0 } else { *minutes })
        }
        IncidentCommand::Show { agent, when, json } => show(&mut remote, agent, *when, *json),
    }
}

/// Which incidents are asked for.
struct Page {
    open_only: bool,
    limit: u32,
    before: Option<IncidentCursor>,
}

fn list(remote: &mut Remote, wanted: Option<&str>, page: Page, json: bool) -> Result<(), Failure> {
    let agent = wanted.map(|wanted| whom(remote, wanted)).transpose()?;
    let (open_only, limit, older) = (page.open_only, page.limit, page.before.is_some());
    let incidents = incidents(remote, agent.map(|agent| agent.id), page)?;
    if json {
        return Ok(out::json(&incidents)?);
    }
    if incidents.is_empty() {
        note(match (open_only, older) {
            (true, false) => "No incident is open.",
            (false, false) => "There was no incident.",
            (true, true) => "No older incident is open.",
            (false, true) => "There was no older incident.",
        });
        return Ok(());
    }
    let now = Time::from_timestamp(Timestamp::now());
    out::lines(&lines(&incidents, now, Screen::of_stdout(), &TimeZone::system()))?;
    if let Some(last) = incidents.last().filter(|_| incidents.len() == limit as usize) {
        note(&format!("For older ones add `--before {}`.", last.cursor));
    }
    Ok(())
}

fn acknowledge(remote: &mut Remote, wanted: &str, minutes: u32) -> Result<(), Failure> {
    let agent = whom(remote, wanted)?;
    remote.ask::<Value>(&Command::AgentAcknowledge { id: agent.id, minutes: Some(minutes) })?;
    let name = plain(&agent.name);
    note(&match minutes {
        0 => format!("Nobody knows of {name}'s incident any more"),
        _ => format!("{name}'s incident is known: it interrupts nobody for {minutes} min, or until it recovers"),
    });
    Ok(())
}

/// What was frozen goes to stdout, to be piped into an issue or a clipboard.
fn show(remote: &mut Remote, wanted: &str, when: Option<Timestamp>, json: bool) -> Result<(), Failure> {
    let agent = whom(remote, wanted)?;
    let incidents =
        incidents(remote, Some(agent.id.clone()), Page { open_only: false, limit: SEARCHED, before: None })?;
    let incident = meant(&agent, &incidents, when.map(Time::from_timestamp))?;
    let command = Command::BlackBox { id: agent.id.clone(), opened_at: incident.opened_at };
    let frozen: Option<BlackBox> = remote.ask(&command)?;
    let Some(frozen) = frozen else {
        return Err(Failure::refused(
            "black_box.missing",
            format!("Nothing was frozen with this incident of {}", plain(&agent.name)),
            "See `beatkeeper history` for its connections and changes of state.",
        ));
    };
    if json {
        return Ok(out::json(&frozen.json)?);
    }
    // Lines end with a feed of their own; everything else that steers a terminal has no place in it.
    let text: Vec<String> = frozen.markdown.lines().map(plain).collect();
    Ok(out::lines(&text)?)
}

fn whom(remote: &mut Remote, wanted: &str) -> Result<Candidate, Failure> {
    lookup::find(wanted, &super::agent::candidates(&remote.fleet()?))
}

fn incidents(remote: &mut Remote, id: Option<EntityId>, page: Page) -> Result<Vec<IncidentView>, Failure> {
    let Page { open_only, limit, before } = page;
    remote.ask(&Command::Incidents { id, open_only, limit, before })
}

/// The one that went on at that time, else the last that began before it; the newest when no time is named.
fn meant<'a>(agent: &Candidate, incidents: &'a [IncidentView], when: Option<Time>) -> Result<&'a Incident, Failure> {
    // Newest first. A person names whole seconds.
    let begun = |view: &&IncidentView| when.is_none_or(|when| view.incident.opened_at < when.offset_millis(1000));
    incidents.iter().find(begun).map(|view| &view.incident).ok_or_else(|| {
        let name = plain(&agent.name);
        let (sentence, remedy) = match when {
            Some(_) if !incidents.is_empty() => (
                format!("{name} had no incident that began by then"),
                format!("Choose one of `beatkeeper incident list {}`.", agent.id),
            ),
            _ => (format!("{name} had no incident"), "There is nothing to show.".into()),
        };
        Failure::refused("incident.unknown", sentence, remedy)
    })
}

fn lines(incidents: &[IncidentView], now: Time, screen: Screen, zone: &TimeZone) -> Vec<String> {
    let rows: Vec<Vec<Cell>> = incidents.iter().map(|view| cells(view, now, zone)).collect();
    lay_out(&COLUMNS, &rows, screen)
}

fn cells(view: &IncidentView, now: Time, zone: &TimeZone) -> Vec<Cell> {
    let incident = &view.incident;
    let (glyph, tone) = shape::of(incident.worst);
    let tone = if incident.resolved_at.is_some() { Tone::Quiet } else { tone };
    vec![
        Cell::new(glyph, tone),
        Cell::from(clock(incident.opened_at, now, zone)),
        Cell::new(plain(&view.name), Tone::Strong),
        Cell::from(duration(incident.resolved_at.unwrap_or(now).since(incident.opened_at))),
        Cell::from(fault(incident.fault).to_owned()),
        Cell::new(state(view, now), tone),
        Cell::from(plain(&incident.sentence)),
    ]
}

const fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Process => "process",
        Fault::Link => "link",
        Fault::Registry => "registry",
        Fault::Key => "key",
        Fault::Clock => "clock",
        Fault::OwnNetwork => "own network",
        Fault::Asleep => "asleep",
        Fault::NotRunning => "not running",
        Fault::Unknown => NONE,
    }
}

/// How it ended, or who knows of it: `open, told; team not reached`.
fn state(view: &IncidentView, now: Time) -> String {
    let incident = &view.incident;
    let mut parts = vec![match (incident.resolved_at, incident.resolution) {
        (Some(_), Some(Resolution::Recovered) | None) => "recovered".to_owned(),
        (Some(_), Some(Resolution::Meanwhile)) => "over meanwhile".to_owned(),
        (Some(_), Some(Resolution::Stopped)) => "stopped".to_owned(),
        (Some(_), Some(Resolution::Removed)) => "removed".to_owned(),
        (None, _) => format!("open, {}", knows(incident, now)),
    }];
    if incident.drill {
        parts.push("drill".into());
    }
    if incident.flapping {
        parts.push("flapping".into());
    }
    let lost =
        view.deliveries.iter().map(|view| &view.delivery).filter(|delivery| delivery.state == DeliveryState::Dead);
    parts.extend(lost.map(|delivery| format!("{} not reached", plain(&delivery.channel))));
    parts.join("; ")
}

fn knows(incident: &Incident, now: Time) -> &'static str {
    if incident.acknowledged_until.is_some_and(|until| until > now) {
        return "acknowledged";
    }
    match incident.held {
        Some(Held::OwnNetwork) => "held: no network",
        Some(Held::Waking) => "held: waking",
        Some(Held::Paused) => "held: alerts paused",
        Some(Held::Quiet) => "held: quiet hours",
        Some(Held::Snoozed) => "held: snoozed",
        Some(Held::Acknowledged) => "acknowledged",
        None if incident.told_at.is_some() => "told",
        None => "not told yet",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use beatkeeper_core::alert::Delivery;
    use beatkeeper_core::liveness::Liveness;
    use beatkeeper_core::notice::NoticeId;
    use beatkeeper_engine::alerts::channels::DeliveryView;

    use super::*;
    use crate::fleet::tests::{NOON, id};

    fn at(before: u64) -> Time {
        Time::from_millis(NOON) - Duration::from_secs(before)
    }

    fn open(before: u64) -> IncidentView {
        IncidentView {
            incident: Incident {
                agent: id(1).parse().unwrap(),
                opened_at: at(before),
                last_beat: Some(at(before + 90)),
                worst: Liveness::Stale,
                cause: "link.refused".into(),
                sentence: "Reconnecting: \u{1b}[31mconnection refused".into(),
                fault: Fault::Registry,
                flapping: false,
                told_at: Some(at(before)),
                told: None,
                notice: None,
                escalated_at: None,
                held: None,
                acknowledged_at: None,
                acknowledged_until: None,
                resolved_at: None,
                resolution: None,
                drill: false,
            },
            name: "weather".into(),
            registry: "lab".into(),
            deliveries: vec![],
            has_black_box: true,
            cursor: IncidentCursor::at(at(before)),
        }
    }

    fn over(before: u64, lasted: u64) -> IncidentView {
        let mut view = open(before);
        view.incident.resolved_at = Some(at(before - lasted));
        view.incident.resolution = Some(Resolution::Recovered);
        view.incident.worst = Liveness::Offline;
        view
    }

    fn agent() -> Candidate {
        Candidate { id: id(1).parse().unwrap(), name: "weather".into() }
    }

    #[test]
    fn incidents_read_well() {
        let mut unheard = open(300);
        unheard.incident.drill = true;
        let delivery = |channel: &str, state| DeliveryView {
            delivery: Delivery {
                notice: NoticeId(1),
                channel: channel.into(),
                state,
                attempts: 9,
                problem: None,
                next_at: None,
                at: at(200),
            },
            can_retry: false,
            no_retry: None,
        };
        unheard.deliveries = vec![delivery("team", DeliveryState::Dead), delivery("desktop", DeliveryState::Delivered)];
        let screen = Screen { terminal: false, colour: false, width: None, height: None };
        assert_eq!(
            lines(&[unheard, over(7200, 1800)], Time::from_millis(NOON), screen, &TimeZone::UTC),
            [
                "   OPENED    AGENT       FOR  FAULT     STATE                                VERDICT",
                "▲  11:55:00  weather   5 min  registry  open, told; drill; team not reached  Reconnecting: \u{fffd}[31mconnection refused",
                "■  10:00:00  weather  30 min  registry  recovered                            Reconnecting: \u{fffd}[31mconnection refused",
            ]
        );
    }

    #[test]
    fn who_knows_is_said() {
        let now = Time::from_millis(NOON);
        let mut incident = open(300).incident;
        assert_eq!(knows(&incident, now), "told");
        incident.told_at = None;
        assert_eq!(knows(&incident, now), "not told yet");
        incident.held = Some(Held::Quiet);
        assert_eq!(knows(&incident, now), "held: quiet hours");
        incident.acknowledged_until = Some(now + Duration::from_secs(1));
        assert_eq!(knows(&incident, now), "acknowledged");
        incident.acknowledged_until = Some(now);
        assert_eq!(knows(&incident, now), "held: quiet hours");
    }

    #[test]
    fn an_incident_is_meant_by_a_time_within_it() {
        let incidents = [open(300), over(7200, 1800)];
        let opened = |when: Option<Time>| meant(&agent(), &incidents, when).map(|incident| incident.opened_at).ok();
        assert_eq!(opened(None), Some(at(300)));
        assert_eq!(opened(Some(at(10))), Some(at(300)));
        assert_eq!(opened(Some(at(301))), Some(at(7200)));
        assert_eq!(opened(Some(at(7200))), Some(at(7200)));
        assert_eq!(opened(Some(at(7202))), None);
        let Failure::Refused(refusal) = meant(&agent(), &incidents, Some(at(9000))).unwrap_err() else { panic!() };
        assert_eq!(refusal.code, "incident.unknown");
        assert!(refusal.remedy.contains("incident list"), "{}", refusal.remedy);
        assert!(meant(&agent(), &[], None).is_err());
    }

    #[test]
    fn a_time_in_whole_seconds_is_precise_enough() {
        let mut view = open(300);
        view.incident.opened_at = at(300).offset_millis(734);
        assert!(meant(&agent(), &[view], Some(at(300))).is_ok());
    }
}
