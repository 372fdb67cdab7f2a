//! The child's outputs, on their way to the log.
//!
//! Reading never waits for writing: what the disk does not take in time is lost, counted, and noted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::log::{LogPlace, Stream};
use writer::{Item, Queue};

mod writer;

/// A pipe of Linux holds as much.
const CHUNK: usize = 64 * 1024;
/// What may wait for the disk, in bytes.
const MOST_WAITING: usize = 4 * 1024 * 1024;

/// Both outputs of a child.
pub(super) struct Pipes {
    pub(super) out: ChildStdout,
    pub(super) err: ChildStderr,
}

/// Reads both outputs and has them written.
pub(super) struct Output {
    queue: Queue,
    readers: JoinSet<()>,
    reads: Vec<mpsc::Sender<oneshot::Sender<()>>>,
}

impl Output {
    pub(super) fn begin(place: LogPlace, pipes: Pipes) -> io::Result<Self> {
        let queue = Queue::begin(place)?;
        let mut output = Self { queue, readers: JoinSet::new(), reads: Vec::new() };
        output.read(Stream::Out, pipes.out);
        output.read(Stream::Err, pipes.err);
        Ok(output)
    }

    fn read(&mut self, stream: Stream, source: impl AsyncRead + Unpin + Send + 'static) {
        let (asking, asked) = mpsc::channel(1);
        self.reads.push(asking);
        self.readers.spawn(read(source, Feed::new(stream, self.queue.clone()), asked));
    }

    /// A line of our own, after what was read so far.
    pub(super) fn note(&self, text: String) {
        self.queue.send(Item::Note(text));
    }

    /// A line of a person's. Not awaited here, and answered once it can be read: who marks looks at it next.
    pub(super) fn mark(&self, text: String) -> oneshot::Receiver<io::Result<()>> {
        let (done, is_done) = oneshot::channel();
        self.queue.send(Item::Mark(text, done));
        is_done
    }

    /// Removes what was written so far. Not awaited here: the disk may take its time.
    pub(super) fn clear(&self) -> oneshot::Receiver<io::Result<()>> {
        let (done, is_done) = oneshot::channel();
        self.queue.send(Item::Clear(done));
        is_done
    }

    /// Waits until nothing is in the pipes, or both are closed.
    pub(super) async fn read_up(&self) {
        for reader in &self.reads {
            let (empty, is_empty) = oneshot::channel();
            if reader.send(empty).await.is_ok() {
                let _ = is_empty.await;
            }
        }
    }

    /// Waits until what was read is in the log.
    pub(super) async fn flush(&self) {
        let (done, is_done) = oneshot::channel();
        self.queue.send(Item::Flush(done));
        let _ = is_done.await;
    }

    /// Reads to the end of both pipes, has it all written, and gives the log free.
    pub(super) async fn end(&mut self) {
        // Someone who does not descend from the child may have been handed a pipe: then nothing more comes, and no end.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(1), async {
            while self.readers.join_next().await.is_some() {}
        })
        .await;
        self.readers.shutdown().await;
        let (done, is_done) = oneshot::channel();
        self.queue.send(Item::Close(done));
        let _ = is_done.await;
    }
}

async fn read(mut source: impl AsyncRead + Unpin, mut feed: Feed, mut asked: mpsc::Receiver<oneshot::Sender<()>>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        tokio::select! {
            // Whoever asks is answered when nothing more is to be read.
            biased;
            read = source.read(&mut buffer) => match read {
                Ok(0) | Err(_) => break,
                Ok(length) => feed.push(&buffer[..length]),
            },
            Some(empty) = asked.recv() => drop(empty.send(())),
        }
    }
    feed.tell_loss();
}

/// One output's way into the queue, by whole lines when something has to be left out.
struct Feed {
    stream: Stream,
    queue: Queue,
    /// Lines left out since the last one that went in.
    lost: u64,
    /// The last byte was left out in the middle of a line.
    torn: bool,
}

impl Feed {
    fn new(stream: Stream, queue: Queue) -> Self {
        Self { stream, queue, lost: 0, torn: false }
    }

    fn losing(&self) -> bool {
        self.lost > 0 || self.torn
    }

    fn push(&mut self, mut bytes: &[u8]) {
        // Not for a single chunk, or half of the log would be notes.
        let most = if self.losing() { MOST_WAITING / 2 } else { MOST_WAITING };
        if self.queue.waiting() > most {
            self.lost += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.torn = bytes.last() != Some(&b'\n');
            return;
        }
        if self.torn {
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else { return };
            bytes = &bytes[end + 1..];
            self.lost += 1;
            self.torn = false;
        }
        self.tell_loss();
        if !bytes.is_empty() {
            self.queue.send(Item::Bytes(self.stream, bytes.to_vec()));
        }
    }

    fn tell_loss(&mut self) {
        let lost = std::mem::take(&mut self.lost) + u64::from(std::mem::take(&mut self.torn));
        if lost > 0 {
            self.queue.send(Item::Lost(self.stream, lost));
        }
    }
}

#[cfg(test)]
mod tests;
