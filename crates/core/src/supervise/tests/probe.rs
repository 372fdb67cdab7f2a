//! What its probe was answered last.

use super::*;

#[test]
fn the_last_answer_is_remembered_until_it_is_launched_anew() {
    let mut scene = Scene::up(policy());
    assert_eq!(scene.run.last_probe(), Some(&(at(1), Probed::Well(None))));
    let unwell = Probed::Unwell("it answers 500".into());
    scene.on(RunEvent::Probed(unwell.clone()), at(5));
    assert_eq!(scene.run.last_probe(), Some(&(at(5), unwell.clone())));
    scene.ends(1, at(6));
    assert_eq!(scene.run.last_probe(), Some(&(at(5), unwell)), "what it said last, before it ended");
    scene.due();
    assert_eq!(scene.run.last_probe(), None, "another process has said nothing yet");
}
