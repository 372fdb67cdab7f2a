//! The system's word that something about its network changed, where it is cheap to have.

#[cfg(target_os = "linux")]
mod netlink;
#[cfg(target_os = "macos")]
mod route_socket;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod silent;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod socket;

#[cfg(target_os = "linux")]
pub(super) use netlink::Changes;
#[cfg(target_os = "macos")]
pub(super) use route_socket::Changes;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) use silent::Changes;
