//! The table of causes: how each is staged, and what the doctor has to say of it. No cause is without a row, and none is
//! taken for another.

mod agent;
mod beats;
mod key;
mod link;
mod network;
mod registry;
mod tls;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::scene::Scene;

/// One cause.
pub struct Cause {
    /// How it is staged.
    pub staged: fn() -> Scene,
    /// What the doctor is told beside the agent.
    pub asked: &'static [&'static str],
    /// The code of its diagnosis.
    pub code: &'static str,
    /// The checks that are bad; every other one is not.
    pub bad: &'static [&'static str],
}

/// A table: each row is a test of its name.
macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident: $asked:expr => $code:literal, $bad:expr, $staged:expr;)*) => {
        /// The codes of this table.
        pub const CODES: &[&str] = &[$($code),*];

        $(
            $(#[$doc])*
            #[test]
            fn $name() {
                $crate::causes::Cause { staged: $staged, asked: &$asked, code: $code, bad: &$bad }.is_found();
            }
        )*
    };
}
use causes;

/// Every code that the doctor knows (docs/doctor.md).
const KNOWN: [&str; 47] = [
    "ok",
    "engine.not_running",
    "network.down",
    "proxy.unreachable",
    "proxy.login",
    "link.dns",
    "link.refused",
    "link.timeout",
    "link.unreachable",
    "tls.expired",
    "tls.not_yet_valid",
    "tls.wrong_name",
    "tls.intercepted",
    "tls.unknown_issuer",
    "link.tls",
    "registry.not_a_registry",
    "link.redirected",
    "link.server_error",
    "link.rate_limited",
    "link.forbidden",
    "clock.own",
    "registry.not_registered",
    "registry.tombstoned",
    "registry.gossip_copy",
    "key.mismatch",
    "key.missing",
    "key.locked",
    "key.of_another",
    "key.unavailable",
    "link.upgrade_stripped",
    "link.idle_cut",
    "link.age_cut",
    "link.flapping",
    "beats.ignored",
    "beats.second_copy",
    "registry.other_url",
    "process.not_running",
    "process.wrong_agent",
    "process.restarting",
    "agent.card_mismatch",
    "agent.url_elsewhere",
    "agent.url_unreachable",
    "agent.not_found",
    "clock.process",
    "agent.never_beat",
    "agent.silent",
    "registry.sweep_late",
];

impl Cause {
    /// Stages it, asks the doctor, and compares.
    #[track_caller]
    pub fn is_found(&self) {
        let scene = (self.staged)();
        let said = scene.doctor(&[&["--json"], self.asked].concat());
        let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        let diagnosis = &report["diagnosis"];
        assert_eq!(diagnosis["code"], self.code, "{report:#}");
        assert_eq!(said.code, Some(i32::from(self.code != "ok")), "{said:?}");
        assert_eq!(with_result(&report, "bad"), BTreeSet::from_iter(self.bad.iter().copied()), "{report:#}");
        for unfinished in ["waiting", "running"] {
            assert!(with_result(&report, unfinished).is_empty(), "{report:#}");
        }
        let texts = self.texts(diagnosis);
        for other in KNOWN.iter().filter(|other| **other != self.code && other.contains('.')) {
            assert!(!texts.contains(other), "{other} is named as well: {diagnosis:#}");
        }
    }

    /// What it says, of which none is missing: the sentence, the proof and the remedy.
    #[track_caller]
    fn texts(&self, diagnosis: &Value) -> String {
        let proof = diagnosis["proof"].as_array().cloned().unwrap_or_default();
        assert!(!proof.is_empty(), "nothing proves it: {diagnosis:#}");
        let texts = proof.iter().chain([&diagnosis["sentence"], &diagnosis["remedy"]]);
        let texts: Vec<&str> = texts.map(|text| text.as_str().unwrap_or_default()).collect();
        assert!(self.code == "ok" || !texts.contains(&""), "something is not said: {diagnosis:#}");
        texts.join("\n")
    }
}

/// The checks of a report that came out so.
pub fn with_result<'a>(report: &'a Value, result: &str) -> BTreeSet<&'a str> {
    let checks = report["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = checks.iter().filter(|check| check["result"] == result);
    named.map(|check| check["check"].as_str().expect("its name")).collect()
}

#[test]
fn every_code_has_a_row_and_every_row_a_code() {
    let tables = [
        agent::CODES,
        beats::CODES,
        key::CODES,
        link::CODES,
        network::CODES,
        network::CODES_OF_ITS_OWN,
        registry::CODES,
        tls::CODES,
    ]
    .concat();
    let rows: BTreeSet<&str> = tables.into_iter().collect();
    assert_eq!(rows, BTreeSet::from(KNOWN));
}
