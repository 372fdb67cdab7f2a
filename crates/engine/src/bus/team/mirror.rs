//! What the team is told of agents that beat at a registry: each beat that was confirmed there is told on the bus, too, so
//! that everyone has one table of all.

use std::future::Future;
use std::pin::Pin;

use beatkeeper_core::bus::{Limits, status};
use beatkeeper_core::identity::{EntityId, Realm};
use redis::{RedisError, Value};

use super::{Confirmed, Task};
use crate::bus::beat::{Beats, Said};
use crate::bus::hub::Line;

/// What became of telling it.
pub(super) type Telling = Pin<Box<dyn Future<Output = (EntityId, Result<Vec<Value>, RedisError>)> + Send>>;

impl Task {
    /// Passes on a beat that was confirmed, under our lease.
    pub(super) fn mirror(&mut self, id: &EntityId, confirmed: &Confirmed) {
        let now = self.now();
        // One that is slow to be told is not told twice at once.
        let member = self.members.get_mut(id).filter(|member| id.realm() != Realm::Bus && !member.telling);
        let Some(member) = member else { return };
        let Some(fence) = member.fence(now) else { return };
        let Line::Up(_, mut commands) = self.line.borrow().clone() else { return };
        let known = self.setup.figures.of(id, now);
        let limits = Limits::from(&self.setup.bus.limits);
        let said = Said {
            interval: confirmed.interval,
            kind: if id.realm() == Realm::ArtCafe { "artcafe" } else { "zynd" },
            label: Some(&confirmed.name),
            status: status(&known.metrics, &limits),
            known: &known,
            fence: Some(fence),
        };
        let beats = member.mirror.get_or_insert_with(|| Beats::of(id.to_string(), &self.setup.bus));
        match beats.next(&said) {
            Ok(pipeline) => {
                member.telling = true;
                let id = id.clone();
                self.telling.push(Box::pin(async move {
                    let told = pipeline.query_async::<Vec<Value>>(&mut commands).await;
                    (id, told)
                }));
            }
            Err(error) => tracing::error!(%id, "the team cannot be told of a beat: {error}"),
        }
    }

    pub(super) fn mirrored(&mut self, id: &EntityId, answers: Result<Vec<Value>, RedisError>) {
        let Some(member) = self.members.get_mut(id) else { return };
        member.telling = false;
        let Some(mirror) = &mut member.mirror else { return };
        match answers {
            Ok(answers) => {
                mirror.answered(&answers);
            }
            Err(error) => {
                mirror.connect_anew();
                tracing::debug!(%id, "the team was not told of a beat: {error}");
            }
        }
    }

    /// Others need not miss an agent that we no longer beat for; whoever takes over says that it is back.
    pub(super) fn say_goodbye(&mut self, id: &EntityId) {
        let now = self.now();
        // Who lost its lease leaves it to the next one to say how the agent is.
        let ours = self.members.get_mut(id).filter(|member| member.fence(now).is_some());
        let mirror = ours.and_then(|member| member.mirror.take());
        let Some(goodbye) = mirror.and_then(|mirror| mirror.goodbye()) else { return };
        let Line::Up(_, mut commands) = self.line.borrow().clone() else { return };
        let id = id.clone();
        self.telling.push(Box::pin(async move {
            let told = goodbye.query_async::<Value>(&mut commands).await;
            (id, told.map(|answer| vec![answer]))
        }));
    }
}
