//! A socket of the kernel's news, whose content does not matter: that there is some is enough.

use std::io::{ErrorKind, Result};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use tokio::net::UnixDatagram;

/// The type is the runtime's for a datagram socket that is there already; receiving does not depend on the family.
pub(in super::super) struct Socket(Option<UnixDatagram>);

impl Socket {
    /// A socket that does not block. One that could not be opened hears nothing.
    pub(in super::super) fn of(socket: Result<OwnedFd>) -> Self {
        match socket.and_then(|socket| UnixDatagram::from_std(socket.into())) {
            Ok(socket) => Self(Some(socket)),
            Err(error) => {
                tracing::debug!("changes of the network are not heard of: {error}");
                Self(None)
            }
        }
    }

    /// Waits for news and takes all of it. May be dropped at any time; what was not taken is news the next time.
    pub(in super::super) async fn next(&mut self) {
        if let Some(socket) = &self.0 {
            match take(socket).await {
                Ok(()) => return,
                Err(error) => tracing::debug!("changes of the network are no longer heard of: {error}"),
            }
            self.0 = None;
        }
        std::future::pending::<()>().await;
    }
}

async fn take(socket: &UnixDatagram) -> Result<()> {
    // What is longer is cut, which is no loss.
    let mut news = [0; 64];
    socket.readable().await?;
    loop {
        match socket.try_recv(&mut news) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            // There was more than the socket could hold, which is news, too.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOBUFS) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
