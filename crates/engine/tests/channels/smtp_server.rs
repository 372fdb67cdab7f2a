//! A mail server, small and real: greeting, EHLO, STARTTLS, AUTH, one mail after the other.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How it lets itself be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    Plain,
    Starttls,
    Tls,
}

/// A mail that it took.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub text: String,
    pub login: Option<(String, String)>,
    pub encrypted: bool,
}

#[derive(Clone)]
pub struct SmtpServer {
    pub port: u16,
    /// Who trusts these trusts it.
    pub roots: RootCertStore,
    state: Arc<State>,
    acceptor: TlsAcceptor,
    front: Front,
}

#[derive(Default)]
struct State {
    mails: Mutex<Vec<Mail>>,
    /// Said once in place of the answer to a command that begins so.
    refusals: Mutex<Vec<(&'static str, &'static str)>>,
    /// Every line that came unencrypted.
    overheard: Mutex<String>,
}

impl SmtpServer {
    pub async fn start(front: Front, refusals: &[(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (roots, acceptor) = certify();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, roots, state: Arc::default(), acceptor, front };
        server.state.refusals.lock().unwrap().extend(refusals);
        let all = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(all.clone(), stream));
            }
        });
        server
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.state.mails.lock().unwrap().clone()
    }

    pub fn overheard(&self) -> String {
        self.state.overheard.lock().unwrap().clone()
    }
}

fn certify() -> (RootCertStore, TlsAcceptor) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![server.der().clone()], key));
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    (roots, TlsAcceptor::from(Arc::new(config.unwrap())))
}

/// What the client does not like ends in errors here, which are its own business.
async fn serve(server: SmtpServer, stream: TcpStream) {
    if server.front == Front::Tls {
        let Ok(stream) = server.acceptor.accept(stream).await else { return };
        let _ = session(&server, stream, true, true).await;
        return;
    }
    if let Ok(Some(stream)) = session(&server, stream, true, false).await
        && let Ok(stream) = server.acceptor.accept(stream).await
    {
        let _ = session(&server, stream, false, true).await;
    }
}

/// Talks until the client says goodbye, or gives the stream back for TLS.
async fn session<S: AsyncRead + AsyncWrite + Unpin>(
    server: &SmtpServer,
    stream: S,
    greet: bool,
    encrypted: bool,
) -> std::io::Result<Option<S>> {
    let mut stream = BufReader::new(stream);
    let mut mail = Mail { encrypted, ..Mail::default() };
    if greet {
        stream.get_mut().write_all(b"220 localhost ESMTP\r\n").await?;
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if !encrypted {
            server.state.overheard.lock().unwrap().push_str(&line);
        }
        let line = line.trim_end();
        let answer = match refusal(server, line) {
            Some(refusal) => refusal.to_owned(),
            None if line.starts_with("EHLO") => {
                let offer = if !encrypted && server.front == Front::Starttls { "250-STARTTLS\r\n" } else { "" };
                format!("250-localhost\r\n{offer}250-8BITMIME\r\n250 AUTH PLAIN LOGIN")
            }
            None if line == "STARTTLS" => {
                stream.get_mut().write_all(b"220 go ahead\r\n").await?;
                return Ok(Some(stream.into_inner()));
            }
            None if line.starts_with("AUTH PLAIN ") => {
                let plain = STANDARD.decode(&line["AUTH PLAIN ".len()..]).unwrap();
                let plain = String::from_utf8(plain).unwrap();
                let mut parts = plain.split('\0').skip(1).map(str::to_owned);
                mail.login = parts.next().zip(parts.next());
                "235 welcome".into()
            }
            None if line.starts_with("MAIL FROM:") => {
                mail.from = line["MAIL FROM:".len()..].to_owned();
                "250 ok".into()
            }
            None if line.starts_with("RCPT TO:") => {
                mail.to.push(line["RCPT TO:".len()..].to_owned());
                "250 ok".into()
            }
            None if line == "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n").await?;
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).await?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail.text += &line;
                }
                server.state.mails.lock().unwrap().push(mail.clone());
                "250 taken".into()
            }
            None if line == "QUIT" => {
                stream.get_mut().write_all(b"221 bye\r\n").await?;
                return Ok(None);
            }
            None => "502 what".into(),
        };
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

fn refusal(server: &SmtpServer, line: &str) -> Option<&'static str> {
    let mut refusals = server.state.refusals.lock().unwrap();
    let place = refusals.iter().position(|(begins, _)| line.starts_with(begins))?;
    Some(refusals.remove(place).1)
}
