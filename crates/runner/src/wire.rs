//! What the app and a shim say to each other.
//!
//! The order goes over the shim's stdin: a frame of JSON, then a frame for each secret, so that no parser ever copies
//! one. A frame is its length in four bytes, little-endian, and so many bytes. The answer is one line of JSON on the
//! shim's stdout. From then on both talk lines of JSON over the shim's socket.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;

use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::log::LogPlace;
use crate::order::{Exit, Order, StopSignal};
use crate::place::Record;

/// An environment is at most a few megabytes.
const LONGEST_FRAME: usize = 64 * 1024 * 1024;

/// An order without its secrets.
#[derive(Serialize, Deserialize)]
pub(crate) struct Launch {
    pub(crate) agent: String,
    pub(crate) program: OsString,
    pub(crate) args: Vec<OsString>,
    pub(crate) folder: PathBuf,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) env_remove: Vec<OsString>,
    /// The names of the secrets, whose values follow in this order.
    pub(crate) secrets: Vec<String>,
    pub(crate) stop: StopSignal,
    pub(crate) log: LogPlace,
    pub(crate) run_dir: PathBuf,
    pub(crate) marker: String,
}

/// The values of [`Launch::secrets`].
pub(crate) type Secrets = Vec<Zeroizing<String>>;

/// An order as bytes for the shim's stdin. They are wiped when they are dropped.
pub(crate) fn encode(order: Order, marker: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    let (secrets, values): (Vec<_>, Vec<_>) = order.secret_env.into_iter().unzip();
    let launch = Launch {
        agent: order.agent,
        program: order.program,
        args: order.args,
        folder: order.folder,
        env: order.env,
        env_remove: order.env_remove,
        secrets,
        stop: order.stop,
        log: order.log,
        run_dir: order.run_dir,
        marker: marker.to_owned(),
    };
    // The environment may hold what an env file keeps secret.
    let json = Zeroizing::new(serde_json::to_vec(&launch)?);
    let length = json.len() + values.iter().map(|value| value.expose_secret().len() + 4).sum::<usize>() + 4;
    // At once in its full size: a vector that grows leaves copies.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    for frame in std::iter::once(json.as_slice()).chain(values.iter().map(|value| value.expose_secret().as_bytes())) {
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(frame);
    }
    Ok(bytes)
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(mut from: impl Read) -> io::Result<(Launch, Secrets)> {
    let json = Zeroizing::new(frame(&mut from)?);
    let launch: Launch = serde_json::from_slice(&json)?;
    let secrets = launch.secrets.iter().map(|_| {
        // Nothing is copied: the string takes the bytes over.
        String::from_utf8(frame(&mut from)?).map(Zeroizing::new).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            io::Error::from(io::ErrorKind::InvalidData)
        })
    });
    let secrets = secrets.collect::<io::Result<Secrets>>()?;
    Ok((launch, secrets))
}

fn frame(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_FRAME {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// What became of the order.
pub(crate) type Launched = Result<Record, NotStarted>;

/// Why nothing was started.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NotStarted {
    NotFound,
    NotPermitted,
    NoFolder,
    /// The system's error number, when there is one, and its words.
    Other(Option<i32>, String),
    Occupied,
    /// The shim's own trouble.
    Shim(String),
}

/// What the app asks a shim for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) ask: Ask,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// The signal, to every process of the run.
    Signal(StopSignal),
    /// The end of every process of the run.
    Kill,
    /// The status as it is now.
    State,
    /// A person's line in the log.
    Mark(String),
    /// The removal of what is in the log.
    ClearLog,
}

/// What a shim says: the status at first and whenever it changes, and the answers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    Status(Status),
    Answer { id: u64, error: Option<String> },
}

/// How a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// Which run: the client compares it.
    pub(crate) marker: String,
    /// How the main process ended.
    pub(crate) exit: Option<Exit>,
    /// Nothing is left that descends from the run.
    pub(crate) gone: bool,
    /// Who was left when this was last looked at, after the main process had ended.
    pub(crate) left: Vec<u32>,
}
