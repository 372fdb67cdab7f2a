use super::*;

use beatkeeper_runner::StopSignal;

fn plan(folder: &Path) -> Plan {
    Plan {
        command: vec!["true".into()],
        folder: folder.to_owned(),
        env: vec![("LOG".into(), "own".into())],
        env_file: None,
        key: KeyWay::Inject,
        registry_url: Some("https://r.example".into()),
        stop: StopSignal::Term,
        starts_with_app: false,
        ready: None,
        live: None,
        rungs: Vec::new(),
    }
}

fn value<'a>(env: &'a [(OsString, OsString)], name: &str) -> Option<&'a str> {
    // The last one counts, as in the child.
    env.iter().rev().find(|(known, _)| known == name).and_then(|(_, value)| value.to_str())
}

#[test]
fn the_child_gets_an_empty_path_and_no_key_among_what_may_be_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "LOG=file\nTOKEN='a b'\nZYND_AGENT_KEYPAIR_PATH=/k.json\n").unwrap();
    let env = environment(&Plan { env_file: Some(".env".into()), ..plan(folder.path()) }).unwrap();
    assert_eq!((value(&env, "LOG"), value(&env, "TOKEN")), (Some("own"), Some("a b")));
    assert_eq!((value(&env, "ZYND_AGENT_KEYPAIR_PATH"), value(&env, "ZYND_AGENT_PRIVATE_KEY")), (Some(""), None));
    assert_eq!(value(&env, "ZYND_REGISTRY_URL"), Some("https://r.example"));
    let own = environment(&Plan { key: KeyWay::Nothing, ..plan(folder.path()) }).unwrap();
    assert_eq!(value(&own, "ZYND_AGENT_KEYPAIR_PATH"), None);
}

#[test]
fn an_environment_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = environment(&Plan { env_file: Some("not.env".into()), ..plan(folder.path()) }).unwrap_err();
    assert!(missing.sentence.contains("not.env") && !missing.again, "{missing:?}");
    std::fs::write(folder.path().join("bad.env"), "A='never closed\n").unwrap();
    let bad = environment(&Plan { env_file: Some("bad.env".into()), ..plan(folder.path()) }).unwrap_err();
    assert!(bad.sentence.contains("bad.env"), "{bad:?}");
}

#[tokio::test]
async fn a_port_is_taken_while_somebody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    assert!(is_taken("127.0.0.1", port).await);

    drop(listener);
    assert!(!is_taken("127.0.0.1", port).await);
}
