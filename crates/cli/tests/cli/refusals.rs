//! What is wrong is said with its place and its remedy, in the right exit code.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::stage::Stage;

#[test]
fn where_nobody_runs_that_is_said() {
    let stage = Stage::new();
    for command in [&["status"][..], &["status", "--watch"], &["history", "x"], &["quit"], &["agent", "retry", "x"]] {
        let said = stage.run(command);
        assert_eq!((said.code, said.out.as_str()), (Some(3), ""), "{command:?}: {said:?}");
        let data = stage.path("data").display().to_string();
        assert!(said.err.contains("No Beatkeeper is running") && said.err.contains(&data), "{said:?}");
        assert!(said.err.contains("`beatkeeper run`"), "{said:?}");
    }
    let said = stage.run(&["status", "--json"]);
    let error: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((said.code, &error["error"]["code"]), (Some(3), &Value::from("engine.not_running")));
    assert_eq!(stage.ok(&["agent", "list"]), "", "an empty list is no error");
}

#[test]
fn wrong_usage_has_an_exit_code_of_its_own() {
    let stage = Stage::new();
    for command in [
        &["frobnicate"][..],
        &[],
        &["agent", "add", "--registry", "x"],
        &["agent", "import", "key.json"],
        &["history", "x", "--limit", "0"],
        &["devnet", "--fault", "explode"],
        &["devnet", "--listen", "nowhere"],
    ] {
        assert_eq!(stage.run(command).code, Some(2), "{command:?}");
    }
}

#[test]
fn a_bad_configuration_is_refused_with_line_and_column_and_kept() {
    let good = "[[registry]]\nname = \"r\"\nurl = \"http://127.0.0.1:9\"\n\n[[agent]]\n\
                entity = \"zns:56475aa75463474c0285df5dbf2bcab7\"\nname = \"weather\"\nregistry = \"r\"\n";
    let cases = [
        (good.replace("name = \"weather\"", "nmae = \"weather\""), "line 7, column 1", "nmae"),
        (good.replace("http://127.0.0.1:9", "zns01.zynd.ai"), "line 3, column 7", "https://"),
        (good.replace("zns:56475", "zns:XYZ"), "line 6, column 10", "not an entity id"),
        (good.replace("[[agent]]", "[[agent]"), "line 5", "beatkeeper.toml"),
        (good.replace("registry = \"r\"", "registry = \"s\""), "beatkeeper.toml", "\"s\", which is not listed"),
        (good.replace("registry = \"r\"", "registry = \"r\"\ninterval = 121"), "beatkeeper.toml", "1 to 120"),
    ];
    for (text, place, what) in cases {
        let stage = Stage::new();
        stage.write("beatkeeper.toml", &text);
        for command in [&["agent", "list"][..], &["run"], &["agent", "add", "--registry", "r", "--generate"]] {
            let error = stage.refused(command);
            assert!(error.contains(place) && error.contains(what), "{command:?}: {error}");
        }
        assert_eq!(stage.read("beatkeeper.toml"), text, "nobody's half-finished edit is overwritten");
    }
}

#[test]
fn a_bad_registry_is_refused() {
    let stage = Stage::new();
    let error = stage.refused(&["agent", "add", "--registry", "ftp://x", "--generate"]);
    assert!(error.contains("ftp://x") || error.contains("https://"), "{error}");
    assert!(!stage.path("beatkeeper.toml").exists());
}

#[test]
fn a_history_that_cannot_be_read_stops_the_engine_and_is_left_alone() {
    for (bytes, says) in [(newer_database(), "newer"), (b"this is no database at all".repeat(300), "history")] {
        let stage = Stage::new();
        fs::create_dir(stage.path("data")).unwrap();
        fs::write(stage.path("data/history.sqlite3"), &bytes).unwrap();
        let error = stage.refused(&["run"]);
        assert!(error.contains(says) && error.contains("history.sqlite3"), "{error}");
        assert!(fs::read(stage.path("data/history.sqlite3")).unwrap() == bytes, "it was changed");
    }
}

/// One empty page of SQLite whose user version no program of ours has.
fn newer_database() -> Vec<u8> {
    let mut page = vec![0; 4096];
    page[..16].copy_from_slice(b"SQLite format 3\0");
    page[16..24].copy_from_slice(&[0x10, 0, 1, 1, 0, 64, 32, 32]);
    for (offset, value) in [(24, 1_u32), (28, 1), (44, 4), (56, 1), (60, 9_999), (92, 1), (96, 3_045_000)] {
        page[offset..offset + 4].copy_from_slice(&value.to_be_bytes());
    }
    page[100..108].copy_from_slice(&[0x0d, 0, 0, 0, 0, 0x10, 0, 0]);
    page
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let stage = Stage::new();
    stage.ok(&["agent", "add", "--registry", "http://127.0.0.1:9", "--generate"]);
    for command in [&["agent", "list"][..], &["agent", "list", "--json"], &["--help"]] {
        let mut child = stage.command(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains("panicked"), "{command:?}: {} {said}", output.status);
    }
}
