//! What it costs to look at an agent.

use std::time::Duration;

use beatkeeper_runner::log::{LogLimits, LogPlace};
use beatkeeper_runner::{Order, Run, ShimProgram, StopSignal};

fn main() {
    divan::main();
}

/// An agent of four processes: itself, two beside it, one in a session of its own.
#[divan::bench]
fn usage_of_four_processes(bencher: divan::Bencher<'_, '_>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dir = tempfile::tempdir().expect("a folder");
    let script = "sleep 600 & sleep 600 & setsid sleep 600 & wait";
    let order = Order {
        agent: "agent".to_owned(),
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        folder: dir.path().to_owned(),
        env: Vec::new(),
        env_remove: Vec::new(),
        secret_env: Vec::new(),
        stop: StopSignal::Term,
        log: LogPlace { folder: dir.path().join("log"), limits: LogLimits::default() },
        run_dir: dir.path().join("run"),
    };
    let shim = ShimProgram::at(env!("CARGO_BIN_EXE_beatkeeper-shim"));
    let mut run = runtime.block_on(Run::start(&shim, order)).expect("a run");
    while run.usage().is_none_or(|usage| usage.processes < 4) {
        std::thread::sleep(Duration::from_millis(5));
    }
    bencher.bench_local(|| run.usage());
    runtime.block_on(run.kill()).expect("its end");
}
