//! Registration at the registry: a developer of its own, then the agent (protocols.md 1.7).

use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HOST};
use beatkeeper_core::identity::{DeveloperId, EntityKind};
use beatkeeper_core::wire::registration::{Registration, derivation_proof_bytes, developer_bytes};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::{Agent, say};

const LONGEST_WAIT: Duration = Duration::from_secs(15);
const LONGEST_ANSWER: usize = 64 * 1024;

/// Registers the agent; being registered already is as good. It keeps trying while the registry is away or busy.
pub(crate) async fn register(agent: &Agent, name: &str, entity_url: &str) -> anyhow::Result<()> {
    let developer = agent.key.developer();
    let developer_name = format!("{name} demo developer");
    let signed = developer_bytes(&developer_name, "", "", &developer.public());
    let developer_body = json!({
        "name": developer_name,
        "public_key": developer.public(),
        "signature": developer.sign(&signed).to_wire(),
    });
    post(agent, "v1/developers", &developer_body).await.context("the developer was not registered")?;

    let registration = Registration {
        name,
        entity_url,
        category: "general",
        tags: Some(&["demo"]),
        summary: "A demonstration agent",
        public_key: agent.key.public(),
        kind: Some(EntityKind::Agent),
    };
    let mut body = registration.signed_value();
    let proof = developer.sign(&derivation_proof_bytes(&agent.key.public(), 0));
    let unsigned = [
        ("signature", Value::from(agent.key.sign(&registration.signed_bytes()).to_wire())),
        ("developer_id", Value::from(DeveloperId::from_key(&developer.public()).as_str())),
        (
            "developer_proof",
            json!({
                "developer_public_key": developer.public(),
                "entity_index": 0,
                "developer_signature": proof.to_wire(),
            }),
        ),
    ];
    body.as_object_mut()
        .context("a registration is an object")?
        .extend(unsigned.map(|(member, value)| (member.to_owned(), value)));
    post(agent, "v1/entities", &body).await.context("the agent was not registered")
}

/// Posts until it is taken, or refused for good.
async fn post(agent: &Agent, path: &str, body: &Value) -> anyhow::Result<()> {
    let mut wait = Duration::from_millis(500);
    loop {
        match try_post(agent, path, body).await {
            Ok((StatusCode::CREATED | StatusCode::CONFLICT, _)) => return Ok(()),
            Ok((status, text)) if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                say(&format!("the registry answered {status}: {} (trying again)", text.trim()));
            }
            Ok((status, text)) => bail!("the registry answered {status}: {}", text.trim()),
            Err(error) => say(&format!("{error:#} (trying again)")),
        }
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn try_post(agent: &Agent, path: &str, body: &Value) -> anyhow::Result<(StatusCode, String)> {
    let url = agent.registry.http(path);
    let host = url.host_str().context("the URL has no host")?;
    let authority = agent.registry.authority();
    let port = url.port_or_known_default().unwrap_or(80);
    let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
        .await
        .with_context(|| format!("the registry at {authority} cannot be reached"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::post(url.path())
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))?;
    let asking = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let text = axum::body::to_bytes(Body::new(response.into_body()), LONGEST_ANSWER).await?;
        anyhow::Ok((status, String::from_utf8_lossy(&text).into_owned()))
    };
    let connection = async {
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = asking => answer.context("the registry did not answer"),
        () = connection => bail!("the registry did not answer"),
        () = sleep(LONGEST_WAIT) => bail!("the registry did not answer in time"),
    }
}
