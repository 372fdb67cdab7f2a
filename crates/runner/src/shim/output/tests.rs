//! What is lost when the disk does not keep up.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::SystemTime;

use super::*;
use crate::sink::Sink;

/// Keeps what it is given; waits before each chunk while there is a gate.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

struct Gated {
    kept: Kept,
    gate: Receiver<()>,
}

impl Sink for Gated {
    fn append(&mut self, stream: Stream, bytes: &[u8]) {
        // An open gate is one whose other side is gone.
        let _ = self.gate.recv();
        let text = String::from_utf8_lossy(bytes);
        self.kept.0.lock().unwrap().push(format!("{stream:?} {}", if text.len() < 40 { &text } else { "..." }));
    }

    fn note(&mut self, text: &str) {
        self.kept.0.lock().unwrap().push(format!("note {text}"));
    }

    fn mark(&mut self, text: &str) {
        self.note(text);
    }

    fn clear(&mut self) -> io::Result<()> {
        self.kept.0.lock().unwrap().clear();
        Ok(())
    }

    fn due(&self) -> Option<SystemTime> {
        None
    }

    fn tick(&mut self) {}

    fn end(&mut self) {}
}

/// A log that cannot be opened for the first `refusals` times, and then waits at its gate.
fn queue(mut refusals: usize) -> (Queue, Kept, Sender<()>) {
    let kept = Kept::default();
    let (open, gate) = channel();
    let mut gate = Some(gate);
    let ours = kept.clone();
    let queue = Queue::to(move || {
        if refusals > 0 {
            refusals -= 1;
            return Err(io::ErrorKind::StorageFull.into());
        }
        let gate = gate.take().unwrap_or_else(|| channel().1);
        Ok(Box::new(Gated { kept: ours.clone(), gate }))
    });
    (queue.unwrap(), kept, open)
}

async fn flushed(queue: &Queue) {
    let (done, is_done) = oneshot::channel();
    queue.send(Item::Flush(done));
    is_done.await.unwrap();
}

#[tokio::test]
async fn a_slow_disk_costs_whole_lines_that_are_counted() {
    let (queue, kept, gate) = queue(0);
    let mut feed = Feed::new(Stream::Out, queue.clone());
    feed.push(b"begun, ");
    let mut big = vec![b'x'; MOST_WAITING];
    big.extend_from_slice(b"\nhalf of a line");
    feed.push(&big);
    // The queue is over its measure: three ends of lines, and one line that has no end yet.
    feed.push(b"lost\nlost\nlost");
    feed.push(b" too\nto be lost");
    drop(gate);
    while queue.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    // Now there is room again; the rest of the lost line is lost as well.
    feed.push(b" to its end\nwhole\n");
    flushed(&queue).await;
    let kept = kept.0.lock().unwrap().clone();
    assert_eq!(
        kept,
        ["Out begun, ", "Out ...", "Out \n", "note lost 4 lines: they came faster than the disk", "Out whole\n"]
    );
}

#[tokio::test]
async fn a_log_that_cannot_be_opened_is_tried_again_and_what_was_lost_is_noted() {
    let (queue, kept, gate) = queue(1);
    drop(gate);
    let mut feed = Feed::new(Stream::Err, queue.clone());
    feed.push(b"one\ntwo\n");
    flushed(&queue).await;
    // It is tried again after a while. Until then our own lines are lost too.
    while kept.0.lock().unwrap().is_empty() {
        queue.send(Item::Note("still here".to_owned()));
        flushed(&queue).await;
    }
    let kept = kept.0.lock().unwrap().clone();
    let lost = kept[0].strip_prefix("note lost ").and_then(|line| line.split_once(' ')).unwrap();
    assert!(lost.0.parse::<u64>().unwrap() >= 2, "{kept:?}");
    assert_eq!(lost.1, "lines: the log could not be opened");
    assert_eq!(kept[1], "note still here");
}

#[tokio::test]
async fn a_mark_is_answered_when_it_is_kept_and_refused_when_it_is_not() {
    let (queue, kept, _gate) = queue(1);
    let mark = async || {
        let (done, is_done) = oneshot::channel();
        queue.send(Item::Mark("here".to_owned(), done));
        is_done.await.unwrap()
    };
    assert_eq!(mark().await.unwrap_err().to_string(), "the log cannot be opened");
    while mark().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(*kept.0.lock().unwrap(), ["note here"], "and a refused one is not told as lost");
}
