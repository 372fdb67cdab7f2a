//! Names that entities have under their developers' handles.

use beatkeeper_core::identity::EntityId;
use serde::Serialize;

/// A name binding as the registry keeps and shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names are the registry's own")]
pub struct Name {
    /// `HOST/HANDLE/NAME`
    pub fqan: String,
    pub entity_name: String,
    pub developer_handle: String,
    pub registry_host: String,
    pub entity_id: EntityId,
    pub developer_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub current_version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capability_tags: Vec<String>,
    pub registered_at: String,
    pub updated_at: String,
    pub signature: String,
}
