//! The fleet in a sentence.

use crate::liveness::Liveness;
use crate::view::{FleetSummary, Glyph, LivenessCounts, NextFlip};

use super::Fleet;

impl Fleet {
    /// The fleet in a sentence, and counted.
    #[must_use]
    pub fn summary(&self) -> FleetSummary {
        let mut counts = LivenessCounts::default();
        let mut next_flip: Option<NextFlip> = None;
        for agent in self.agents.values() {
            counts.all += 1;
            *match agent.liveness {
                Liveness::Unknown => &mut counts.unknown,
                Liveness::Inactive => &mut counts.inactive,
                Liveness::Active => &mut counts.active,
                Liveness::Late => &mut counts.late,
                Liveness::Stale => &mut counts.stale,
                Liveness::Offline => &mut counts.offline,
                Liveness::Stopped => &mut counts.stopped,
            } += 1;
            // What beats on time is not about to flip: the one that is running out of time is.
            if let Some(at) = agent.flips_at.filter(|_| agent.liveness == Liveness::Late)
                && next_flip.as_ref().is_none_or(|next| at < next.at)
            {
                next_flip = Some(NextFlip { id: agent.settings.id.clone(), name: agent.settings.name.clone(), at });
            }
        }
        let offline = self.context.network_down;
        let sentence = if offline { format!("No network here; {}", sentence(&counts)) } else { sentence(&counts) };
        let glyph = match glyph(&counts) {
            _ if offline => Glyph::Paused,
            Glyph::Attention | Glyph::Offline if self.is_all_known() => Glyph::Acknowledged,
            glyph @ (Glyph::Ok
            | Glyph::Attention
            | Glyph::Offline
            | Glyph::Acknowledged
            | Glyph::Paused
            | Glyph::Unknown) => glyph,
        };
        FleetSummary { sentence, glyph, counts, next_flip }
    }

    /// Whether a person said of everyone who is missing that they know.
    fn is_all_known(&self) -> bool {
        self.agents.values().filter(|agent| agent.liveness.is_missing()).all(|agent| {
            let id = &agent.settings.id;
            let known = self.desk.incident(id).is_some_and(|incident| incident.acknowledged_until.is_some());
            known || self.desk.snoozed_until(id).is_some()
        })
    }

    /// Those that need a person, worst first, then by name: name, sentence, id.
    pub(crate) fn attention(&self) -> Vec<&super::agent::Agent> {
        let mut agents: Vec<_> =
            self.agents.values().map(|agent| &**agent).filter(|agent| agent.needs_attention()).collect();
        agents.sort_by(|a, b| {
            (b.liveness.badness(), &a.settings.name, &a.settings.id).cmp(&(
                a.liveness.badness(),
                &b.settings.name,
                &b.settings.id,
            ))
        });
        agents
    }
}

fn sentence(counts: &LivenessCounts) -> String {
    if counts.all == 0 {
        return "No agents yet".into();
    }
    let parts = [
        (counts.active, "active"),
        (counts.late, "late"),
        (counts.stale, "stale"),
        (counts.offline, "offline"),
        (counts.inactive, "never beat"),
        (counts.stopped, "paused"),
        (counts.unknown, "not known yet"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    parts.join(", ")
}

const fn glyph(counts: &LivenessCounts) -> Glyph {
    if counts.offline > 0 {
        Glyph::Offline
    } else if counts.late > 0 || counts.stale > 0 {
        Glyph::Attention
    } else if counts.active > 0 {
        Glyph::Ok
    } else if counts.all > 0 && counts.stopped == counts.all {
        Glyph::Paused
    } else {
        Glyph::Unknown
    }
}
