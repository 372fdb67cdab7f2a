//! States as shapes, the same as in the window and the tray.

use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::view::Glyph;

use crate::style::Tone;

/// An agent's shape.
pub(crate) const fn of(liveness: Liveness) -> (&'static str, Tone) {
    match liveness {
        Liveness::Active => ("●", Tone::Good),
        Liveness::Late => ("△", Tone::Warning),
        Liveness::Stale => ("▲", Tone::Warning),
        Liveness::Offline => ("■", Tone::Bad),
        Liveness::Inactive => ("○", Tone::Quiet),
        Liveness::Stopped => ("⊘", Tone::Quiet),
        Liveness::Unknown => ("?", Tone::Quiet),
    }
}

/// The fleet's shape.
pub(crate) const fn of_fleet(glyph: Glyph) -> (&'static str, Tone) {
    match glyph {
        Glyph::Ok => ("●", Tone::Good),
        Glyph::Attention => ("▲", Tone::Warning),
        Glyph::Offline => ("■", Tone::Bad),
        Glyph::Acknowledged => ("△", Tone::Quiet),
        Glyph::Paused => ("⊘", Tone::Quiet),
        Glyph::Unknown => ("?", Tone::Quiet),
    }
}
