//! From silence to the person, in the real window: the incident, its notice on the desktop and in a channel, what was frozen,
//! and a drill.
#![cfg(target_os = "linux")]

use anyhow::{Context, Result};
use beatkeeper_tests::{App, Key, Page, Press, alone, registry, until};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use xtask::rig::{Desktop, Parts};

const NAME: &str = "weather-agent";

/// What came to the webhook.
struct Posted {
    signature: Option<String>,
    body: Value,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_recorded_told_everywhere_and_its_circumstances_are_kept() {
    let _alone = alone().await;
    let key = Key::of(NAME);
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    let mut desktop = Desktop::start(Parts::default()).unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let (url, mut posts) = webhook().await.unwrap();
    let page = Page::open(&mut desktop, &app).await.unwrap();
    app.import(&key, NAME).await.unwrap();
    app.beat_every_second().unwrap();
    page.until_row(&key.id(), "the agent to beat", |row| row.verdict == "Beating, confirmed").await.unwrap();

    // A channel, whose test really arrives, signed with what only the keychain has.
    page.type_here("a").await.unwrap();
    page.click("alerts-tab-channels").await.unwrap();
    page.click("channel-add").await.unwrap();
    page.type_into("channel-name", "team").await.unwrap();
    page.type_into("channel-url", &url).await.unwrap();
    page.type_into("channel-secret", "open-sesame").await.unwrap();
    page.click("channel-save").await.unwrap();
    page.gone("channel-dialog").await.unwrap();
    assert!(!app.config().unwrap().contains("open-sesame"), "a secret is in the file");
    page.until_count("channel", 2).await.unwrap();
    app.ask(serde_json::json!({ "command": "channel_test", "name": "team" })).await.unwrap();
    let test = posts.recv().await.unwrap();
    assert!(test.signature.is_some_and(|signature| signature.starts_with("t=") && signature.contains("v1=")));
    assert_eq!(test.body["kind"], "test", "{:#}", test.body);

    // The registry dies.
    let stopped = devnet.shutdown().await;
    page.click("alerts-tab-incidents").await.unwrap();
    let line = page.until_text("incident-line", |text| text.contains("refused")).await.unwrap();
    assert!(line.contains(NAME), "{line}");
    notice(&desktop, "is offline").await.unwrap();
    let told = posts.recv().await.unwrap();
    assert_eq!(
        (&told.body["kind"], &told.body["agents"][0]["name"]),
        (&"stale".into(), &NAME.into()),
        "{:#}",
        told.body
    );
    page.click("incident-black-box").await.unwrap();
    let frozen = page.until_text("black-box-text", |text| text.contains("link.refused")).await.unwrap();
    assert!(frozen.contains(key.id().as_str()) && frozen.contains("1006"), "{frozen}");
    page.press(Press::Escape).await.unwrap();
    page.gone("black-box").await.unwrap();
    page.click("incident-acknowledge").await.unwrap();
    until("the incident to be known", async || {
        Ok(app.agent(&key.id()).await?["incident"]["acknowledged_until"].as_str().map(drop))
    })
    .await
    .unwrap();

    // It comes back, and falls silent once more, on request.
    let _devnet = stopped.start().await.unwrap();
    notice(&desktop, "recovered").await.unwrap();
    page.click("alerts-tab-drill").await.unwrap();
    page.click("drill-start").await.unwrap();
    notice(&desktop, "Drill: ").await.unwrap();
    let last = page.until_text("drill-last", |text| text.contains("recovered in")).await.unwrap();
    assert!(last.contains("detected in") && last.contains("told in"), "{last}");
    page.keeps_secret(&key).await.unwrap();
    app.quit().await.unwrap();
}

async fn notice(desktop: &Desktop, what: &str) -> Result<()> {
    let told = until("a notice", async || {
        Ok(desktop.notices().iter().any(|notice| notice.summary.contains(what)).then_some(()))
    });
    told.await.with_context(|| format!("{what}: {:?}", desktop.notices()))
}

/// A server that takes whatever is posted.
async fn webhook() -> Result<(String, mpsc::UnboundedReceiver<Posted>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let (posted, posts) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let posted = posted.clone();
            tokio::spawn(async move {
                let mut socket = BufReader::new(socket);
                while let Ok(Some(post)) = read(&mut socket).await {
                    let _ = posted.send(post);
                    let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                    if socket.write_all(answer).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    Ok((url, posts))
}

async fn read(socket: &mut BufReader<tokio::net::TcpStream>) -> Result<Option<Posted>> {
    let (mut signature, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "beatkeeper-signature" => signature = Some(value.to_owned()),
            "content-length" => length = value.parse()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await?;
    Ok(Some(Posted { signature, body: serde_json::from_slice(&body)? }))
}
