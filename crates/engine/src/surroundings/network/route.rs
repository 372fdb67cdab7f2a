//! Whether this computer has a way to the internet at all.
//!
//! The system is asked where it would send a datagram to an address far away: that is what connecting a UDP socket
//! does, and it sends nothing. So every kind of routing is taken as the system takes it: a default route without a
//! gateway, the two halves of the internet that a VPN puts in place of one, a table of routes that a policy chooses.
//! Reading the routes would have to know all that, on each system anew.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// `a.root-servers.net`, which the whole internet has to find. Addresses for documentation would do, were they not in
/// use in many a private network.
const FAR_AWAY_V4: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 41, 0, 4)), 53);
const FAR_AWAY_V6: SocketAddr =
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0x503, 0xba3e, 0, 0, 0, 0x2, 0x30)), 53);

#[cfg(unix)]
const NO_SUCH_FAMILY: i32 = rustix::io::Errno::AFNOSUPPORT.raw_os_error();
/// `WSAEAFNOSUPPORT`.
#[cfg(windows)]
const NO_SUCH_FAMILY: i32 = 10047;

/// Whether the system knows a way to the internet, over IPv4 or IPv6; nothing when it does not say.
pub(super) fn exists() -> Option<bool> {
    match (meaning(source(FAR_AWAY_V4)), meaning(source(FAR_AWAY_V6))) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        (None, _) | (_, None) => None,
    }
}

/// The address from which a datagram would leave. Nothing is sent.
fn source(target: SocketAddr) -> Result<IpAddr> {
    let any = if target.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(target)?;
    Ok(socket.local_addr()?.ip())
}

fn meaning(source: Result<IpAddr>) -> Option<bool> {
    match source {
        // What leaves from there gets no farther than the first router (RFC 4007 9).
        Ok(IpAddr::V6(source)) if source.is_unicast_link_local() => Some(false),
        Ok(_) => Some(true),
        Err(error) if says_no_route(&error) => Some(false),
        Err(error) => {
            tracing::debug!("the system does not say whether there is a route: {error}");
            None
        }
    }
}

fn says_no_route(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown)
        // No address to leave from, and a system without IPv6.
        || error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(NO_SUCH_FAMILY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_system_says_about_routes_is_an_answer() {
        assert_eq!(meaning(Ok("192.168.1.2".parse().unwrap())), Some(true));
        assert_eq!(meaning(Ok("2001:db8::2".parse().unwrap())), Some(true));
        assert_eq!(meaning(Ok("fe80::2".parse().unwrap())), Some(false));
        for kind in [ErrorKind::NetworkUnreachable, ErrorKind::HostUnreachable, ErrorKind::AddrNotAvailable] {
            assert_eq!(meaning(Err(kind.into())), Some(false), "{kind:?}");
        }
        assert_eq!(meaning(Err(Error::from_raw_os_error(NO_SUCH_FAMILY))), Some(false));
        assert_eq!(meaning(Err(ErrorKind::PermissionDenied.into())), None);
        assert_eq!(meaning(Err(ErrorKind::OutOfMemory.into())), None);
    }

    #[test]
    fn a_near_address_is_reached_from_itself() {
        let near = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        assert_eq!(source(near).unwrap(), near.ip());
    }
}
