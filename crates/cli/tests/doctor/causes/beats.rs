//! Causes of beats that are sent and do not count, or are somebody else's.

use super::causes;
use crate::agent::Agent;
use crate::registry::Registry;
use crate::scene::Scene;

const INACTIVE: [&str; 2] = ["--symptom", "inactive"];

causes! {
    beats_that_are_taken_and_ignored: INACTIVE => "beats.ignored", ["beats"], || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.registry.fault("ignore");
        scene.engine_until("beats.ignored");
        scene
    };
    a_second_copy_that_beats: ["--listen"] => "beats.second_copy", ["second_copy"], || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        let copy = Agent::start(&scene.stage, "copy", &scene.registry, "key.json", "beat", &[]);
        scene.keep(copy);
        scene.engine_until("ok");
        scene
    };
    an_agent_that_never_beat: INACTIVE => "agent.never_beat", ["beats"], || {
        let mut scene = by_itself("never");
        scene.engine(|agent| agent["registry"]["status"] == "inactive");
        scene
    };
    an_agent_that_fell_silent: INACTIVE => "agent.silent", ["beats"], || {
        let mut scene = by_itself("silent-after=4");
        scene.engine(|agent| agent["registry"]["status"] == "inactive" && agent["liveness"] != "inactive");
        scene
    };
    an_agent_with_a_clock_of_its_own: INACTIVE => "clock.process", ["own_port"], || {
        let mut scene = by_itself("skew=90");
        scene.engine(|agent| agent["registry"]["status"] == "inactive");
        scene
    };
}

/// An agent that beats by itself, or should.
fn by_itself(behaviour: &str) -> Scene {
    let mut scene = Scene::new(Registry::start()).with_agent_that(behaviour, &[]);
    scene.entry.push_str("beats = \"agent\"\n");
    scene
}
