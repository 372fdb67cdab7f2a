//! macOS: a routing socket, on which the kernel tells every change of routes, addresses and links (man 4 route).

use std::os::fd::OwnedFd;

use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::net::{AddressFamily, SocketType, socket};

use super::socket::Socket;

pub(in super::super) type Changes = Socket;

impl Changes {
    /// Listens from now on; where that is not allowed, it hears nothing.
    pub(in super::super) fn open() -> Self {
        Self::of(listen())
    }
}

fn listen() -> std::io::Result<OwnedFd> {
    let socket = socket(AddressFamily::ROUTE, SocketType::RAW, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&socket, true)?;
    Ok(socket)
}
