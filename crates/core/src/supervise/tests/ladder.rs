use super::*;

fn rung(kind: RungKind, label: &str) -> Rung {
    Rung { kind, label: label.into(), after: seconds(30), worked_within: seconds(120) }
}

fn rungs() -> Vec<Rung> {
    vec![
        rung(RungKind::Restart, "restart"),
        rung(RungKind::DockerRun, "docker run weather"),
        rung(RungKind::Alert, "alert"),
    ]
}

fn states(scene: &Scene) -> Vec<RungState> {
    scene.run.view().ladder.unwrap().rungs.iter().map(|rung| rung.state).collect()
}

/// It runs, and its probe fails for good.
fn unwell(policy: RunPolicy) -> Scene {
    let mut scene = Scene::up(policy);
    for second in [10, 15, 20] {
        scene.on(RunEvent::Probed(Probed::Unwell("it answers 500".into())), at(second));
    }
    scene.run.judge(false, Some(at(9)), at(20));
    scene
}

#[test]
fn each_rung_has_its_turn_and_a_person_is_called_at_the_end() {
    use RungState::{Counting, Failed, Trying, Waiting};
    let mut scene = unwell(RunPolicy { rungs: rungs(), ..policy() });
    assert_eq!(states(&scene), [Counting, Waiting, Waiting]);
    assert_eq!(scene.due(), (at(50), vec![RunAction::Signal]));
    assert_eq!(scene.ends(0, at(51)), [LAUNCH]);
    scene.started(at(51));
    assert_eq!(states(&scene), [Trying, Waiting, Waiting]);

    scene.run.judge(true, Some(at(9)), at(52));
    scene.on(RunEvent::Probed(Probed::Well(None)), at(53));
    scene.run.judge(true, Some(at(9)), at(53));
    assert_eq!(scene.due().0, at(170), "an exit code or a probe is no beat");
    assert_eq!(states(&scene), [Failed, Counting, Waiting]);
    assert_eq!(scene.due(), (at(200), vec![RunAction::Signal]));
    assert_eq!(scene.ends(0, at(201)), [RunAction::Launch { rung: Some(1) }], "the old has ended before");
    scene.started(at(202));
    scene.on(RunEvent::Probed(Probed::Well(None)), at(203));
    assert!(!scene.run.calls());
    assert_eq!(scene.due().0, at(320));
    assert_eq!(scene.due().0, at(350));
    assert!(scene.run.calls());
}

#[test]
fn a_confirmed_beat_of_after_the_act_ends_it() {
    let mut scene = unwell(RunPolicy { rungs: rungs(), ..policy() });
    scene.due();
    scene.ends(0, at(51));
    scene.started(at(51));
    scene.on(RunEvent::Probed(Probed::Well(None)), at(52));
    scene.run.judge(false, Some(at(49)), at(53));
    assert_eq!(states(&scene)[0], RungState::Trying, "that beat was of before");
    scene.run.judge(false, Some(at(54)), at(55));
    assert_eq!(states(&scene)[0], RungState::Worked);
    assert_eq!((scene.run.poll_timeout(), scene.run.calls()), (None, false));
}

#[test]
fn what_comes_back_by_itself_stops_the_countdown() {
    let mut scene = unwell(RunPolicy { rungs: rungs(), ..policy() });
    scene.on(RunEvent::Probed(Probed::Well(None)), at(30));
    scene.run.judge(false, Some(at(30)), at(30));
    assert_eq!((states(&scene)[0], scene.run.poll_timeout()), (RungState::Waiting, None));
}

#[test]
fn a_person_holds_it_lets_it_go_and_passes_over() {
    let mut scene = unwell(RunPolicy { rungs: rungs(), ..policy() });
    scene.on(RunEvent::Hold(true), at(25));
    assert_eq!(scene.run.poll_timeout(), None);
    scene.on(RunEvent::Hold(false), at(500));
    assert_eq!(scene.run.poll_timeout(), Some(at(530)));
    scene.on(RunEvent::Skip, at(501));
    assert_eq!(states(&scene)[..2], [RungState::Skipped, RungState::Counting]);
    assert_eq!(scene.run.poll_timeout(), Some(at(531)));
}

#[test]
fn giving_up_waits_for_the_ladder_and_a_rung_that_cannot_start_is_passed_at_once() {
    let mut scene = Scene::up(RunPolicy { max_restarts: 1, rungs: rungs(), ..policy() });
    scene.ends(1, at(40));
    let (now, _) = scene.due();
    scene.started(now);
    scene.ends(1, now);
    assert_eq!(scene.state(), ProcessState::GaveUp);
    scene.run.judge(false, Some(at(39)), now);
    assert!(!scene.run.calls(), "something is still tried");
    let (now, actions) = scene.due();
    assert_eq!(actions, [LAUNCH]);
    scene.on(RunEvent::StartFailed { sentence: "there is no program x".into(), again: false }, now);
    scene.run.judge(true, Some(at(39)), now);
    assert_eq!(states(&scene)[..2], [RungState::Failed, RungState::Counting]);
    assert!(scene.run.view().ladder.unwrap().sentence.contains("no program x"));
}

#[test]
fn another_that_takes_its_place_elsewhere_begins_when_all_of_the_old_has_ended() {
    let mut scene = unwell(RunPolicy { rungs: vec![rung(RungKind::DockerRestart, "docker restart w")], ..policy() });
    assert_eq!(scene.due().1, [RunAction::Signal]);
    assert_eq!(scene.ends(0, at(55)), [RunAction::Carry { rung: 0 }]);
    assert!(!scene.run.is_well(), "nobody beats for it from here");
    scene.run.judge(true, Some(at(9)), at(60));
    scene.run.judge(false, Some(at(70)), at(71));
    assert_eq!((states(&scene)[0], scene.run.calls()), (RungState::Worked, false));
}

#[test]
fn a_stop_ends_recovery_too() {
    let mut scene = unwell(RunPolicy { rungs: rungs(), ..policy() });
    scene.on(RunEvent::Stop, at(25));
    scene.ends(0, at(26));
    scene.run.judge(true, Some(at(9)), at(1000));
    assert_eq!((scene.run.poll_timeout(), scene.run.calls()), (None, false));
    assert_eq!(states(&scene)[0], RungState::Waiting);
}
