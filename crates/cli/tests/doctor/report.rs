//! The report: whole, quick where all is well, and without anything that is nobody's business.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

use crate::causes::with_result;
use crate::golden::{PRIVATE, SEED};
use crate::proxy::ForwardProxy;
use crate::registry::Registry;
use crate::scene::Scene;
use crate::stage::PASSPHRASE;

fn json(scene: &Scene) -> Value {
    let said = scene.doctor(&["--json"]);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[test]
fn all_is_well_and_nothing_had_to_be_waited_for() {
    let mut scene = Scene::new(Registry::start()).with_agent();
    scene.engine_until("ok");
    let report = json(&scene);
    println!("the whole run against a healthy registry took {} ms", report["took_ms"]);
    let results: BTreeSet<&str> = ["ok", "not_asked"].into();
    for check in report["checks"].as_array().expect("checks") {
        assert!(results.contains(check["result"].as_str().expect("a result")), "{check:#}");
        assert!(!check["evidence"].as_str().unwrap_or_default().is_empty(), "{check:#}");
        // The shortest patience of any check is longer.
        assert!(check["took_ms"].as_u64().unwrap_or(0) < 3000, "it ran into its patience: {check:#}");
    }
    assert!(with_result(&report, "ok").len() > 15, "hardly anything was asked: {report:#}");
}

#[test]
fn nothing_secret_is_in_a_report() {
    let mut scene = Scene::new(Registry::start()).with_agent();
    let proxy = ForwardProxy::with_login("me:hunter2hunter2");
    scene.environment("HTTP_PROXY", proxy.url(Some("me:hunter2hunter2")));
    let registry = "https://someone:tokentoken@other.example/?token=abcdef0123456789";
    scene.environment("ZYND_REGISTRY_URL", registry);
    scene.keep(proxy);
    scene.engine_until("ok");
    scene.doctor(&["--markdown", "--save", "report.md"]);
    let mut reports = vec![scene.stage.read("report.md")];
    for form in ["--json", "--markdown"] {
        reports.push(scene.doctor(&[form]).out);
    }
    let home = scene.stage.root().display().to_string();
    let hex: String = SEED.iter().map(|byte| format!("{byte:02x}")).collect();
    let seed = STANDARD_NO_PAD.encode(SEED);
    let secrets =
        [&home, &hex, &seed, PRIVATE, PASSPHRASE, "hunter2hunter2", "tokentoken", "abcdef0123456789", "bWU6aHVudGVy"];
    for report in &reports {
        assert!(report.contains("weather") && report.contains("other.example"), "{report}");
        for secret in secrets {
            assert!(!report.contains(secret), "{secret} is in {report}");
        }
    }
    assert!(format!("{:?}", scene.command(&["doctor"])).contains("hunter2hunter2"), "the search would have found it");
}

#[test]
fn who_cannot_look_says_so() {
    let scene = Scene::new(Registry::start());
    let mut command = scene.command(&["doctor", "nobody", "--json"]);
    command.current_dir(scene.stage.root());
    let said = scene.stage.hear(command);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.out.contains("\"remedy\"") || said.err.contains("remedy: "), "{said:?}");
}
