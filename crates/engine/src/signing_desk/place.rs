//! Where an agent's signer listens, and who is at the other end, as each system has it.

use std::io;
use std::path::{Path, PathBuf};

use beatkeeper_core::identity::EntityId;
use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::{ListenerOptions, Name};
use sha2::{Digest as _, Sha256};

/// Makes the folder, for the owner alone.
pub(super) fn make(run_dir: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(run_dir)
}

/// The same in every version: an agent that runs on over an update knows no other.
pub(super) fn address(run_dir: &Path, id: &EntityId) -> PathBuf {
    platform::address(run_dir, &short_hash(id.as_str().as_bytes()))
}

/// As the system takes it.
pub(super) fn name(address: &Path) -> io::Result<Name<'static>> {
    use interprocess::local_socket::{GenericFilePath, ToFsName as _};
    address.to_owned().to_fs_name::<GenericFilePath>()
}

/// For the owner alone, from the first moment on.
pub(super) fn restrict(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    platform::restrict(options)
}

/// The number of the process that connected, where the system tells.
pub(super) fn peer(stream: &Stream) -> Option<u32> {
    peer::pid(stream)
}

fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(unix)]
mod platform {
    use super::{ListenerOptions, Path, PathBuf, short_hash};
    use interprocess::os::unix::local_socket::ListenerOptionsExt as _;

    /// The kernel takes paths of about a hundred bytes.
    const LONGEST: usize = 100;

    pub(super) fn address(run_dir: &Path, agent: &str) -> PathBuf {
        let beside = run_dir.join(format!("{agent}.sign"));
        if beside.as_os_str().len() < LONGEST {
            return beside;
        }
        let name = short_hash(beside.as_os_str().as_encoded_bytes());
        std::env::temp_dir().join(format!("beatkeeper-{name}.sign"))
    }

    pub(super) fn restrict(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
        options.mode(0o600)
    }
}

#[cfg(windows)]
mod platform {
    use super::{ListenerOptions, Path, PathBuf, short_hash};

    pub(super) fn address(run_dir: &Path, agent: &str) -> PathBuf {
        let name = short_hash(run_dir.join(agent).as_os_str().as_encoded_bytes());
        format!(r"\\.\pipe\beatkeeper-sign-{name}").into()
    }

    /// A named pipe's default descriptor lets others read but not write; requests are writes.
    pub(super) fn restrict(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
        options
    }
}

#[cfg(not(target_os = "macos"))]
mod peer {
    use super::Stream;
    use interprocess::local_socket::traits::StreamCommon as _;

    #[cfg_attr(windows, expect(clippy::useless_conversion, reason = "process numbers are signed elsewhere"))]
    pub(super) fn pid(stream: &Stream) -> Option<u32> {
        u32::try_from(stream.peer_creds().ok()?.pid()?).ok()
    }
}

/// The credentials of a socket have no number here; it is asked for by itself.
#[cfg(target_os = "macos")]
mod peer {
    use super::Stream;
    use nix::sys::socket::{getsockopt, sockopt};

    pub(super) fn pid(stream: &Stream) -> Option<u32> {
        let Stream::UdSocket(socket) = stream;
        u32::try_from(getsockopt(socket, sockopt::LocalPeerPid).ok()?).ok()
    }
}
