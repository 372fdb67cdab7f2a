//! The baseline: sockets on which beats are signed and sent on schedule, and nothing else. Nothing is read, kept,
//! confirmed, pinged or dialled again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::wire::zynd;
use beatkeeper_vault::Signer;
use futures_util::SinkExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::child::Answer;
use super::lateness::Lateness;
use super::usage::Meter;
use super::{DIALS, INTERVAL, Outcome, crowd, obey};

pub(crate) fn run(folder: &Path, links: u32, url: &str) -> Outcome<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let base: BaseUrl = url.parse()?;
    let lateness = Arc::new(Lateness::default());
    let meter = Meter::start(Arc::clone(&lateness));
    obey(|question| match question.split_whitespace().collect::<Vec<_>>()[..] {
        ["start", within] => {
            runtime.block_on(start(folder, links, &base, Duration::from_secs_f64(within.parse()?), &lateness))?;
            Ok(Answer::default())
        }
        ["window", seconds] => Ok(meter.window(seconds.parse()?)),
        ["beats"] => Ok(Answer::default()),
        _ => Err(format!("the bare loop does not understand \"{question}\"").into()),
    })
}

/// Opens every socket, evenly spread over a time, and leaves each to a task of its own.
async fn start(folder: &Path, links: u32, base: &BaseUrl, within: Duration, lateness: &Arc<Lateness>) -> Outcome<()> {
    let dials = Arc::new(Semaphore::new(DIALS));
    let mut opening = JoinSet::new();
    let started = Instant::now();
    for (number, seed) in (0..).zip(crowd::seeds(folder, links)?) {
        let turn = started + within * number / links;
        let url = base.websocket(&zynd::heartbeat_path(&crowd::id(&seed))).to_string();
        let (signer, dials, lateness) = (seed.signer(), Arc::clone(&dials), Arc::clone(lateness));
        opening.spawn(async move {
            tokio::time::sleep_until(turn).await;
            let permit = dials.acquire().await?;
            let socket = dial(&url).await?;
            drop(permit);
            tokio::spawn(beat(socket, signer, lateness));
            Outcome::Ok(())
        });
    }
    while let Some(opened) = opening.join_next().await {
        opened??;
    }
    Ok(())
}

async fn dial(url: &str) -> Outcome<WebSocketStream<TcpStream>> {
    let request = url.into_client_request()?;
    let address = request.uri().authority().ok_or("a URL without a host")?.to_string();
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    // The engine's buffers: the defaults would make the baseline look bad.
    let config =
        WebSocketConfig::default().read_buffer_size(1024).write_buffer_size(0).max_write_buffer_size(64 * 1024);
    let (socket, _) = Box::pin(tokio_tungstenite::client_async_with_config(request, stream, Some(config))).await?;
    Ok(socket)
}

async fn beat(mut socket: WebSocketStream<TcpStream>, signer: Signer, lateness: Arc<Lateness>) {
    let mut due = Instant::now();
    loop {
        let timestamp = zynd::beat_timestamp(jiff::Timestamp::now());
        let frame = zynd::beat_frame(&timestamp, &signer.sign(timestamp.as_bytes()));
        if socket.send(Message::text(frame)).await.is_err() {
            return;
        }
        lateness.note(due.elapsed());
        due += INTERVAL;
        tokio::time::sleep_until(due).await;
    }
}
