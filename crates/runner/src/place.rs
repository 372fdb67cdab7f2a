//! A run's files in the run folder: the lock that a shim holds, its socket, and its record.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use atomic_write_file::AtomicWriteFile;
use interprocess::local_socket::{ListenerOptions, Name};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::order::Exit;
use crate::os::Process;

/// What a record is worth after an update.
const VERSION: u32 = 1;

/// What a shim writes down about its run, so that another app finds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    version: u32,
    pub(crate) agent: String,
    /// `BEATKEEPER_RUN` of every process of the run.
    pub(crate) marker: String,
    /// Which start of the machine the process numbers and times belong to.
    pub(crate) boot: String,
    pub(crate) shim: Process,
    pub(crate) child: Process,
    pub(crate) socket: PathBuf,
    pub(crate) started_at: SystemTime,
    /// How the main process ended.
    pub(crate) exit: Option<Exit>,
    /// Every descendant has ended too.
    pub(crate) gone: bool,
}

impl Record {
    pub(crate) fn new(agent: String, marker: String, shim: Process, child: Process, socket: PathBuf) -> Self {
        let (boot, started_at) = (crate::os::boot().to_owned(), SystemTime::now());
        Self { version: VERSION, agent, marker, boot, shim, child, socket, started_at, exit: None, gone: false }
    }
}

/// Where one agent's files are.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    run_dir: PathBuf,
    name: String,
}

impl Place {
    pub(crate) fn of(run_dir: &Path, agent: &str) -> Self {
        Self { run_dir: run_dir.to_owned(), name: short_hash(agent.as_bytes()) }
    }

    /// Makes the folder, for the owner alone.
    pub(crate) fn make(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.run_dir).map_err(|error| at(&self.run_dir, &error))
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.run_dir.join(format!("{}.{ending}", self.name))
    }

    /// Held as long as a shim lives, by the kernel's word. `None` when one does.
    pub(crate) fn lock(&self) -> io::Result<Option<File>> {
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let path = self.file("lock");
        let file = options.open(&path).map_err(|error| at(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(at(&path, &error)),
        }
    }

    /// The record, when there is one that can be read and is this agent's.
    pub(crate) fn read(&self, agent: &str) -> io::Result<Option<Record>> {
        let bytes = match fs::read(self.file("json")) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match serde_json::from_slice::<Record>(&bytes) {
            Ok(record) if record.version == VERSION && record.agent == agent => Ok(Some(record)),
            Ok(_) => Ok(None),
            Err(error) => {
                tracing::warn!("{} is not what a run left behind: {error}", self.file("json").display());
                Ok(None)
            }
        }
    }

    pub(crate) fn write(&self, record: &Record) -> io::Result<()> {
        let mut options = AtomicWriteFile::options();
        owners_alone(&mut options);
        let path = self.file("json");
        let write = || -> io::Result<()> {
            let mut file = options.open(&path)?;
            file.write_all(&serde_json::to_vec(record)?)?;
            file.commit()
        };
        write().map_err(|error| at(&path, &error))
    }

    /// Forgets a run that nobody holds any more.
    pub(crate) fn forget(&self) -> io::Result<()> {
        if self.lock()?.is_none() {
            return Ok(());
        }
        match fs::remove_file(self.file("json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Where the shim listens.
    pub(crate) fn socket(&self) -> PathBuf {
        platform::socket(self)
    }
}

/// The socket's name as the system takes it.
pub(crate) fn name(socket: &Path) -> io::Result<Name<'static>> {
    platform::name(socket)
}

/// For the owner alone, from the first moment on.
pub(crate) fn restrict(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    platform::restrict(options)
}

#[cfg(unix)]
fn owners_alone(options: &mut atomic_write_file::OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    use atomic_write_file::unix::OpenOptionsExt as _;
    options.preserve_mode(false).mode(0o600);
}

/// Elsewhere the folder's own access list decides, and a user's data folder is the user's.
#[cfg(not(unix))]
fn owners_alone(_: &mut atomic_write_file::OpenOptions) {}

/// An error with the path that it is about.
pub(crate) fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// The same in every version of the program, since another one may look for the file.
fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(unix)]
mod platform {
    use super::{ListenerOptions, Name, Path, PathBuf, Place, io, short_hash};
    use interprocess::local_socket::{GenericFilePath, ToFsName as _};
    use interprocess::os::unix::local_socket::ListenerOptionsExt as _;

    /// The kernel takes paths of about a hundred bytes.
    const LONGEST: usize = 100;

    pub(super) fn socket(place: &Place) -> PathBuf {
        let beside = place.file("sock");
        if beside.as_os_str().len() <= LONGEST {
            return beside;
        }
        let name = short_hash(beside.as_os_str().as_encoded_bytes());
        std::env::temp_dir().join(format!("beatkeeper-{name}.sock"))
    }

    pub(super) fn name(socket: &Path) -> io::Result<Name<'static>> {
        socket.to_owned().to_fs_name::<GenericFilePath>()
    }

    pub(super) fn restrict(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
        options.mode(0o600)
    }
}

#[cfg(windows)]
mod platform {
    use super::{ListenerOptions, Name, Path, PathBuf, Place, io, short_hash};
    use interprocess::local_socket::{GenericNamespaced, ToNsName as _};

    pub(super) fn socket(place: &Place) -> PathBuf {
        let name = short_hash(place.file("sock").as_os_str().as_encoded_bytes());
        format!("beatkeeper-run-{name}").into()
    }

    pub(super) fn name(socket: &Path) -> io::Result<Name<'static>> {
        socket.as_os_str().to_owned().to_ns_name::<GenericNamespaced>()
    }

    /// A named pipe's default descriptor lets others read but not write; requests are writes.
    pub(super) fn restrict(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
        options
    }
}
