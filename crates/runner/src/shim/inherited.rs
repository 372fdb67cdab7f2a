//! What the app itself was started with, and hands on to all its children: descriptors that somebody forgot to close. A
//! shim outlives the app, and the agent may outlive both; whoever waits for the end of such a pipe, or for a lock on
//! such a file, would wait for them.

/// Closes every inherited descriptor but the standard three. To be called before anything is opened, and before there
/// is a second thread.
#[cfg(unix)]
pub(super) fn close() {
    for number in open() {
        if !is_kept(number) {
            // One of them was the folder's own, which is closed already.
            let _ = nix::unistd::close(number);
        }
    }
}

/// The system hands on only what a program asks it to hand on, and the standard library asks for the standard three.
#[cfg(windows)]
pub(super) fn close() {}

#[cfg(unix)]
fn open() -> Vec<i32> {
    let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
    // Without that folder they stay as they are: to close a million numbers blindly would cost every start its time.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|number| *number > 2).collect()
}

/// An AppImage's program lies in a mount that ends when the last reader of a certain pipe does.
#[cfg(target_os = "linux")]
fn is_kept(number: i32) -> bool {
    let is_pipe = || {
        let to = std::fs::read_link(format!("/proc/self/fd/{number}"));
        to.is_ok_and(|to| to.to_string_lossy().starts_with("pipe:"))
    };
    std::env::var_os("APPIMAGE").is_some() && is_pipe()
}

#[cfg(all(unix, not(target_os = "linux")))]
const fn is_kept(_: i32) -> bool {
    false
}
