//! The system's own word that the computer goes to sleep or woke up, where it gives one.

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod clock_alone;
#[cfg(all(unix, not(target_os = "macos")))]
mod logind;

use tokio::sync::mpsc;

#[cfg(not(all(unix, not(target_os = "macos"))))]
use clock_alone as platform;
#[cfg(all(unix, not(target_os = "macos")))]
use logind as platform;

/// What the system says.
///
/// A hint, and no measure: any program on the computer can say it, too. Whether the computer slept, and how long, is
/// what [`Clock::look`](crate::Clock::look) tells when it is asked then.
#[derive(Debug)]
pub enum PowerEvent {
    /// The computer is about to sleep. It may not wait for anybody here, so this may come only after the sleep.
    GoingToSleep(Delay),
    /// The computer woke up, or the sleep was called off.
    Woke,
}

/// Where the system lets a program ask for a moment before the sleep, it waits until this is dropped; for some seconds at most.
#[derive(Debug, Default)]
pub struct Delay {
    #[cfg(all(unix, not(target_os = "macos")))]
    _lock: Option<std::os::fd::OwnedFd>,
}

/// Starts the task that passes on what the system says; it ends when the receiver is dropped. Where the system says
/// nothing, the receiver hears nothing, and the clock alone tells of sleep. Call it within a tokio runtime.
pub fn watch(notify: mpsc::Sender<PowerEvent>) {
    tokio::spawn(platform::watch(notify));
}
