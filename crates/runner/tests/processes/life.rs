//! Start, output, end.

use std::fs;

use beatkeeper_runner::{Reclaimed, Run};

use crate::scene::{AGENT, Scene, lives, send, until};

#[tokio::test]
async fn an_exit_is_known_by_its_code_or_its_signal() {
    for (script, code, signal) in [
        ("exit 0", Some(0), None),
        ("exit 3", Some(3), None),
        ("kill -9 $$", None, Some(9)),
        ("kill $$", None, Some(15)),
    ] {
        let scene = Scene::new();
        let mut run = scene.sh(script).await;
        let exit = run.ended().await;
        assert_eq!((exit.code, exit.signal, exit.known), (code, signal, true), "{script}");
        assert!(exit.at >= run.started_at());
        run.tree_is_gone().await;
        assert!(run.usage().is_none());
    }
}

#[tokio::test]
async fn what_came_before_the_exit_is_in_the_log_when_the_exit_is_told() {
    let scene = Scene::new();
    let mut run = scene.sh("echo one; echo two >&2; printf 'without an end'").await;
    run.ended().await;
    let log = scene.log();
    for text in ["start process", "one", "two", "without an end", "exit with code 0"] {
        assert!(log.contains(text), "{text} in {log}");
    }
    assert!(log.find("without an end") < log.find("exit with"), "{log}");
}

#[tokio::test]
async fn a_line_without_an_end_is_shown_while_the_agent_goes_on() {
    let scene = Scene::new();
    let run = scene.sh("printf 'name? '; while [ ! -e go ]; do sleep 0.02; done").await;
    scene.logged("name? ").await;
    assert!(run.exit().is_none());
    scene.put("go");
}

#[tokio::test]
async fn an_agent_that_closes_its_outputs_goes_on() {
    let scene = Scene::new();
    let script = "
import os, time
os.close(1)
os.write(2, b'one is closed\\n')
os.close(2)
open('closed', 'w').close()
while not os.path.exists('go'): time.sleep(0.01)
raise SystemExit(7)";
    let mut run = scene.python(script).await;
    scene.appears("closed").await;
    scene.logged("one is closed").await;
    assert!(lives(run.pid()) && run.exit().is_none());
    scene.put("go");
    assert_eq!(run.ended().await.code, Some(7));
}

#[tokio::test]
async fn two_hundred_megabytes_at_full_speed_hold_nobody_up() {
    let scene = Scene::new();
    let script = "
import os
line = b'x' * 99 + b'\\n'
for _ in range(2000):
    block = line * 1000
    while block: block = block[os.write(1, block):]
open('written', 'w').close()";
    let mut run = scene.python(script).await;
    assert_eq!(run.ended().await.code, Some(0));
    assert!(scene.has("written"));
    run.tree_is_gone().await;
}

#[tokio::test]
async fn the_environment_is_the_apps_with_what_the_order_says() {
    let scene = Scene::new();
    let script = "env | sort > said; readlink /proc/self/fd/0 > stdin; pwd > folder; echo \"$0 $1\" > args";
    let mut order = scene.order("sh", &["-c", script, "a name", "with 'quotes' and $PATH"]);
    order.env = vec![("ADDED".into(), "so".into()), ("HOME".into(), "/elsewhere".into())];
    order.env_remove = vec!["PWD".into(), "CARGO_MANIFEST_DIR".into()];
    let mut run = scene.start(order).await;
    assert_eq!(run.ended().await.code, Some(0));
    let read = |name: &str| fs::read_to_string(scene.project().join(name)).unwrap();
    let said = read("said");
    let has = |line: &str| said.lines().any(|said| said == line);
    assert!(has("ADDED=so") && has("HOME=/elsewhere"));
    assert!(has(&format!("BEATKEEPER_RUN={}", run.marker())));
    assert!(has(&format!("PATH={}", std::env::var("PATH").unwrap())));
    assert!(!said.contains("CARGO_MANIFEST_DIR"));
    assert_eq!(read("stdin"), "/dev/null\n");
    assert_eq!(read("folder").trim_end(), scene.project().to_str().unwrap());
    assert_eq!(read("args"), "a name with 'quotes' and $PATH\n");
}

#[tokio::test]
async fn a_shim_ends_with_the_last_of_its_run_and_the_next_start_follows_at_once() {
    let scene = Scene::new();
    let mut last = None;
    for code in [1, 2, 3] {
        let mut run = scene.sh(&format!("exit {code}")).await;
        assert_ne!(last.replace(run.marker().to_owned()).as_deref(), Some(run.marker()));
        assert_eq!(run.ended().await.code, Some(code));
        run.tree_is_gone().await;
        let shim = run.shim_pid();
        if code == 3 {
            until("the end of the shim", || !lives(shim)).await;
        }
    }
    let Reclaimed::Ended(exit) = Run::reclaim(&scene.run_dir(), AGENT).await.unwrap() else { panic!("it ended") };
    assert_eq!((exit.code, exit.known), (Some(3), true));
    Run::forget(&scene.run_dir(), AGENT).unwrap();
    assert!(matches!(Run::reclaim(&scene.run_dir(), AGENT).await.unwrap(), Reclaimed::Nothing));
}

#[tokio::test]
async fn a_shim_that_is_asked_to_end_asks_the_agent_in_its_own_way() {
    let scene = Scene::new();
    let mut order = scene.order("sh", &["-c", "trap 'exit 5' USR1; echo ready; while :; do sleep 0.02; done"]);
    order.stop = beatkeeper_runner::StopSignal::Usr1;
    let mut run = scene.start(order).await;
    scene.logged("ready").await;
    send(run.shim_pid(), rustix::process::Signal::HUP);
    send(run.shim_pid(), rustix::process::Signal::TERM);
    assert_eq!(run.ended().await.code, Some(5));
}

#[tokio::test]
async fn a_person_marks_and_clears_the_log() {
    let scene = Scene::new();
    let run = scene.sh("echo before; while [ ! -e go ]; do sleep 0.02; done").await;
    scene.logged("before").await;
    run.mark("here it begins").await.unwrap();
    assert!(scene.log().contains("mark here it begins"), "it is there when the answer is");
    run.clear_log().await.unwrap();
    assert!(!scene.log().contains("before"));
    scene.put("go");
}

#[tokio::test]
async fn a_burst_of_lines_is_in_the_log_line_by_line() {
    let scene = Scene::new();
    let script = "
import os
text = ''.join(f'line {i} of the burst\\n' for i in range(30000)).encode()
while text: text = text[os.write(1, text[:70001]):]";
    let mut run = scene.python(script).await;
    run.ended().await;
    let log = scene.log();
    let lines: Vec<&str> = log.lines().filter_map(|line| Some(line.split_once(" O ")?.1)).collect();
    let expected: Vec<String> = (0..30000).map(|i| format!("line {i} of the burst")).collect();
    assert!(lines == expected, "{} lines, the last one {:?}", lines.len(), lines.last());
}

#[tokio::test]
async fn a_begun_line_of_one_output_is_not_cut_by_the_other() {
    let scene = Scene::new();
    let script = "
import os, time
os.write(1, b'begun ')
os.write(2, b'between\\n')
os.write(1, b'and ended\\n')";
    let mut run = scene.python(script).await;
    run.ended().await;
    let log = scene.log();
    assert!(log.contains(" O begun and ended\n") && log.contains(" E between\n"), "{log}");
}
