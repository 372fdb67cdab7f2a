//! Where things are.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::EngineError;

/// The configuration file and the data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `beatkeeper.toml`.
    pub config: PathBuf,
    /// History, control socket, logs, and the vault file where one is used.
    pub data: PathBuf,
}

impl Paths {
    /// Those that were given, and the platform's for the rest.
    ///
    /// # Errors
    /// When the platform does not say where a user's files are.
    pub fn resolve(config: Option<PathBuf>, data: Option<PathBuf>) -> Result<Self, EngineError> {
        let dirs = directories::ProjectDirs::from("dev", "Beatkeeper", "beatkeeper");
        let config = config.or_else(|| dirs.as_ref().map(|dirs| dirs.config_dir().join("beatkeeper.toml")));
        let data = data.or_else(|| dirs.as_ref().map(|dirs| dirs.data_local_dir().to_owned()));
        match (config, data) {
            (Some(config), Some(data)) => Ok(Self { config: absolute(config), data: absolute(data) }),
            _ => Err(EngineError::NoHome),
        }
    }

    /// Makes the data folder, for its owner alone, unless it is there.
    pub(crate) fn make_data_folder(&self) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.data)
    }

    /// Holds a file of the data folder against other processes and this one. Nothing when somebody has it.
    pub(crate) fn hold(&self, file: &Path) -> io::Result<Option<HeldFile>> {
        self.make_data_folder()?;
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(file)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(HeldFile(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The history's database.
    #[must_use]
    pub fn history(&self) -> PathBuf {
        self.data.join("history.sqlite3")
    }

    /// The vault file, where one is used.
    #[must_use]
    pub fn vault_file(&self) -> PathBuf {
        self.data.join("keys.vault")
    }

    /// Sockets and records of agents' processes.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.data.join("runs")
    }

    /// HeldFile by the engine that owns the data folder.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.data.join("engine.lock")
    }

    /// HeldFile by who changes something at a registry.
    pub(crate) fn writing_lock(&self) -> PathBuf {
        self.data.join("writing.lock")
    }
}

/// A file that is held, as long as this lives.
#[derive(Debug)]
pub(crate) struct HeldFile(File);

impl Drop for HeldFile {
    fn drop(&mut self) {
        // Closing it would not do: a process that was being started meanwhile has it open, too, for a moment.
        let _ = self.0.unlock();
    }
}

/// Relative paths mean something else in the process that reads them later.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
