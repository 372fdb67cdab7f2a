//! The one connection to the session bus: notices go out on it, and everything the server says comes in on it.
//!
//! Answers and signals are read from one stream, so they are seen in the order in which the bus delivered them.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use beatkeeper_core::notice::{Notice, NoticeId};
use futures_util::StreamExt;
use tokio::time::timeout;
use zbus::export::serde::Serialize;
use zbus::message::{Flags, Type};
use zbus::zvariant::{DynamicType, Value};
use zbus::{Connection, Message, MessageStream};

use super::draft::{Abilities, draft_for};
use super::shown::{Late, Shown, Signal};
use super::trouble::{SERVER, Trouble};
use crate::alerts::queue::Queue;
use crate::alerts::{Click, OnClick, PATIENCE};

const SERVER_PATH: &str = "/org/freedesktop/Notifications";
const BUS: &str = "org.freedesktop.DBus";
const BUS_PATH: &str = "/org/freedesktop/DBus";

pub(super) struct Session {
    bus: Connection,
    incoming: MessageStream,
    /// Of the server that is there now, once it was asked.
    abilities: Option<Abilities>,
    shown: Shown,
    /// A server took the name, and nobody was told yet.
    server_came: bool,
    on_click: Arc<OnClick>,
    queue: Arc<Queue>,
}

impl Session {
    /// Connects, and listens before anything can be shown.
    pub(super) async fn open(on_click: Arc<OnClick>, queue: Arc<Queue>) -> Result<Self, Trouble> {
        let bus = match timeout(PATIENCE, Box::pin(Connection::session())).await {
            Ok(Ok(bus)) => bus,
            Ok(Err(error)) => return Err(Trouble::NoBus(error.to_string())),
            Err(_) => return Err(Trouble::NoBus("it does not answer".into())),
        };
        let incoming = MessageStream::from(&bus);
        let shown = Shown::default();
        let mut session = Self { bus, incoming, abilities: None, shown, server_came: false, on_click, queue };
        for rule in [
            format!("type='signal',sender='{SERVER}',path='{SERVER_PATH}',interface='{SERVER}'"),
            format!("type='signal',sender='{BUS}',interface='{BUS}',member='NameOwnerChanged',arg0='{SERVER}'"),
        ] {
            session.call(&message(BUS, BUS_PATH, "AddMatch", &rule)?).await?;
        }
        Ok(session)
    }

    /// Asks the server what it can do, unless it was asked already.
    pub(super) async fn abilities(&mut self) -> Result<Abilities, Trouble> {
        if let Some(known) = self.abilities {
            return Ok(known);
        }
        let reply = self.call(&message(SERVER, SERVER_PATH, "GetCapabilities", &())?).await?;
        let names: Vec<String> = reply.body().deserialize().map_err(|error| Trouble::unreadable(&error))?;
        tracing::debug!(?names, "the notification server's capabilities");
        let abilities = Abilities::of(&names);
        self.abilities = Some(abilities);
        Ok(abilities)
    }

    /// Shows a notice, in place of what is shown of it or of what it supersedes.
    pub(super) async fn show(&mut self, notice: &Notice) -> Result<(), Trouble> {
        let abilities = self.abilities().await?;
        let draft = draft_for(notice, abilities, &self.on_click);
        let hints: HashMap<&str, Value<'_>> = draft.hints.iter().map(Into::into).collect();
        let replaces = self.shown.send(notice);
        let expires = i32::from(draft.timeout);
        let fields =
            (&draft.appname, replaces, &draft.icon, &draft.summary, &draft.body, &draft.actions, hints, expires);
        let (serial, reply) = match message(SERVER, SERVER_PATH, "Notify", &fields) {
            Ok(notify) => (Some(notify.primary_header().serial_num()), self.call(&notify).await),
            Err(error) => (None, Err(error)),
        };
        let shown = reply.and_then(|reply| reply.body().deserialize().map_err(|error| Trouble::unreadable(&error)));
        match (shown, serial) {
            (Ok(id), _) => {
                let (clicks, superfluous) = self.shown.answered(id);
                self.clicked(clicks);
                // It is shown; that others are still beside it does not change that.
                if let Err(error) = self.close(&superfluous).await {
                    tracing::debug!("superseded notices cannot be taken away: {error}");
                }
                Ok(())
            }
            (Err(Trouble::Silent), Some(serial)) => {
                let clicks = self.shown.unanswered(serial);
                self.clicked(clicks);
                Err(Trouble::Unanswered)
            }
            (Err(error), _) => {
                let clicks = self.shown.refused();
                self.clicked(clicks);
                Err(error)
            }
        }
    }

    /// Takes notices away.
    pub(super) async fn withdraw(&mut self, notices: &[NoticeId]) -> Result<(), Trouble> {
        let numbers = self.shown.withdraw(notices);
        self.close(&numbers).await
    }

    /// The server's answer is not waited for: there is nothing to do about it.
    async fn close(&mut self, numbers: &[u32]) -> Result<(), Trouble> {
        for number in numbers {
            let close = Message::method_call(SERVER_PATH, "CloseNotification")
                .and_then(|call| call.destination(SERVER))
                .and_then(|call| call.interface(SERVER))
                .and_then(|call| call.with_flags(Flags::NoReplyExpected))
                .and_then(|call| call.with_flags(Flags::NoAutoStart))
                .and_then(|call| call.build(number))
                .map_err(|error| Trouble::Unsendable(error.to_string()))?;
            match timeout(PATIENCE, self.bus.send(&close)).await {
                Ok(sent) => sent.map_err(|error| Trouble::Gone(error.to_string()))?,
                Err(_) => return Err(Trouble::Silent),
            }
        }
        Ok(())
    }

    /// Hears what the server says, until there is a new one or the connection breaks. May be dropped at any time.
    pub(super) async fn listen(&mut self) -> Result<(), Trouble> {
        while !std::mem::take(&mut self.server_came) {
            let message = self.next().await?;
            self.hear(&message);
        }
        Ok(())
    }

    /// Sends a call and waits for its answer; what else comes meanwhile is heard.
    async fn call(&mut self, call: &Message) -> Result<Message, Trouble> {
        let answer = timeout(PATIENCE, self.exchange(call)).await.unwrap_or(Err(Trouble::Silent));
        if matches!(answer, Err(Trouble::Silent)) {
            // The next call is a question that does no harm, however long the server takes to get to it. Notices that
            // pile up in front of it would all appear at once when it wakes up.
            self.abilities = None;
        }
        answer
    }

    async fn exchange(&mut self, call: &Message) -> Result<Message, Trouble> {
        let serial = call.primary_header().serial_num();
        self.bus.send(call).await.map_err(|error| Trouble::Gone(error.to_string()))?;
        loop {
            let message = self.next().await?;
            if message.header().reply_serial() != Some(serial) {
                self.hear(&message);
            } else if message.message_type() == Type::Error {
                return Err(Trouble::of_reply(&message));
            } else {
                return Ok(message);
            }
        }
    }

    async fn next(&mut self) -> Result<Message, Trouble> {
        match self.incoming.next().await {
            Some(Ok(message)) => Ok(message),
            Some(Err(error)) => Err(Trouble::Gone(error.to_string())),
            None => Err(Trouble::Gone("the bus closed it".into())),
        }
    }

    /// Takes in what nobody waits for.
    fn hear(&mut self, message: &Message) {
        let (header, body) = (message.header(), message.body());
        if let (Type::MethodReturn, Some(call)) = (message.message_type(), header.reply_serial()) {
            if let Ok(id) = body.deserialize::<u32>() {
                self.answered_late(call, id);
            }
            return;
        }
        let (Some(interface), Some(member)) = (header.interface(), header.member()) else { return };
        let signal = match (interface.as_str(), member.as_str()) {
            (SERVER, "ActionInvoked") => body.deserialize().map(|(id, action)| Signal::Invoked { id, action }),
            (SERVER, "ActivationToken") => body.deserialize().map(|(id, token)| Signal::Token { id, token }),
            (SERVER, "NotificationClosed") => body.deserialize().map(|(id, _reason): (u32, u32)| Signal::Closed { id }),
            (BUS, "NameOwnerChanged") => {
                return match body.deserialize::<(String, String, String)>() {
                    Ok((name, _old, new)) if name == SERVER => self.server_changed(!new.is_empty()),
                    _ => {}
                };
            }
            _ => return,
        };
        match signal {
            Ok(signal) => {
                let click = self.shown.hear(signal);
                self.clicked(click);
            }
            Err(error) => tracing::debug!("a signal of the notification server cannot be read: {error}"),
        }
    }

    fn server_changed(&mut self, there: bool) {
        self.abilities = None;
        self.shown.forget();
        if there {
            self.server_came = true;
            self.queue.server_came();
        }
    }

    fn answered_late(&mut self, call: NonZeroU32, id: u32) {
        match self.shown.answered_late(call, id) {
            Some(Late::Wanted(notice)) => self.queue.answered(notice),
            Some(Late::Over(notice)) => self.queue.withdraw(&[notice]),
            None => {}
        }
    }

    fn clicked(&self, clicks: impl IntoIterator<Item = Click>) {
        if let OnClick::Call(act) = self.on_click.as_ref() {
            clicks.into_iter().for_each(act);
        }
    }
}

/// A call to an object whose interface is called as its owner, as both of ours are.
fn message(
    owner: &'static str,
    path: &'static str,
    method: &'static str,
    body: &(impl Serialize + DynamicType),
) -> Result<Message, Trouble> {
    let call = Message::method_call(path, method)
        .and_then(|call| call.destination(owner))
        .and_then(|call| call.interface(owner))
        .and_then(|call| call.build(body));
    call.map_err(|error| Trouble::Unsendable(error.to_string()))
}
