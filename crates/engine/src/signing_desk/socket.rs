//! The socket that an agent's processes ask at.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::identity::{EntityId, Signature};
use beatkeeper_core::signing::SigningRefusal;
use beatkeeper_runner::{Member, Tree};
use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::prelude::*;
use interprocess::local_socket::tokio::{Listener, Stream};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use super::{Desk, Guest, place};

/// A request with its end of line.
const MAX_LINE: u64 = 256;
/// How long there is to tell one that there is no place: what the system does not take at once is not waited for.
const REFUSED_WITHIN: Duration = Duration::from_millis(100);

/// What who asks may take of us.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// So many of the agent's connections at once.
    pub(super) clients: usize,
    /// So many others, who only hear that they get nothing: they keep no place from the agent.
    pub(super) strangers: usize,
    /// Whoever says nothing for so long, or does not listen, is let go.
    pub(super) silence: Duration,
}

impl Limits {
    const USUAL: Self = Self { clients: 8, strangers: 2, silence: Duration::from_secs(10) };
}

/// A socket that is there before the agent is, so that its first request waits and is not refused.
pub(crate) struct SignerSocket {
    listener: Listener,
    address: PathBuf,
}

impl SignerSocket {
    /// Opens an agent's; always at the same address, so that a run that goes on finds it again. One that was left over is
    /// replaced: the engine holds the lock of the data folder.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn open(run_dir: &Path, id: &EntityId) -> io::Result<Self> {
        place::make(run_dir)?;
        let address = place::address(run_dir, id);
        let options = ListenerOptions::new().name(place::name(&address)?).try_overwrite(true);
        Ok(Self { listener: place::restrict(options).create_tokio()?, address })
    }

    /// What the agent is told.
    pub(crate) fn address(&self) -> &Path {
        &self.address
    }

    /// Answers the processes of this run.
    pub(crate) fn serve(self, desk: Arc<Desk>, tree: Tree) -> Serving {
        self.serve_whom(desk, Arc::new(move |pid| tree.find(pid)), Limits::USUAL)
    }

    /// Answers those who are found.
    pub(super) fn serve_whom(self, desk: Arc<Desk>, find: Find, limits: Limits) -> Serving {
        Serving { task: tokio::spawn(serve(self.listener, desk, find, limits)) }
    }
}

/// Whether a process is one of the run's. Blocks for a moment.
type Find = Arc<dyn Fn(u32) -> Option<Member> + Send + Sync>;

/// A socket that is served. Nothing is signed when it is dropped.
pub(crate) struct Serving {
    task: JoinHandle<()>,
}

impl Serving {
    /// Ends it. Until it is really gone it would take the next one's address with it.
    pub(crate) async fn end(mut self) {
        self.task.abort();
        // The error says that it was aborted.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: Listener, desk: Arc<Desk>, find: Find, limits: Limits) {
    let (clients, strangers) = (Arc::new(Semaphore::new(limits.clients)), Arc::new(Semaphore::new(limits.strangers)));
    let mut talks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = talks.join_next() => continue,
        };
        match accepted {
            Ok(stream) => {
                let guest = who(&stream, &find).await;
                let places = if guest.member.is_some() { &clients } else { &strangers };
                let Ok(place) = Arc::clone(places).try_acquire_owned() else {
                    let why = guest.member.map_or(SigningRefusal::NotOfTheRun, |_| SigningRefusal::TooMany);
                    let why = words(Err(&desk.refuse(why, guest)));
                    // Who does not hear it does not want to.
                    let _ = tokio::time::timeout(REFUSED_WITHIN, (&stream).write_all(why.as_bytes())).await;
                    continue;
                };
                let desk = Arc::clone(&desk);
                talks.spawn(async move {
                    if let Err(error) = converse(stream, &desk, guest, limits.silence).await {
                        tracing::debug!(agent = %desk.id, "who wanted signatures went away: {error}");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(agent = %desk.id, "the signer does not accept: {error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// One whose number the system does not tell is a stranger.
async fn who(stream: &Stream, find: &Find) -> Guest {
    let pid = place::peer(stream);
    let find = Arc::clone(find);
    let found = tokio::task::spawn_blocking(move || pid.and_then(&*find)).await;
    Guest { pid, member: found.ok().flatten() }
}

async fn converse(stream: Stream, desk: &Desk, guest: Guest, silence: Duration) -> io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut writer = &stream;
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut reader).take(MAX_LINE);
        let asked = bounded.read_until(b'\n', &mut line);
        if tokio::time::timeout(silence, asked).await?? == 0 {
            return Ok(());
        }
        let answered = desk.answer(&line, guest).await;
        let reply = words(answered.as_ref());
        tokio::time::timeout(silence, writer.write_all(reply.as_bytes())).await??;
        // A line that is too long has no end that could be waited for.
        if guest.member.is_none() || !line.ends_with(b"\n") {
            return Ok(());
        }
    }
}

fn words(answered: Result<&Signature, &SigningRefusal>) -> String {
    let reply = match answered {
        Ok(signature) => json!({ "signature": signature.to_wire() }),
        Err(refusal) => json!({ "error": { "code": refusal.code(), "sentence": refusal.to_string() } }),
    };
    format!("{reply}\n")
}
