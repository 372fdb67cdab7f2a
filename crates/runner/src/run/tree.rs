//! Who belongs to a run.

use crate::os::{self, Process};
use crate::place::Record;

/// Tells the processes of one run from all others, whatever becomes of the handle on it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tree {
    shim: Process,
    child: Process,
    marker: String,
}

/// A process that belonged to a run when it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member(Process);

impl Tree {
    pub(super) fn of(record: &Record) -> Self {
        Self::new(record.shim, record.child, &record.marker)
    }

    pub(super) fn new(shim: Process, child: Process, marker: &str) -> Self {
        Self { shim, child, marker: marker.to_owned() }
    }

    /// The process with this number, when it is one of the run and has not ended; never the shim. Looks at the system's
    /// processes, which takes milliseconds at worst.
    ///
    /// On Linux it descends from the shim, which is the kernel's word. Elsewhere, and where the shim was killed, the
    /// marker in its environment counts, too, which whoever knows it can copy.
    #[must_use]
    pub fn find(&self, pid: u32) -> Option<Member> {
        os::member(pid, self.shim, self.child, &self.marker).map(Member)
    }
}

impl Member {
    /// Whether it still is that process, and not another one with its number.
    #[must_use]
    pub fn lives(&self) -> bool {
        self.0.lives()
    }
}
