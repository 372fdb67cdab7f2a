//! Linux: the kernel's multicast on a netlink socket (man 7 rtnetlink).

use std::os::fd::OwnedFd;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

use super::socket::Socket;

/// Of `linux/rtnetlink.h`: links, IPv4 addresses and routes, IPv6 addresses and routes. Links and addresses, because
/// the IPv4 routes that go with them go in silence.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

pub(in super::super) type Changes = Socket;

impl Changes {
    /// Listens from now on; where that is not allowed, it hears nothing.
    pub(in super::super) fn open() -> Self {
        Self::of(listen())
    }
}

fn listen() -> std::io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    Ok(socket)
}
