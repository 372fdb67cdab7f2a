//! The window in the file.

use std::time::Duration;

use serde::Deserialize;

/// A day; who wants it longer wants 0.
const LONGEST: u32 = 86_400;

/// What the desktop app does with its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WindowEntry {
    /// Seconds.
    release_after: u32,
}

impl Default for WindowEntry {
    fn default() -> Self {
        Self { release_after: 300 }
    }
}

impl WindowEntry {
    /// How long after it was closed the window gives its memory back; never when missing.
    #[must_use]
    pub fn release_after(self) -> Option<Duration> {
        (self.release_after > 0).then(|| Duration::from_secs(self.release_after.into()))
    }

    pub(super) fn check(self) -> Result<(), String> {
        if self.release_after > LONGEST {
            return Err(format!("release_after = {} is not within 0 to {LONGEST} seconds", self.release_after));
        }
        Ok(())
    }
}
