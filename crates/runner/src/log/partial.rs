//! Lines out of bytes that arrive in any pieces.

use std::time::{Duration, SystemTime};

/// The longest line that is kept whole, bytes as the agent wrote them, without its end.
pub(super) const LINE_BYTES: usize = 64 * 1024;

/// How long a stream is silent until the line that it began is shown without its end.
pub(super) const SILENCE: Duration = Duration::from_millis(200);

/// A line without its end, as it arrived but for what was left out.
pub(super) struct Piece<'a> {
    pub(super) text: &'a [u8],
    /// Bytes that were left out.
    pub(super) cut: u64,
    /// When its last byte arrived.
    pub(super) at: SystemTime,
}

/// The line that one stream has begun.
#[derive(Default)]
pub(super) struct Partial {
    /// At most [`LINE_BYTES`].
    kept: Vec<u8>,
    /// Bytes after those, the CR of the line's end among them.
    beyond: u64,
    ends_in_cr: bool,
    /// When its last byte arrived; `None` when there is none, or when silence has shown what could be shown.
    touched: Option<SystemTime>,
    last: Option<SystemTime>,
    /// Its begin was shown already: the line end that belongs to it ends nothing new.
    shown: bool,
}

impl Partial {
    /// Takes what arrived, hands over the lines that it ends.
    pub(super) fn feed(&mut self, bytes: &[u8], now: SystemTime, mut emit: impl FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            let shown = std::mem::take(&mut self.shown);
            if self.kept.is_empty() {
                let piece = finish(line, 0, line.ends_with(b"\r"), now);
                if !(shown && piece.text.is_empty()) {
                    emit(piece);
                }
            } else {
                self.hold(line);
                let piece = finish(&self.kept, self.beyond, self.ends_in_cr, now);
                if !(shown && piece.text.is_empty()) {
                    emit(piece);
                }
                self.forget();
            }
        }
        if !rest.is_empty() {
            self.hold(rest);
            self.touched = Some(now);
            self.last = Some(now);
        }
    }

    /// When silence will have lasted long enough.
    pub(super) fn due(&self) -> Option<SystemTime> {
        self.touched.map(|touched| touched + SILENCE)
    }

    /// Hands over the begun line when it is due. Half a character stays, its other half may still come.
    pub(super) fn settle(&mut self, now: SystemTime, emit: impl FnOnce(Piece<'_>)) {
        // A clock that was set back must not hide the line until it has caught up.
        let Some(touched) = self.touched.filter(|at| now < *at || now >= *at + SILENCE) else { return };
        self.touched = None;
        if self.beyond > 0 {
            emit(finish(&self.kept, self.beyond, self.ends_in_cr, touched));
            self.forget();
            self.shown = true;
            return;
        }
        let whole = whole_characters(&self.kept);
        let half = self.kept[whole..].to_vec();
        let piece = finish(&self.kept[..whole], 0, self.kept[..whole].ends_with(b"\r"), touched);
        if !piece.text.is_empty() {
            emit(piece);
            self.shown = true;
        }
        self.forget();
        self.kept = half;
    }

    /// Hands over what is there: nothing more will come.
    pub(super) fn end(&mut self, emit: impl FnOnce(Piece<'_>)) {
        let shown = std::mem::take(&mut self.shown);
        if let (false, Some(last)) = (self.kept.is_empty(), self.last) {
            let piece = finish(&self.kept, self.beyond, self.ends_in_cr, last);
            if !(shown && piece.text.is_empty()) {
                emit(piece);
            }
        }
        self.forget();
    }

    fn hold(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        let room = LINE_BYTES.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        self.beyond += (bytes.len() - room) as u64;
        self.ends_in_cr = *last == b'\r';
    }

    fn forget(&mut self) {
        // A stream that once wrote a huge line need not hold its memory for good.
        if self.kept.capacity() > 4 * 1024 {
            self.kept = Vec::new();
        }
        self.kept.clear();
        self.beyond = 0;
        self.ends_in_cr = false;
        self.touched = None;
    }
}

/// Strips the CR of the line's end and leaves out what is too much, never half a character.
fn finish(kept: &[u8], beyond: u64, ends_in_cr: bool, at: SystemTime) -> Piece<'_> {
    let (mut text, mut cut) = (kept, beyond);
    if ends_in_cr {
        if cut > 0 {
            cut -= 1;
        } else {
            text = &text[..text.len() - 1];
        }
    }
    if text.len() > LINE_BYTES {
        cut += (text.len() - LINE_BYTES) as u64;
        text = &text[..LINE_BYTES];
    }
    if cut > 0 {
        let whole = whole_characters(text);
        cut += (text.len() - whole) as u64;
        text = &text[..whole];
    }
    Piece { text, cut, at }
}

/// The length without a character at the end whose last bytes are missing.
fn whole_characters(bytes: &[u8]) -> usize {
    for (back, byte) in (1..=3).zip(bytes.iter().rev()) {
        let length = match byte {
            0x80..=0xBF => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        return if length > back { bytes.len() - back } else { bytes.len() };
    }
    bytes.len()
}
