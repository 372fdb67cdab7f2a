//! The table `dialects`: what each registry was seen to take, by its URL.

use std::collections::HashMap;

use beatkeeper_core::dialect::Dialect;
use rusqlite::{Connection, params};

pub(crate) const CREATE: &str = "
    CREATE TABLE dialects (
        url     TEXT PRIMARY KEY,
        dialect TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Remembers what a registry takes, in the place of what it took before.
pub(crate) fn write(connection: &Connection, url: &str, dialect: Dialect) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO dialects (url, dialect) VALUES (?1, ?2)")?
        .execute(params![url, dialect.as_str()])
        .map(drop)
}

/// What is known; a dialect that this program does not know is not.
pub(crate) fn all(connection: &Connection) -> rusqlite::Result<HashMap<String, Dialect>> {
    let mut statement = connection.prepare_cached("SELECT url, dialect FROM dialects")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let known = |(url, name): (String, String)| Dialect::from_name(&name).map(|dialect| (url, dialect));
    rows.filter_map(|row| row.map(known).transpose()).collect()
}
