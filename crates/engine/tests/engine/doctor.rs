//! Visits of the doctor in a running engine: looked at as they stand, replaced, ended, and what they leave behind.

use beatkeeper_core::doctor::Symptom;
use beatkeeper_engine::command::Command;
use serde_json::Value;

use super::scene::Scene;

fn start(id: &beatkeeper_core::identity::EntityId, hold: Option<u32>, listen: bool) -> Command {
    Command::DoctorStart { id: id.clone(), symptom: Some(Symptom::Drops), hold, listen }
}

async fn done(scene: &Scene, id: &beatkeeper_core::identity::EntityId) -> Value {
    loop {
        let run = scene.execute(Command::DoctorLook { id: id.clone(), started_at: None }).await.expect("a look");
        if run["done"] == true {
            return run;
        }
        assert!(!run.is_null(), "the visit is gone");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_second_visit_takes_the_place_of_the_first_and_an_ended_one_is_gone() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    let look = Command::DoctorLook { id: id.clone(), started_at: None };
    assert_eq!(scene.execute(look.clone()).await.expect("a look"), Value::Null);
    let first = scene.execute(start(&id, Some(600), false)).await.expect("it begins");
    assert_eq!((&first["done"], first["checks"].as_array().map(Vec::len)), (&false.into(), Some(23)));
    scene.execute(start(&id, None, false)).await.expect("it begins anew");
    let second = done(&scene, &id).await;
    // Nobody is where it is published, which explains no drops.
    assert_eq!(second["diagnosis"]["code"], "agent.url_unreachable", "{second:#}");
    assert!(
        second["diagnosis"]["sentence"].as_str().is_some_and(|text| text.starts_with("Nothing explains")),
        "{second:#}"
    );
    assert!(second["markdown"].as_str().is_some_and(|text| text.starts_with("# Doctor's report")), "{second:#}");
    scene.execute(start(&id, Some(600), false)).await.expect("it begins once more");
    scene.execute(Command::DoctorStop { id: id.clone() }).await.expect("it ends");
    assert_eq!(scene.execute(look).await.expect("a look"), Value::Null);
}

#[tokio::test]
async fn a_visit_that_ended_is_found_by_its_time_although_another_one_took_its_place() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    scene.until_verdict(&id, "ok").await;
    let find = |run: &Value| {
        let started_at = serde_json::from_value(run["started_at"].clone()).expect("a time");
        scene.execute(Command::DoctorLook { id: id.clone(), started_at: Some(started_at) })
    };
    scene.execute(start(&id, None, false)).await.expect("it begins");
    let first = done(&scene, &id).await;
    let second = scene.execute(start(&id, Some(600), false)).await.expect("somebody else begins one");
    assert_eq!(find(&first).await.expect("it is kept"), first);
    assert_eq!(find(&second).await.expect("the last one")["done"], false);
    scene.execute(Command::DoctorStop { id: id.clone() }).await.expect("it ends");
    assert_eq!(find(&first).await.expect("it is kept"), first);
    let refusal = find(&second).await.expect_err("it never ended");
    assert_eq!(refusal.code, "doctor.forgotten");
    assert!(!refusal.remedy.is_empty());
}

#[tokio::test]
async fn sockets_are_held_within_the_limits_of_core() {
    let scene = Scene::new(&[1]).await;
    let id = scene.import(1).await;
    for seconds in [0, 901] {
        let refusal = scene.execute(start(&id, Some(seconds), false)).await.expect_err("too short, or too long");
        assert_eq!((refusal.code.as_str(), refusal.field.as_deref()), ("doctor.bad_hold", Some("hold")));
        assert!(refusal.remedy.contains("1 to 900"), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_visit_that_is_ended_while_it_listens_leaves_the_agent_beating() {
    let scene = Scene::new(&[2]).await;
    let id = scene.import(2).await;
    // Three beats: it beats every second, as was written after the import.
    scene.until(&id, "beats every second", |agent| agent["beats"]["confirmed"].as_u64() >= Some(3)).await;
    scene.execute(start(&id, None, true)).await.expect("it begins");
    let silent = scene.until_verdict(&id, "listening").await;
    scene.execute(Command::DoctorStop { id: id.clone() }).await.expect("it ends");
    let confirmed = silent["beats"]["confirmed"].as_u64();
    scene
        .until(&id, "beats again", |agent| {
            agent["verdict"]["code"] == "ok" && agent["beats"]["confirmed"].as_u64() > confirmed
        })
        .await;
}

#[tokio::test]
async fn who_is_not_configured_is_not_visited() {
    let scene = Scene::new(&[]).await;
    let refusal = scene.execute(start(&super::scene::id(9), None, false)).await.expect_err("nobody knows it");
    assert_eq!(refusal.code, "agent.unknown");
}
