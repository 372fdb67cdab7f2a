//! What this computer is called.

/// As a beat's `host`; empty where the system does not tell.
#[cfg(unix)]
pub(super) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// As a beat's `host`; empty where the system does not tell.
#[cfg(windows)]
pub(super) fn name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}
