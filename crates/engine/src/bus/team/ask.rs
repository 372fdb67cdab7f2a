//! Questions on their way to the bus and back, many in one pipeline.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use beatkeeper_core::identity::EntityId;
use futures_util::future::join_all;
use redis::{Cmd, RedisError, Value, pipe};

use super::Task;
use super::scripts::{Answer, Question, read};
use crate::bus::hub::Line;
use crate::bus::server::Commands;

/// So many questions share a pipeline.
const AT_ONCE: usize = 200;
/// So many pipelines are under way.
const UNDER_WAY: usize = 4;
/// How long an answer may take at most.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A question about an agent's lease.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) id: EntityId,
    /// Of the member that asks.
    pub(super) serial: u64,
    pub(super) lease_name: String,
    pub(super) question: Question,
}

/// To each question an answer, or why there is none.
pub(super) type Answers = Vec<(Asking, Result<Value, String>)>;
pub(super) type Asked = Pin<Box<dyn Future<Output = Answers> + Send>>;

impl Task {
    /// Sends what waits, as far as there is room.
    pub(super) fn ask(&mut self) {
        let commands = match &*self.line.borrow() {
            // Soon it is known whether there is a connection.
            Line::Dialling => return,
            Line::Up(_, commands) => Ok(commands.clone()),
            Line::Down(failure) => Err(failure.to_string()),
        };
        // Late answers are of little use: the lease goes on from when it was asked for.
        let within = ANSWER_WITHIN.min(self.me.lasts / 6);
        while !self.waiting.is_empty() && self.under_way.len() < UNDER_WAY {
            let asking: Vec<Asking> = self.waiting.drain(..self.waiting.len().min(AT_ONCE)).collect();
            let commands = match &commands {
                Ok(commands) => commands.clone(),
                Err(why) => {
                    let nothing = asking.into_iter().map(|asking| (asking, Err(why.clone()))).collect();
                    self.under_way.push(Box::pin(std::future::ready(nothing)));
                    continue;
                }
            };
            let questions = asking.iter().map(|asking| self.me.ask(&asking.lease_name, asking.question)).collect();
            self.under_way.push(Box::pin(async move {
                let answers = tokio::time::timeout(within, put(commands, questions)).await.unwrap_or_default();
                let late = std::iter::repeat_with(|| Err("no answer in time".to_owned()));
                asking.into_iter().zip(answers.into_iter().chain(late)).collect()
            }));
        }
    }

    pub(super) async fn came_back(&mut self, answers: Answers) {
        for (asking, answer) in answers {
            let answer = answer.and_then(|answer| read(answer).map_err(|error| error.to_string()));
            if self.members.get(&asking.id).is_some_and(|member| member.serial == asking.serial) {
                let question = asking.question;
                self.with(&asking.id, |member, now| member.answered(question, answer, now)).await;
            } else if let Ok(Answer { granted: true, holder: Some(ours) }) = answer
                && !matches!(asking.question, Question::Look | Question::Release { .. })
            {
                // Who asked is not here any more.
                let question = Question::Release { fence: Some(ours.fence) };
                self.waiting.push_back(Asking { question, ..asking });
            }
        }
    }

    /// Lets go of everything, also of what may just have been granted, and waits until the bus knows it. The fleet is not told:
    /// it asked for this, and may not listen any more.
    pub(super) async fn let_go_of_all(&mut self) {
        let now = self.now();
        let ours = self.members.values().filter(|member| member.fence(now).is_some());
        let goodbyes: Vec<Cmd> = ours.filter_map(|member| member.mirror.as_ref()?.goodbye()).collect();
        self.setup.leases.lose_all();
        let wanted = self.members.values().filter(|member| member.is_wanted());
        let releases = wanted.map(|member| self.me.ask(&member.lease_name, Question::Release { fence: None }));
        let all: Vec<Cmd> = goodbyes.into_iter().chain(releases).collect();
        let line = self.line.borrow().clone();
        if let Line::Up(_, commands) = line
            && !all.is_empty()
        {
            put(commands, all).await;
        }
    }
}

/// Asks; where there was no answer, or a refusal, it is said why.
async fn put(commands: Commands, questions: Vec<Cmd>) -> Vec<Result<Value, String>> {
    let said = |error: RedisError| error.to_string();
    match commands {
        Commands::One(mut one) => {
            let count = questions.len();
            let mut pipeline = pipe();
            for question in questions {
                pipeline.add_command(question);
            }
            pipeline.ignore_errors();
            match pipeline.query_async::<Vec<Value>>(&mut one).await {
                Ok(answers) => answers.into_iter().map(usable).collect(),
                Err(error) => vec![Err(said(error)); count],
            }
        }
        // Each lease may be on another server of a cluster.
        Commands::Cluster(cluster) => {
            let ask = |question: Cmd| {
                let mut cluster = cluster.clone();
                async move { question.query_async::<Value>(&mut cluster).await.map_err(said).and_then(usable) }
            };
            join_all(questions.into_iter().map(ask)).await
        }
    }
}

fn usable(answer: Value) -> Result<Value, String> {
    if let Value::ServerError(error) = &answer { Err(error.to_string()) } else { Ok(answer) }
}
