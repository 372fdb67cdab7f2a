//! The way to a mail server. TLS is the engine's own, and mail knows nothing of it: it is handed a stream.

use std::sync::Arc;

use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::super::redact::Redactor;
use super::super::setback::{Setback, quote};
use super::setback;
use super::wire::Wire;
use crate::settings::{ChannelEntry, MailTls};

/// A greeting and a list of what the server can do are much shorter.
const MOST_REPLY: usize = 16 * 1024;

pub(super) async fn open(entry: &ChannelEntry, tls: &Arc<ClientConfig>) -> Result<AsyncSmtpConnection, Setback> {
    let host = entry.host.as_deref().unwrap_or_default();
    let mode = entry.tls.unwrap_or_default();
    let usual = match mode {
        MailTls::Starttls => 587,
        MailTls::Tls => 465,
        MailTls::None => 25,
    };
    let hello = ClientId::default();
    let mut stream = match TcpStream::connect((host, entry.port.unwrap_or(usual))).await {
        Ok(stream) => stream,
        Err(error) => {
            let reason = crate::links::connect::from_io(&error);
            return Err(Setback::Unreached(format!("the mail server cannot be reached: {reason}")));
        }
    };
    let stream: Box<dyn AsyncTokioStream> = match mode {
        MailTls::None => Box::new(stream),
        MailTls::Tls => Box::new(Wire::new(encrypt(stream, host, tls).await?, "")),
        MailTls::Starttls => {
            ask_for_tls(&mut stream, &hello).await?;
            // The server greets once, and that was before. The client waits for it after, so it gets one.
            Box::new(Wire::new(encrypt(stream, host, tls).await?, "220 encrypted\r\n"))
        }
    };
    let opened = AsyncSmtpConnection::connect_with_transport(stream, &hello).await;
    opened.map_err(|error| setback("greeting", &error, None))
}

async fn encrypt(
    stream: TcpStream,
    host: &str,
    tls: &Arc<ClientConfig>,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Setback> {
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| Setback::Refused("its host is neither a name nor an address".into()))?;
    let connected = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
    connected.map_err(|error| {
        let what = if crate::tls::is_certificate_error(&error) { "certificate" } else { "encryption" };
        Setback::Unreached(format!(
            "the mail server's {what} failed: {}",
            quote(&error.to_string(), &Redactor::default())
        ))
    })
}

/// RFC 3207, up to where TLS begins. Nothing is said before it that anybody could use.
async fn ask_for_tls(stream: &mut TcpStream, hello: &ClientId) -> Result<(), Setback> {
    reply(stream, "220").await?;
    say(stream, &format!("EHLO {hello}\r\n")).await?;
    let can = reply(stream, "250").await?;
    let offers = can.lines().any(|line| line.get(4..).is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS")));
    if !offers {
        return Err(Setback::Refused("the mail server offers no STARTTLS, and nothing is sent unencrypted".into()));
    }
    say(stream, "STARTTLS\r\n").await?;
    reply(stream, "220").await.map(drop)
}

async fn say(stream: &mut TcpStream, line: &str) -> Result<(), Setback> {
    stream.write_all(line.as_bytes()).await.map_err(|error| hung_up(&error))
}

/// All lines of a reply. Byte by byte, so that nothing is taken for part of the encrypted stream which came before it.
async fn reply(stream: &mut TcpStream, wanted: &str) -> Result<String, Setback> {
    let (mut bytes, mut line) = (Vec::new(), 0);
    loop {
        bytes.push(stream.read_u8().await.map_err(|error| hung_up(&error))?);
        if bytes.len() > MOST_REPLY {
            return Err(Setback::Unreached("the mail server spoke no SMTP".into()));
        }
        if !bytes.ends_with(b"\n") {
            continue;
        }
        if bytes.get(line + 3) != Some(&b'-') {
            break;
        }
        line = bytes.len();
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if text.starts_with(wanted) {
        return Ok(text);
    }
    let problem = format!("greeting: the mail server answers {}", quote(&text, &Redactor::default()));
    Err(if text.starts_with('5') { Setback::Refused(problem) } else { Setback::not_now(problem) })
}

fn hung_up(error: &std::io::Error) -> Setback {
    Setback::Unreached(format!("the mail server hung up: {error}"))
}
