//! Encrypted registries: a certificate that this computer trusts, those it must not, and a handshake that is cut.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use crate::golden::{ID, PRIVATE, PUBLIC, SEED, key_file, write_key};
use crate::registry::Registry;
use crate::stage::{Process, Stage};

/// What a registry shows who dials it.
#[derive(Clone, Copy)]
enum Shows {
    /// A certificate of the test's own authority, for this name, until this year.
    Certificate { name: &'static str, until: i32 },
    /// Nothing: it hangs up.
    Nothing,
}

/// An authority of the test, and what stands encrypted before its registry.
struct Front {
    url: String,
    authority: String,
    _runtime: Runtime,
}

impl Front {
    fn start(shows: Shows, behind: &str) -> Self {
        let behind: SocketAddr = behind.parse().expect("an address");
        let (authority, server) = certify(shows);
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Some(server) = server.clone() {
                    tokio::spawn(forward(stream, TlsAcceptor::from(server), behind));
                }
            }
        });
        Self { url: format!("https://localhost:{port}"), authority, _runtime: runtime }
    }
}

/// What the client does not like ends in errors here, which are its own business.
async fn forward(stream: TcpStream, acceptor: TlsAcceptor, behind: SocketAddr) {
    let Ok(mut inside) = acceptor.accept(stream).await else { return };
    let mut outside = TcpStream::connect(behind).await.expect("devnet listens");
    let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
}

/// A certificate of an authority that only the test knows.
pub struct Certified {
    /// The authority's own certificate, as PEM.
    pub authority: String,
    pub certificate: rcgen::Certificate,
    pub key: KeyPair,
}

impl Certified {
    /// For this name, until this year.
    pub fn new(name: &str, until: i32) -> Self {
        let mut authority = CertificateParams::new([]).expect("no names");
        // OpenSSL takes who is called like its issuer for its own issuer.
        authority.distinguished_name.push(DnType::CommonName, "an authority of a test");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key"));
        let authority = authority.expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let mut server = CertificateParams::new([name.to_owned()]).expect("a name");
        server.not_before = date_time_ymd(2020, 1, 1);
        server.not_after = date_time_ymd(until, 1, 1);
        let certificate = server.signed_by(&key, &authority).expect("a certificate");
        Self { authority: authority.pem(), certificate, key }
    }
}

fn certify(shows: Shows) -> (String, Option<Arc<rustls::ServerConfig>>) {
    let (name, until) = match shows {
        Shows::Certificate { name, until } => (name, until),
        Shows::Nothing => ("localhost", 4000),
    };
    let Certified { authority, certificate, key } = Certified::new(name, until);
    if matches!(shows, Shows::Nothing) {
        return (authority, None);
    }
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key));
    (authority, Some(Arc::new(config.expect("a server"))))
}

struct Scene {
    stage: Stage,
    _front: Front,
    _registry: Registry,
    _engine: Process,
}

impl Scene {
    /// An engine that beats over TLS; whether it trusts the test's authority is up to the test.
    fn new(shows: Shows, trusted: bool) -> Self {
        let stage = Stage::new();
        let registry = Registry::start(&stage, "devnet", "127.0.0.1:0", &[]);
        registry.register(&SEED, "weather");
        let front = Front::start(shows, registry.address());
        stage.write("beatkeeper.toml", &format!("[[registry]]\nname = \"encrypted\"\nurl = \"{}\"\n", front.url));
        write_key(&stage, "key.json", &key_file(PUBLIC, PRIVATE));
        stage.ok(&["agent", "import", "key.json", "--registry", "encrypted", "--name", "weather"]);
        let authority = stage.write("authority.pem", &front.authority);
        let engine = stage.engine_with("engine", |command: &mut Command| {
            // Where OpenSSL and rustls alike look for the certificates that the system trusts.
            if trusted {
                command.env("SSL_CERT_FILE", &authority);
            }
        });
        Self { stage, _front: front, _registry: registry, _engine: engine }
    }

    #[track_caller]
    fn verdict(&self, code: &str) -> Value {
        self.stage.agent("weather", |agent| agent["verdict"]["code"] == code)
    }
}

const GOOD: Shows = Shows::Certificate { name: "localhost", until: 4000 };

#[test]
fn a_trusted_certificate_lets_beats_through() {
    let scene = Scene::new(GOOD, true);
    let agent = scene.verdict("ok");
    assert_eq!((&agent["id"], &agent["registry"]["status"]), (&Value::from(ID), &Value::from("active")));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused_and_named() {
    let wrong = [
        (GOOD, false, "issuer"),
        (Shows::Certificate { name: "localhost", until: 2021 }, true, "expired"),
        (Shows::Certificate { name: "other.example", until: 4000 }, true, "not valid for"),
    ];
    for (shows, trusted, says) in wrong {
        let scene = Scene::new(shows, trusted);
        let agent = scene.verdict("link.certificate");
        let sentence = agent["verdict"]["sentence"].as_str().unwrap_or_default().to_lowercase();
        assert!(sentence.contains(says), "{says}: {sentence}");
        assert_eq!(agent["link"]["state"], "blocked", "dialling again would not help");
        assert_eq!(agent["beats"]["sent"], 0);
    }
}

#[test]
fn a_handshake_that_is_cut_may_pass() {
    let scene = Scene::new(Shows::Nothing, true);
    let agent = scene.verdict("link.tls");
    assert_eq!(agent["link"]["state"], "backing_off");
}
