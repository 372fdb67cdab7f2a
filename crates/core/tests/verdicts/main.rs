//! Every pair of states that the witnesses can be in has a verdict, every verdict has a code that is known, a sentence and a
//! remedy, and `docs/verdicts.md` says so.

#![expect(clippy::unwrap_used, reason = "a page that cannot be read is a broken test")]

mod failures;
mod page;
mod witnesses;

use std::collections::BTreeSet;
use std::path::Path;

use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::verdict::{Subject, VERDICTS, judge, known};
use beatkeeper_core::view::Severity;

/// Set to `keep`, the page is written anew instead of compared.
const MODE: &str = "BEATKEEPER_DOCS";

#[test]
fn whatever_the_witnesses_say_has_a_code_that_is_known_and_a_sentence() {
    let mut judged = 0_u32;
    witnesses::each(|evidence| {
        judged += 1;
        let verdict = judge(evidence);
        assert!(known(verdict.code).is_some(), "{verdict:?} is of no code in the table: {evidence:?}");
        assert!(!verdict.sentence.is_empty(), "{verdict:?}: {evidence:?}");
        let worries = matches!(verdict.severity, Severity::Warning | Severity::Bad);
        assert!(!worries || !verdict.remedy.is_empty(), "{verdict:?} has no remedy: {evidence:?}");
    });
    assert!(judged > 100_000, "{judged}");
}

#[test]
fn nothing_is_well_that_does_not_beat() {
    witnesses::each(|evidence| {
        let verdict = judge(evidence);
        let well = verdict.code == "ok" || verdict.code.starts_with("ok.");
        assert_eq!(well, verdict.severity == Severity::Good, "{verdict:?}");
        assert!(!well || evidence.liveness == Liveness::Active, "{verdict:?}: {evidence:?}");
    });
}

#[test]
fn every_code_in_the_table_is_given_by_somebody() {
    let mut given = BTreeSet::new();
    witnesses::each(|evidence| {
        given.insert(judge(evidence).code);
    });
    let never: Vec<_> = VERDICTS.iter().map(|verdict| verdict.code).filter(|code| !given.contains(code)).collect();
    assert_eq!(never, Vec::<&str>::new());
}

#[test]
fn each_code_is_in_the_table_once_and_under_a_subject_that_is_shown() {
    let codes: BTreeSet<_> = VERDICTS.iter().map(|verdict| verdict.code).collect();
    assert_eq!(codes.len(), VERDICTS.len());
    assert!(VERDICTS.iter().all(|verdict| Subject::ALL.contains(&verdict.subject) && !verdict.given.is_empty()));
}

#[test]
fn the_page_says_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/verdicts.md");
    let page = page::of_all();
    if std::env::var_os(MODE).is_some_and(|mode| mode == "keep") {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    // Not the pages themselves: they would fill the screen.
    let other = kept.lines().zip(page.lines()).find(|(kept, page)| kept != page);
    assert!(
        kept == page,
        "docs/verdicts.md is not what the code does; the first line that differs is {other:?}. Run `{MODE}=keep cargo test -p \
         beatkeeper-core --test verdicts`, look at what changed, and commit it"
    );
}
