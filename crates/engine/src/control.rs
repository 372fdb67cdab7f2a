//! The local control channel: one JSON command a line, one JSON answer a line, over a socket of the owner alone.

use std::io;
use std::path::{Path, PathBuf};

use interprocess::local_socket::tokio::prelude::*;
use interprocess::local_socket::tokio::{Listener, Stream};
use interprocess::local_socket::{ListenerOptions, Name};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use crate::Handle;
use crate::command::{Command, Refusal};

/// A command is a few hundred bytes; an answer about ten thousand agents a few megabytes.
const MAX_COMMAND: u64 = 1024 * 1024;
const MAX_ANSWER: u64 = 256 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Ok(Value),
    Error(Refusal),
}

/// Opens the channel of the engine that owns `data`. A socket left over by a killed engine is replaced: the caller holds
/// the folder's lock.
///
/// # Errors
/// When the socket cannot be made.
pub(crate) fn listen(data: &Path) -> io::Result<Listener> {
    let options = ListenerOptions::new().name(platform::name(data)?).try_overwrite(true);
    platform::restrict(options).create_tokio()
}

/// Answers clients until the listener fails for good.
pub(crate) async fn serve(listener: Listener, handle: Handle) {
    loop {
        match listener.accept().await {
            Ok(stream) => {
                let handle = handle.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, &handle).await {
                        tracing::debug!("a control client went away: {error}");
                    }
                });
            }
            Err(error) => {
                tracing::warn!("the control channel does not accept: {error}");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

async fn converse(stream: Stream, handle: &Handle) -> io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut writer = &stream;
    loop {
        let mut line = Vec::new();
        let read = (&mut reader).take(MAX_COMMAND).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Ok(());
        }
        let reply = match serde_json::from_slice::<Command>(&line) {
            Ok(command) => {
                let may_be_given_up = matches!(command, Command::WriteCarryOut { .. });
                let executed = tokio::select! {
                    executed = handle.execute(command) => executed,
                    () = hung_up(&mut reader), if may_be_given_up => return Ok(()),
                };
                executed.map_or_else(Reply::Error, Reply::Ok)
            }
            Err(error) => Reply::Error(Refusal::new(
                "control.bad_command",
                format!("That is no command this version knows: {error}"),
                "Use the `beatkeeper` command of the same version.",
            )),
        };
        let mut bytes = serde_json::to_vec(&reply).map_err(io::Error::other)?;
        bytes.push(b'\n');
        writer.write_all(&bytes).await?;
        if !line.ends_with(b"\n") {
            return Ok(());
        }
    }
}

/// Waits until the client is gone. What it sends meanwhile stays to be read.
async fn hung_up(reader: &mut (impl AsyncBufRead + Unpin)) {
    match reader.fill_buf().await {
        Ok([]) | Err(_) => {}
        Ok(_) => std::future::pending().await,
    }
}

/// Why there is no connection to a running engine.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens.
    #[error("No Beatkeeper is running (looked in {})", data.display())]
    NobodyRuns {
        /// The data folder.
        data: PathBuf,
    },
    /// Something else.
    #[error("The running Beatkeeper cannot be reached: {0}")]
    Other(io::Error),
}

/// A connection to a running engine.
pub struct Client {
    stream: BufReader<Stream>,
}

impl Client {
    /// Connects to the engine that owns `data`.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(data: &Path) -> Result<Self, ConnectError> {
        let name = platform::name(data).map_err(ConnectError::Other)?;
        match Stream::connect(name).await {
            Ok(stream) => Ok(Self { stream: BufReader::new(stream) }),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Err(ConnectError::NobodyRuns { data: data.to_owned() })
            }
            Err(error) => Err(ConnectError::Other(error)),
        }
    }

    /// Asks for one thing.
    ///
    /// # Errors
    /// The engine's refusal, or `control.lost` when it went away.
    pub async fn execute(&mut self, command: &Command) -> Result<Value, Refusal> {
        let lost = |error: io::Error| {
            Refusal::new("control.lost", format!("The running Beatkeeper went away: {error}"), "Try again.")
        };
        let mut bytes = serde_json::to_vec(command).map_err(io::Error::other).map_err(lost)?;
        bytes.push(b'\n');
        self.stream.get_mut().write_all(&bytes).await.map_err(lost)?;
        let mut line = Vec::new();
        let read = (&mut self.stream).take(MAX_ANSWER).read_until(b'\n', &mut line).await.map_err(lost)?;
        if read == 0 {
            return Err(lost(io::ErrorKind::UnexpectedEof.into()));
        }
        match serde_json::from_slice(&line).map_err(io::Error::other).map_err(lost)? {
            Reply::Ok(value) => Ok(value),
            Reply::Error(refusal) => Err(refusal),
        }
    }
}

#[cfg(unix)]
mod platform {
    use super::{ListenerOptions, Name, Path, io};
    use interprocess::local_socket::{GenericFilePath, ToFsName as _};
    use interprocess::os::unix::local_socket::ListenerOptionsExt as _;

    /// The kernel takes paths of about a hundred bytes.
    const LONGEST: usize = 100;

    pub(super) fn name(data: &Path) -> io::Result<Name<'static>> {
        let beside = data.join("control.sock");
        let path = if beside.as_os_str().len() <= LONGEST {
            beside
        } else {
            std::env::temp_dir().join(format!("beatkeeper-{}.sock", super::short_hash(data)))
        };
        path.to_fs_name::<GenericFilePath>()
    }

    /// For the owner alone, from the first moment on.
    pub(super) fn restrict(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
        options.mode(0o600)
    }
}

#[cfg(windows)]
mod platform {
    use super::{ListenerOptions, Name, Path, io};
    use interprocess::local_socket::{GenericNamespaced, ToNsName as _};

    pub(super) fn name(data: &Path) -> io::Result<Name<'static>> {
        format!("beatkeeper-{}", super::short_hash(data)).to_ns_name::<GenericNamespaced>()
    }

    /// A named pipe's default descriptor lets others read but not write; commands are writes.
    pub(super) fn restrict(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
        options
    }
}

/// Tells the engines of one user apart.
fn short_hash(data: &Path) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
