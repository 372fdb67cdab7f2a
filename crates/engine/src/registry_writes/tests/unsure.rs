//! The next key, when nobody says what became of its registration.

use beatkeeper_vault::Presence;

use super::middleman::{Middleman, Mood};
use super::next::{NEXT, nth};
use super::*;

/// An agent that is registered with the developer's first key, and what stands before the registry.
async fn scene() -> (Scene, EntityId, Middleman) {
    let scene = Scene::new().await;
    let middleman = Middleman::before(&scene.devnet.url()).await;
    scene.configure(&scene.devnet.url(), &middleman.url);
    let old = scene.registered(0, "weather").await;
    (scene, old, middleman)
}

#[tokio::test]
async fn a_registration_whose_answer_is_lost_is_looked_for() {
    let (scene, old, middleman) = scene().await;
    middleman.is(Mood::Garbles);
    let done = scene.carry_out(&old, &NEXT).await.unwrap();
    assert_eq!(done.agent, nth(&scene, 1));
    assert_eq!((done.steps[0].status, done.steps[0].ok), (None, true), "{done:?}");
    assert_eq!(scene.settings().agents[0].entity, done.agent);
    assert_eq!(scene.devnet.len(), 2);
}

#[tokio::test]
async fn the_key_of_a_registration_that_was_not_done_does_not_stay() {
    let (scene, old, middleman) = scene().await;
    middleman.is(Mood::Withholds);
    assert_eq!(scene.carry_out(&old, &NEXT).await.unwrap_err().code, "write.registry_failed");
    assert_eq!(scene.vault.look(&nth(&scene, 1)), Presence::Absent);
    assert_eq!(scene.settings().agents[0].entity, old);
    middleman.is(Mood::Honest);
    assert_eq!(scene.carry_out(&old, &NEXT).await.unwrap().agent, nth(&scene, 1), "no number is lost");
}

#[tokio::test]
async fn what_an_earlier_try_registered_is_taken_up() {
    let (scene, old, middleman) = scene().await;
    let new = nth(&scene, 1);
    middleman.is(Mood::Dies);
    let refused = scene.carry_out(&old, &NEXT).await.unwrap_err();
    assert_eq!(refused.code, "write.no_answer");
    assert!(refused.sentence.contains(new.as_str()) && refused.sentence.contains("number 1"), "{refused:?}");
    assert!(matches!(scene.vault.look(&new), Presence::Present(_)), "it may be registered");
    assert_eq!(scene.settings().agents[0].entity, old);
    middleman.is(Mood::Honest);
    let plan = scene.propose(&old, &NEXT).await.unwrap();
    assert!(plan.steps.is_empty() && plan.sentence.contains(new.as_str()), "{plan:#?}");
    assert_eq!(scene.carry_out(&old, &NEXT).await.unwrap().agent, new);
    assert_eq!(scene.settings().agents[0].entity, new);
    assert_eq!(scene.devnet.len(), 2, "there is no third record");
}

#[tokio::test]
async fn a_key_that_was_given_up_is_not_taken_for_one_that_was_left_over() {
    let (scene, _, _middleman) = scene().await;
    let given_up = scene.registered(3, "other").await;
    let now = scene.carry_out(&given_up, &NEXT).await.unwrap().agent;
    assert_eq!(now, nth(&scene, 4));
    // Its record says the same, and its key is in the vault.
    let first = nth(&scene, 0);
    scene.configure("name = \"weather\"", "name = \"was weather\"");
    scene.devnet.edit_record(&first, |record| record.name = "other".into());
    assert_eq!(scene.carry_out(&first, &NEXT).await.unwrap().agent, nth(&scene, 5));
}

#[tokio::test]
async fn a_key_that_somebody_else_registers_meanwhile_is_not_taken() {
    let (scene, old, _middleman) = scene().await;
    let desk = scene.desk();
    let draft = Box::pin(desk.draft(&old, &NEXT)).await.unwrap();
    let new = nth(&scene, 1);
    scene.devnet.insert_entity(next::key_of(&scene, 1), "somebody's", beatkeeper_core::identity::EntityKind::Agent);
    let refused = Box::pin(desk.perform(draft)).await.unwrap_err();
    assert_eq!(refused.code, "write.index_taken");
    assert_eq!(scene.vault.look(&new), Presence::Absent);
    assert_eq!(scene.settings().agents[0].entity, old);
}
