//! Adding a registry to the file, with the way to beat there.

use std::path::Path;

use beatkeeper_core::dialect::DialectChoice;
use toml_edit::value;

use super::edit::{Draft, draft, list, registry_table};
use super::file::SettingsError;
use super::registry::RegistryEntry;

/// Adds a registry, to be written later. Only what differs from what is usual is written.
///
/// # Errors
/// When the file cannot be read, or is not valid before or after the change.
pub(crate) fn draft_registry(path: &Path, registry: &RegistryEntry) -> Result<Draft, SettingsError> {
    draft(path, |document| {
        let mut table = registry_table(&registry.name, &registry.url);
        if registry.dialect != DialectChoice::Auto {
            // A form that is named is the one that is spoken first, and has its name.
            table["dialect"] = value(registry.dialect.first().as_str());
        }
        for (field, text) in [("organization", &registry.organization), ("challenge", &registry.challenge)] {
            if let Some(text) = text {
                table[field] = value(text);
            }
        }
        list(document, "registry")?.push(table);
        Ok(())
    })
}
