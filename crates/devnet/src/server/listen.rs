//! The listener and its connections.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::OptionFuture;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};

use super::exchange::Routes;
use super::{Shared, front, routes};

/// A connection on which nothing is asked for this long is closed (protocols.md 1.8).
const IDLE: Duration = Duration::from_secs(60);
const BACKLOG: u32 = 4096;
/// Pause before the next try when a listener cannot be opened, or has no connection to give.
const RETRY: Duration = Duration::from_millis(50);

/// Opens the listener. A port that was in use by an earlier run is taken again at once.
pub(crate) fn bind(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows this option would let a second program steal the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Accepts connections until the registry stops; while it is ordered to refuse them, there is no listener.
pub(crate) async fn serve(registry: Shared, listener: TcpListener, addr: SocketAddr) {
    let routes = TowerToHyperService::new(routes::router(registry.clone()));
    let mut faults = registry.faults.subscribe();
    let mut listener = Some(listener);
    loop {
        let refusing = faults.borrow_and_update().refusing();
        if refusing.is_some() {
            listener = None;
        } else if listener.is_none() {
            match bind(addr) {
                Ok(opened) => listener = Some(opened),
                Err(error) => tracing::warn!("the devnet cannot listen on {addr} again: {error}"),
            }
        }
        let open = listener.is_some();
        registry.listening.send_if_modified(|listening| std::mem::replace(listening, open) != open);
        let retry = if open { None } else { refusing.unwrap_or_else(|| Some(Instant::now() + RETRY)) };
        tokio::select! {
            () = registry.stop.cancelled() => return,
            _ = faults.changed() => {}
            Some(()) = OptionFuture::from(retry.map(sleep_until)) => {
                if refusing.is_some() {
                    registry.faults.send_modify(crate::fault::FaultTable::stop_refusing);
                }
            }
            Some(accepted) = OptionFuture::from(listener.as_ref().map(TcpListener::accept)) => match accepted {
                Ok((stream, client)) => {
                    registry.tasks.spawn(connection(registry.clone(), routes.clone(), stream, client));
                }
                // Out of file descriptors, or gone before it was accepted.
                Err(error) => {
                    tracing::debug!("the devnet could not accept a connection: {error}");
                    sleep(RETRY).await;
                }
            },
        }
    }
}

/// Serves one connection until it is upgraded to a socket, or ends.
async fn connection(registry: Shared, routes: Routes, stream: TcpStream, client: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let service =
        service_fn(|request: hyper::Request<hyper::body::Incoming>| front::answer(&registry, &routes, client, request));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .auto_date_header(false)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let mut faults = registry.faults.subscribe();
    loop {
        if faults.borrow_and_update().refusing().is_some() {
            // The answer under way is still given: it may be the one to the order to refuse.
            serving.as_mut().graceful_shutdown();
        }
        tokio::select! {
            () = registry.stop.cancelled() => return,
            _ = faults.changed() => {}
            ended = &mut serving => {
                if let Err(error) = ended {
                    tracing::trace!("connection of {client} ended: {error}");
                }
                return;
            }
        }
    }
}
