//! Desktops that follow the freedesktop specification: a notification server on the session bus, either of which may
//! come late, restart, or hang.

mod draft;
mod session;
mod shown;
mod trouble;

use std::sync::Arc;

use beatkeeper_core::notice::Notice;

use super::queue::Queue;
use super::{OnClick, Problem};
use session::Session;
use trouble::Trouble;

pub(super) async fn run(queue: Arc<Queue>, on_click: OnClick, problem: Problem) {
    let mut server = Server { session: None, on_click: Arc::new(on_click) };
    // A person should learn that nobody shows notices before the first one is due.
    problem.set(server.ask().await);
    loop {
        tokio::select! {
            notice = queue.next() => match notice {
                Some(notice) => problem.set(server.show(&notice).await),
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
}

impl Server {
    async fn ask(&mut self) -> Result<(), Trouble> {
        let asked = self.session().await?.abilities().await;
        self.after(asked).map(drop)
    }

    /// What ended may have been replaced already: that is worth one more try, and no more.
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
            None => Session::open(Arc::clone(&self.on_click)).await?,
        };
        Ok(self.session.insert(session))
    }

    fn after<T>(&mut self, result: Result<T, Trouble>) -> Result<T, Trouble> {
        if let Err(Trouble::Gone(error)) = &result {
            tracing::info!("the session bus is gone: {error}");
            self.session = None;
        }
        result
    }
}
