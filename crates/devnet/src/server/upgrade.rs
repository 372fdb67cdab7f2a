//! The WebSocket handshake as the live registry does it: by hand, since it answers 400 where libraries answer 426, and
//! nothing but three headers with its 101 (protocols.md 1.4).

use axum::extract::Request;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::{Shared, answer};

/// A socket that is open.
pub(super) type Socket = WebSocketStream<TcpStream>;

/// Answers a handshake and, when it is one, hands the open socket to `talk`.
pub(super) fn upgrade<F>(
    registry: &Shared,
    mut request: Request,
    talk: impl FnOnce(Socket) -> F + Send + 'static,
) -> Response
where
    F: Future<Output = ()> + Send,
{
    let Some(accept) = accept_key(&request) else { return refusal() };
    let upgraded = hyper::upgrade::on(&mut request);
    registry.tasks.spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        // Every connection is a plain TCP stream.
        let Ok(parts) = upgraded.downcast::<TokioIo<TcpStream>>() else { return };
        // Thousands of sockets are held at once, and a beat is 170 bytes: small buffers. The registry has no size limit.
        let config = WebSocketConfig::default()
            .read_buffer_size(1024)
            .write_buffer_size(0)
            .max_message_size(None)
            .max_frame_size(None);
        let stream = parts.io.into_inner();
        let part = parts.read_buf.to_vec();
        let socket = WebSocketStream::from_partially_read(stream, part, Role::Server, Some(config)).await;
        talk(socket).await;
    });
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// The answer to what is no handshake: what a proxy that strips `Upgrade` produces.
pub(super) fn refusal() -> Response {
    let mut response = answer::text(StatusCode::BAD_REQUEST, "Bad Request\n");
    response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

/// A close frame with 1002, for frames that break the protocol. Written past the library, which has given up by then.
pub(super) async fn close_protocol_error(socket: &mut Socket) {
    let _ = socket.get_mut().write_all(&[0x88, 0x02, 0x03, 0xea]).await;
}

fn accept_key(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let key = headers.get(SEC_WEBSOCKET_KEY)?.as_bytes();
    let fits = request.method() == Method::GET
        && has_token(headers, &CONNECTION, "upgrade")
        && has_token(headers, &UPGRADE, "websocket")
        && has_token(headers, &SEC_WEBSOCKET_VERSION, "13")
        // 16 bytes in base64.
        && key.len() == 24
        && key.ends_with(b"==");
    fits.then(|| HeaderValue::from_str(&derive_accept_key(key)).ok()).flatten()
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}
