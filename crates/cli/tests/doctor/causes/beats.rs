//! Causes of beats that are sent and do not count, or are somebody else's.

use super::causes;
use crate::agent::Agent;
use crate::golden::ID;
use crate::registry::Registry;
use crate::scene::Scene;

const INACTIVE: [&str; 2] = ["--symptom", "inactive"];

causes! {
    beats_that_are_taken_and_ignored: INACTIVE => "beats.ignored", Some("first_beat"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.registry.fault("ignore");
        scene.engine_until("beats.ignored");
        scene
    };
    beats_that_are_refused_in_words: INACTIVE => "beats.refused", Some("beats"), || {
        let mut scene = Scene::new(Registry::documented()).with_agent();
        scene.registry_entry.push_str("dialect = \"zynd_documented\"\n");
        // Its clock is right, but not where this agent's beats are judged.
        scene.registry.fault(&format!("skew=600:{ID}"));
        scene.engine(|agent| agent["beats"]["sent"].as_u64() >= Some(3));
        scene
    };
    an_agent_that_is_paused: INACTIVE => "agent.paused", Some("beats"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.entry.push_str("paused = true\n");
        scene.engine(|agent| agent["paused"] == true);
        scene
    };
    a_second_copy_that_beats: ["--listen"] => "beats.second_copy", Some("second_copy"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        let copy = Agent::start(&scene.stage, "copy", &scene.registry, "key.json", "beat", &["--interval=0.3"]);
        scene.keep(copy);
        scene.engine(|agent| agent["beats"]["confirmed"].as_u64() >= Some(3));
        scene
    };
    an_agent_that_never_beat: INACTIVE => "agent.never_beat", Some("beats"), || {
        let mut scene = by_itself("never");
        scene.engine(|agent| agent["registry"]["status"] == "inactive");
        scene
    };
    an_agent_that_fell_silent: INACTIVE => "agent.silent", Some("beats"), || {
        let mut scene = by_itself("silent-after=4");
        scene.engine(|agent| agent["registry"]["status"] == "inactive" && agent["liveness"] != "inactive");
        scene
    };
    an_agent_with_a_clock_of_its_own: INACTIVE => "clock.process", Some("clock"), || {
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
