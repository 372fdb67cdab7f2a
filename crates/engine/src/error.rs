//! Why an engine does not start.

use std::path::PathBuf;

use beatkeeper_store::StoreError;
use beatkeeper_vault::VaultError;

use crate::command::Refusal;

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The platform does not say where a user's files are.
    #[error("this system does not say where your configuration and data are")]
    NoHome,
    /// Another engine owns the data folder.
    #[error("Beatkeeper is already running with the data in {}", data.display())]
    AlreadyRunning {
        /// The folder.
        data: PathBuf,
    },
    /// The data folder cannot be used.
    #[error("the data folder {} cannot be used: {reason}", data.display())]
    Data {
        /// The folder.
        data: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The history.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The vault.
    #[error("{0}")]
    Vault(#[from] VaultError),
    /// TLS.
    #[error("the system's certificates cannot be read: {0}")]
    Tls(String),
    /// This program itself.
    #[error("this program's own file cannot be told: {0}")]
    Program(String),
    /// The control channel.
    #[error("the control channel cannot be opened: {0}")]
    Control(String),
}

impl EngineError {
    /// Stable, for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoHome => "engine.no_home",
            Self::AlreadyRunning { .. } => "engine.already_running",
            Self::Data { .. } => "engine.data",
            Self::Store(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::Tls(_) => "engine.tls",
            Self::Program(_) => "engine.program",
            Self::Control(_) => "engine.control",
        }
    }

    /// What to do.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NoHome => "Give --config FILE and --data DIR.".into(),
            Self::AlreadyRunning { .. } => "Use the one that runs, or end it with `beatkeeper quit`.".into(),
            Self::Data { .. } => "Check that the folder exists and is yours, or give another with --data DIR.".into(),
            Self::Store(error) => error.remedy().into(),
            Self::Vault(error) => error.remedy(),
            Self::Tls(_) => "Install the system's certificates (ca-certificates on Debian).".into(),
            Self::Program(_) => "Install Beatkeeper again; what agents are started with is part of it.".into(),
            Self::Control(_) => "Check that the data folder's path is short and yours.".into(),
        }
    }
}

impl From<&EngineError> for Refusal {
    fn from(error: &EngineError) -> Self {
        Self::new(error.code(), error.to_string(), error.remedy())
    }
}
