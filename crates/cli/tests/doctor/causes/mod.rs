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
use std::fs;

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
    /// The check that shows it; none, when all is well.
    pub shown_by: Option<&'static str>,
}

/// A table: each row is a test of its name.
macro_rules! causes {
    ($($name:ident: $asked:expr => $code:literal, $shown_by:expr, $staged:expr;)*) => {
        /// The codes of this table.
        pub const CODES: &[&str] = &[$($code),*];

        $(
            #[test]
            fn $name() {
                $crate::causes::Cause { staged: $staged, asked: &$asked, code: $code, shown_by: $shown_by }.is_found();
            }
        )*
    };
}
use causes;

/// Every code that the doctor knows, as documented, which is written by the code itself.
fn known() -> BTreeSet<String> {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor.md");
    let text = fs::read_to_string(docs).expect("the doctor's page");
    let table = text.split("<!-- causes:").nth(1).and_then(|rest| rest.split("<!-- end -->").next()).expect("a table");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(str::to_owned).chain([WELL.to_owned()]).collect()
}

/// What it says when nothing is wrong.
const WELL: &str = "ok";

impl Cause {
    /// Stages it, asks the doctor, and compares.
    #[track_caller]
    pub fn is_found(&self) {
        let scene = (self.staged)();
        let said = scene.doctor(&[&["--json"], self.asked].concat());
        let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
        let diagnosis = &report["diagnosis"];
        assert_eq!(diagnosis["code"], self.code, "{report:#}");
        assert_eq!(said.code, Some(i32::from(self.code != WELL)), "{said:?}");
        for unfinished in ["waiting", "running"] {
            assert!(with_result(&report, unfinished).is_empty(), "{report:#}");
        }
        let proof = diagnosis["proof"].as_array().cloned().unwrap_or_default();
        let texts: Vec<&str> = proof.iter().filter_map(Value::as_str).chain(diagnosis["sentence"].as_str()).collect();
        match self.shown_by {
            None => assert_eq!(with_result(&report, "bad"), BTreeSet::new(), "{report:#}"),
            Some(check) => {
                assert!(!diagnosis["remedy"].as_str().unwrap_or_default().is_empty(), "no remedy: {diagnosis:#}");
                let row = report["checks"].as_array().and_then(|rows| rows.iter().find(|row| row["check"] == check));
                let row = row.unwrap_or_else(|| panic!("{check} is no check: {report:#}"));
                assert!(row["result"] == "bad" || row["result"] == "notice", "{row:#}");
                let title = row["title"].as_str().expect("a title");
                assert!(texts[0].starts_with(&format!("{title}: ")), "not shown by {check}: {diagnosis:#}");
            }
        }
        assert!(texts.len() > 1 && !texts.contains(&""), "something is not said: {diagnosis:#}");
        for other in known().iter().filter(|other| *other != self.code && other.contains('.')) {
            assert!(!texts.iter().any(|text| text.contains(other)), "{other} is named as well: {diagnosis:#}");
        }
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
    let rows: BTreeSet<String> = tables.into_iter().map(str::to_owned).collect();
    assert_eq!(rows, known());
}
