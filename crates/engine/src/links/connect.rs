//! Opening a stream to a host, by whichever of its addresses answers first.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use beatkeeper_core::failure::{Failure, Transient};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

/// So long an address is dialled alone before the next one is dialled beside it (RFC 8305, section 8: Connection Attempt
/// Delay). Many a network has addresses of IPv6 and no way for them, and swallows what is sent there.
const HEAD_START: Duration = Duration::from_millis(250);

/// Opens a stream to a host: a name, or an address without brackets.
///
/// # Errors
/// The [`Failure`], sorted.
pub(crate) async fn connect(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let unknown = || Failure::from(Transient::Dns { host: host.to_owned() });
    let addresses = tokio::net::lookup_host((host, port)).await.map_err(|_| unknown())?;
    first_of(by_turns(addresses.collect())).await.map_err(|failure| failure.map_or_else(unknown, Failure::from))
}

/// The first address stays first; after it the kinds take turns (RFC 8305, section 4).
fn by_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (like_first, others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut like_first, mut others) = (like_first.into_iter(), others.into_iter());
    let mut turns = Vec::new();
    loop {
        let pair = [like_first.next(), others.next()];
        if pair.iter().all(Option::is_none) {
            return turns;
        }
        turns.extend(pair.into_iter().flatten());
    }
}

/// The first that lets us in, or why none did; nothing when there is none.
async fn first_of(addresses: Vec<SocketAddr>) -> Result<TcpStream, Option<Transient>> {
    let mut waiting = addresses.into_iter();
    let mut dials = FuturesUnordered::new();
    let mut failure = None;
    loop {
        match waiting.next() {
            Some(address) => dials.push(TcpStream::connect(address)),
            None if dials.is_empty() => return Err(failure),
            None => {}
        }
        tokio::select! {
            biased;
            Some(ended) = dials.next() => match ended {
                Ok(stream) => {
                    // A beat is one small frame; waiting to fill a packet would only delay it.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                // One address that was reached proves that the network is there, whatever the others say.
                Err(error) => {
                    let error = from_io(&error);
                    if failure.is_none() || error != Transient::Unreachable {
                        failure = Some(error);
                    }
                }
            },
            () = tokio::time::sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

/// Sorts an operating system's error.
#[must_use]
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the system has dozens of kinds, and only these need words of their own"
)]
pub fn from_io(error: &io::Error) -> Transient {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Transient::Refused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            Transient::Unreachable
        }
        io::ErrorKind::TimedOut => Transient::DialTimeout,
        _ => Transient::Broken { detail: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn kinds_of_addresses_take_turns() {
        let mixed = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "192.0.2.1:1", "192.0.2.2:1"]);
        let turns = addresses(&["[::1]:1", "192.0.2.1:1", "[::2]:1", "192.0.2.2:1", "[::3]:1"]);
        assert_eq!(by_turns(mixed), turns);
        assert_eq!(by_turns(addresses(&["192.0.2.1:1"])), addresses(&["192.0.2.1:1"]));
        assert_eq!(by_turns(Vec::new()), Vec::new());
    }

    /// An address whose queue of connections is full, so that another one is neither taken nor refused. Elsewhere a queue of
    /// none is as long as the system likes.
    #[cfg(target_os = "linux")]
    async fn silent() -> (SocketAddr, TcpListener, TcpStream) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        // The queue of none has room for one.
        (address, listener, TcpStream::connect(address).await.unwrap())
    }

    async fn listening() -> (SocketAddr, TcpListener) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        (listener.local_addr().unwrap(), listener)
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_address_that_keeps_silent_holds_nobody_up() {
        let (silent, _queue, _queued) = silent().await;
        let (alive, _listener) = listening().await;
        let stream = first_of(vec![silent, alive]).await.expect("the second answers");
        assert_eq!(stream.peer_addr().unwrap(), alive);
    }

    #[tokio::test]
    async fn a_refusal_is_told_when_nobody_else_answers() {
        let (refusing, listener) = listening().await;
        drop(listener);
        assert_eq!(first_of(vec![refusing]).await.unwrap_err(), Some(Transient::Refused));
        assert_eq!(first_of(Vec::new()).await.unwrap_err(), None);
        assert_eq!(
            connect("nobody.invalid", 1).await.unwrap_err(),
            Transient::Dns { host: "nobody.invalid".into() }.into()
        );
    }
}
