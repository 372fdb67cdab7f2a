//! Who beats: Beatkeeper, the agent's own program, or nobody while that would not be true.

use std::time::Duration;

use crate::time::Time;
use crate::view::{BeatsBy, ProcessState, Speaker};

use super::Agent;
use super::rhythm::Rhythm;

/// Beats of the agent's own program within so many intervals hand over to it.
const SEEN_WITHIN: u32 = 4;
/// Never less than that of an agent that beats at the SDKs' own interval, whatever ours is.
const LEAST_SEEN_WITHIN: Duration = Duration::from_secs(120);
/// So many of them at first; twice as many after each time that it fell silent again.
const ENOUGH: u32 = 2;
/// Never more.
const MOST: u32 = 16;
/// When its own program is silent for so many half intervals we beat again: before anybody calls that late.
const SILENT_HALVES: u32 = 4;
/// Who beat by itself for so long is trusted as at first.
const TRUSTED: Duration = Duration::from_secs(600);

/// What is known of an agent that may beat by itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Voice {
    speaker: Speaker,
    since: Option<Time>,
    /// How often its own program fell silent after it had taken over.
    returns: u32,
    /// What it usually let pass between two beats before it took over.
    pace: Duration,
}

impl Agent {
    /// Who beats.
    pub(in crate::fleet) fn speaker(&self) -> Speaker {
        match self.own_speaker() {
            // As long as it is not settled, what is seen may be another one's.
            Speaker::App if !self.has_leave() => Speaker::Team,
            speaker @ (Speaker::App | Speaker::Agent | Speaker::Team) => speaker,
        }
    }

    /// Who would, if there were no team.
    const fn own_speaker(&self) -> Speaker {
        match self.settings.beats_by {
            BeatsBy::App => Speaker::App,
            BeatsBy::Agent => Speaker::Agent,
            BeatsBy::Auto => self.voice.speaker,
        }
    }

    /// Whether we may beat for it now.
    pub(in crate::fleet) fn may_beat(&self) -> bool {
        self.own_speaker() == Speaker::App && !self.drilled && !self.listening && !self.is_untrue() && self.has_leave()
    }

    /// Whether we would beat for it, if nobody else of the team did.
    pub(super) fn would_beat(&self) -> bool {
        self.own_speaker() == Speaker::App && !self.settings.paused && !self.is_untrue()
    }

    /// Whether our beats are held back since its process is not seen to be well.
    pub(super) fn is_held(&self) -> bool {
        self.own_speaker() == Speaker::App && !self.is_held_elsewhere() && self.is_untrue()
    }

    /// Whether a beat of ours would say that its process is well, and nobody saw that.
    fn is_untrue(&self) -> bool {
        if !self.settings.truthful {
            return false;
        }
        match &self.run {
            Some(run) => !run.is_well(),
            None => self.settings.probed && self.process.state != ProcessState::Running,
        }
    }

    /// A beat of its own program was seen while we beat, too.
    pub(super) fn heard_its_own(&mut self, now: Time) {
        if self.settings.beats_by != BeatsBy::Auto || self.voice.speaker == Speaker::Agent {
            return;
        }
        let within = (self.settings.interval * SEEN_WITHIN).max(LEAST_SEEN_WITHIN);
        let from = now - within * self.enough();
        let seen: Vec<Time> = self.foreign.iter().copied().filter(|at| *at >= from).collect();
        if seen.len() >= self.enough() as usize {
            // One stray beat before its first makes it no slower.
            let mut gaps: Vec<Duration> = seen.windows(2).map(|pair| pair[1].since(pair[0])).collect();
            gaps.sort_unstable();
            self.voice.pace = gaps.get(gaps.len() / 2).copied().unwrap_or_default();
            self.rhythm = Rhythm::default();
            self.voice.speaker = Speaker::Agent;
            self.voice.since = Some(now);
            self.confirmation.link_lost();
            self.foreign.clear();
        }
    }

    /// Its own program fell silent: we beat again, before anybody misses a beat.
    pub(super) fn speak_for_the_silent(&mut self, now: Time) {
        if self.voice_due().is_some_and(|due| due <= now) {
            let long = self.voice.since.is_some_and(|since| now.since(since) >= TRUSTED);
            self.voice.returns = if long { 0 } else { self.voice.returns.saturating_add(1) };
            self.voice.speaker = Speaker::App;
            self.voice.since = Some(now);
            // Whoever beats next may be another one.
            self.rhythm = Rhythm::default();
        }
    }

    /// When that is.
    pub(super) fn voice_due(&self) -> Option<Time> {
        let listens = self.settings.beats_by == BeatsBy::Auto && self.voice.speaker == Speaker::Agent;
        let heard = self.last_confirmed.max(self.voice.since).filter(|_| listens)?;
        Some(heard + self.pace() * SILENT_HALVES / 2)
    }

    /// Between two beats: as configured, or as its own program beats when that is slower.
    pub(super) fn pace(&self) -> Duration {
        let own = self.settings.beats_by == BeatsBy::Auto && self.voice.speaker == Speaker::Agent;
        if own { self.settings.interval.max(self.voice.pace) } else { self.settings.interval }
    }

    fn enough(&self) -> u32 {
        (ENOUGH << self.voice.returns.min(4)).min(MOST)
    }
}
