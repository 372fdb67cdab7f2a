//! Who asks and is none of the run's: what they may take of us. Those of a run are tested with real runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use beatkeeper_core::identity::EntityId;
use beatkeeper_vault::Vault;
use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::tokio::prelude::*;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::socket::Limits;
use super::{Desk, Serving, SignerSocket, place};
use crate::clock::Clock;

/// Far more than any of this takes.
const GIVE_UP: Duration = Duration::from_secs(60);

/// A signer that takes everybody for a stranger.
struct Stage {
    desk: Arc<Desk>,
    address: PathBuf,
    _serving: Serving,
    _folder: TempDir,
}

impl Stage {
    fn new(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let id: EntityId = "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap();
        // It is never asked for a key.
        let desk = Arc::new(Desk::new(id.clone(), Vault::keychain(), Arc::new(Clock::new())));
        let socket = SignerSocket::open(folder.path(), &id).unwrap();
        let address = socket.address().to_owned();
        let serving = socket.serve_whom(Arc::clone(&desk), Arc::new(|_| None), limits);
        Self { desk, address, _serving: serving, _folder: folder }
    }

    async fn connect(&self) -> Stream {
        Stream::connect(place::name(&self.address).unwrap()).await.unwrap()
    }
}

/// All that is said until it ends.
async fn heard(stream: &mut Stream) -> String {
    let mut said = Vec::new();
    // What was not read when it was closed is an error after the words.
    let _ = tokio::time::timeout(GIVE_UP, stream.read_to_end(&mut said)).await.expect("it is let go");
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn who_says_nothing_or_half_a_word_is_let_go() {
    let silence = Duration::from_millis(300);
    let stage = Stage::new(Limits { clients: 8, strangers: 2, silence });
    let begun = Instant::now();
    let mut silent = stage.connect().await;
    let mut slow = stage.connect().await;
    slow.write_all(b"{\"sign\":").await.unwrap();
    assert_eq!((heard(&mut silent).await, heard(&mut slow).await), (String::new(), String::new()));
    assert!(begun.elapsed() >= silence);
    assert!(stage.desk.audit().is_empty(), "who asks nothing is refused nothing");

    // Their places are free again.
    let mut next = stage.connect().await;
    next.write_all(b"{}\n").await.unwrap();
    assert!(heard(&mut next).await.contains("signer.not_of_the_run"));
    assert_eq!(stage.desk.audit().len(), 1);
}

#[tokio::test]
async fn one_more_than_there_are_places_for_hears_why() {
    let stage = Stage::new(Limits { clients: 8, strangers: 2, silence: GIVE_UP });
    let _waiting = (stage.connect().await, stage.connect().await);
    for times in 1..=3 {
        let said = heard(&mut stage.connect().await).await;
        let said: Value = serde_json::from_str(said.strip_suffix('\n').expect("a line")).expect("JSON");
        assert_eq!(said["error"]["code"], "signer.not_of_the_run");
        assert!(said["error"]["sentence"].is_string());
        let audit = stage.desk.audit();
        assert_eq!((audit.len(), audit[0].count), (1, times));
    }
}
