//! A process that others start, again and again: nobody here sees it end, but what it does comes and goes.

use std::collections::VecDeque;
use std::time::Duration;

use crate::fleet::ProcessReading;
use crate::time::Time;
use crate::view::ProcessState;

use super::{Agent, LATELY};

/// So many comings within five minutes are a loop.
const LOOP: usize = 3;
/// More of them are not kept.
const KEPT: usize = 16;
/// A connection that lived for so long was not its last: programs that cannot stay end sooner, and proxies cut idle sockets
/// after a minute or more.
const SOON: Duration = Duration::from_secs(45);

/// When it was seen to come.
#[derive(Clone, Debug, Default)]
pub(super) struct Comings {
    /// Its health address answered again.
    answered: VecDeque<Time>,
    /// Nobody listened at its health address since it answered there last.
    gone: bool,
    /// It opened a connection, before the one that it had opened last had lived for two beats.
    opened: VecDeque<Time>,
    last_opened: Option<Time>,
}

impl Comings {
    /// Its health address was asked.
    pub(super) fn probed(&mut self, reading: &ProcessReading, now: Time) {
        match reading.state {
            // Who is too busy to answer in time has not ended.
            ProcessState::NotRunning => self.gone |= reading.refused,
            ProcessState::Running | ProcessState::Unhealthy => {
                if std::mem::take(&mut self.gone) {
                    keep(&mut self.answered, now);
                }
            }
            ProcessState::NotOurs
            | ProcessState::Unknown
            | ProcessState::Stopped
            | ProcessState::Starting
            | ProcessState::WrongAgent
            | ProcessState::Stopping
            | ProcessState::Waiting
            | ProcessState::Exited
            | ProcessState::GaveUp => self.gone = false,
        }
    }

    /// The registry announced that it is active.
    pub(super) fn opened(&mut self, interval: Duration, now: Time) {
        let soon = (interval * 2).min(SOON);
        let soon = self.last_opened.replace(now).is_some_and(|last| now.since(last) < soon);
        if soon {
            keep(&mut self.opened, now);
        }
    }

    /// How often it came, when that is a loop, and until when it is one.
    fn restart_loop(&self, process_is_seen: bool, now: Time) -> Option<(u32, Time)> {
        // Of who is seen to run all the while, it is the connection alone that comes and goes.
        let comings = if process_is_seen { &self.answered } else { &self.opened };
        let lately = comings.iter().filter(|at| **at + LATELY > now).count();
        let first = comings.get(comings.len().checked_sub(LOOP)?)?;
        (lately >= LOOP).then(|| (u32::try_from(lately).unwrap_or(u32::MAX), *first + LATELY))
    }
}

impl Agent {
    /// How often its process was started lately, whoever does it, when that is a loop; and until when it is one.
    pub(super) fn restart_loop(&self, now: Time) -> Option<(u32, Time)> {
        // A step of its recovery may have it run somewhere else.
        match self.run.as_deref().filter(|run| run.state().0 != ProcessState::NotOurs) {
            Some(run) => run.restart_loop(now),
            None => self.comings.restart_loop(self.settings.probed, now),
        }
    }
}

fn keep(times: &mut VecDeque<Time>, now: Time) {
    if times.len() == KEPT {
        times.pop_front();
    }
    times.push_back(now);
}
