//! Causes on the way to the registry's socket: what stands between, and does not let sockets be.

use std::time::Duration;

use serde_json::Value;

use super::causes;
use crate::between::{Answer, Does};
use crate::registry::Registry;
use crate::scene::Scene;

const NEVER_CONNECTS: [&str; 2] = ["--symptom", "never-connects"];
const DROPS: [&str; 2] = ["--symptom", "drops"];

causes! {
    a_proxy_that_strips_the_upgrade: NEVER_CONNECTS => "link.upgrade_stripped", Some("upgrade"), || {
        behind(Does::StripsUpgrade)
    };
    a_proxy_that_does_not_know_the_sockets_path: NEVER_CONNECTS => "link.upgrade_not_found", Some("upgrade"), || {
        behind(Does::TurnsAway(Answer::page("404 Not Found", "nginx")))
    };
    a_proxy_that_forbids_sockets: NEVER_CONNECTS => "link.upgrade_refused", Some("upgrade"), || {
        behind(Does::TurnsAway(Answer::page("403 Forbidden", "Blocked by policy")))
    };
    a_firewall_that_forbids_the_registry: [] => "link.forbidden", Some("http"), || {
        behind(Does::Answers(vec![Answer::page("403 Forbidden", "Blocked by policy")]))
    };
    sockets_that_are_sent_elsewhere: NEVER_CONNECTS => "link.upgrade_refused", Some("upgrade"), || {
        behind(Does::TurnsAway(Answer::elsewhere("https://registry.example/")))
    };
    a_registry_that_has_moved: [] => "link.redirected", Some("http"), || faulty("redirect");
    a_registry_in_trouble: [] => "link.server_error", Some("http"), || faulty("error=503");
    a_registry_that_asks_for_patience: [] => "link.rate_limited", Some("http"), || faulty("rate-limit=30");
    a_proxy_that_cuts_idle_sockets: ["--symptom", "drops", "--hold", "10"] => "link.idle_cut", Some("idle"), || {
        behind(Does::CutsIdle(Duration::from_secs(2)))
    };
    a_proxy_that_cuts_sockets_of_an_age: DROPS => "link.age_cut", Some("idle"), || {
        dropping(Does::CutsAged(vec![Duration::from_millis(1200)]))
    };
    a_line_that_drops_now_and_then: DROPS => "link.flapping", Some("idle"), || {
        dropping(Does::CutsAged([300, 2100, 900, 1500].map(Duration::from_millis).into()))
    };
}

fn behind(does: Does) -> Scene {
    let mut scene = Scene::new(Registry::start()).with_agent();
    scene.between(does);
    scene
}

#[test]
fn a_registry_that_asks_for_patience_says_for_how_long() {
    let report: Value = serde_json::from_str(&faulty("rate-limit=30").doctor(&["--json"]).out).expect("JSON");
    assert_eq!(report["diagnosis"]["wait_ms"], 30_000, "{report:#}");
}

fn faulty(fault: &str) -> Scene {
    let scene = Scene::new(Registry::start()).with_agent();
    scene.registry.fault(fault);
    scene
}

/// A scene where connections have been lost so often that it is no accident.
fn dropping(does: Does) -> Scene {
    let mut scene = behind(does);
    scene.engine(|agent| agent["reconnects_24h"].as_u64() >= Some(4));
    scene
}
