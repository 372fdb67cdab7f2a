//! A registry whose dialect is not known, and connections whose beats are acknowledged.

use super::*;
use crate::dialect::Dialect;

fn auto() -> RegistrySettings {
    RegistrySettings { dialect: DialectChoice::Auto, ..registry() }
}

/// A registry that takes what we send and does not move its record.
fn unmoved() -> Scene {
    let mut scene = Scene::new(BeatsBy::App);
    scene.on(FleetEvent::RegistrySet(auto()), at(0));
    scene.link(LinkReport::Dialling { attempt: 1 }, at(0));
    scene.link(LinkReport::Opened, at(0));
    let long_ago = at(0) - Duration::from_secs(500);
    for second in [1, 31, 61] {
        scene.link(LinkReport::Sent { at: at(second) }, at(second));
        scene.record(at(second + 5), long_ago);
    }
    scene
}

#[test]
fn when_the_live_form_moves_nothing_the_documented_one_is_spoken_and_said() {
    let mut scene = unmoved();
    assert!(scene.other.contains(&FleetAction::Dialect("r".into(), Dialect::ZyndDocumented)));
    let health = scene.fleet.registry_health().remove(0);
    assert_eq!((health.dialect, health.dialect_settled), (Dialect::ZyndDocumented, false));
    assert_eq!(scene.chart(), Chart { settled: None, unconfirmed_in_a_row: 3 });
    assert_eq!(scene.row().verdict.code, "dialect.trying");
    // It takes that.
    scene.link(LinkReport::Closed { code: 1000, failure: None }, at(70));
    scene.open_and_beat(at(71));
    let health = scene.fleet.registry_health().remove(0);
    assert_eq!((health.dialect, health.dialect_settled), (Dialect::ZyndDocumented, true));
    let known = Chart { settled: Some(Dialect::ZyndDocumented), unconfirmed_in_a_row: 0 };
    assert_eq!(scene.chart(), known);
    assert!(scene.kept.contains(&HistoryRow::Dialect("https://r.example".into(), Dialect::ZyndDocumented)));
    assert_eq!(scene.row().verdict.code, "ok");
}

#[test]
fn a_clock_that_is_wrong_is_no_reason_to_speak_otherwise() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.on(FleetEvent::RegistrySet(auto()), at(0));
    let skewed =
        FleetEvent::RegistryAnswer { registry: "r".into(), problem: None, reached: true, clock_ahead_ms: Some(90_000) };
    scene.on(skewed, at(0));
    scene.link(LinkReport::Dialling { attempt: 1 }, at(0));
    scene.link(LinkReport::Opened, at(0));
    for second in [1, 31, 61, 91] {
        scene.link(LinkReport::Sent { at: at(second) }, at(second));
        scene.record(at(second + 5), at(0) - Duration::from_secs(500));
    }
    assert_eq!((scene.row().beats.unconfirmed, scene.row().verdict.code), (4, "clock.own"));
    assert!(!scene.other.iter().any(|action| matches!(action, FleetAction::Dialect(..))));
}

#[test]
fn what_an_earlier_run_found_out_is_spoken_at_once() {
    let mut fleet = Fleet::default();
    let known = RegistrySettings { known_dialect: Some(Dialect::ZyndDocumentedShared), ..auto() };
    fleet.handle(FleetEvent::RegistrySet(known), at(0));
    let health = fleet.registry_health().remove(0);
    assert_eq!((health.dialect, health.dialect_settled), (Dialect::ZyndDocumentedShared, true));
}

#[test]
fn an_acknowledgement_is_the_confirmation() {
    let mut scene = Scene::new(BeatsBy::App);
    scene.on(FleetEvent::RegistrySet(RegistrySettings { dialect: DialectChoice::ArtCafe, ..registry() }), at(0));
    scene.link(LinkReport::Dialling { attempt: 1 }, at(0));
    scene.link(LinkReport::Opened, at(0));
    let health = |scene: &Scene| scene.row().connection.unwrap();
    assert!(health(&scene).connected && health(&scene).last_heartbeat_ack.is_none());
    let reachable = |scene: &Scene| scene.fleet.registry_health()[0].reachable;
    assert_eq!(reachable(&scene), Some(true), "there is no record that could be asked for");
    for second in [1, 31] {
        scene.link(LinkReport::Sent { at: at(second) }, at(second));
        scene.link(
            LinkReport::Acked { at: at(second) + Duration::from_millis(20) },
            at(second) + Duration::from_millis(20),
        );
    }
    let row = scene.row();
    assert_eq!((row.beats.confirmed, row.liveness, row.round_trip_ms), (2, Liveness::Active, Some(20)));
    assert_eq!(health(&scene).last_heartbeat_ack, Some(at(31) + Duration::from_millis(20)));
    assert_eq!((row.registry.last_heartbeat, row.flips_at), (Some(at(31) + Duration::from_millis(20)), None));

    // It stops answering, and is dialled anew.
    let failure = Some(Transient::NoAck.into());
    scene.link(LinkReport::Closed { code: 1006, failure }, at(121));
    assert!(!health(&scene).healthy && !health(&scene).connected);
    assert_eq!(scene.row().verdict.code, "link.unacknowledged");
    scene.link(LinkReport::Dialling { attempt: 1 }, at(122));
    scene.link(LinkReport::Opened, at(122));
    assert!(!health(&scene).healthy, "an open connection proves nothing");
    scene.link(LinkReport::Sent { at: at(122) }, at(122));
    scene.link(LinkReport::Acked { at: at(123) }, at(123));
    assert!(health(&scene).healthy);
}
