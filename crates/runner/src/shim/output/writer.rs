//! The thread that writes: it alone ever waits for the disk.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{Arc, AtomicUsize, LogPlace, Ordering, Stream, io};
use crate::sink::{self, Sink};

/// A line that is not ended is shown after so long.
const IDLE: Duration = Duration::from_millis(200);
/// A disk that refused is asked again after so long.
const AGAIN: Duration = Duration::from_secs(1);
/// It formats lines and writes files, and nothing recurses.
const STACK: usize = 256 * 1024;

pub(super) enum Item {
    Bytes(Stream, Vec<u8>),
    /// So many lines were left out.
    Lost(Stream, u64),
    Note(String),
    /// Answered when everything before it is in the log.
    Flush(oneshot::Sender<()>),
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
        let writer = Writer { open, sink: None, again: None, failed: 0, midline: [false; 2] };
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
    /// Lines that the disk refused, not yet noted.
    failed: u64,
    /// Which streams are in the middle of a line.
    midline: [bool; 2],
}

impl<O: FnMut() -> io::Result<Box<dyn Sink>>> Writer<O> {
    fn run(mut self, items: &Receiver<Item>, waiting: &AtomicUsize) {
        let mut idle_at: Option<Instant> = None;
        loop {
            let item = match idle_at {
                Some(at) => items.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => items.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match item {
                Ok(item) => {
                    let bytes = if let Item::Bytes(_, bytes) = &item { bytes.len() } else { 0 };
                    self.take(item);
                    waiting.fetch_sub(bytes, Ordering::Relaxed);
                    idle_at.get_or_insert_with(|| Instant::now() + IDLE);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.idle(),
            }
            if idle_at.is_some_and(|at| at <= Instant::now()) {
                idle_at = None;
                self.idle();
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
                self.write(lines, |sink| {
                    sink.note(&format!("{lines} lines were lost: they came faster than the disk"))
                });
            }
            Item::Note(text) => self.write(1, |sink| sink.note(&text)),
            Item::Flush(done) => {
                self.idle();
                // Who asked may wait no longer.
                let _ = done.send(());
            }
        }
    }

    fn idle(&mut self) {
        if self.sink.is_some() {
            self.write(0, |sink| sink.idle());
        }
    }

    /// Writes, or counts `lines` as refused.
    fn write(&mut self, lines: u64, write: impl FnOnce(&mut dyn Sink) -> io::Result<()>) {
        let Some(sink) = opened(&mut self.sink, &mut self.open, &mut self.again) else {
            self.failed += lines;
            return;
        };
        let mut told = Ok(());
        if self.failed > 0 {
            told = sink.note(&format!("{} lines were lost: the disk did not take them", self.failed));
            if told.is_ok() {
                self.failed = 0;
            }
        }
        if told.and_then(|()| write(sink.as_mut())).is_err() {
            self.failed += lines;
            self.sink = None;
            self.again = Some(Instant::now() + AGAIN);
        }
    }
}

fn opened<'a>(
    sink: &'a mut Option<Box<dyn Sink>>,
    open: &mut impl FnMut() -> io::Result<Box<dyn Sink>>,
    again: &mut Option<Instant>,
) -> Option<&'a mut Box<dyn Sink>> {
    if sink.is_none() && again.is_none_or(|at| at <= Instant::now()) {
        match open() {
            Ok(opened) => *sink = Some(opened),
            Err(_) => *again = Some(Instant::now() + AGAIN),
        }
    }
    sink.as_mut()
}
