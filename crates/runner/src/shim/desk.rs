//! Where the app finds a shim: lines of JSON over a socket of the owner alone. Several may come, and go.

use std::io;
use std::path::Path;
use std::time::Duration;

use interprocess::local_socket::ListenerOptions;
use interprocess::local_socket::tokio::prelude::*;
use interprocess::local_socket::tokio::{Listener, Stream};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::place;
use crate::wire::{Ask, Request, Said, Status};

/// One thing that a client asks for, and where its answer goes.
pub(super) struct Errand {
    pub(super) id: u64,
    pub(super) ask: Ask,
    pub(super) answers: mpsc::UnboundedSender<Said>,
}

/// Opens the socket. One that a killed shim left behind is replaced: the caller holds the lock.
pub(super) fn listen(socket: &Path) -> io::Result<Listener> {
    let options = ListenerOptions::new().name(place::name(socket)?).try_overwrite(true);
    place::restrict(options).create_tokio()
}

/// Serves clients until it is told to close, and hands back those that are still there.
pub(super) async fn serve(
    listener: Listener,
    errands: mpsc::Sender<Errand>,
    status: watch::Receiver<Status>,
    mut close: oneshot::Receiver<()>,
) -> JoinSet<io::Result<()>> {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(stream) => {
                    clients.spawn(converse(stream, errands.clone(), status.clone()));
                }
                // Too many open files, most likely: it passes.
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            },
            Some(_) = clients.join_next() => {}
            _ = &mut close => return clients,
        }
    }
}

async fn converse(
    stream: Stream,
    errands: mpsc::Sender<Errand>,
    mut status: watch::Receiver<Status>,
) -> io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let (answers, mut answered) = mpsc::unbounded_channel();
    status.mark_changed();
    loop {
        tokio::select! {
            biased;
            Some(answer) = answered.recv() => write(&stream, &answer).await?,
            Ok(()) = status.changed() => {
                let now = status.borrow_and_update().clone();
                let gone = now.gone;
                write(&stream, &Said::Status(now)).await?;
                if gone {
                    return Ok(());
                }
            }
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let Ok(Request { id, ask }) = serde_json::from_str(&line) else {
                    return Err(io::ErrorKind::InvalidData.into());
                };
                if errands.send(Errand { id, ask, answers: answers.clone() }).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

async fn write(mut stream: &Stream, said: &Said) -> io::Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    stream.write_all(&line).await
}
