//! Which agent a person means: by entity id, the beginning of one, or name.

use beatkeeper_core::identity::EntityId;

use crate::failure::Failure;
use crate::out::plain;

const MOST_CANDIDATES: usize = 10;

/// An agent that can be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) id: EntityId,
    pub(crate) name: String,
}

/// The one that `wanted` means: a whole id, then a name, then the beginning of an id, with or without its `zns:`.
pub(crate) fn find(wanted: &str, candidates: &[Candidate]) -> Result<Candidate, Failure> {
    let wanted = wanted.trim();
    if let Some(found) = candidates.iter().find(|candidate| candidate.id.as_str() == wanted) {
        return Ok(found.clone());
    }
    let named: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.name == wanted).collect();
    if !named.is_empty() {
        return only(wanted, &named);
    }
    let begins = |candidate: &&Candidate| {
        let id = candidate.id.as_str();
        let digits = id.rsplit(':').next().unwrap_or(id);
        !wanted.is_empty() && (id.starts_with(wanted) || digits.starts_with(wanted))
    };
    let begun: Vec<&Candidate> = candidates.iter().filter(begins).collect();
    if begun.is_empty() { Err(unknown(wanted, candidates)) } else { only(wanted, &begun) }
}

fn only(wanted: &str, found: &[&Candidate]) -> Result<Candidate, Failure> {
    match found {
        [one] => Ok((*one).clone()),
        several => Err(Failure::refused(
            "agent.ambiguous",
            format!("\"{}\" means {} agents", plain(wanted), several.len()),
            format!("Say which, by its id: {}", list(several)),
        )),
    }
}

fn unknown(wanted: &str, candidates: &[Candidate]) -> Failure {
    let sentence = format!("There is no agent \"{}\"", plain(wanted));
    let remedy = if candidates.is_empty() {
        "There are none yet. Add one with `beatkeeper agent import FILE --registry URL`.".to_owned()
    } else {
        format!("Choose one of {}", list(&candidates.iter().collect::<Vec<_>>()))
    };
    Failure::refused("agent.unknown", sentence, remedy)
}

fn list(candidates: &[&Candidate]) -> String {
    let mut words: Vec<String> = candidates
        .iter()
        .take(MOST_CANDIDATES)
        .map(|candidate| format!("{} ({})", plain(&candidate.name), candidate.id))
        .collect();
    if candidates.len() > MOST_CANDIDATES {
        words.push(format!("and {} more", candidates.len() - MOST_CANDIDATES));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<Candidate> {
        [
            ("zns:56475aa75463474c0285df5dbf2bcab7", "weather"),
            ("zns:56001487229600000000000000007f72", "twin"),
            ("zns:svc:7f3214872296f48d652a365c9f637f72", "twin"),
            ("zns:c05f93041a20967a48616b85df7ada7f", "7f"),
        ]
        .map(|(id, name)| Candidate { id: id.parse().unwrap(), name: name.into() })
        .to_vec()
    }

    fn found(wanted: &str) -> Result<String, String> {
        match find(wanted, &candidates()) {
            Ok(candidate) => Ok(candidate.id.as_str()[..8].to_owned()),
            Err(Failure::Refused(refusal)) => Err(format!("{}: {} {}", refusal.code, refusal.sentence, refusal.remedy)),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_agent_is_meant_by_id_name_or_the_beginning_of_an_id() {
        assert_eq!(found("zns:56475aa75463474c0285df5dbf2bcab7").unwrap(), "zns:5647");
        assert_eq!(found("weather").unwrap(), "zns:5647");
        assert_eq!(found("zns:564").unwrap(), "zns:5647");
        assert_eq!(found("c05f").unwrap(), "zns:c05f");
        assert_eq!(found("zns:svc").unwrap(), "zns:svc:");
    }

    #[test]
    fn a_name_comes_before_the_beginning_of_an_id() {
        assert_eq!(found("7f").unwrap(), "zns:c05f");
    }

    #[test]
    fn what_is_not_clear_is_answered_with_the_candidates() {
        let several = found("56").unwrap_err();
        assert!(several.starts_with("agent.ambiguous") && several.contains("weather (zns:56475"), "{several}");
        assert!(!several.contains("c05f"), "{several}");
        assert!(found("twin").unwrap_err().contains("means 2 agents"));
        let unknown = found("wether").unwrap_err();
        assert!(unknown.starts_with("agent.unknown") && unknown.contains("weather"), "{unknown}");
        assert!(found("").unwrap_err().starts_with("agent.unknown"));
        assert!(find("x", &[]).is_err());
    }
}
