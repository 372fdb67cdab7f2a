//! The thread that writes: it alone ever waits for the disk.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::oneshot;

use super::{Arc, AtomicUsize, LogPlace, Ordering, Stream, io};
use crate::log::note;
use crate::sink::{self, Sink};

/// A log that could not be opened is tried again after so long.
const AGAIN: Duration = Duration::from_secs(1);
/// It formats lines and writes files, and nothing recurses.
const STACK: usize = 256 * 1024;

pub(super) enum Item {
    Bytes(Stream, Vec<u8>),
    /// So many lines were left out.
    Lost(Stream, u64),
    Note(String),
    Mark(String, oneshot::Sender<io::Result<()>>),
    Clear(oneshot::Sender<io::Result<()>>),
    /// Answered when everything before it is in the log, lines without an end too.
    Flush(oneshot::Sender<()>),
    /// The same, and the log is somebody else's from then on.
    Close(oneshot::Sender<()>),
}

/// The way to the writing thread. It ends with the last of these.
#[derive(Clone)]
pub(super) struct Queue {
    items: Sender<Item>,
    /// Bytes that wait.
    waiting: Arc<AtomicUsize>,
}

impl Queue {
    pub(super) fn begin(place: LogPlace) -> io::Result<Self> {
        Self::to(move || sink::open(&place))
    }

    pub(super) fn to(open: impl FnMut() -> io::Result<Box<dyn Sink>> + Send + 'static) -> io::Result<Self> {
        let (items, waiting_items) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let writer = Writer { open, sink: None, again: None, missed: 0, midline: [false; 3] };
        let counter = Arc::clone(&waiting);
        let thread = std::thread::Builder::new().name("log".to_owned()).stack_size(STACK);
        thread.spawn(move || writer.run(&waiting_items, &counter))?;
        Ok(Self { items, waiting })
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn send(&self, item: Item) {
        if let Item::Bytes(_, bytes) = &item {
            self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
        }
        // The thread ends after us.
        let _ = self.items.send(item);
    }
}

struct Writer<O> {
    open: O,
    sink: Option<Box<dyn Sink>>,
    /// Not to be opened before then.
    again: Option<Instant>,
    /// Lines that came while the log could not be opened.
    missed: u64,
    /// Which streams are in the middle of a line.
    midline: [bool; 3],
}

impl<O: FnMut() -> io::Result<Box<dyn Sink>>> Writer<O> {
    fn run(mut self, items: &Receiver<Item>, waiting: &AtomicUsize) {
        loop {
            // The clock of the wall may jump; the wait is bounded.
            let due = self.sink.as_ref().and_then(|sink| sink.due());
            let wait = due.map(|at| at.duration_since(SystemTime::now()).unwrap_or_default().min(AGAIN));
            let item = match wait {
                Some(wait) => items.recv_timeout(wait),
                None => items.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match item {
                Ok(item) => {
                    let bytes = if let Item::Bytes(_, bytes) = &item { bytes.len() } else { 0 };
                    self.take(item);
                    waiting.fetch_sub(bytes, Ordering::Relaxed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if due.is_some_and(|at| at <= SystemTime::now())
                && let Some(sink) = &mut self.sink
            {
                sink.tick();
            }
        }
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Bytes(stream, bytes) => {
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count().max(1) as u64;
                self.write(lines, |sink| sink.append(stream, &bytes));
                self.midline[stream as usize] = bytes.last().is_some_and(|byte| *byte != b'\n');
            }
            Item::Lost(stream, lines) => {
                // What was begun has lost its end.
                if std::mem::take(&mut self.midline[stream as usize]) {
                    self.write(0, |sink| sink.append(stream, b"\n"));
                }
                let text = format!("{} {lines} lines: they came faster than the disk", note::LOST);
                self.write(lines, |sink| sink.note(&text));
            }
            Item::Note(text) => self.write(1, |sink| sink.note(&text)),
            // Who asked may wait no longer. A line that is refused is not missed: whoever wrote it hears of it.
            Item::Mark(text, done) => drop(done.send(self.asked(|sink| {
                sink.mark(&text);
                Ok(())
            }))),
            Item::Clear(done) => drop(done.send(self.asked(|sink| sink.clear()))),
            Item::Flush(done) => {
                self.end();
                let _ = done.send(());
            }
            Item::Close(done) => {
                self.end();
                self.sink = None;
                let _ = done.send(());
            }
        }
    }

    fn end(&mut self) {
        if let Some(sink) = &mut self.sink {
            sink.end();
            self.midline = [false; 3];
        }
    }

    /// Does what somebody waits for.
    fn asked(&mut self, task: impl FnOnce(&mut dyn Sink) -> io::Result<()>) -> io::Result<()> {
        let mut done = Err(io::Error::new(io::ErrorKind::NotFound, "the log cannot be opened"));
        self.write(0, |sink| done = task(sink));
        done
    }

    /// Writes, or counts `lines` as missed.
    fn write(&mut self, lines: u64, write: impl FnOnce(&mut dyn Sink)) {
        if self.sink.is_none() && self.again.is_none_or(|at| at <= Instant::now()) {
            match (self.open)() {
                Ok(opened) => self.sink = Some(opened),
                Err(_) => self.again = Some(Instant::now() + AGAIN),
            }
        }
        let Some(sink) = &mut self.sink else {
            self.missed += lines;
            return;
        };
        let missed = std::mem::take(&mut self.missed);
        if missed > 0 {
            sink.note(&format!("{} {missed} lines: the log could not be opened", note::LOST));
        }
        write(sink.as_mut());
    }
}
