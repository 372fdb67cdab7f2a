//! What is shown before anything is signed, and what is said when it is done.

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::wire::ownership::Owner;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use ts_rs::TS;

use super::deed::{Deed, Pen};
use super::unseen::{is_unseen, visible, visible_json};
use crate::refusal::{Refusal, json_of};

/// What stands in the place of a signature that nobody has made yet.
const UNSIGNED: &str = "(signed when sent)";

/// What would be done at the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WritePlan {
    /// Whose.
    pub agent: EntityId,
    /// A digest of all that is shown here, which carrying it out must name.
    pub seal: String,
    /// What will have happened.
    pub sentence: String,
    /// Each request, in order.
    pub steps: Vec<WriteStep>,
    /// What a person should know before.
    pub warnings: Vec<String>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WriteStep {
    /// What it does.
    pub what: String,
    /// HTTP method.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Its body, indented.
    pub body: Option<String>,
    /// By whose key.
    pub signed_by: String,
    /// The exact text that is signed; `hex:` and digits where not all of it is seen as text.
    pub signed: String,
    /// What is signed besides.
    pub also: Vec<Signing>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct Signing {
    /// By whose key.
    pub signed_by: String,
    /// The exact text that is signed; `hex:` and digits where not all of it is seen as text.
    pub signed: String,
}

/// What was done at the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WriteDone {
    /// Each request, in order.
    pub steps: Vec<WriteDoneStep>,
    /// What has happened.
    pub sentence: String,
    /// Whose id it is now.
    pub agent: EntityId,
}

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct WriteDoneStep {
    /// What it does.
    pub what: String,
    /// The HTTP status of its answer.
    pub status: Option<u16>,
    /// The registry's words, and ours where they need some.
    pub answer: String,
    /// Whether it is as it should be now.
    pub ok: bool,
}

impl WritePlan {
    /// Writes the requests with a pen that signs nothing, and seals what it shows.
    pub(super) fn show(
        agent: &EntityId,
        base: &BaseUrl,
        sentence: &str,
        deeds: &[Deed],
        warnings: &[String],
    ) -> Result<Self, Refusal> {
        let steps = deeds.iter().map(|deed| WriteStep::show(deed, base)).collect::<Result<Vec<_>, _>>()?;
        let warnings = warnings.iter().map(|warning| visible(warning)).collect();
        let plan = Self { agent: agent.clone(), seal: String::new(), sentence: visible(sentence), steps, warnings };
        let shown = json_of(&plan)?.to_string();
        let seal = Sha256::digest(shown).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { seal, ..plan })
    }
}

impl WriteStep {
    fn show(deed: &Deed, base: &BaseUrl) -> Result<Self, Refusal> {
        let mut dry = Dry::default();
        let request = deed.write(&mut dry)?;
        let body = request.body.map(|body| {
            let indented =
                serde_json::from_str(&body).and_then(|value: serde_json::Value| serde_json::to_string_pretty(&value));
            visible_json(&indented.unwrap_or(body))
        });
        // What authorizes the request is signed last.
        let last = dry.signed.pop().unwrap_or_else(|| Signing { signed_by: String::new(), signed: String::new() });
        Ok(Self {
            what: visible(&deed.what()),
            method: request.method.to_string(),
            url: base.http(&request.path).to_string(),
            body,
            signed_by: last.signed_by,
            signed: last.signed,
            also: dry.signed,
        })
    }
}

/// Notes what it is given, and signs nothing.
#[derive(Default)]
struct Dry {
    signed: Vec<Signing>,
}

impl Pen for Dry {
    fn sign(&mut self, by: Owner, bytes: &[u8]) -> Result<String, Refusal> {
        let signed_by = match by {
            Owner::Entity => "the agent's key",
            Owner::Developer => "the developer's key",
        };
        self.signed.push(Signing { signed_by: signed_by.to_owned(), signed: text_of(bytes) });
        Ok(UNSIGNED.to_owned())
    }
}

/// As it is, or in hexadecimal where it would look like another.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(is_unseen) => text.to_owned(),
        _ => bytes.iter().fold("hex:".to_owned(), |hex, byte| hex + &format!("{byte:02x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_cannot_look_like_something_else() {
        let id: EntityId = "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap();
        let deed = Deed::Publish { id: id.clone(), entity_url: "https://a\u{202e}b".into() };
        let base: BaseUrl = "http://127.0.0.1:1".parse().unwrap();
        let warnings = vec!["zero\u{200b}width".to_owned()];
        let plan = WritePlan::show(&id, &base, "to \u{202e}", &[deed], &warnings).unwrap();
        let all = json_of(&plan).unwrap().to_string();
        assert!(!all.contains('\u{202e}') && !all.contains('\u{200b}'), "{all}");
        assert!(plan.steps[0].signed.starts_with("hex:"), "{plan:#?}");
        assert_eq!(text_of("{\"a\":\"é\"}".as_bytes()), "{\"a\":\"é\"}");
    }
}
