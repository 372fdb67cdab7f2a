//! One agent of a team: its lease, and who else has it.

use beatkeeper_core::bus::{Lease, LeaseAction, LeaseEvent, LeaseStand, LeaseTiming};
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::time::Time;
use beatkeeper_core::view::HolderView;

use super::ask::Asking;
use super::scripts::{Answer, Holder, Question};
use crate::bus::beat::Beats;
use crate::leases::Held;

#[derive(Debug)]
pub(super) struct Member {
    /// Tells it from one of the same agent that was here before.
    pub(super) serial: u64,
    /// What its lease is called, on every computer.
    pub(super) lease_name: String,
    lease: Lease,
    wanted: bool,
    /// Since when it is ours.
    since: Time,
    /// Who else has it.
    other: Option<Holder>,
    /// Why the bus did not answer the last question.
    unsettled: Option<String>,
    /// When it is asked next who has it, while we do not want it.
    look_at: Option<Time>,
    /// When it is looked after next, as the team has noted it.
    pub(super) scheduled: Option<Time>,
    /// What the fleet was told last.
    pub(super) told: Option<LeaseStand>,
    /// What the team is told of its beats, when they do not go over the bus themselves.
    pub(super) mirror: Option<Beats>,
    /// Whether one of those is under way.
    pub(super) telling: bool,
}

impl Member {
    pub(super) fn new(serial: u64, lease_name: String, timing: LeaseTiming, now: Time) -> Self {
        Self {
            serial,
            lease_name,
            lease: Lease::new(timing),
            wanted: false,
            since: now,
            other: None,
            unsettled: None,
            look_at: Some(now),
            scheduled: None,
            told: None,
            mirror: None,
            telling: false,
        }
    }

    pub(super) fn want(&mut self, wanted: bool, now: Time) {
        self.wanted = wanted;
        self.look_at = (!wanted).then_some(now);
        self.handle(if wanted { LeaseEvent::Start } else { LeaseEvent::Stop }, now);
    }

    /// Lets go of it without ceasing to want it.
    pub(super) fn rest(&mut self, now: Time) {
        self.handle(LeaseEvent::Stop, now);
    }

    pub(super) fn woke(&mut self, now: Time) {
        if self.wanted {
            self.handle(LeaseEvent::Start, now);
        }
        self.handle(LeaseEvent::Woke, now);
        self.look_again(now);
    }

    /// There is a connection again.
    pub(super) fn connected(&mut self, now: Time) {
        self.handle(LeaseEvent::Free, now);
        self.look_again(now);
        if let Some(mirror) = &mut self.mirror {
            mirror.connect_anew();
        }
    }

    /// The bus tells that it went to somebody else, or to nobody.
    pub(super) fn went_to(&mut self, holder: Option<Holder>, now: Time) {
        match &holder {
            Some(holder) if self.lease.fence(now).is_some_and(|ours| ours < holder.fence) => {
                self.handle(LeaseEvent::Refused, now);
            }
            Some(_) => {}
            None => self.handle(LeaseEvent::Free, now),
        }
        self.other = holder;
    }

    pub(super) fn answered(&mut self, question: Question, answer: Result<Answer, String>, now: Time) {
        self.unsettled = answer.as_ref().err().cloned();
        let Ok(answer) = answer else {
            self.other = None;
            return self.handle(LeaseEvent::Unreachable, now);
        };
        match (question, answer) {
            (
                Question::Acquire { asked } | Question::Renew { asked, .. },
                Answer { granted: true, holder: Some(ours) },
            ) => {
                self.other = None;
                self.since = ours.since;
                self.handle(LeaseEvent::Granted { fence: ours.fence, asked }, now);
            }
            (Question::Acquire { .. }, Answer { holder, .. }) => {
                self.other = holder;
                self.handle(LeaseEvent::Refused, now);
            }
            (Question::Renew { .. }, Answer { holder, .. }) => {
                let is_free = holder.is_none();
                self.other = holder;
                self.handle(LeaseEvent::Refused, now);
                if is_free {
                    self.handle(LeaseEvent::Free, now);
                }
            }
            (Question::Look, Answer { granted, holder }) => self.other = holder.filter(|_| !granted),
            (Question::Release { .. }, _) => {}
        }
    }

    /// What is due, and what is to be asked because of it.
    pub(super) fn questions(&mut self, every: std::time::Duration, now: Time) -> Vec<Question> {
        if self.lease.poll_timeout().is_some_and(|due| due <= now) {
            self.handle(LeaseEvent::Timeout, now);
        }
        let mut questions: Vec<Question> = std::iter::from_fn(|| self.lease.poll_action())
            .map(|action| match action {
                LeaseAction::Acquire { asked } => Question::Acquire { asked },
                LeaseAction::Renew { fence, asked } => Question::Renew { fence, asked },
                LeaseAction::Release { fence } => Question::Release { fence },
            })
            .collect();
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = Some(now + every);
            questions.push(Question::Look);
        }
        questions
    }

    pub(super) fn asking(&self, id: &EntityId, question: Question) -> Asking {
        Asking { id: id.clone(), serial: self.serial, lease_name: self.lease_name.clone(), question }
    }

    pub(super) fn due(&self) -> Option<Time> {
        [self.lease.poll_timeout(), self.look_at].into_iter().flatten().min()
    }

    /// What we may beat under.
    pub(super) fn fence(&self, now: Time) -> Option<u64> {
        self.lease.fence(now)
    }

    /// The same, for whoever asks later.
    pub(super) fn held(&self) -> Option<Held> {
        self.lease.leave().map(|(fence, until)| Held { fence, until })
    }

    /// Whether we may have it, as far as the bus knows.
    pub(super) const fn is_wanted(&self) -> bool {
        self.wanted
    }

    pub(super) fn stand(&self, computer: &str, now: Time) -> LeaseStand {
        match (self.fence(now), &self.other) {
            (Some(fence), _) => {
                LeaseStand::Held(HolderView { computer: computer.to_owned(), here: true, fence, since: self.since })
            }
            (None, Some(other)) => LeaseStand::Held(HolderView {
                computer: other.computer.clone(),
                here: false,
                fence: other.fence,
                since: other.since,
            }),
            (None, None) => self.unsettled.clone().map_or(LeaseStand::Unknown, LeaseStand::Unsettled),
        }
    }

    fn look_again(&mut self, now: Time) {
        if self.look_at.is_some() {
            self.look_at = Some(now);
        }
    }

    fn handle(&mut self, event: LeaseEvent, now: Time) {
        self.lease.handle(event, now);
    }
}
