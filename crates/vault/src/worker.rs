//! The one thread that touches a place, and the patience with it.
//!
//! Why a thread: the Secret Service client panics when it is called inside an async task, and every platform's keychain
//! may block on a prompt. Why a deadline: a prompt that nobody can answer (no screen, nobody there) blocks for ever. A
//! worker that misses its deadline is left to its prompt and replaced, so later requests are served; when the person does
//! answer after all, the abandoned worker finds that it may change nothing any more, and ends.
//!
//! The handle blocks instead of returning a future: callers are a command line and an engine that has `spawn_blocking`,
//! and one way to call is easier to reason about than two.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::backend::{Ask, Backend};
use crate::error::{Place, VaultError};

/// How long a request may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadlines {
    /// One that asks nobody.
    pub program: Duration,
    /// One that may show a prompt. The prompt stays when the time is up; only the waiting ends.
    pub person: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { program: Duration::from_secs(20), person: Duration::from_secs(60) }
    }
}

/// Workers that may hang at the same time before the place is not asked any more.
const MOST_STUCK: usize = 3;

/// After so long without a request, a place keeps nothing in memory that it could read again.
const REST_AFTER: Duration = Duration::from_secs(1);

pub(crate) type Open = Arc<dyn Fn() -> Box<dyn Backend> + Send + Sync>;
type Job = Box<dyn FnOnce(&mut dyn Backend) + Send>;

pub(crate) struct Line {
    open: Open,
    place: Place,
    deadlines: Deadlines,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    worker: Option<Worker>,
    stuck: Vec<Stuck>,
}

struct Worker {
    jobs: mpsc::Sender<Job>,
    alive: Weak<()>,
}

/// A worker that missed its deadline, until its thread ends.
struct Stuck {
    alive: Weak<()>,
    asks: Ask,
}

impl Line {
    pub(crate) fn new(place: Place, deadlines: Deadlines, open: Open) -> Self {
        Self { open, place, deadlines, state: Mutex::default() }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Has the worker do `work`, and waits for it. Requests line up; the deadline counts from when `work` is begun.
    ///
    /// `work` is told whether it may really ask: not while an earlier prompt is still open.
    pub(crate) fn request<T: Send + 'static>(
        &self,
        ask: Ask,
        work: impl FnOnce(&mut dyn Backend, Ask, &Permit) -> Result<T, VaultError> + Send + 'static,
    ) -> Result<T, VaultError> {
        // Nothing panics while it holds this lock, and a poisoned one would only cost the list of stuck workers.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.stuck.retain(|stuck| stuck.alive.strong_count() > 0);
        if state.stuck.len() >= MOST_STUCK {
            return Err(self.locked("it does not answer, and earlier requests still wait for it"));
        }
        let prompt_open = state.stuck.iter().any(|stuck| stuck.asks == Ask::Person);
        let ask = if prompt_open { Ask::Silently } else { ask };

        let permit = Permit::default();
        let (reply, answer) = mpsc::sync_channel(1);
        let job: Job = {
            let permit = permit.clone();
            Box::new(move |backend| {
                // Nobody listens any more when the deadline passed: the result is dropped, and zeroized, here.
                let _ = reply.send(work(backend, ask, &permit));
            })
        };
        self.send(&mut state, job)?;
        let deadline = match ask {
            Ask::Silently => self.deadlines.program,
            Ask::Person => self.deadlines.person,
        };
        let mut answered = answer.recv_timeout(deadline);
        if matches!(answered, Err(RecvTimeoutError::Timeout)) && !permit.revoke() {
            // The change has begun: it must be known how it ended, so it gets the time once more.
            answered = answer.recv_timeout(deadline);
        }
        match answered {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => {
                tracing::warn!(place = %self.place, ?deadline, "no answer in time; its worker is replaced");
                if let Some(Worker { alive, .. }) = state.worker.take() {
                    state.stuck.push(Stuck { alive, asks: ask });
                }
                if permit.taken() {
                    let reason = "a change was begun and did not end; look before you try again".to_owned();
                    return Err(VaultError::Unavailable { place: self.place.clone(), reason });
                }
                Err(self.locked(match ask {
                    Ask::Person => "nobody answered its prompt in time",
                    Ask::Silently => "it did not answer in time",
                }))
            }
            Err(RecvTimeoutError::Disconnected) => {
                // A panic in a keychain library costs one request, not the vault.
                state.worker = None;
                let reason = "its client library failed".to_owned();
                Err(VaultError::Unavailable { place: self.place.clone(), reason })
            }
        }
    }

    fn send(&self, state: &mut State, job: Job) -> Result<(), VaultError> {
        let job = match &state.worker {
            None => job,
            Some(worker) => match worker.jobs.send(job) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(job)) => job,
            },
        };
        let worker = self.start()?;
        // A thread that was just started cannot have ended without a job; if it did, the answer's channel says so.
        let _ = worker.jobs.send(job);
        state.worker = Some(worker);
        Ok(())
    }

    fn start(&self) -> Result<Worker, VaultError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let life = Arc::new(());
        let alive = Arc::downgrade(&life);
        let open = Arc::clone(&self.open);
        std::thread::Builder::new()
            .name("beatkeeper-vault".into())
            .spawn(move || {
                let _life = life;
                let mut backend = open();
                loop {
                    let job = queue.recv_timeout(REST_AFTER).or_else(|_| {
                        backend.rest();
                        queue.recv()
                    });
                    let Ok(job) = job else { break };
                    job(backend.as_mut());
                }
            })
            .map_err(|error| VaultError::Unavailable {
                place: self.place.clone(),
                reason: format!("no thread could be started for it: {error}"),
            })?;
        Ok(Worker { jobs, alive })
    }

    fn locked(&self, why: &str) -> VaultError {
        VaultError::Locked { place: self.place.clone(), why: why.to_owned() }
    }
}

/// The right to change something, which either the worker takes or the impatient caller revokes, never both.
///
/// Without it, a prompt that is answered an hour later would store a key whose import was reported as failed.
#[derive(Clone, Default)]
pub(crate) struct Permit(Arc<AtomicU8>);

impl Permit {
    const TAKEN: u8 = 1;
    const REVOKED: u8 = 2;

    /// Called by the worker, just before it changes something.
    pub(crate) fn take(&self, backend: &dyn Backend) -> Result<(), VaultError> {
        self.change_to(Self::TAKEN).then_some(()).ok_or_else(|| VaultError::Locked {
            place: backend.place(),
            why: "it was unlocked after the request had been given up".to_owned(),
        })
    }

    fn revoke(&self) -> bool {
        self.change_to(Self::REVOKED)
    }

    fn taken(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::TAKEN
    }

    fn change_to(&self, to: u8) -> bool {
        self.0.compare_exchange(0, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}
