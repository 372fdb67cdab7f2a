//! What the live registry does not have: `/devnet/faults` to order faults, `/devnet/entities/{id}` to see what came in.
//! Faults do not touch these routes.

use axum::body::Bytes;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::Response;
use beatkeeper_core::identity::EntityId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Registry, Shared, answer, read_json};
use crate::Fault;

/// An order: `{"fault":"drop-after","seconds":12,"entity":"zns:…"}`, or the whole of it as text in `fault`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    fault: String,
    #[serde(alias = "ms", alias = "code", alias = "value")]
    seconds: Option<Value>,
    entity: Option<String>,
}

impl Order {
    fn read(self) -> Result<Fault, String> {
        let value = self.seconds.map(|value| match value {
            Value::String(text) => text,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        });
        let fault = match (value, self.entity) {
            (None, None) => self.fault.parse(),
            (value, entity) => {
                let (word, written) = match self.fault.split_once('=') {
                    Some((word, written)) => (word, Some(written)),
                    None => (&*self.fault, None),
                };
                Fault::from_parts(word, value.as_deref().or(written), entity.as_deref())
            }
        };
        fault.map_err(|error| error.to_string())
    }
}

/// `GET /devnet/faults`
pub(super) async fn list(Extract(registry): Extract<Shared>) -> Response {
    listing(&registry)
}

/// `POST /devnet/faults`
pub(super) async fn order(Extract(registry): Extract<Shared>, body: Bytes) -> Response {
    match read_json::<Order>(&body).and_then(Order::read) {
        Ok(fault) => {
            registry.faults.send_modify(|faults| faults.order(fault));
            listing(&registry)
        }
        Err(sentence) => answer::error(StatusCode::BAD_REQUEST, &sentence),
    }
}

/// `DELETE /devnet/faults`
pub(super) async fn clear(Extract(registry): Extract<Shared>) -> Response {
    registry.faults.send_modify(crate::fault::FaultTable::clear);
    listing(&registry)
}

fn listing(registry: &Registry) -> Response {
    let faults: Vec<_> = registry.faults.borrow().list().map(Fault::to_string).collect();
    answer::json(StatusCode::OK, &json!({ "faults": faults }))
}

/// `GET /devnet/entities/{id}`: open sockets and the latest beats, with the reason why one did not count.
pub(super) async fn entity(Extract(registry): Extract<Shared>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<EntityId>() else { return answer::no_such_entity() };
    let state = &registry.state;
    let beats: Vec<_> = state
        .beats(&id)
        .into_iter()
        .map(|beat| {
            json!({
                "at": beat.at.to_string(),
                "timestamp": beat.timestamp,
                "accepted": beat.accepted,
                "reason": beat.reason.map(|reason| reason.to_string()),
            })
        })
        .collect();
    let seen = json!({
        "entity_id": id,
        "registered": state.entity(&id).is_some(),
        "sockets": state.sockets(&id),
        "accepted": state.accepted(&id),
        "beats": beats,
    });
    answer::json(StatusCode::OK, &seen)
}
