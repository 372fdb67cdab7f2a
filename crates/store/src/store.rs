//! Opening the file: what is not ours to write is refused and left as it is.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::schema::{APPLICATION_ID, FORMAT, MIGRATIONS};
use crate::{Reader, StoreError};

/// How long to wait for another program's lock, before the file is called busy.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Files up to this size are read through when opened, and every file after a run that did not close it; in bytes. It
/// takes 6 ms a megabyte. A larger one that was closed well is only looked at: its size, its head, its tables.
const THOROUGH: u64 = 16 << 20;

/// What the write-ahead log is cut back to after it was emptied, in bytes.
const LOG_SIZE_LIMIT: i64 = 8 << 20;

/// A history that was checked and brought up to date. [`crate::Writer::start`] takes it over.
#[derive(Debug)]
pub struct Store {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
}

impl Store {
    /// Opens the history at `path`, or begins one there, readable by its owner alone. Its directory is made if missing.
    ///
    /// Blocks: tens of milliseconds for a large file, up to 5 s when another program holds it.
    ///
    /// # Errors
    ///
    /// `store.newer`, `store.corrupt`, `store.foreign`: the file is not touched. `store.unwritable`: the directory or
    /// the file cannot be written. `store.busy`, `store.full`, `store.failed`: as they say.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let unwritable = |e: io::Error| StoreError::Unwritable { path: path.clone(), detail: e.to_string() };
        make_directory(&path).map_err(unwritable)?;
        make_file(&path).map_err(unwritable)?;
        let connection = open_checked(&path)?;
        restrict(&path).map_err(unwritable)?;
        let mut store = Self { path, connection };
        store.bring_up_to_date().map_err(|e| StoreError::sort(&store.path, e))?;
        Ok(store)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A reader of the same file.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`].
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.path)
    }

    fn bring_up_to_date(&mut self) -> rusqlite::Result<()> {
        let connection = &mut self.connection;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "journal_size_limit", LOG_SIZE_LIMIT)?;
        // Checkpoints wait for the disk; `checkpoint` does them where no batch waits for them.
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        MIGRATIONS.to_latest(connection).map_err(|error| {
            if let rusqlite_migration::Error::RusqliteError { err, .. } = error {
                return err;
            }
            rusqlite::Error::ToSqlConversionFailure(Box::new(error))
        })
    }
}

/// Opens the file and looks at it. Until all is known to be well, nothing is written: not even the rest of an earlier
/// run's write-ahead log, which SQLite would otherwise fold into the file when the connection is closed.
fn open_checked(path: &Path) -> Result<Connection, StoreError> {
    let sort = |e| StoreError::sort(path, e);
    check_head(path)?;
    let leave_log = fs::metadata(log_path(path)).is_ok_and(|log| log.len() > 0);
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(sort)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(sort)?;
    if leave_log {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sort)?;
    }
    let size = fs::metadata(path).map_or(0, |file| file.len());
    check(&connection, path, leave_log || size <= THOROUGH)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(sort)?;
    Ok(connection)
}

/// Every SQLite file begins with these bytes.
const HEAD: &[u8] = b"SQLite format 3\0";

/// Refuses a file that does not begin like a database. SQLite would do so too, but takes a file of a single byte for an
/// empty database and writes over it.
pub(crate) fn check_head(path: &Path) -> Result<(), StoreError> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD.len() as u64).read_to_end(&mut head));
    match read {
        Err(e) => Err(StoreError::Unwritable { path: path.into(), detail: e.to_string() }),
        Ok(_) if head.is_empty() || head == HEAD => Ok(()),
        Ok(_) => Err(StoreError::Corrupt { path: path.into(), detail: "file is not a database".into() }),
    }
}

fn check(connection: &Connection, path: &Path, thoroughly: bool) -> Result<(), StoreError> {
    let sort = |e| StoreError::sort(path, e);
    let format = format(connection).map_err(sort)?;
    if format > FORMAT {
        return Err(StoreError::Newer { path: path.into(), found: format, known: FORMAT });
    }
    let is_empty: bool =
        connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0)).map_err(sort)?;
    let owner: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(sort)?;
    if owner != APPLICATION_ID && !(is_empty && format == 0) {
        return Err(StoreError::Foreign { path: path.into() });
    }
    if thoroughly {
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sort)?;
        if verdict != "ok" {
            return Err(StoreError::Corrupt { path: path.into(), detail: verdict });
        }
    }
    if connection.is_readonly("main").map_err(sort)? {
        return Err(StoreError::Unwritable { path: path.into(), detail: "the file is read-only".into() });
    }
    Ok(())
}

/// The file's format; 0 when it was never used.
pub(crate) fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn log_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn make_directory(path: &Path) -> io::Result<()> {
    let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Before SQLite does it, so that the file never has wider permissions; SQLite gives the log and index the same ones.
fn make_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}

#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    if fs::metadata(path)?.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_path: &Path) -> io::Result<()> {
    Ok(())
}
