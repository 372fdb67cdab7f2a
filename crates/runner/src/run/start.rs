//! Starting a shim, and through it an agent.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::Run;
use super::link::Link;
use crate::order::{Order, ShimProgram, StartError};
use crate::place::{self, Place};
use crate::shim::ARGUMENT;
use crate::wire::{self, Launched, NotStarted};

/// A disk that hangs holds up the record, and nothing else does.
const PATIENCE: Duration = Duration::from_secs(30);

impl Run {
    /// Starts an agent. Comes back when the program runs, or could not be run. Dropped before that, the agent may run
    /// all the same: [`Run::reclaim`] finds it.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(program: &ShimProgram, mut order: Order) -> Result<Self, StartError> {
        // The shim has a folder of its own.
        order.run_dir = std::path::absolute(&order.run_dir).map_err(StartError::Shim)?;
        order.folder = std::path::absolute(&order.folder).map_err(StartError::Shim)?;
        order.log.folder = std::path::absolute(&order.log.folder).map_err(StartError::Shim)?;
        let place = Place::of(&order.run_dir, &order.agent);
        place.make().map_err(StartError::Shim)?;
        let (named, folder) = (PathBuf::from(&order.program), order.folder.clone());
        match launch(program, order).await.map_err(StartError::Shim)? {
            Ok(record) => {
                let opened = Link::open(&record.socket, &record.marker).await;
                match opened {
                    Ok((link, status)) => Ok(Self::new(place, record, link, status)),
                    // It ran, and ended before we had connected: its record says how.
                    Err(_) => Ok(Self::of_ended(place, record)),
                }
            }
            Err(NotStarted::NotFound) => Err(StartError::NotFound(named)),
            Err(NotStarted::NotPermitted) => Err(StartError::NotPermitted(named)),
            Err(NotStarted::NoFolder) => Err(StartError::NoFolder(folder)),
            Err(NotStarted::Other(Some(number), _)) => Err(StartError::Other(io::Error::from_raw_os_error(number))),
            Err(NotStarted::Other(None, words)) => Err(StartError::Other(io::Error::other(words))),
            Err(NotStarted::Occupied) => Err(StartError::Running),
            Err(NotStarted::Shim(words)) => Err(StartError::Shim(io::Error::other(words))),
        }
    }
}

async fn launch(program: &ShimProgram, order: Order) -> io::Result<Launched> {
    let mut command = program.command();
    // Its own folder, so that it holds none that somebody may want to remove.
    command.arg(ARGUMENT).current_dir(&order.run_dir);
    // What the agent is not to have, its shim needs as little.
    for name in &order.env_remove {
        command.env_remove(name);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(windows)]
    command.creation_flags(0x0800_0000 | 0x0000_0200); // CREATE_NO_WINDOW, CREATE_NEW_PROCESS_GROUP
    let marker = uuid::Uuid::now_v7().to_string();
    let bytes = wire::encode(order, &marker)?;
    let mut shim = command.spawn().map_err(|error| place::at(&program.path, &error))?;
    let (Some(mut stdin), Some(stdout)) = (shim.stdin.take(), shim.stdout.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    // It outlives this handle; while we live, we are its parent, and have to wait for it.
    tokio::spawn(async move {
        let _ = shim.wait().await;
    });
    let written = stdin.write_all(&bytes).await;
    drop((stdin, bytes));
    let mut line = String::new();
    tokio::time::timeout(PATIENCE, BufReader::new(stdout).read_line(&mut line)).await??;
    if line.is_empty() {
        written?;
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended without a word"));
    }
    Ok(serde_json::from_str(&line)?)
}
