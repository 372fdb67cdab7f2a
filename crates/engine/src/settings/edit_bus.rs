//! Adding and removing buses in the file.

use std::path::Path;

use toml_edit::{Table, value};

use super::bus::BusEntry;
use super::edit::{Draft, draft, is_called, list};
use super::file::SettingsError;

/// Adds a bus, to be written later. Only what differs from what is usual is written.
///
/// # Errors
/// When the file cannot be read, or is not valid before or after the change.
pub(crate) fn draft_bus(path: &Path, bus: &BusEntry) -> Result<Draft, SettingsError> {
    draft(path, |document| {
        let mut table = Table::new();
        table["name"] = value(&bus.name);
        table["url"] = value(bus.url.as_str());
        if !bus.watch {
            table["watch"] = value(false);
        }
        if bus.team {
            table["team"] = value(true);
        }
        list(document, "bus")?.push(table);
        Ok(())
    })
}

/// Removes a bus, to be written later.
///
/// # Errors
/// As [`draft_bus`]; also while agents are there.
pub(crate) fn draft_without_bus(path: &Path, name: &str) -> Result<Draft, SettingsError> {
    draft(path, |document| {
        list(document, "bus")?.retain(|table| !is_called(table, name));
        Ok(())
    })
}
