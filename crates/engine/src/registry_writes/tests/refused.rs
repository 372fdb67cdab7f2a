//! What is not done, and why.

use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_devnet::Onboarding;
use beatkeeper_vault::Presence;

use super::*;

async fn code(scene: &Scene, id: &EntityId, write: &Write) -> String {
    scene.carry_out(id, write).await.unwrap_err().code
}

#[tokio::test]
async fn another_plan_than_the_one_that_was_seen_is_refused() {
    let scene = Scene::new().await;
    let id = scene.derived(0, "weather");
    let plan = scene.propose(&id, &register()).await.unwrap();
    assert_eq!(plan, scene.propose(&id, &register()).await.unwrap(), "the same as long as nothing changes");
    scene.configure("http://127.0.0.1:9/", "http://127.0.0.1:8/");
    let refused = scene.desk().carry_out(&id, &register(), &plan.seal).await.unwrap_err();
    assert_eq!(refused.code, "write.changed");
    assert!(scene.devnet.is_empty());
}

#[tokio::test]
async fn whoever_writes_elsewhere_is_let_finish() {
    let scene = Scene::new().await;
    let id = scene.derived(0, "weather");
    let held = scene.paths.hold(&scene.paths.writing_lock()).unwrap();
    assert!(held.is_some());
    assert_eq!(code(&scene, &id, &register()).await, "write.under_way");
    assert!(scene.devnet.is_empty());
    drop(held);
    scene.carry_out(&id, &register()).await.expect("its turn has come");
}

#[tokio::test]
async fn a_deregistration_needs_the_agents_name() {
    let scene = Scene::new().await;
    let id = scene.registered(0, "weather").await;
    scene.propose(&id, &deregister("")).await.expect("it is shown before the name is typed");
    assert_eq!(code(&scene, &id, &deregister("wether")).await, "agent.wrong_name");
    assert!(scene.devnet.record(&id).is_some());
}

#[tokio::test]
async fn the_wrong_developer_is_refused() {
    let scene = Scene::new().await;
    let id = scene.derived(0, "weather");
    let other = scene.path("other.json");
    write_key(&other, 8);
    let mut write = register();
    let Write::Register { developer_path, .. } = &mut write else { unreachable!() };
    *developer_path = Some(other.clone());
    let refused = scene.propose(&id, &write).await.unwrap_err();
    assert_eq!(refused.code, "write.wrong_developer");
    assert!(refused.sentence.contains(developer_id().as_str()), "{refused:?}");
    scene.carry_out(&id, &register()).await.unwrap();
    // Also where only the record says whose it is.
    scene.configure("derived", "# derived");
    let next = Write::NextIndex { developer_path: Some(other), entity_url: None };
    assert_eq!(code(&scene, &id, &next).await, "write.wrong_developer");
}

#[tokio::test]
async fn a_developers_key_must_be_there_and_the_owners_alone() {
    let scene = Scene::new().await;
    let id = scene.derived(0, "weather");
    let file = scene.path("home/.zynd/developer.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(code(&scene, &id, &register()).await, "keyfile.loose_mode");
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(code(&scene, &id, &register()).await, "write.no_developer_key");
    assert!(scene.devnet.is_empty());
}

#[tokio::test]
async fn a_registry_that_takes_no_developers_says_where_to_go() {
    let auth_url = "https://auth.example.test".to_owned();
    let scene = Scene::on(|config| config.onboarding = Onboarding::Restricted { auth_url }).await;
    let id = scene.derived(0, "weather");
    let refused = scene.propose(&id, &register()).await.unwrap_err();
    assert_eq!(refused.code, "write.onboarding_restricted");
    assert!(refused.remedy.contains("https://auth.example.test"), "{refused:?}");
}

#[tokio::test]
async fn a_record_with_another_key_is_left_alone() {
    let scene = Scene::new().await;
    let id = scene.registered(0, "weather").await;
    scene.devnet.edit_record(&id, |record| {
        record.key = public(2);
        record.public_key = public(2).to_wire();
    });
    let update = Write::Update { entity_url: "https://w.example.com".into() };
    for write in [register(), update, deregister("weather")] {
        assert_eq!(code(&scene, &id, &write).await, "write.other_key", "{write:?}");
    }
}

#[tokio::test]
async fn what_is_not_registered_cannot_be_changed() {
    let scene = Scene::new().await;
    let id = scene.derived(0, "weather");
    for write in [Write::Update { entity_url: "https://w.example.com".into() }, deregister("weather")] {
        assert_eq!(code(&scene, &id, &write).await, "write.not_registered", "{write:?}");
    }
    let unknown: EntityId = "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap();
    assert_eq!(code(&scene, &unknown, &register()).await, "agent.unknown");
    let far = format!("url = \"{}\"", scene.devnet.url());
    scene.configure(&far, "url = \"http://192.0.2.1:8080\"");
    assert_eq!(code(&scene, &id, &register()).await, "write.plain");
}

#[tokio::test]
async fn agents_of_other_realms_are_refused_politely() {
    let scene = Scene::new().await;
    let text = "\n[[bus]]\nname = \"team\"\nurl = \"redis://127.0.0.1:1\"\n\n[[registry]]\nname = \"cafe\"\n\
                url = \"http://127.0.0.1:1\"\ndialect = \"artcafe\"\norganization = \"acme\"\n\n\
                [[agent]]\nentity = \"bus:team/a\"\nname = \"a\"\nregistry = \"team\"\n\n\
                [[agent]]\nentity = \"artcafe:acme/b\"\nname = \"b\"\nregistry = \"cafe\"\n";
    let before = std::fs::read_to_string(&scene.paths.config).unwrap();
    std::fs::write(&scene.paths.config, before + text).unwrap();
    assert_eq!(scene.settings().registry("cafe").unwrap().dialect, DialectChoice::ArtCafe);
    for id in ["bus:team/a", "artcafe:acme/b"] {
        assert_eq!(code(&scene, &id.parse().unwrap(), &register()).await, "write.not_zynd", "{id}");
    }
}

#[tokio::test]
async fn a_limit_that_lasts_is_said_with_what_was_done_before() {
    let scene = Scene::on(|config| config.registrations_per_minute = Some(1)).await;
    let id = scene.derived(0, "weather");
    let refused = scene.carry_out(&id, &register()).await.unwrap_err();
    assert_eq!(refused.code, "write.rate_limited");
    assert!(refused.sentence.contains("register the developer"), "{refused:?}");
    // The key that could not be registered does not stay behind.
    let next = Write::NextIndex { developer_path: None, entity_url: None };
    assert_eq!(code(&scene, &id, &next).await, "write.rate_limited");
    let developer =
        beatkeeper_vault::KeyFile::read(&scene.path("home/.zynd/developer.json"), beatkeeper_vault::Loose::Refuse);
    let next = developer.unwrap().seed().derive(1).public_key();
    let next = EntityId::from_key(&next, beatkeeper_core::identity::EntityKind::Agent);
    assert_eq!(scene.vault.look(&next), Presence::Absent);
    assert_eq!(scene.settings().agents[0].entity, id, "and the agent is as it was");
}

#[tokio::test]
async fn a_server_that_is_no_registry_is_not_written_to() {
    let scene = Scene::new().await;
    let id = scene.derived(0, "weather");
    for (fault, wanted) in [
        ("html", "write.not_a_registry"),
        ("empty", "write.not_a_registry"),
        ("redirect", "write.redirected"),
        ("error=503", "write.registry_failed"),
        ("rate-limit=3600", "write.rate_limited"),
        ("refuse", "write.unreachable"),
    ] {
        scene.devnet.clear_faults().await;
        scene.devnet.fault(fault.parse().unwrap()).await;
        assert_eq!(code(&scene, &id, &register()).await, wanted, "{fault}");
    }
    assert!(scene.devnet.is_empty());
}

#[tokio::test]
async fn a_service_is_not_changed_by_half() {
    let scene = Scene::new().await;
    let id = EntityId::from_key(&public(3), beatkeeper_core::identity::EntityKind::Service);
    let text = format!("\n[[agent]]\nentity = \"{id}\"\nname = \"maps\"\nregistry = \"devnet\"\n");
    let before = std::fs::read_to_string(&scene.paths.config).unwrap();
    std::fs::write(&scene.paths.config, before + &text).unwrap();
    let update = Write::Update { entity_url: "https://m.example.com".into() };
    assert_eq!(code(&scene, &id, &update).await, "write.service_url");
}

#[tokio::test]
async fn nothing_is_signed_for_another_registry() {
    let scene = Scene::new().await;
    scene.developer_with_handle().await;
    let id = scene.registered(0, "weather").await;
    scene.bind(&id, "alpha").await;
    let write = deregister("weather");
    scene.propose(&id, &write).await.expect("the name is of the record's home");
    let home = scene.devnet.record(&id).unwrap().home_registry;
    scene.devnet.edit_record(&id, |record| record.home_registry = "elsewhere.example.test".into());
    assert_eq!(code(&scene, &id, &write).await, "write.foreign_name");
    // A registry can say what it likes, and is not believed where another one has that address.
    scene.devnet.edit_record(&id, |record| record.home_registry.clone_from(&home));
    let text = format!("\n[[registry]]\nname = \"home\"\nurl = \"https://{home}\"\n");
    let before = std::fs::read_to_string(&scene.paths.config).unwrap();
    std::fs::write(&scene.paths.config, text + &before).unwrap();
    assert_eq!(code(&scene, &id, &write).await, "write.foreign_name");
    assert!(scene.devnet.record(&id).is_some());
}
