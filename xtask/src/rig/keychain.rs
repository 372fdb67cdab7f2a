//! The Secret Service, in three conditions.

use std::fs::File;
use std::process::Stdio;

use anyhow::Result;

use super::{Desktop, Keychain, PATIENCE};
use crate::wait;

const PART: &str = "gnome-keyring";
const BUS_NAME: &str = "org.freedesktop.secrets";
const PASSWORD: &str = "private desktop";

pub(super) fn set(desktop: &mut Desktop, keychain: Keychain) -> Result<()> {
    stop(desktop)?;
    match keychain {
        Keychain::Unlocked => start(desktop, Unlock::Yes),
        Keychain::Locked => {
            // A locked collection must exist first: the daemon creates it when it is told a password.
            start(desktop, Unlock::Yes)?;
            stop(desktop)?;
            start(desktop, Unlock::No)
        }
        Keychain::Absent => Ok(()),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unlock {
    Yes,
    No,
}

fn start(desktop: &mut Desktop, unlock: Unlock) -> Result<()> {
    let mut daemon = desktop.command("gnome-keyring-daemon");
    daemon.args(["--foreground", "--components=secrets"]);
    if unlock == Unlock::Yes {
        daemon.arg("--unlock");
    }
    let log = File::create(desktop.log_path(PART))?;
    daemon.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
    desktop.children.start(PART, daemon)?;
    desktop.children.feed(PART, if unlock == Unlock::Yes { PASSWORD } else { "" })?;
    desktop.await_bus_name(PART, BUS_NAME)
}

fn stop(desktop: &mut Desktop) -> Result<()> {
    desktop.children.stop(PART);
    wait::until("the keychain to leave the bus", PATIENCE, || Ok((!desktop.bus_name_owned(BUS_NAME)?).then_some(())))
}
