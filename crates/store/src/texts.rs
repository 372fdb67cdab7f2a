//! The table `texts`: causes and sentences, each once, since a fleet says the same few things over and over.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension};

// Columns that hold a text's number declare no foreign key: checking it when a text goes away would need an index on
// each of them, as large as the tables themselves. `housekeeping` deletes only what nothing names.
pub(crate) const CREATE: &str = "
    CREATE TABLE texts (
        id   INTEGER PRIMARY KEY,
        text TEXT NOT NULL UNIQUE
    ) STRICT;
";

/// Longest text kept, in bytes. Sentences are ours, but may quote a server, and a server may say anything.
const LONGEST: usize = 2_000;

/// Texts remembered in memory; beyond that the table is asked again.
const REMEMBERED: usize = 4_096;

/// As much of the text as is kept.
pub(crate) fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// Numbers already looked up. Must be emptied when a transaction is rolled back, since it may have given some away.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    numbers: HashMap<String, i64>,
    in_use: Option<HashSet<i64>>,
}

impl Texts {
    /// The text's number, given now if it has none. A text longer than 2,000 bytes is cut.
    pub(crate) fn number(&mut self, connection: &Connection, text: &str) -> rusqlite::Result<i64> {
        let text = cut(text);
        let number = match self.numbers.get(text) {
            Some(number) => *number,
            None => self.look_up(connection, text)?,
        };
        if let Some(in_use) = &mut self.in_use {
            in_use.insert(number);
        }
        Ok(number)
    }

    /// The same for a text that may be missing.
    pub(crate) fn number_if_any(
        &mut self,
        connection: &Connection,
        text: Option<&str>,
    ) -> rusqlite::Result<Option<i64>> {
        text.map(|text| self.number(connection, text)).transpose()
    }

    fn look_up(&mut self, connection: &Connection, text: &str) -> rusqlite::Result<i64> {
        let found = connection
            .prepare_cached("SELECT id FROM texts WHERE text = ?1")?
            .query_row([text], |row| row.get(0))
            .optional()?;
        let number = match found {
            Some(number) => number,
            None => connection
                .prepare_cached("INSERT INTO texts (text) VALUES (?1) RETURNING id")?
                .query_row([text], |row| row.get(0))?,
        };
        if self.numbers.len() >= REMEMBERED {
            self.numbers.clear();
        }
        self.numbers.insert(text.to_owned(), number);
        Ok(number)
    }

    /// From here on every number handed out counts as in use, until [`Texts::clear`].
    pub(crate) fn begin_sweep(&mut self) {
        self.in_use = Some(HashSet::new());
    }

    /// Counts a number as in use.
    pub(crate) fn mark(&mut self, number: i64) {
        if let Some(in_use) = &mut self.in_use {
            in_use.insert(number);
        }
    }

    /// Whether nothing is known to name this number. False when nobody counted.
    pub(crate) fn is_unused(&self, number: i64) -> bool {
        self.in_use.as_ref().is_some_and(|in_use| !in_use.contains(&number))
    }

    /// Forgets all numbers; what is in use is still counted.
    pub(crate) fn clear(&mut self) {
        self.numbers.clear();
    }

    /// Ends counting. Numbers may have gone, so all are forgotten.
    pub(crate) fn end_sweep(&mut self) {
        self.in_use = None;
        self.numbers.clear();
    }
}
