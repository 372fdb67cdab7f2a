//! What the desktop is asked for, and how it answers.

use beatkeeper_core::notice::{Notice, NoticeId};

use tokio::sync::mpsc;

use crate::Handle;
use crate::alerts::{Desktop, NotShown, OnClick};

/// What the desktop is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Show this, in the place of what has its id and of what it supersedes.
    Show(Box<Notice>),
    /// Take these away: they are over.
    Withdraw(Vec<NoticeId>),
}

/// What became of a notice on the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub notice: NoticeId,
    /// Why it could not be shown, and whether it is tried again.
    pub outcome: Result<(), NotShown>,
}

/// A desktop that tells what became of each notice.
#[must_use]
pub fn desktop(on_click: OnClick) -> (Desktop, mpsc::UnboundedReceiver<Shown>) {
    // No more than the desktop can fail at: it has a place for each notice, and a pause after each try.
    let (told, outcomes) = mpsc::unbounded_channel();
    let desktop = Desktop::start(on_click, move |notice, outcome| {
        // After the end of the engine there is nobody to tell.
        let _ = told.send(Shown { notice, outcome });
    });
    (desktop, outcomes)
}

/// Hands each telling to the desktop, and tells the engine what became of it, until the engine ends.
pub async fn carry(
    engine: Handle,
    mut tellings: mpsc::Receiver<Telling>,
    desktop: &Desktop,
    mut outcomes: mpsc::UnboundedReceiver<Shown>,
) {
    loop {
        tokio::select! {
            telling = tellings.recv() => match telling {
                Some(Telling::Show(notice)) => desktop.show(*notice),
                Some(Telling::Withdraw(notices)) => desktop.withdraw(&notices),
                None => return,
            },
            Some(shown) = outcomes.recv() => engine.shown(shown).await,
        }
    }
}
