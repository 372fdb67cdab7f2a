//! Alerts: incidents and what becomes of them, rules, drills; over restarts.

use std::time::{Duration, Instant};

use beatkeeper_core::alert::DeliveryState;
use beatkeeper_core::notice::NoticeKind;
use beatkeeper_engine::alerts::NotShown;
use beatkeeper_engine::command::{AlertRulesView, Command, IncidentView};
use beatkeeper_engine::incidents::DrillView;
use beatkeeper_engine::{Shown, Telling};
use serde_json::Value;

use crate::scene::{Scene, id};

const WITHIN: Duration = Duration::from_secs(30);

async fn incidents(scene: &Scene) -> Vec<IncidentView> {
    let command = Command::Incidents { id: None, open_only: false, limit: 100, before: None };
    serde_json::from_value(scene.execute(command).await.expect("incidents")).expect("a list of them")
}

async fn drills(scene: &Scene) -> Vec<DrillView> {
    serde_json::from_value(scene.execute(Command::Drills { limit: 10 }).await.expect("drills")).expect("a list of them")
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + WITHIN;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never came to pass: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_has_its_delivery_its_acknowledgement_and_its_end() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    let stopped = scene.devnet.take().unwrap().shutdown().await;
    let notice = scene.notice().await;
    assert_eq!(notice.kind, NoticeKind::Stale);
    let open = until("the desktop's word", async || {
        let open = incidents(&scene).await.remove(0);
        (open.deliveries.first()?.delivery.state == DeliveryState::Delivered).then_some(open)
    })
    .await;
    assert_eq!((open.name.as_str(), open.deliveries[0].delivery.channel.as_str()), ("agent-1", "desktop"));
    assert_eq!((open.incident.notice, open.incident.told_at.is_some()), (Some(notice.id), true));

    scene.execute(Command::AgentAcknowledge { id: id.clone(), minutes: Some(60) }).await.unwrap();
    scene.until(&id, "offline", |agent| agent["liveness"] == "offline").await;
    let known = incidents(&scene).await.remove(0).incident;
    assert!(known.acknowledged_until.is_some() && known.escalated_at.is_none(), "{known:#?}");

    scene.devnet = Some(stopped.start().await.unwrap());
    scene.execute(Command::AgentRetry { id: id.clone() }).await.unwrap();
    let recovered = scene.notice().await;
    assert_eq!((recovered.kind, recovered.supersedes), (NoticeKind::Recovered, vec![notice.id]));
    let ended = incidents(&scene).await.remove(0).incident;
    assert!(ended.resolved_at.is_some(), "{ended:#?}");
    let refused = scene.execute(Command::AgentAcknowledge { id, minutes: Some(60) }).await.unwrap_err();
    assert_eq!(refused.code, "incident.none");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_not_told_again_after_a_restart_and_what_ended_meanwhile_ends_silently() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    let stopped = scene.devnet.take().unwrap().shutdown().await;
    assert_eq!(scene.notice().await.kind, NoticeKind::Stale);
    assert_eq!(scene.notice().await.kind, NoticeKind::Offline);
    scene.restart_engine().await;
    scene.devnet = Some(stopped.start().await.unwrap());
    let ended = until("the end of the incident", async || {
        let incident = incidents(&scene).await.remove(0).incident;
        incident.resolved_at.is_some().then_some(incident)
    })
    .await;
    assert_eq!(ended.resolution.map(|how| how.as_str()), Some("meanwhile"));
    // The desktop is asked to take the old notice away, and for nothing else.
    assert_eq!(scene.telling().await, Telling::Withdraw(ended.notice.into_iter().collect()));
    assert!(scene.tellings.try_recv().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_stay_paused_over_a_restart() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    scene.execute(Command::PauseAlerts { minutes: Some(60) }).await.unwrap();
    scene.restart_engine().await;
    let paused = scene.execute(Command::EngineStatus).await.unwrap();
    assert!(paused["alerts_paused_until"].is_u64(), "{paused:#}");
    scene.until(&id, "beating", |agent| agent["verdict"]["code"] == "ok").await;
    scene.devnet.take().unwrap().shutdown().await;
    scene.until(&id, "offline", |agent| agent["liveness"] == "offline").await;
    let held = incidents(&scene).await.remove(0).incident;
    assert_eq!(held.held.map(|held| held.as_str()), Some("paused"));
    assert!(held.told_at.is_none() && scene.tellings.try_recv().is_err());
    scene.execute(Command::PauseAlerts { minutes: Some(0) }).await.unwrap();
    assert_eq!(scene.notice().await.kind, NoticeKind::Offline, "what still holds is told, once");
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_of_one_registry_are_one_notice() {
    let mut scene = Scene::new(&[1, 2, 3]).await;
    for number in 1..=3 {
        scene.import(number).await;
    }
    for number in 1..=3 {
        scene.until_verdict(&id(number), "ok").await;
    }
    scene.devnet.take().unwrap().shutdown().await;
    let mut notice = scene.notice().await;
    while notice.agents.len() < 3 {
        let next = scene.notice().await;
        assert_eq!((next.id, next.kind), (notice.id, NoticeKind::Stale), "the same notice, told again");
        notice = next;
    }
    assert_eq!(notice.title, "3 agents lost registry devnet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_is_silent_for_real_and_measured() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    // A vault that locks itself meanwhile must not make it an outage: what signs is kept for so long.
    std::fs::rename(scene.options().paths.vault_file(), scene.path("elsewhere")).unwrap();
    scene.execute(Command::DrillStart { id: id.clone() }).await.unwrap();
    let twice = scene.execute(Command::DrillStart { id: id.clone() }).await.unwrap_err();
    assert_eq!(twice.code, "drill.running");
    let notice = scene.notice().await;
    assert_eq!(notice.title, "Drill: agent-1 went stale");
    assert_eq!(scene.notice().await.kind, NoticeKind::Recovered);
    let over = until("the drill's end", async || {
        let drill = drills(&scene).await.remove(0);
        drill.drill.ended_at.is_some().then_some(drill)
    })
    .await;
    assert_eq!(over.drill.problem, None);
    assert!(over.detected_ms.is_some() && over.told_ms.is_some() && over.recovered_ms.is_some(), "{over:#?}");
    assert!(incidents(&scene).await[0].incident.drill);
    scene.until_verdict(&id, "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_says_when_nobody_could_be_told() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    let early = scene.execute(Command::DrillStart { id: id.clone() }).await;
    assert!(early.is_ok() || early.is_err_and(|refused| refused.code == "drill.not_beating"));
    scene.execute(Command::DrillStop).await.unwrap();
    scene.until_verdict(&id, "ok").await;
    scene.execute(Command::PauseAlerts { minutes: Some(60) }).await.unwrap();
    scene.execute(Command::DrillStart { id: id.clone() }).await.unwrap();
    let over = until("the drill's end", async || {
        let drill = drills(&scene).await.remove(0);
        drill.drill.ended_at.is_some().then_some(drill)
    })
    .await;
    assert_eq!(over.drill.problem.as_deref(), Some("Nobody was told: all alerts are paused"));
    assert!(over.detected_ms.is_some() && over.told_ms.is_none());
    // A drill that is stopped lets the agent beat again, too.
    scene.until_verdict(&id, "ok").await;
    scene.execute(Command::DrillStart { id: id.clone() }).await.unwrap();
    scene.execute(Command::DrillStop).await.unwrap();
    scene.until_verdict(&id, "ok").await;
    assert_eq!(drills(&scene).await[0].drill.problem.as_deref(), Some("It was stopped"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_set_and_bad_ones_refused_with_the_reason() {
    let scene = Scene::new(&[1]).await;
    let rules = scene.execute(Command::AlertRules).await.unwrap();
    let mut rules: AlertRulesView = serde_json::from_value(rules).unwrap();
    rules.grace_s = 1;
    scene.execute(Command::AlertRulesSet { rules: rules.clone() }).await.unwrap();
    assert_eq!(scene.execute(Command::AlertRules).await.unwrap()["grace_s"], 1);
    rules.remind_min = 1;
    let refused = scene.execute(Command::AlertRulesSet { rules }).await.unwrap_err();
    assert_eq!(refused.code, "alerts.bad_rules");
    assert!(refused.sentence.contains("5 to 10080 minutes"), "{}", refused.sentence);
    assert_eq!(refused.field.as_deref(), Some("remind_min"));
    assert!(!refused.remedy.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desktop_that_shows_nothing_is_kept_with_the_incident() {
    let mut scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    scene.devnet.take().unwrap().shutdown().await;
    let Telling::Show(notice) = scene.telling().await else { panic!("something else") };
    let shown = Shown {
        notice: notice.id,
        outcome: Err(NotShown { problem: "nobody shows notifications".into(), again: true, over: false }),
    };
    scene.engine.as_ref().unwrap().handle().shown(shown).await;
    let problem = until("the desktop's word", async || {
        let open = incidents(&scene).await.remove(0);
        open.deliveries.into_iter().find(|view| view.delivery.notice == notice.id)?.delivery.problem
    })
    .await;
    assert_eq!(problem, "nobody shows notifications");
    assert_ne!(scene.agent(&id).await, Value::Null);
}
