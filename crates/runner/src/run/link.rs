//! The connection to one shim.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::tokio::prelude::*;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::sync::{mpsc, oneshot, watch};

use crate::place;
use crate::wire::{Ask, Request, Said, Status};

type Done = oneshot::Sender<io::Result<()>>;

/// A shim that says nothing for so long is stopped or hangs. It needs five seconds for the end of a tree that will not.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks a shim. The connection ends with this.
pub(super) struct Link {
    asks: mpsc::Sender<(Ask, Done)>,
}

impl Link {
    /// Connects, and waits for the first status: of this run, or it is another's socket.
    pub(super) async fn open(socket: &Path, marker: &str) -> io::Result<(Self, watch::Receiver<Status>)> {
        tokio::time::timeout(PATIENCE, Self::connect(socket, marker)).await?
    }

    async fn connect(socket: &Path, marker: &str) -> io::Result<(Self, watch::Receiver<Status>)> {
        let stream = Stream::connect(place::name(socket)?).await?;
        let mut lines = BufReader::new(stream).lines();
        let first = loop {
            match said(&mut lines).await? {
                Some(Said::Status(status)) if status.marker == marker => break status,
                Some(Said::Status(_)) => return Err(io::ErrorKind::NotFound.into()),
                Some(Said::Answer { .. }) => {}
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        };
        let (asks, asked) = mpsc::channel(16);
        let (status, seen) = watch::channel(first);
        tokio::spawn(converse(lines, asked, status));
        Ok((Self { asks }, seen))
    }

    /// No connection, to a shim that has ended already.
    pub(super) fn closed(last: Status) -> (Self, watch::Receiver<Status>) {
        (Self { asks: mpsc::channel(1).0 }, watch::channel(last).1)
    }

    /// `None` when there is no shim any more.
    pub(super) async fn ask(&self, ask: Ask) -> Option<io::Result<()>> {
        let (done, is_done) = oneshot::channel();
        self.asks.send((ask, done)).await.ok()?;
        match tokio::time::timeout(PATIENCE, is_done).await {
            Ok(done) => done.ok(),
            Err(late) => Some(Err(late.into())),
        }
    }
}

async fn said(lines: &mut Lines<BufReader<Stream>>) -> io::Result<Option<Said>> {
    let Some(line) = lines.next_line().await? else { return Ok(None) };
    Ok(Some(serde_json::from_str(&line)?))
}

/// Carries questions and answers, until one side goes. Questions that are open then are dropped, which answers them.
async fn converse(
    mut lines: Lines<BufReader<Stream>>,
    mut asked: mpsc::Receiver<(Ask, Done)>,
    status: watch::Sender<Status>,
) {
    let mut open: HashMap<u64, Done> = HashMap::new();
    let mut id = 0;
    loop {
        tokio::select! {
            said = said(&mut lines) => match said {
                Ok(Some(Said::Status(now))) => {
                    status.send_replace(now);
                }
                Ok(Some(Said::Answer { id, error })) => {
                    if let Some(done) = open.remove(&id) {
                        // Who asked may wait no longer.
                        let _ = done.send(error.map_or(Ok(()), |error| Err(io::Error::other(error))));
                    }
                }
                Ok(None) | Err(_) => return,
            },
            question = asked.recv() => {
                let Some((ask, done)) = question else { return };
                id += 1;
                open.insert(id, done);
                let Ok(mut line) = serde_json::to_vec(&Request { id, ask }) else { return };
                line.push(b'\n');
                if lines.get_mut().get_mut().write_all(&line).await.is_err() {
                    return;
                }
            }
        }
    }
}
