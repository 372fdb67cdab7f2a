//! What shows the keyring's prompts on a desktop; this one takes every request and never comes back to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;
use zbus::zvariant::OwnedObjectPath;

use crate::desk::Desk;

pub(crate) struct Prompter {
    prompts: Arc<AtomicUsize>,
    _connection: Connection,
}

struct Silent {
    prompts: Arc<AtomicUsize>,
}

#[zbus::interface(name = "org.gnome.keyring.internal.Prompter")]
impl Silent {
    fn begin_prompting(&self, _callback: OwnedObjectPath) {
        self.prompts.fetch_add(1, Ordering::SeqCst);
    }

    fn stop_prompting(&self, _callback: OwnedObjectPath) {}
}

impl Prompter {
    pub(crate) fn that_nobody_answers(desk: &Desk) -> Self {
        let prompts = Arc::new(AtomicUsize::new(0));
        let connection = Builder::address(desk.address())
            .and_then(|builder| {
                builder.serve_at("/org/gnome/keyring/Prompter", Silent { prompts: Arc::clone(&prompts) })
            })
            .and_then(|builder| builder.name("org.gnome.keyring.SystemPrompter"))
            .and_then(Builder::build)
            .unwrap();
        Self { prompts, _connection: connection }
    }

    pub(crate) fn prompts(&self) -> usize {
        self.prompts.load(Ordering::SeqCst)
    }
}
