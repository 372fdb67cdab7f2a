//! What an agent writes, on the disk.
//!
//! ```text
//! LogWriter  one, in the process that holds the agent's pipes: splits, stamps, cuts, rotates
//!   └─ FOLDER/00000000000000000000.log, FOLDER/00000000000004194210.log, …
//!        └─ LogReader  any number, in any process, while it is written
//! ```
//!
//! **The log is one long text** whose bytes are numbered from its first day. A [`Cursor`] is such a number. A file is
//! named by the number of its first byte, so nothing is ever renamed: rotation creates the next file and removes the
//! oldest, and a cursor finds its file by the names alone. Cursors only grow, over rotation, [`LogWriter::clear`] and
//! restarts.
//!
//! **A line** is for people as much as for us; `less` shows it:
//!
//! ```text
//! 2026-11-22T15:04:05.123456Z O text          standard output
//! 2026-11-22T15:04:05.123456Z E text          standard error
//! 2026-11-22T15:04:05.123456Z N start …       a note of ours; its first word is one of `note`
//! 2026-11-22T15:04:05.123456Z o+1024 text     cut: 1024 bytes of it were left out (also `e+`, `n+`)
//! ```
//!
//! The time is when the line's last byte arrived. Text is UTF-8 in which what was none is replaced; escape sequences
//! stay. Since a line of the agent is always one line here, no text can forge another line's head.
//!
//! **What is safe.** Lines are handed to the system within 50 ms, a note at once, and outlive both processes. They are
//! not forced to the disk: pulling the plug may cost the last seconds. A torn last line is removed by the next writer, and
//! no reader ever shows a line without its end.

mod ansi;
mod files;
mod level;
mod line;
mod output;
mod page;
mod partial;
mod pattern;
mod place;
mod private;
mod reader;
mod segments;
mod stamp;
mod walk;
mod writer;

pub use level::Level;
pub use line::{LogLine, Stream, note};
pub use page::{Cursor, Direction, Page, Start};
pub use pattern::{Case, Pattern, PatternError};
pub use place::{LogLimits, LogPlace};
pub use reader::{LogReader, MOST_LINES, PAGE_BYTES, SEARCH_BYTES};
pub use writer::{LINE_BYTES, LogWriter};
