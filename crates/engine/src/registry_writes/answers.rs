//! What a registry's answers mean for a person (protocols.md 1.7).

use std::time::Duration;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::identity::EntityId;

use super::client::Answer;
use super::records::restricted;
use crate::refusal::Refusal;

/// What a refusal of the registry's means: its status, how its sentence begins, our code, sentence and remedy.
struct Meaning(u16, &'static str, &'static str, &'static str, &'static str);

const DEFECT: &str = "This is a defect; please report it.";
const OWN_KEY: &str = "Look whether the vault has the key that is registered: `beatkeeper agent show AGENT`.";

/// In the order in which the registry checks. An empty beginning is any sentence with this status.
const MEANINGS: [Meaning; 22] = [
    Meaning(400, "invalid request body", "write.bad_request", "The registry cannot read the request", DEFECT),
    Meaning(400, "invalid entity_type", "write.bad_request", "The registry does not know this kind of entity", DEFECT),
    Meaning(
        400,
        "name, category, and public_key are required",
        "write.bad_field",
        "A registration needs a name and a category",
        "Give them: --name and --category.",
    ),
    Meaning(
        400,
        "entity_url is required",
        "write.no_url",
        "A registration needs the address at which the agent is published",
        "Give it: --url.",
    ),
    Meaning(400, "signature is required", "write.bad_request", "The registry found no signature", DEFECT),
    Meaning(
        401,
        "invalid agent signature",
        "write.agent_signature",
        "The registry does not take the signature of the agent's key",
        "Try again with plainer texts; if it stays like this, please report it.",
    ),
    Meaning(
        400,
        "developer_id and developer_proof are required",
        "write.bad_request",
        "The registry found no proof of the developer",
        DEFECT,
    ),
    Meaning(
        400,
        "developer_id not found",
        "write.developer_unknown",
        "The registry does not know the developer",
        "Try again: registering the developer is then a step of the plan.",
    ),
    Meaning(
        400,
        "developer_proof.developer_public_key does not match",
        "write.developer_mismatch",
        "The registry knows the developer by another key",
        "Name the key file with which the developer was registered (`--developer FILE`).",
    ),
    Meaning(
        401,
        "invalid developer derivation proof",
        "write.developer_proof",
        "The registry does not take the developer's proof",
        "Look whether `--index` is the agent's number among the developer's agents.",
    ),
    Meaning(
        409,
        "agent already registered",
        "write.already_registered",
        "It is registered already",
        "Nothing needs to be done. To change where it is published: `beatkeeper agent update AGENT --url URL`.",
    ),
    Meaning(
        409,
        "developer already registered",
        "write.developer_taken",
        "The developer is registered already, or the handle is taken",
        "Try again: what is registered already is then no step of the plan.",
    ),
    Meaning(
        401,
        "ownership verification failed",
        "write.not_owner",
        "The registry does not take this key for the owner's",
        OWN_KEY,
    ),
    Meaning(
        401,
        "unauthorized",
        "write.not_owner",
        "The registry does not take this key for that of the name's developer",
        "Name the key file of the developer who has the handle (`--developer FILE`).",
    ),
    Meaning(
        401,
        "invalid signature",
        "write.developer_signature",
        "The registry does not take the signature of the developer's key",
        "Look whether the key file is the developer's; if it is, please report this.",
    ),
    Meaning(
        404,
        "entity not found",
        "write.not_registered",
        "The registry does not know it",
        "Register it: `beatkeeper agent register AGENT`.",
    ),
    Meaning(
        404,
        "developer not found",
        "write.developer_unknown",
        "The registry does not know the developer of the name",
        "Name the key file of the developer who has the handle (`--developer FILE`).",
    ),
    Meaning(404, "name not found", "write.name_unknown", "The registry does not know the name", "Try again."),
    Meaning(
        500,
        "failed to delete agent",
        "write.name_bound",
        "The registry cannot delete a record that has a name",
        "Try again: releasing the name is then a step of the plan. It needs the developer's key.",
    ),
    Meaning(
        500,
        "",
        "write.registry_failed",
        "The registry failed",
        "Try again later; whether it has done it, a look at the agent shows.",
    ),
    Meaning(
        400,
        "",
        "write.bad_field",
        "The registry does not take what the registration says",
        "Give it other words: --name, --url, --category, --tag, --summary.",
    ),
    Meaning(401, "", "write.not_owner", "The registry does not take the signature", OWN_KEY),
];

/// What the registry refused, and what to do about it.
pub(super) fn refusal(answer: &Answer, base: &BaseUrl) -> Refusal {
    let status = answer.status;
    if (300..400).contains(&status) {
        return Refusal::new(
            "write.redirected",
            format!("{base} sends requests on to another address, where a signed one does not go"),
            "Correct the registry's base URL in the configuration.",
        );
    }
    let Some(said) = answer.error() else {
        return if status >= 500 { failed(base, status) } else { not_a_registry(base) };
    };
    if status == 403 {
        return restricted(answer.text("auth_url"));
    }
    let fits = |meaning: &&Meaning| meaning.0 == status && said.starts_with(meaning.1);
    match MEANINGS.iter().find(fits) {
        Some(Meaning(_, _, code, sentence, remedy)) => {
            Refusal::new(code, format!("{sentence}. It says: \"{}\"", quoted(said)), *remedy)
        }
        None if status >= 500 => failed(base, status),
        None => Refusal::new(
            "write.refused",
            format!("The registry answers {status}. It says: \"{}\"", quoted(said)),
            "Look at what it says, and try again.",
        ),
    }
}

/// Whether it is possible that the registry has done what it was asked, although it does not say so.
pub(super) fn is_unsure(refusal: &Refusal) -> bool {
    let unsure = ["write.no_answer", "write.registry_failed", "write.not_a_registry", "write.other_id"];
    unsure.contains(&refusal.code.as_str())
}

/// Whether it may even be done later, or under a name that is not looked at.
pub(super) fn may_come_yet(refusal: &Refusal) -> bool {
    ["write.no_answer", "write.other_id"].contains(&refusal.code.as_str())
}

/// A registry to which nothing could be sent.
pub(super) fn unreachable(base: &BaseUrl, why: &str) -> Refusal {
    Refusal::new(
        "write.unreachable",
        format!("The registry {base} cannot be reached: {why}"),
        "Look whether it can be reached, and try again.",
    )
}

/// A registry that may have had the request, and did not answer.
pub(super) fn no_answer(base: &BaseUrl, why: &str) -> Refusal {
    Refusal::new(
        "write.no_answer",
        format!("The registry {base} did not answer: {why}"),
        "Look whether it can be reached, and try again.",
    )
}

/// A registration of which nobody knows what became.
pub(super) fn in_doubt(refusal: Refusal, id: &EntityId, index: u32) -> Refusal {
    Refusal {
        sentence: format!(
            "{}. Whether {id}, the developer's number {index}, is registered now is not known",
            refusal.sentence
        ),
        remedy: "Try again in a minute: what is registered by then is not registered twice.".to_owned(),
        ..refusal
    }
}

/// A key that is to be new, and that somebody else has registered since it was looked for.
pub(super) fn taken(id: &EntityId, index: u32) -> Refusal {
    Refusal::new(
        "write.index_taken",
        format!(
            "{id}, the developer's number {index}, was registered by somebody else a moment ago: whoever did it has that key, \
             too"
        ),
        "Look who else has the developer's key, and try again: another number is taken then.",
    )
}

/// A server that answers as no registry does.
pub(super) fn not_a_registry(base: &BaseUrl) -> Refusal {
    Refusal::new(
        "write.not_a_registry",
        format!("{base} answers as no Zynd registry does"),
        "Check the registry's base URL, and whether a login page stands before it.",
    )
}

/// A registry that has had too many writes from here.
pub(super) fn limited(base: &BaseUrl, wait: Duration) -> Refusal {
    Refusal::new(
        "write.rate_limited",
        format!("{base} takes no more registrations from this address for now: the usual limit is 10 a minute"),
        format!("Try again in {} s. Others behind the same address count, too.", wait.as_secs().max(1)),
    )
}

/// Nobody waits for it any more.
pub(super) fn given_up(base: &BaseUrl) -> Refusal {
    Refusal::new(
        "write.given_up",
        format!("Whoever asked for it left while {base} took no more registrations; the rest was not sent"),
        "Look at it again, and carry it out.",
    )
}

/// Two writes at once would each go by a state that the other one changes.
pub(super) fn under_way() -> Refusal {
    Refusal::new(
        "write.under_way",
        "Another change at a registry is under way",
        "Wait until it is done, a minute or two at most, and look at this one again.",
    )
}

pub(super) fn no_turn(error: &std::io::Error) -> Refusal {
    Refusal::new(
        "write.no_turn",
        format!("It cannot be told whether another change at a registry is under way: {error}"),
        "See to what is wrong with the data folder and try again.",
    )
}

fn failed(base: &BaseUrl, status: u16) -> Refusal {
    Refusal::new(
        "write.registry_failed",
        format!("{base} answers {status}"),
        "Try again later; whether it has done it, a look at the agent shows.",
    )
}

/// A server's words, short and in one line.
pub(super) fn quoted(said: &str) -> String {
    said.chars().take(300).flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(status: u16, said: &str) -> String {
        let json = (!said.is_empty()).then(|| json!({"error": said, "auth_url": "https://auth.example.test"}));
        let refusal = refusal(&Answer { status, json, waited: None }, &"http://127.0.0.1:1".parse().unwrap());
        assert!(refusal.code.starts_with("write."), "{refusal:?}");
        assert!(!refusal.sentence.is_empty() && refusal.remedy.ends_with('.'), "{refusal:?}");
        refusal.code["write.".len()..].to_owned()
    }

    #[test]
    fn every_answer_of_the_registry_has_a_meaning() {
        for (status, said, wanted) in [
            (400, "invalid request body: EOF", "bad_request"),
            (400, "invalid entity_type: x", "bad_request"),
            (400, "name, category, and public_key are required", "bad_field"),
            (400, "entity_url is required for agent type", "no_url"),
            (400, "signature is required", "bad_request"),
            (401, "invalid agent signature", "agent_signature"),
            (400, "developer_id and developer_proof are required", "bad_request"),
            (400, "developer_id not found; register developer first", "developer_unknown"),
            (400, "developer_proof.developer_public_key does not match registered developer", "developer_mismatch"),
            (401, "invalid developer derivation proof", "developer_proof"),
            (400, "summary must be 200 characters or less", "bad_field"),
            (400, "service_endpoint is required for entity_type 'service'", "bad_field"),
            (409, "agent already registered", "already_registered"),
            (500, "failed to register agent: x", "registry_failed"),
            (401, "ownership verification failed: invalid ownership signature", "not_owner"),
            (401, "unauthorized: invalid ownership signature", "not_owner"),
            (404, "entity not found", "not_registered"),
            (404, "name not found", "name_unknown"),
            (404, "developer not found", "developer_unknown"),
            (500, "failed to delete agent: … \"zns_names_entity_id_fkey\" (SQLSTATE 23503)", "name_bound"),
            (401, "invalid signature", "developer_signature"),
            (409, "developer already registered (or handle already taken)", "developer_taken"),
            (403, "self-registration is disabled; use 'agentdns auth login --registry <url>'", "onboarding_restricted"),
            (418, "I am a teapot", "refused"),
            (503, "upstream", "registry_failed"),
            (502, "", "registry_failed"),
            (301, "", "redirected"),
            (404, "", "not_a_registry"),
            (200, "", "not_a_registry"),
        ] {
            assert_eq!(code(status, said), wanted, "{status} {said}");
        }
    }

    #[test]
    fn a_servers_words_steer_nothing() {
        assert_eq!(quoted("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\nb");
        assert_eq!(quoted(&"x".repeat(1000)).len(), 300);
    }
}
