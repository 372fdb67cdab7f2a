//! From what each check told to the one cause.

use super::cause::Weight;
use super::{Cause, Check, Code, Diagnosis, Outcome, Reading, Symptom};
use crate::notice::duration;
use crate::time::millis;
use crate::view::{Severity, VerdictView};
use std::time::Duration;

/// What is known beside the checks.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// What a person sees.
    pub symptom: Option<Symptom>,
    /// How long it took to look.
    pub took: Duration,
    /// What the three witnesses say, where a Beatkeeper runs.
    pub verdict: Option<VerdictView>,
}

/// The one cause, with its proof, and what it is not.
///
/// Checks are in the order of cause and consequence. A cause behind which nothing can work wins over all that follow it; then
/// the first that says why; then the first that says what; then what breaks nothing yet.
#[must_use]
pub fn diagnose(readings: &[(Check, Reading)], context: &Context) -> Diagnosis {
    let causes: Vec<(Check, &Reading, &Cause)> =
        readings.iter().filter_map(|(check, reading)| Some((*check, reading, reading.cause.as_ref()?))).collect();
    // A route that is missing explains a path that is broken, and nothing when the registry is reached all the same.
    let reached = readings.iter().any(|(check, reading)| {
        let refused = reading.cause.as_ref().is_some_and(|cause| cause.code == Code::Refused);
        // By whichever way: through a proxy no address need be reached from here.
        *check == Check::Http && reading.outcome == Outcome::Ok
            || *check == Check::Tcp && (refused || matches!(reading.outcome, Outcome::Ok | Outcome::Notice))
    });
    let meant = |code: Code| code != Code::NetworkDown || !reached;
    let explains = |code: Code| meant(code) && context.symptom.is_none_or(|symptom| code.explains(symptom));
    let mut chosen: Option<&(Check, &Reading, &Cause)> = None;
    for weight in [Weight::Root, Weight::Specific, Weight::Weak, Weight::Aside] {
        chosen = chosen
            .or_else(|| causes.iter().find(|(_, _, cause)| cause.code.weight() == weight && explains(cause.code)));
    }
    let ruled_out = ruled_out(readings);
    match chosen {
        Some((check, reading, cause)) => Diagnosis {
            code: cause.code.as_str().to_owned(),
            severity: cause.code.severity(),
            sentence: cause.sentence.clone(),
            proof: proof(*check, reading, readings),
            remedy: cause.remedy.clone(),
            ruled_out,
            repair: cause.repair,
            wait_ms: cause.wait.map(millis),
        },
        None => nothing_found(readings, context, &causes, ruled_out),
    }
}

/// No cause explains it: then what is beside it, or what the witnesses say, or that all is well.
fn nothing_found(
    readings: &[(Check, Reading)],
    context: &Context,
    causes: &[(Check, &Reading, &Cause)],
    ruled_out: Vec<String>,
) -> Diagnosis {
    let sick = context.verdict.as_ref().filter(|verdict| matches!(verdict.severity, Severity::Bad | Severity::Warning));
    let beside = causes.iter().max_by_key(|(_, _, cause)| cause.code.weight());
    if let (Some(symptom), Some((check, reading, cause))) = (context.symptom, beside) {
        return Diagnosis {
            code: cause.code.as_str().to_owned(),
            severity: cause.code.severity(),
            sentence: format!("Nothing explains \"{}\"; beside it: {}", symptom.sentence(), cause.sentence),
            proof: proof(*check, reading, readings),
            remedy: cause.remedy.clone(),
            ruled_out,
            repair: cause.repair,
            wait_ms: cause.wait.map(millis),
        };
    }
    if let Some(verdict) = sick {
        return Diagnosis {
            code: verdict.code.to_owned(),
            severity: verdict.severity,
            sentence: verdict.sentence.clone(),
            proof: vec![
                "No check shows why; this is what its process, our link and the registry say together".to_owned(),
            ],
            remedy: verdict.remedy.clone(),
            ruled_out,
            repair: None,
            wait_ms: None,
        };
    }
    let well = readings.iter().filter(|(_, reading)| reading.outcome == Outcome::Ok).count();
    let (sentence, remedy) = match context.symptom {
        None => ("All is well: nothing was found".to_owned(), ""),
        Some(symptom) => (
            format!("Nothing was found that explains \"{}\"", symptom.sentence()),
            match symptom {
                Symptom::NeverConnects => "Run this again when it does not connect.",
                Symptom::Drops => {
                    "Measure with `--hold 400` whether something cuts sockets, and look at its reconnect history."
                }
                Symptom::Inactive => {
                    "It is shown active now, or its process is not alive. Run this again when it is otherwise."
                }
            },
        ),
    };
    Diagnosis {
        code: "ok".to_owned(),
        severity: Severity::Good,
        sentence,
        proof: vec![format!("{well} checks are well, in {}", took(context.took))],
        remedy: remedy.to_owned(),
        ruled_out,
        repair: None,
        wait_ms: None,
    }
}

/// The check that showed it, and those that it broke.
fn proof(check: Check, reading: &Reading, readings: &[(Check, Reading)]) -> Vec<String> {
    let line = |check: Check, evidence: &str| format!("{}: {evidence}", check.title());
    let mut proof = vec![line(check, &reading.evidence)];
    let others = readings.iter().filter(|(other, reading)| *other != check && reading.outcome == Outcome::Bad);
    proof.extend(others.take(3).map(|(other, reading)| line(*other, &reading.evidence)));
    proof
}

fn ruled_out(readings: &[(Check, Reading)]) -> Vec<String> {
    readings
        .iter()
        .filter(|(_, reading)| reading.outcome == Outcome::Ok)
        .map(|(check, reading)| format!("{}: {}", check.title(), reading.evidence))
        .collect()
}

fn took(time: Duration) -> String {
    if time < Duration::from_secs(90) { format!("{:.1} s", time.as_secs_f64()) } else { duration(time) }
}
