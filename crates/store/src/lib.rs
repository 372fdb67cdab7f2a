//! History in SQLite: one file, one writer thread, any number of readers.
//!
//! ```text
//! Store::open(path)          checks the file, brings it up to date
//!   └─ Writer::start(store)  owns the only connection that writes; `send` never blocks
//!        └─ reader()         read-only, from any blocking thread, while the writer writes
//! ```
//!
//! **What is safe.** A row is committed within 250 ms of [`Writer::send`], and a committed row outlives the program:
//! after `kill -9` or a crash at most the last 250 ms are missing and the file is sound. Power loss is another matter:
//! commits are not forced to the disk one by one (`synchronous = NORMAL`), which would cost a disk flush every 250 ms,
//! all day, on a laptop. They are forced together, at the latest a minute after they were made. So pulling the plug may
//! take the last minute; it never damages the file.
//!
//! **What it costs.** Times are integers of milliseconds since the epoch, agents, causes and sentences are stored once
//! and named by number, and tables are clustered by `(agent, time)`, so that one agent's month lies together on the
//! disk. `cargo bench -p beatkeeper-store` prints size and time of a thousand agents' month.

mod agents;
mod black_boxes;
mod checkpoint;
mod codes;
mod connections;
mod deliveries;
mod dialects;
mod drills;
mod error;
mod housekeeping;
mod incidents;
mod memory;
mod notices;
mod pause;
mod pending;
mod reader;
mod retention;
mod schema;
mod snoozes;
mod spans;
mod store;
mod texts;
mod transitions;
mod usage;
mod writer;

pub use black_boxes::LARGEST as LARGEST_BLACK_BOX;
pub use connections::APP_ENDED;
pub use error::StoreError;
pub use reader::Reader;
pub use store::Store;
pub use writer::Writer;
