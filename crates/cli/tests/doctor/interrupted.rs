//! Whoever has seen enough presses Ctrl+C.

use crate::net::run;
use crate::registry::{NAME, Registry};
use crate::scene::Scene;

#[test]
fn what_a_visit_holds_open_ends_with_the_person_who_asked() {
    let mut scene = Scene::new(Registry::start()).with_agent();
    scene.engine_until("ok");
    let sockets = |wanted: usize| {
        let id = scene.registry.id();
        run(scene.registry.devnet.wait_for(|state| state.sockets(&id) == wanted)).expect("so many sockets");
    };
    sockets(1);
    let mut visit = scene.stage.start("visit", scene.command(&["doctor", NAME, "--hold", "600"]));
    // The agent's own, a silent one, and one with pings.
    sockets(3);
    visit.signal("INT");
    assert_eq!(visit.ended().code(), Some(130), "{}", visit.said());
    sockets(1);
}
