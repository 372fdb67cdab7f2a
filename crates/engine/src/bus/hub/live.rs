//! A hub while it is connected.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use beatkeeper_core::failure::Transient;
use beatkeeper_core::fleet::{BusWord, FleetEvent};
use beatkeeper_core::time::Time;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use redis::RedisResult;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{BusCommand, End, Line, Task};
use crate::bus::listen::{self, Ears};
use crate::bus::read::{self, Found};
use crate::bus::server::{Commands, clock_ahead_ms};
use crate::bus::team::{NEWS, read_news};
use crate::clock::due;

/// Hashes that are asked for within this time share a pipeline.
pub(super) const GATHER: Duration = Duration::from_millis(50);
/// What is only counted is told this often.
pub(super) const TOLD_EVERY: Duration = Duration::from_secs(1);
/// So many pipelines are under way.
const READINGS: usize = 4;
/// How often both connections are asked whether anybody is there.
const ASK_EVERY: Duration = Duration::from_secs(15);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

type Reading = Pin<Box<dyn Future<Output = Answer> + Send>>;

enum Answer {
    Records(RedisResult<Vec<BusWord>>),
    Names(RedisResult<Found>),
    /// Both connections answered, and this is how far the server's clock is ahead, if it tells.
    There(Result<Option<i64>, Transient>),
}

impl Task {
    /// Listens, reads and tells until the connection is lost. What is heard never waits for the fleet: it is put aside.
    pub(super) async fn live(
        &mut self,
        commands: Commands,
        mut ears: Ears,
        inbox: &mut mpsc::UnboundedReceiver<BusCommand>,
    ) -> End {
        self.generation += 1;
        self.line.send_replace(Line::Up(self.generation, commands.clone()));
        self.backoff.reset();
        self.waiting.ours(FleetEvent::Stream { registry: self.name().to_owned(), live: true });
        let mut readings: FuturesUnordered<Reading> = FuturesUnordered::new();
        // Whoever registered and never beat, and what was missed while nobody listened, is in the hashes.
        readings.push(self.look_for_all(&commands));
        readings.push(ask(&commands, &ears));
        self.wanted.extend(self.configured.iter().cloned());
        self.read_at = Some(Instant::now());
        let mut ask_at = Instant::now() + ASK_EVERY;
        loop {
            let output = self.setup.output.clone();
            tokio::select! {
                command = inbox.recv() => match command {
                    None => return End::Unwanted,
                    Some(BusCommand::Woke) => return End::Slept,
                    Some(command) => self.told(command),
                },
                message = ears.stream.next() => match message {
                    Some(message) => {
                        let wall = Time::from_timestamp(jiff::Timestamp::now());
                        if message.get_channel_name() == NEWS {
                            self.pass_on(&message, wall);
                        } else if let Some(word) = listen::word(&message, &self.setup.server.entry, wall) {
                            self.heard(word);
                        }
                    }
                    None => return End::Lost(Transient::Broken { detail: "the server closed the connection".into() }.into()),
                },
                Some(answer) = readings.next() => {
                    if let Some(end) = self.answered(answer) {
                        return end;
                    }
                }
                room = output.reserve(), if !self.waiting.is_empty() => match room {
                    Ok(room) => {
                        if let Some(event) = self.waiting.pop() {
                            room.send(event);
                        }
                    }
                    Err(_) => return End::Unwanted,
                },
                () = due(self.tell_at) => self.tell_counts(),
                () = due(self.read_at), if readings.len() < READINGS => {
                    self.read_some(&commands, &readings);
                }
                () = tokio::time::sleep_until(ask_at) => {
                    ask_at = Instant::now() + ASK_EVERY;
                    readings.push(ask(&commands, &ears));
                }
            }
        }
    }

    /// A change of hands is the team's.
    fn pass_on(&self, message: &redis::Msg, wall: Time) {
        if let (Some(team), Some(news)) = (&self.setup.team, read_news(message.get_payload_bytes(), wall)) {
            // Anybody may write there, and as much as they like: what the team has no room for it learns when it asks next.
            let _ = team.try_send(news);
        }
    }

    fn read_some(&mut self, commands: &Commands, readings: &FuturesUnordered<Reading>) {
        let names: Vec<String> = std::iter::from_fn(|| self.wanted.pop_first()).take(read::AT_ONCE).collect();
        self.read_at = (!self.wanted.is_empty()).then(Instant::now);
        if !names.is_empty() {
            let (commands, prefix) = (commands.clone(), self.setup.server.entry.prefix.clone());
            let read = async move { Answer::Records(read::records(commands, &prefix, names).await) };
            readings.push(Box::pin(read));
        }
    }

    fn look_for_all(&self, commands: &Commands) -> Reading {
        let entry = &self.setup.server.entry;
        let most = if entry.watch { self.room() } else { 0 };
        let (commands, prefix) = (commands.clone(), entry.prefix.clone());
        Box::pin(async move {
            Answer::Names(if most == 0 { Ok(Found::default()) } else { read::names(commands, &prefix, most).await })
        })
    }

    fn answered(&mut self, answer: Answer) -> Option<End> {
        match answer {
            Answer::Records(Ok(words)) => words.into_iter().for_each(|word| self.heard(word)),
            Answer::Names(Ok(found)) => {
                if found.unusable > 0 {
                    self.heard(BusWord::Unusable(read::NOT_A_NAME, found.unusable));
                }
                found.names.into_iter().for_each(|name| self.want(name));
            }
            Answer::Records(Err(error)) | Answer::Names(Err(error)) if self.is_bearable(&error) => {}
            Answer::Records(Err(error)) | Answer::Names(Err(error)) => return Some(self.lost(&error)),
            Answer::There(Ok(ahead)) => self.waiting.ours(FleetEvent::RegistryAnswer {
                registry: self.name().to_owned(),
                problem: None,
                reached: true,
                clock_ahead_ms: ahead,
            }),
            Answer::There(Err(why)) => return Some(End::Lost(why.into())),
        }
        None
    }
}

/// Whether both connections are alive: a half-open one says nothing by itself.
fn ask(commands: &Commands, ears: &Ears) -> Reading {
    let (mut commands, mut sink) = (commands.clone(), ears.sink.clone());
    Box::pin(async move {
        let both = async { (clock_ahead_ms(&mut commands).await, sink.ping::<redis::Value>().await) };
        Answer::There(match tokio::time::timeout(ANSWER_WITHIN, both).await {
            Err(_) => Err(Transient::NoPong),
            Ok((_, Err(error))) => Err(Transient::Broken { detail: error.to_string() }),
            Ok((Err(error), Ok(_))) if error.is_io_error() => Err(Transient::Broken { detail: error.to_string() }),
            // Who may not ask for the time can still beat.
            Ok((ahead, Ok(_))) => Ok(ahead.ok()),
        })
    })
}
