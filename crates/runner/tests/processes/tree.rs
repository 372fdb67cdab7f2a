//! Everything that descends from an agent.

use beatkeeper_runner::StopSignal;

use crate::scene::{Scene, bearers, lives, until};

/// A main process; a child in its group; one in a session of its own, with a child; a daemon that forked twice and has
/// nobody's pipes. Each says its number. `HEAR` is what each does with TERM.
const FAMILY: &str = r#"
import os, signal, sys, time

def say(name):
    with open(name + '.part', 'w') as out: out.write(f'{os.getpid()}\n')
    os.rename(name + '.part', name)

def live(name):
    def heard(*_):
        say(name + '.heard')
        if os.environ['HEAR'] == 'end': os._exit(0)
    signal.signal(signal.SIGTERM, heard)
    say(name)
    while True: time.sleep(0.01)

if os.fork() == 0: live('near')
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: live('grandchild')
    live('session')
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    null = os.open('/dev/null', os.O_RDWR)
    for fd in (0, 1, 2): os.dup2(null, fd)
    live('daemon')
live('main')
"#;

const MEMBERS: [&str; 5] = ["main", "near", "session", "grandchild", "daemon"];

async fn family(scene: &Scene, hear: &str) -> (beatkeeper_runner::Run, Vec<u32>) {
    let mut order = scene.order("python3", &["-c", FAMILY]);
    order.env = vec![("HEAR".into(), hear.into())];
    let run = scene.start(order).await;
    let mut pids = Vec::new();
    for name in MEMBERS {
        pids.push(scene.pid(name).await);
    }
    assert_eq!(pids[0], run.pid());
    (run, pids)
}

#[tokio::test]
async fn kill_ends_all_of_them() {
    let scene = Scene::new();
    let (mut run, pids) = family(&scene, "ignore").await;
    run.kill().await.unwrap();
    assert!(!pids.iter().any(|pid| lives(*pid)), "nobody is left when kill comes back");
    assert_eq!(run.ended().await.signal, Some(9));
    run.tree_is_gone().await;
    assert!(bearers(run.marker()).is_empty());
}

#[tokio::test]
async fn a_signal_reaches_all_of_them_and_ends_who_lets_it() {
    let scene = Scene::new();
    let (mut run, pids) = family(&scene, "end").await;
    run.signal(StopSignal::Term).await.unwrap();
    run.tree_is_gone().await;
    assert!(!pids.iter().any(|pid| lives(*pid)));
    assert_eq!(run.ended().await.code, Some(0));
    for name in MEMBERS {
        assert!(scene.has(&format!("{name}.heard")), "{name}");
    }
}

#[tokio::test]
async fn who_ignores_it_is_killed() {
    let scene = Scene::new();
    let (mut run, pids) = family(&scene, "ignore").await;
    run.signal(StopSignal::Term).await.unwrap();
    for name in MEMBERS {
        scene.appears(&format!("{name}.heard")).await;
    }
    assert!(run.exit().is_none() && pids.iter().all(|pid| lives(*pid)));
    run.kill().await.unwrap();
    assert_eq!(run.ended().await.signal, Some(9));
}

#[tokio::test]
async fn a_process_that_goes_on_forking_ends_too() {
    let scene = Scene::new();
    let script = r"
import os, time
open('begun', 'w').close()
while True:
    if os.fork() == 0:
        os.setsid()
        time.sleep(0.05)
    else:
        os._exit(0)";
    let mut run = scene.python(script).await;
    scene.appears("begun").await;
    assert_eq!(run.ended().await.code, Some(0));
    run.kill().await.unwrap();
    run.tree_is_gone().await;
    assert!(bearers(run.marker()).is_empty());
}

#[tokio::test]
async fn the_main_process_may_end_before_the_others() {
    let scene = Scene::new();
    let script = "sh -c 'echo $$ > other; while [ ! -e go ]; do sleep 0.02; done; echo last words' & \
                  while [ ! -s other ]; do sleep 0.02; done; exit 6";
    let mut run = scene.sh(script).await;
    assert_eq!(run.ended().await.code, Some(6));
    let other = scene.pid("other").await;
    assert!(run.left().contains(&other), "{:?}", run.left());
    assert!(lives(other) && run.usage().unwrap().processes >= 1);
    scene.put("go");
    run.tree_is_gone().await;
    assert!(!lives(other));
    assert!(scene.log().contains("last words"));
}

#[tokio::test]
async fn who_is_left_hears_signals_too() {
    let scene = Scene::new();
    let script = "sh -c 'trap \"exit 0\" TERM; echo $$ > other; while :; do sleep 0.02; done' & \
                  while [ ! -s other ]; do sleep 0.02; done; exit 6";
    let mut run = scene.sh(script).await;
    run.ended().await;
    let other = scene.pid("other").await;
    assert!(lives(other));
    run.signal(StopSignal::Term).await.unwrap();
    run.tree_is_gone().await;
    assert!(!lives(other));
}

#[tokio::test]
async fn usage_is_of_all_of_them() {
    let scene = Scene::new();
    let (mut run, _) = family(&scene, "ignore").await;
    let usage = run.usage().unwrap();
    assert_eq!(usage.processes, 5);
    assert_eq!(usage.threads, 5);
    assert!(usage.memory_bytes > 1_000_000 && usage.memory_bytes < 1_000_000_000, "{usage:?}");
    assert!(usage.open_files.unwrap() >= 15, "three each: {usage:?}");
    run.kill().await.unwrap();
    assert!(run.usage().is_none());
}

#[tokio::test]
async fn processor_time_is_counted_in_percent_of_a_core() {
    let scene = Scene::new();
    // The work is done by children that end: their time is not lost with them.
    let script = "n=0; while [ ! -e go ]; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; \
                  echo $((n+=1)) > rounds; done";
    let mut run = scene.sh(script).await;
    let rounds = || std::fs::read_to_string(scene.project().join("rounds")).ok()?.trim().parse::<u32>().ok();
    run.usage().unwrap();
    let (mut percent, mut from) = (0.0, 0);
    until("half a core", || {
        // Time is told in ticks of 10 ms: a sample says something once some work was done since the last one.
        let Some(done) = rounds().filter(|done| *done >= from + 10) else { return false };
        from = done;
        percent = run.usage().unwrap().cpu_percent;
        percent > 50.0
    })
    .await;
    assert!(percent < 400.0, "{percent} %");
    scene.put("go");
    run.ended().await;
}

#[tokio::test]
async fn a_stopped_process_ends_too() {
    let scene = Scene::new();
    let mut run = scene.sh("kill -STOP $$; exit 0").await;
    let pid = run.pid();
    let stopped = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") T "));
    until("the stop", stopped).await;
    assert!(run.exit().is_none(), "to be stopped is not to end");
    run.kill().await.unwrap();
    assert_eq!(run.ended().await.signal, Some(9));
}

#[tokio::test]
async fn a_child_of_any_thread_belongs_to_it() {
    let scene = Scene::new();
    let script = "
import subprocess, threading, time
threading.Thread(target=lambda: subprocess.run(['sh', '-c', 'echo $$ > other; exec sleep 600'])).start()
while True: time.sleep(1)";
    let mut run = scene.python(script).await;
    let other = scene.pid("other").await;
    let usage = run.usage().unwrap();
    assert_eq!((usage.processes, usage.threads), (2, 3), "{usage:?}");
    run.kill().await.unwrap();
    assert!(!lives(other));
}

#[tokio::test]
async fn who_belongs_to_it_is_told_by_descent_and_not_by_what_can_be_copied() {
    let scene = Scene::new();
    let (mut run, pids) = family(&scene, "ignore").await;
    let tree = run.tree();
    for (pid, name) in pids.iter().zip(MEMBERS) {
        assert!(tree.find(*pid).is_some_and(|member| member.lives()), "{name}");
    }
    let mut impostor = std::process::Command::new("sleep")
        .arg("600")
        .env("BEATKEEPER_RUN", run.marker())
        .spawn()
        .expect("a process that bears the marker");
    let strangers = [std::process::id(), impostor.id(), run.shim_pid(), 1, 0, u32::MAX];
    let found: Vec<_> = strangers.iter().filter(|pid| tree.find(**pid).is_some()).collect();
    impostor.kill().unwrap();
    impostor.wait().unwrap();
    assert!(found.is_empty(), "{found:?} of {strangers:?}");
    let member = tree.find(pids[0]).unwrap();
    run.kill().await.unwrap();
    run.tree_is_gone().await;
    assert!(!member.lives() && tree.find(pids[0]).is_none());
}
