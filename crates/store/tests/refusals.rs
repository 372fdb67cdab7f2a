//! Files that are not ours to write are refused with a sentence, and not one byte of them changes.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_store::{Reader, Store, StoreError};
use common::{agent, memory, open, transition};
use rusqlite::config::DbConfig;

/// A closed history with rows in it.
fn history(directory: &Path) -> PathBuf {
    let writer = open(directory);
    for number in 0..200 {
        writer.send(HistoryRow::Transition(transition(number, 5, Liveness::Active, Liveness::Late)));
    }
    writer.close().expect("closes");
    directory.join("history.sqlite3")
}

/// Opens what must be refused, and holds every file of the directory against what it was before.
fn refused(path: &Path) -> StoreError {
    let before = contents(path);
    let size = fs::metadata(path).expect("it is there").len();
    let Err(error) = Store::open(path) else { panic!("a file of {size} bytes was taken") };
    for (file, bytes) in &before {
        assert!(fs::read(file).expect("it is still there") == *bytes, "{} was touched", file.display());
    }
    let added: Vec<PathBuf> = contents(path)
        .into_iter()
        .map(|(file, _)| file)
        .filter(|file| before.iter().all(|(known, _)| known != file))
        .collect();
    assert!(added.is_empty(), "left behind: {added:?}");
    assert!(error.to_string().contains(&*path.to_string_lossy()), "no file in: {error}");
    assert!(error.remedy().ends_with('.'));
    error
}

fn contents(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    fs::read_dir(path.parent().expect("a directory"))
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        // SQLite's index of the log holds no rows, and is built anew by whoever reads the log.
        .filter(|file| !file.to_string_lossy().ends_with("-shm"))
        .map(|file| (file.clone(), fs::read(&file).expect("readable")))
        .collect()
}

#[test]
fn a_newer_history_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = history(directory.path());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = refused(&path);
    assert_eq!(error.code(), "store.newer");
    assert!(error.to_string().contains("format 99, made by a newer Beatkeeper"), "{error}");
    assert_eq!(Reader::open(&path).unwrap_err().code(), "store.newer");
}

#[test]
fn a_newer_history_that_was_killed_is_refused_with_its_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = history(directory.path());
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    assert!(fs::metadata(directory.path().join("history.sqlite3-wal")).unwrap().len() > 0);
    assert_eq!(refused(&path).code(), "store.newer");
}

#[test]
fn an_empty_database_of_a_newer_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite3");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 4_000).unwrap();
    assert_eq!(refused(&path).code(), "store.newer");
}

#[test]
fn what_is_no_database_is_refused() {
    for garbage in ["x", "{\"this\": \"is JSON\"}\n", &"not a database, but long enough for one. ".repeat(500)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("history.sqlite3");
        fs::write(&path, garbage).unwrap();
        assert_eq!(refused(&path).code(), "store.corrupt");
        assert_eq!(Reader::open(&path).unwrap_err().code(), "store.corrupt");
    }
}

#[test]
fn a_damaged_history_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = history(directory.path());
    let good = fs::read(&path).unwrap();

    for length in [1, 15, 16, 99, 100, 511, 512, 4_095, 4_096, good.len() / 2, good.len() - 4_096] {
        fs::write(&path, &good[..length]).unwrap();
        assert_eq!(refused(&path).code(), "store.corrupt", "cut to {length} bytes");
    }

    for page in 1..good.len() / 4096 {
        let mut bad = good.clone();
        bad[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, &bad).unwrap();
        assert_eq!(refused(&path).code(), "store.corrupt", "page {page}");
    }

    fs::write(&path, &good).unwrap();
    let reader = Store::open(&path).unwrap().reader().unwrap();
    assert_eq!(reader.transitions(&agent(7), 9, None).unwrap().len(), 1);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite3");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    assert_eq!(refused(&path).code(), "store.foreign");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a file");
    fs::write(&file, "").unwrap();
    for path in [file.join("history.sqlite3"), file.join("deeper/history.sqlite3")] {
        let error = Store::open(&path).unwrap_err();
        assert_eq!(error.code(), "store.unwritable", "{error}");
        assert!(error.remedy().contains("--data"));
    }
    fs::create_dir(directory.path().join("history.sqlite3")).unwrap();
    let error = Store::open(directory.path().join("history.sqlite3")).unwrap_err();
    assert_eq!(error.code(), "store.unwritable", "{error}");
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let locked = directory.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write anywhere; the test above shows the same refusal without permissions.
    if fs::write(locked.join("probe"), "").is_err() {
        assert_eq!(Store::open(locked.join("history.sqlite3")).unwrap_err().code(), "store.unwritable");
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn there_is_nothing_to_read_yet() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.sqlite3");
    assert_eq!(Reader::open(&path).unwrap_err().code(), "store.missing");
    fs::write(&path, "").unwrap();
    assert_eq!(Reader::open(&path).unwrap_err().code(), "store.older");
    Store::open(&path).unwrap();
    assert!(Reader::open(&path).unwrap().memories().unwrap().is_empty());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/history.sqlite3");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let store = Store::open(&path).unwrap();
    let writer = beatkeeper_store::Writer::start(store, common::at(0)).unwrap();
    writer.send(HistoryRow::Memory(memory(1, Liveness::Active, 0)));
    writer.flush().unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for file in fs::read_dir(path.parent().unwrap()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    writer.close().unwrap();

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
}
