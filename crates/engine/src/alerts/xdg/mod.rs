//! Desktops that follow the freedesktop specification: a notification server on the session bus, either of which may
//! come late, restart, or hang.

mod draft;
mod session;
mod shown;
mod trouble;

use std::sync::Arc;

use beatkeeper_core::notice::{Notice, NoticeId};

use super::places::{Place, Turn};
use super::queue::Queue;
use super::{OnClick, Problem};
use session::Session;
use trouble::Trouble;

pub(super) async fn run(queue: Arc<Queue>, on_click: OnClick, problem: Problem) {
    let mut server = Server { session: None, on_click: Arc::new(on_click), queue: Arc::clone(&queue) };
    // A person should learn that nobody shows notices before the first one is due.
    problem.set(server.ask().await);
    loop {
        tokio::select! {
            turn = queue.next() => match turn {
                Some(Turn::Show(place)) => problem.set(server.take(place).await),
                Some(Turn::Withdraw(notices)) => server.withdraw(&notices).await,
                None => return,
            },
            () = server.listen() => problem.set(server.ask().await),
        }
    }
}

struct Server {
    /// None until a bus is there, and after one ended.
    session: Option<Session>,
    on_click: Arc<OnClick>,
    queue: Arc<Queue>,
}

impl Server {
    async fn ask(&mut self) -> Result<(), Trouble> {
        let asked = self.session().await?.abilities().await;
        self.after(asked).map(drop)
    }

    async fn take(&mut self, place: Box<Place>) -> Result<(), Trouble> {
        let shown = self.show(&place.notice).await;
        match &shown {
            Ok(()) => self.queue.shown(place.notice.id),
            Err(trouble) => self.queue.failed(place, trouble.failure(), trouble.to_string()),
        }
        shown
    }

    /// What ended may have been replaced already: that is worth one more try at once.
    async fn show(&mut self, notice: &Notice) -> Result<(), Trouble> {
        match self.try_to_show(notice).await {
            Err(Trouble::Gone(_) | Trouble::Ended) => self.try_to_show(notice).await,
            result => result,
        }
    }

    async fn try_to_show(&mut self, notice: &Notice) -> Result<(), Trouble> {
        let shown = self.session().await?.show(notice).await;
        self.after(shown)
    }

    /// Where nobody is there to take them away, they are not there either.
    async fn withdraw(&mut self, notices: &[NoticeId]) {
        let Some(session) = &mut self.session else { return };
        let withdrawn = session.withdraw(notices).await;
        if let Err(error) = self.after(withdrawn) {
            tracing::debug!("notices that are over cannot be taken away: {error}");
        }
    }

    /// Ends when there is a new server.
    async fn listen(&mut self) {
        if let Some(session) = &mut self.session {
            let heard = session.listen().await;
            if self.after(heard).is_ok() {
                return;
            }
        }
        // Without a connection there is nothing to hear; the next notice opens one.
        std::future::pending::<()>().await;
    }

    async fn session(&mut self) -> Result<&mut Session, Trouble> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::open(Arc::clone(&self.on_click), Arc::clone(&self.queue)).await?,
        };
        Ok(self.session.insert(session))
    }

    fn after<T>(&mut self, result: Result<T, Trouble>) -> Result<T, Trouble> {
        if let Err(Trouble::Gone(error)) = &result {
            tracing::info!("the session bus is gone: {error}");
            self.session = None;
            self.queue.server_lost();
        }
        result
    }
}
