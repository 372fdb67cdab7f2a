//! The developer's next key takes an agent's place.

use beatkeeper_vault::Presence;

use super::*;
use crate::settings::Derived;

pub(super) const NEXT: Write = Write::NextIndex { developer_path: None, entity_url: None };

pub(super) fn key_of(scene: &Scene, index: u32) -> PublicKey {
    let file = scene.path("home/.zynd/developer.json");
    let developer = beatkeeper_vault::KeyFile::read(&file, beatkeeper_vault::Loose::Refuse).unwrap();
    developer.seed().derive(index).public_key()
}

/// The agent that has the developer's key of this number.
pub(super) fn nth(scene: &Scene, index: u32) -> EntityId {
    EntityId::from_key(&key_of(scene, index), beatkeeper_core::identity::EntityKind::Agent)
}

#[tokio::test]
async fn the_next_key_is_kept_registered_and_takes_the_old_ones_place() {
    let scene = Scene::new().await;
    let old = scene.registered(0, "weather").await;
    // The registry uses 1, and the configuration alone knows of 2.
    let other = scene.registered(1, "other").await;
    scene.derived(2, "third");
    scene.configure("name = \"weather\"\n", "name = \"weather\"\ntags = [\"nightly\"]\n");
    let before = scene.settings().agents[0].clone();
    let plan = scene.propose(&old, &NEXT).await.unwrap();
    assert!(plan.sentence.contains("number 3"), "{plan:#?}");
    assert!(plan.sentence.contains(developer_id().as_str()), "{plan:#?}");
    assert!(plan.warnings.iter().any(|warning| warning.contains("stays registered")), "{plan:#?}");
    assert_eq!(scene.devnet.len(), 2, "a proposal changes nothing");

    let done = scene.desk().carry_out(&old, &NEXT, &plan.seal).await.unwrap();
    let new = done.agent;
    assert_ne!(new, old);
    let record = scene.devnet.record(&new).unwrap();
    assert_eq!((record.name.as_str(), record.entity_url.as_str()), ("weather", "http://127.0.0.1:9"));
    assert_eq!(record.developer_proof.unwrap().entity_index, 3);
    let derived = Some(Derived { developer: developer_id(), index: 3 });
    let agents = scene.settings().agents;
    assert_eq!(agents[0], crate::settings::AgentEntry { entity: new.clone(), derived, ..before });
    assert_eq!(agents[1].entity, other);
    for id in [&old, &new] {
        assert!(matches!(scene.vault.look(id), Presence::Present(_)), "{id}");
    }
    assert!(scene.devnet.record(&old).is_some(), "it was not asked to go");
    assert!(done.sentence.contains(old.as_str()), "{}", done.sentence);
}

#[tokio::test]
async fn a_key_that_was_given_up_is_not_taken_again() {
    let scene = Scene::new().await;
    let first = scene.registered(0, "weather").await;
    scene.carry_out(&first, &deregister("weather")).await.unwrap();
    let second = scene.carry_out(&first, &NEXT).await.unwrap().agent;
    let third = scene.carry_out(&second, &NEXT).await.unwrap().agent;
    let index = |id: &EntityId| scene.devnet.record(id).unwrap().developer_proof.unwrap().entity_index;
    assert_eq!((index(&second), index(&third)), (1, 2));
    assert!(scene.devnet.record(&first).is_none(), "number 0 is free there, and in the vault it is not");
}

#[tokio::test]
async fn an_id_that_somebody_registered_without_a_number_is_passed_over() {
    let scene = Scene::new().await;
    let old = scene.registered(0, "weather").await;
    scene.devnet.insert_entity(key_of(&scene, 1), "somebody's", beatkeeper_core::identity::EntityKind::Agent);
    let plan = scene.propose(&old, &NEXT).await.unwrap();
    assert!(plan.sentence.contains("number 2"), "{plan:#?}");
}

#[tokio::test]
async fn a_low_number_that_is_free_again_is_not_taken() {
    let scene = Scene::new().await;
    let old = scene.registered(2, "weather").await;
    scene.registered(6, "other").await;
    let plan = scene.propose(&old, &NEXT).await.unwrap();
    assert!(plan.sentence.contains("number 7"), "{plan:#?}");
    // Also where only the key itself says which number it has.
    scene.devnet.remove_entity(&nth(&scene, 6));
    scene.devnet.remove_entity(&old);
    scene.configure("derived", "# derived");
    let plan = scene.propose(&old, &NEXT).await.unwrap();
    assert!(plan.sentence.contains("number 3"), "{plan:#?}");
}
