//! One process and its recovery, in virtual time.

mod ladder;
mod probe;

use super::*;
use crate::view::RungState;
use crate::view::{ExitView, RungKind};

fn at(seconds: u64) -> Time {
    Time::from_millis(1_800_000_000_000 + seconds * 1000)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn policy() -> RunPolicy {
    RunPolicy {
        own_command: true,
        starts_with_app: false,
        signer: false,
        restart: RestartPolicy::OnFailure,
        max_restarts: 3,
        success: vec![0],
        stop_grace: seconds(10),
        ready_is_probed: true,
        ready_within: seconds(60),
        failures: 3,
        depends_on: Vec::new(),
        rungs: Vec::new(),
    }
}

/// A supervisor, and what it asked for.
struct Scene {
    run: Supervisor,
    actions: Vec<RunAction>,
}

const LAUNCH: RunAction = RunAction::Launch { rung: None };

impl Scene {
    fn new(policy: RunPolicy) -> Self {
        Self { run: Supervisor::new(policy, 7, at(0)), actions: Vec::new() }
    }

    fn on(&mut self, event: RunEvent, now: Time) -> Vec<RunAction> {
        self.run.handle(event, now);
        self.take()
    }

    fn take(&mut self) -> Vec<RunAction> {
        let actions: Vec<_> = std::iter::from_fn(|| self.run.poll_action()).collect();
        self.actions.extend(&actions);
        actions
    }

    /// Its next deadline; answers when that was, and what came of it.
    fn due(&mut self) -> (Time, Vec<RunAction>) {
        let due = self.run.poll_timeout().unwrap();
        self.run.timeout(due);
        (due, self.take())
    }

    fn started(&mut self, now: Time) {
        self.on(RunEvent::Started { pid: 7, at: now, reclaimed: false }, now);
    }

    /// It runs, and is ready.
    fn up(policy: RunPolicy) -> Self {
        let mut scene = Self::new(policy);
        assert_eq!(scene.on(RunEvent::Start, at(0)), [LAUNCH]);
        scene.started(at(0));
        scene.on(RunEvent::Probed(Probed::Well(None)), at(1));
        assert_eq!(scene.state(), ProcessState::Running);
        scene
    }

    /// It ends by itself, and all of it.
    fn ends(&mut self, code: i32, now: Time) -> Vec<RunAction> {
        let sentence = format!("it ended with {code}");
        self.on(RunEvent::Ended(ExitView { code: Some(code), signal: None, at: now, sentence }), now);
        self.on(RunEvent::TreeEnded, now)
    }

    fn state(&self) -> ProcessState {
        self.run.state().0
    }
}

#[test]
fn every_policy_meets_every_exit() {
    use ProcessState::{Exited, Waiting};
    for (restart, code, then, rests) in [
        (RestartPolicy::Never, 0, Exited, true),
        (RestartPolicy::Never, 1, Exited, false),
        (RestartPolicy::OnFailure, 0, Exited, true),
        (RestartPolicy::OnFailure, 1, Waiting, false),
        (RestartPolicy::Always, 0, Waiting, false),
        (RestartPolicy::Always, 1, Waiting, false),
    ] {
        let mut scene = Scene::up(RunPolicy { restart, ..policy() });
        scene.ends(code, at(100));
        assert_eq!((scene.state(), scene.run.rests()), (then, rests), "{restart:?} {code}");
    }
}

#[test]
fn what_is_found_running_after_it_was_to_stop_is_stopped() {
    let mut scene = Scene::new(policy());
    assert_eq!(scene.on(RunEvent::Stop, at(0)), []);
    assert_eq!(scene.on(RunEvent::Started { pid: 7, at: at(0), reclaimed: true }, at(1)), [RunAction::Signal]);
    scene.ends(0, at(2));
    assert_eq!(scene.state(), ProcessState::Stopped);
    // Who was asked to start since then goes on.
    let mut scene = Scene::new(policy());
    scene.on(RunEvent::Stop, at(0));
    assert_eq!(scene.on(RunEvent::Start, at(1)), [LAUNCH]);
    assert_eq!(scene.on(RunEvent::Started { pid: 7, at: at(0), reclaimed: true }, at(2)), []);
    assert_eq!(scene.state(), ProcessState::Starting);
}

#[test]
fn an_end_by_a_signal_is_no_success() {
    let mut scene = Scene::up(policy());
    let exit = ExitView { code: None, signal: Some(9), at: at(5), sentence: "killed".into() };
    scene.on(RunEvent::Ended(exit), at(5));
    scene.on(RunEvent::TreeEnded, at(5));
    assert_eq!(scene.state(), ProcessState::Waiting);
}

#[test]
fn an_end_that_nobody_told_is_not_judged_by_the_one_before_it() {
    let mut scene = Scene::up(RunPolicy { restart: RestartPolicy::OnFailure, ..policy() });
    scene.ends(0, at(100));
    assert_eq!(scene.state(), ProcessState::Exited);
    scene.on(RunEvent::Start, at(200));
    scene.started(at(200));
    scene.on(RunEvent::Probed(Probed::Well(None)), at(201));
    scene.on(RunEvent::TreeEnded, at(300));
    assert_eq!(scene.state(), ProcessState::Waiting, "how it ended is not known");
    assert_eq!(scene.run.detail(), "");
}

#[test]
fn who_ends_again_and_again_waits_longer_and_is_given_up() {
    let mut scene = Scene::up(policy());
    let mut now = at(2);
    let mut waits = Vec::new();
    for restart in 1..=3 {
        scene.ends(1, now);
        assert_eq!((scene.state(), scene.run.view().restarts), (ProcessState::Waiting, restart));
        let (due, actions) = scene.due();
        assert_eq!(actions, [LAUNCH]);
        waits.push(due.since(now));
        now = due;
        scene.started(now);
    }
    assert!(waits[0] <= seconds(1) && waits[2] >= seconds(2), "{waits:?}");
    scene.ends(1, now);
    assert_eq!((scene.state(), scene.run.calls()), (ProcessState::GaveUp, true));
    assert_eq!((scene.run.poll_timeout(), scene.run.detail()), (None, "it ended with 1".to_owned()));
    // Only a person starts it again, and then nothing of it counts.
    assert_eq!(scene.on(RunEvent::Start, now), [LAUNCH]);
    assert_eq!((scene.run.calls(), scene.run.view().restarts), (false, 0));
}

#[test]
fn who_was_ready_for_long_enough_is_counted_anew() {
    let mut scene = Scene::up(policy());
    let mut now = at(1);
    for _ in 0..10 {
        now = now + seconds(31);
        scene.ends(1, now);
        assert_eq!(scene.run.view().restarts, 1);
        (now, _) = scene.due();
        scene.started(now);
        scene.on(RunEvent::Probed(Probed::Well(None)), now);
    }
}

#[test]
fn a_stop_asks_waits_kills_and_never_restarts() {
    let mut scene = Scene::up(RunPolicy { restart: RestartPolicy::Always, ..policy() });
    assert_eq!(scene.on(RunEvent::Stop, at(100)), [RunAction::Signal]);
    assert_eq!(scene.state(), ProcessState::Stopping);
    assert_eq!(scene.due(), (at(110), vec![RunAction::Kill]));
    assert_eq!(scene.run.poll_timeout(), None, "it is killed once");
    scene.ends(0, at(111));
    assert_eq!((scene.state(), scene.run.rests()), (ProcessState::Stopped, true));
    assert_eq!(scene.run.poll_timeout(), None);
}

#[test]
fn what_is_stopped_while_it_starts_or_waits_stays_stopped() {
    let mut scene = Scene::new(policy());
    scene.on(RunEvent::Start, at(0));
    assert_eq!(scene.on(RunEvent::Stop, at(1)), []);
    assert_eq!(scene.on(RunEvent::Started { pid: 7, at: at(2), reclaimed: false }, at(2)), [RunAction::Signal]);
    scene.ends(0, at(3));
    assert_eq!(scene.state(), ProcessState::Stopped);

    let mut scene = Scene::up(policy());
    scene.ends(1, at(5));
    assert_eq!(scene.on(RunEvent::Stop, at(5)), []);
    assert_eq!((scene.state(), scene.run.poll_timeout()), (ProcessState::Stopped, None));
}

#[test]
fn a_restart_launches_only_when_all_of_the_old_has_ended() {
    let mut scene = Scene::up(policy());
    assert_eq!(scene.on(RunEvent::Restart, at(10)), [RunAction::Signal]);
    let exit = ExitView { code: Some(0), signal: None, at: at(11), sentence: String::new() };
    assert_eq!(scene.on(RunEvent::Ended(exit), at(11)), [], "a grandchild still runs");
    assert_eq!(scene.due().1, [RunAction::Kill]);
    assert_eq!(scene.on(RunEvent::TreeEnded, at(21)), [LAUNCH]);
}

#[test]
fn what_a_dead_process_left_behind_ends_before_the_next_begins() {
    let mut scene = Scene::up(policy());
    let exit = ExitView { code: Some(1), signal: None, at: at(50), sentence: String::new() };
    assert_eq!(scene.on(RunEvent::Ended(exit), at(50)), [RunAction::Signal]);
    assert_eq!(scene.due(), (at(60), vec![RunAction::Kill]));
    scene.on(RunEvent::TreeEnded, at(61));
    assert_eq!(scene.state(), ProcessState::Waiting);
}

#[test]
fn what_cannot_be_started_is_told_and_tried_again_only_when_that_may_help() {
    let mut scene = Scene::new(policy());
    scene.on(RunEvent::Start, at(0));
    scene.on(RunEvent::StartFailed { sentence: "there is no program x".into(), again: false }, at(0));
    assert_eq!((scene.state(), scene.run.detail()), (ProcessState::GaveUp, "there is no program x".to_owned()));
    scene.on(RunEvent::Start, at(1));
    scene.on(RunEvent::StartFailed { sentence: "too many processes".into(), again: true }, at(1));
    assert_eq!((scene.state(), scene.run.detail()), (ProcessState::Waiting, "too many processes".to_owned()));
}

#[test]
fn readiness_and_health_are_the_probes_word() {
    let mut scene = Scene::new(policy());
    scene.on(RunEvent::Start, at(0));
    scene.started(at(0));
    scene.on(RunEvent::Probed(Probed::Unwell("connection refused".into())), at(5));
    assert_eq!((scene.state(), scene.run.is_well()), (ProcessState::Starting, false));
    scene.on(RunEvent::Probed(Probed::Well(Some(40))), at(6));
    assert_eq!((scene.run.is_well(), scene.run.clock_ahead_ms()), (true, Some(40)));
    for second in [10, 15] {
        scene.on(RunEvent::Probed(Probed::Unwell("it answers 500".into())), at(second));
        assert!(scene.run.is_well(), "two in a row are not enough");
    }
    scene.on(RunEvent::Probed(Probed::Unwell("it answers 500".into())), at(20));
    assert_eq!(scene.run.state(), (ProcessState::Unhealthy, at(20)));
    scene.on(RunEvent::Probed(Probed::Well(None)), at(25));
    assert!(scene.run.is_well());
    scene.on(RunEvent::Probed(Probed::WrongAgent("zns:other".into())), at(30));
    assert_eq!(scene.state(), ProcessState::WrongAgent);
}

#[test]
fn who_is_not_ready_in_time_is_unwell_and_may_still_come() {
    let mut scene = Scene::new(policy());
    scene.on(RunEvent::Start, at(0));
    scene.started(at(0));
    assert_eq!(scene.due().0, at(60));
    assert_eq!(scene.state(), ProcessState::Unhealthy);
    assert!(scene.run.detail().starts_with("not ready within 60 s"), "{}", scene.run.detail());
    scene.on(RunEvent::Probed(Probed::Well(None)), at(70));
    assert_eq!(scene.state(), ProcessState::Running);
}

#[test]
fn a_run_whose_watcher_was_killed_is_decided_without_an_exit() {
    let mut scene = Scene::up(policy());
    scene.on(RunEvent::TreeEnded, at(50));
    assert_eq!(scene.state(), ProcessState::Waiting);
}
