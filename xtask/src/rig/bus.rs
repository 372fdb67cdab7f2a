//! Questions to the session bus.

use std::process::Command;

use anyhow::Result;

use super::Desktop;
use crate::exec;

/// Whether the bus is there.
pub(super) fn answers(desktop: &Desktop) -> bool {
    exec::succeeds(ask(desktop).arg("org.freedesktop.DBus.GetId"))
}

/// Whether anyone owns a name.
pub(super) fn name_owned(desktop: &Desktop, name: &str) -> Result<bool> {
    let mut question = ask(desktop);
    question.arg("org.freedesktop.DBus.NameHasOwner").arg(format!("string:{name}"));
    Ok(exec::output(&mut question)?.contains("true"))
}

fn ask(desktop: &Desktop) -> Command {
    let mut command = desktop.command("dbus-send");
    command.args(["--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"]);
    command
}
