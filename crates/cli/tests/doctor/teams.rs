//! A team, and a bus of it that does not say who beats.

use crate::causes::Cause;
use crate::net::nobody;
use crate::registry::Registry;
use crate::scene::Scene;

#[test]
fn a_team_whose_bus_is_down_is_not_taken_for_another_computer() {
    let staged = || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        let bus = format!("\n[[bus]]\nname = \"team\"\nurl = \"redis://{}\"\nteam = true\n", nobody());
        scene.registry_entry.push_str(&bus);
        scene.engine_until("team.unsettled");
        scene
    };
    // No check shows it: it is the verdict's word.
    Cause { staged, asked: &[], code: "team.unsettled", shown_by: None }.is_found();
}
