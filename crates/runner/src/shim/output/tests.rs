//! What is lost when the disk does not keep up.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::sink::Sink;

/// Keeps what it is given; waits before each chunk while there is a gate.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

struct Gated {
    kept: Kept,
    gate: Receiver<()>,
    refuses: Arc<AtomicUsize>,
}

impl Sink for Gated {
    fn append(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        // An open gate is one whose other side is gone.
        let _ = self.gate.recv();
        if self.refuses.load(Ordering::Relaxed) > 0 {
            self.refuses.fetch_sub(1, Ordering::Relaxed);
            return Err(io::ErrorKind::StorageFull.into());
        }
        let text = String::from_utf8_lossy(bytes);
        self.kept.0.lock().unwrap().push(format!("{stream:?} {}", if text.len() < 40 { &text } else { "..." }));
        Ok(())
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        self.kept.0.lock().unwrap().push(format!("note {text}"));
        Ok(())
    }

    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn queue(refuses: usize) -> (Queue, Kept, Sender<()>) {
    let kept = Kept::default();
    let (open, gate) = channel();
    let mut gate = Some(gate);
    let ours = kept.clone();
    let refuses = Arc::new(AtomicUsize::new(refuses));
    let queue = Queue::to(move || {
        let gate = gate.take().unwrap_or_else(|| channel().1);
        Ok(Box::new(Gated { kept: ours.clone(), gate, refuses: Arc::clone(&refuses) }))
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
    flushed(&queue).await;
    // Now there is room again; the rest of the lost line is lost as well.
    feed.push(b" to its end\nwhole\n");
    flushed(&queue).await;
    let kept = kept.0.lock().unwrap().clone();
    assert_eq!(
        kept,
        ["Out begun, ", "Out ...", "Out \n", "note 4 lines were lost: they came faster than the disk", "Out whole\n"]
    );
}

#[tokio::test]
async fn a_disk_that_refuses_costs_lines_that_are_noted_when_it_takes_them_again() {
    let (queue, kept, gate) = queue(1);
    drop(gate);
    let mut feed = Feed::new(Stream::Err, queue.clone());
    feed.push(b"one\ntwo\n");
    flushed(&queue).await;
    // It is asked again after a while. Until then our own lines are lost too.
    while kept.0.lock().unwrap().is_empty() {
        queue.send(Item::Note("still here".to_owned()));
        flushed(&queue).await;
        tokio::task::yield_now().await;
    }
    let kept = kept.0.lock().unwrap().clone();
    let lost = kept[0].strip_prefix("note ").and_then(|line| line.split_once(' ')).unwrap();
    assert!(lost.0.parse::<u64>().unwrap() >= 2, "{kept:?}");
    assert_eq!(lost.1, "lines were lost: the disk did not take them");
    assert_eq!(kept[1], "note still here");
}
