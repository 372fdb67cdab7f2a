//! Incidents: a stretch of an agent's life in which it was missing, from when that was noticed until it beat again.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::history::Transition;
use crate::identity::EntityId;
use crate::liveness::Liveness;
use crate::time::Time;

/// One outage of one agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Incident {
    /// Whose.
    pub agent: EntityId,
    /// When it was first called missing.
    pub from: Time,
    /// When that was over; nothing while it goes on.
    pub to: Option<Time>,
    /// The worst that it came to.
    pub worst: Liveness,
    /// The verdict's code at the worst of it.
    pub cause: String,
    /// The verdict's sentence at the worst of it.
    pub sentence: String,
}

/// The incidents that an agent's transitions tell of, newest first. `newest_first` may begin and end anywhere: one that had
/// begun before the oldest transition is told from there.
#[must_use]
pub fn incidents(newest_first: &[Transition]) -> Vec<Incident> {
    let mut incidents: Vec<Incident> = Vec::new();
    let mut open = false;
    for step in newest_first.iter().rev() {
        if !step.to.is_missing() {
            if let Some(incident) = incidents.last_mut().filter(|_| open) {
                incident.to = Some(step.at);
            }
            open = false;
            continue;
        }
        let told = Incident {
            agent: step.agent.clone(),
            from: step.at,
            to: None,
            worst: step.to,
            cause: step.cause.clone(),
            sentence: step.sentence.clone(),
        };
        match incidents.last_mut().filter(|_| open) {
            Some(incident) if step.to.badness() > incident.worst.badness() => {
                *incident = Incident { from: incident.from, ..told }
            }
            Some(_) => {}
            None => incidents.push(told),
        }
        open = true;
    }
    incidents.reverse();
    incidents
}

#[cfg(test)]
mod tests {
    use super::*;
    use Liveness::{Active, Late, Offline, Stale, Stopped};

    fn story(steps: &[(u64, Liveness, Liveness)]) -> Vec<Incident> {
        let newest_first: Vec<_> = steps
            .iter()
            .rev()
            .map(|&(at, from, to)| Transition {
                agent: "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap(),
                at: Time::from_millis(at),
                from,
                to,
                cause: format!("cause.{to}"),
                sentence: format!("it is {to}"),
            })
            .collect();
        incidents(&newest_first)
    }

    fn shape(incidents: &[Incident]) -> Vec<(u64, Option<u64>, Liveness)> {
        incidents.iter().map(|i| (i.from.as_millis(), i.to.map(Time::as_millis), i.worst)).collect()
    }

    #[test]
    fn an_outage_is_one_incident_called_by_its_worst() {
        let told = story(&[(1, Active, Late), (2, Late, Stale), (3, Stale, Offline), (9, Offline, Active)]);
        assert_eq!(shape(&told), [(1, Some(9), Offline)]);
        assert_eq!((told[0].cause.as_str(), told[0].sentence.as_str()), ("cause.offline", "it is offline"));
    }

    #[test]
    fn the_newest_comes_first_and_may_go_on() {
        let told = story(&[(1, Active, Late), (2, Late, Active), (5, Active, Late), (7, Late, Stale)]);
        assert_eq!(shape(&told), [(5, None, Stale), (1, Some(2), Late)]);
    }

    #[test]
    fn a_stop_that_was_asked_for_ends_it_and_a_list_may_begin_in_the_middle() {
        assert_eq!(shape(&story(&[(3, Stale, Offline), (4, Offline, Stopped)])), [(3, Some(4), Offline)]);
        assert_eq!(shape(&story(&[(4, Offline, Active), (5, Active, Stopped)])), []);
    }
}
