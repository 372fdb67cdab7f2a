//! What the app did, against what the model holds to be right.

use beatkeeper_core::alert::{Incident, Resolution};
use beatkeeper_core::notice::NoticeKind;
use beatkeeper_core::time::Time;

use super::{Episode, Model, SLACK, Silence};
use crate::run::Broken;

impl Model<'_> {
    /// A person is told of an agent.
    pub fn told(&mut self, agent: usize, kind: NoticeKind) -> Result<(), Broken> {
        let broken = |rule: &str| Err(Broken::new(format!("{} was told although {rule}", kind.as_str()), Some(agent)));
        let now = self.now;
        let blind = self.is_blind(agent, now);
        let silenced = self.is_silenced(agent);
        let one = &mut self.agents[agent];
        let (sure, may) = one.changes(now);
        let rule = u64::from(one.rules.flapping.changes);
        if kind == NoticeKind::Recovered {
            return self.told_of_end(agent, silenced);
        }
        if one.stopped {
            return broken("a person stopped it");
        }
        if blind {
            return broken("nobody can tell how it is: sleep, the own network, or the app's start");
        }
        if silenced == Silence::Sure {
            return broken("it is quiet, or alerts are paused");
        }
        if one.snoozed_until.is_some_and(|until| until > now) {
            return broken("it is snoozed");
        }
        let badness = one.badness(one.silence(now) + SLACK);
        let level = one.level();
        let remind_every = one.rules.remind_every.map(|every| u64::try_from(every.as_millis()).unwrap_or(u64::MAX));
        let Some(episode) = &mut one.episode else { return broken("it has no incident") };
        if episode.acknowledged_until.is_some_and(|until| until > now) {
            return broken("a person knows");
        }
        match kind {
            NoticeKind::Late | NoticeKind::Stale | NoticeKind::Offline => {
                let as_bad = Self::is_told(kind).unwrap_or(u8::MAX);
                if badness < as_bad {
                    return broken("its silence is not as long");
                }
                if level.is_none_or(|level| as_bad < level) {
                    return broken("its rule asks for worse");
                }
                if episode.told.and_then(Self::is_told).is_some_and(|told| as_bad <= told) {
                    return broken("it was told already");
                }
                if episode.flaps && sure * 2 > rule {
                    return broken("it flaps");
                }
                episode.flaps = false;
                episode.told = Some(kind);
                episode.flapping_told = false;
            }
            NoticeKind::Flapping => {
                if rule == 0 || may * 2 <= rule {
                    return broken("it does not come and go");
                }
                if episode.flapping_told {
                    return broken("it was told already");
                }
                episode.flaps = true;
                episode.flapping_told = true;
                episode.told = None;
            }
            NoticeKind::Reminder => {
                let (Some(every), Some(last)) = (remind_every, episode.told_at) else {
                    return broken("nobody asked for reminders, or was told before");
                };
                if now + SLACK < last + every {
                    return broken("it is too early");
                }
                if badness < level.unwrap_or(u8::MAX) {
                    return broken("its silence is not as long");
                }
            }
            NoticeKind::GaveUp => return broken("nothing of it runs here"),
            NoticeKind::Recovered | NoticeKind::Test => {}
        }
        episode.told_at = Some(now);
        Ok(())
    }

    fn told_of_end(&self, agent: usize, silenced: Silence) -> Result<(), Broken> {
        let broken = |rule: &str| Err(Broken::new(format!("recovered was told although {rule}"), Some(agent)));
        let one = &self.agents[agent];
        let Some(episode) = &one.episode else { return broken("it has no incident") };
        if episode.told.is_none() && !episode.flapping_told {
            return broken("nobody was told of an outage");
        }
        if one.good.1 < u64::from(one.rules.good_beats) {
            return broken("too few beats were seen");
        }
        if silenced == Silence::Sure {
            return broken("it is quiet, or alerts are paused");
        }
        Ok(())
    }

    /// The app keeps an incident; `recovered` is whether its end is told at the same moment.
    pub fn kept(&mut self, agent: usize, incident: &Incident, recovered: bool) -> Result<(), Broken> {
        let broken = |rule: &str| Err(Broken::new(rule.to_owned(), Some(agent)));
        let now = self.now;
        let silenced = self.is_silenced(agent);
        let one = &mut self.agents[agent];
        let (_, may) = one.changes(now);
        let Some(episode) = &mut one.episode else { return broken("an incident is kept that was never opened") };
        if episode.opened_at != incident.opened_at.as_millis() {
            return broken("a second incident is kept while one goes on");
        }
        let told = episode.told.is_some() || episode.flapping_told;
        if told != incident.told_at.is_some() {
            return broken("an incident is kept as told although nobody was told, or the other way round");
        }
        if incident.flapping
            && incident.resolved_at.is_none()
            && !episode.flaps
            && may < u64::from(one.rules.flapping.changes)
        {
            return broken("an incident is kept as flapping, and does not come and go so often");
        }
        episode.flaps = incident.flapping;
        if incident.acknowledged_until.map(Time::as_millis) != episode.acknowledged_until
            && incident.acknowledged_until.is_some_and(|until| until.as_millis() > now)
        {
            return broken("an incident is kept with another acknowledgement");
        }
        if incident.resolved_at.is_none() {
            return Ok(());
        }
        let enough = one.good.1 >= u64::from(one.rules.good_beats);
        let starting = now <= one.starting_until && episode.recalled;
        match incident.resolution {
            Some(Resolution::Stopped) if one.stopped => {}
            Some(Resolution::Removed) if one.removed => {}
            Some(Resolution::Recovered) if enough => {
                if told && !recovered && silenced == Silence::None {
                    return broken("an outage was told, and its end is not");
                }
                one.snoozed_until = None;
            }
            Some(Resolution::Meanwhile) if enough && starting => one.snoozed_until = None,
            _ => return broken("an incident ended without a reason"),
        }
        one.episode = None;
        Ok(())
    }

    /// The app opened an incident.
    pub fn opened(&mut self, agent: usize, opened_at: Time) -> Result<(), Broken> {
        let broken = |rule: &str| Err(Broken::new(format!("an incident is opened although {rule}"), Some(agent)));
        let now = self.now;
        if self.is_blind(agent, now) {
            return broken("nobody can tell how it is: sleep, the own network, or the app's start");
        }
        let one = &mut self.agents[agent];
        if one.episode.is_some() {
            return broken("one goes on");
        }
        let rule = u64::from(one.rules.flapping.changes);
        let may_flap = rule > 0 && one.changes(now).1 >= rule;
        let badness = one.badness(one.silence(now) + SLACK);
        if one.stopped || !may_flap && one.level().is_none_or(|level| badness < level) {
            return broken("nothing is wrong with it");
        }
        one.episode = Some(Episode {
            opened_at: opened_at.as_millis(),
            told: None,
            told_at: None,
            acknowledged_until: None,
            recalled: false,
            flapping_told: false,
            flaps: false,
        });
        Ok(())
    }
}
