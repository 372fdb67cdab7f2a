//! A keychain that hangs holds up nobody who looks at the channels.

use std::time::Duration;

use beatkeeper_engine::alerts::channels::Pace;
use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};

use crate::http_server::Server;
use crate::scene::{Begin, QUICK, Safe, WITHIN, webhook};

const SILENCE: Option<&str> = Some("the keychain did not answer");

fn channels(url: &str) -> Vec<ChannelEntry> {
    let script = ChannelEntry { program: Some("true".into()), ..ChannelEntry::new("script", ChannelKind::Command) };
    vec![webhook("team", url), script, ChannelEntry::new("chat", ChannelKind::Slack), webhook("crew", url)]
}

#[tokio::test(flavor = "multi_thread")]
async fn all_secrets_are_asked_for_at_once_and_a_programs_never() {
    let safe = Safe::with("team", "key");
    // One after the other, nobody would be answered.
    safe.answer_together(3);
    let scene = Begin { channels: channels("http://127.0.0.1:9"), safe, ..Begin::default() }.start();
    for _ in 0..2 {
        let views = scene.post.views().await;
        let secrets: Vec<_> = views.iter().map(|view| (view.has_secret, view.secret_problem.as_deref())).collect();
        assert_eq!(secrets, [(true, None), (false, None), (false, None), (false, None)]);
    }
    assert_eq!(scene.safe.asked(), ["chat", "crew", "team"], "each once, and then it is known");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_is_waited_for_a_moment_and_asked_again_when_it_is_back() {
    let server = Server::start([]).await;
    let pace = Pace { secret: Duration::from_millis(500), ..QUICK };
    let safe = Safe::with("team", "key");
    safe.answer_together(usize::MAX);
    let scene = Begin { channels: channels(&server.url), safe, pace, ..Begin::default() }.start();
    for _ in 0..2 {
        let views = scene.post.views().await;
        let problems: Vec<_> = views.iter().map(|view| view.secret_problem.as_deref()).collect();
        assert_eq!(problems, [SILENCE, None, SILENCE, SILENCE]);
    }
    let refusal = scene.post.test("team").await.unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.sentence.as_str()),
        ("channel.locked", "team: the keychain did not answer")
    );
    assert!(server.requests().is_empty());
    scene.post.test("script").await.unwrap();
    // Questions that nobody answers do not pile up.
    assert_eq!(scene.safe.asked(), ["chat", "crew", "team"]);

    scene.safe.answer_together(0);
    let known = async { while scene.post.views().await.iter().any(|view| view.secret_problem.is_some()) {} };
    tokio::time::timeout(WITHIN, known).await.unwrap();
    scene.post.test("team").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_locked_is_said_to_be_and_asked_each_time() {
    let scene = Begin { channels: vec![webhook("team", "http://127.0.0.1:9")], ..Begin::default() }.start();
    scene.safe.lock(true);
    let view = scene.post.views().await.remove(0);
    assert_eq!((view.has_secret, view.secret_problem.as_deref()), (true, Some("the system keychain is locked")));
    scene.safe.lock(false);
    let view = scene.post.views().await.remove(0);
    assert_eq!((view.has_secret, view.secret_problem), (false, None));
}
