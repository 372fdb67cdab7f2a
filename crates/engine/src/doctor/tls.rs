//! The TLS handshake: who shows which certificate, and whether this computer trusts it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use beatkeeper_core::doctor::{Certificate, Handshake, Reading, TlsFault};
use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// How long it may take.
const WITHIN: Duration = Duration::from_secs(4);
/// A chain is three long; more is somebody's joke.
const MOST: usize = 10;

/// Shakes hands as every connection of ours does, and writes down what was shown. What is not trusted is refused here, too.
pub(super) async fn shake(stream: impl AsyncRead + AsyncWrite + Unpin, host: &str) -> Reading {
    // The system's certificates are files.
    let made = tokio::task::spawn_blocking(|| recording().map_err(|error| error.to_string())).await;
    let (config, seen) = match made.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(made) => made,
        Err(error) => return Reading::unknown(format!("The system's certificates cannot be read: {error}")),
    };
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        return Reading::unknown(format!("{host} is no name that a certificate could be for"));
    };
    let shaken = tokio::time::timeout(WITHIN, TlsConnector::from(config).connect(name, stream)).await;
    let (version, words) = match shaken {
        Ok(Ok(stream)) => (stream.get_ref().1.protocol_version(), String::new()),
        Ok(Err(error)) => (None, error.to_string()),
        Err(_) => (None, format!("no answer within {} s", WITHIN.as_secs())),
    };
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let handshake = match seen {
        None => Handshake::Broken(words),
        // A chain that is trusted, and a handshake that broke all the same.
        Some(Shown { trust: Ok(()), .. }) if version.is_none() => Handshake::Broken(words),
        Some(Shown { chain, trust }) => Handshake::Shown {
            host: host.to_owned(),
            chain: chain.iter().take(MOST).filter_map(|der| certificate(der)).collect(),
            version: named(version),
            trust: trust.map_err(|error| fault(&error)),
            now: Timestamp::now(),
        },
    };
    handshake.read()
}

fn named(version: Option<ProtocolVersion>) -> String {
    match version {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3".into(),
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2".into(),
        _ => "TLS".into(),
    }
}

fn fault(error: &Error) -> TlsFault {
    let Error::InvalidCertificate(error) = error else { return TlsFault::Other(error.to_string()) };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other reasons have no cause of their own")]
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TlsFault::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::WrongName,
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        other => TlsFault::Other(other.to_string()),
    }
}

fn certificate(der: &CertificateDer<'_>) -> Option<Certificate> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let time = |seconds: i64| Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    let named = parsed.subject_alternative_name().ok().flatten();
    let names = named.iter().flat_map(|extension| &extension.value.general_names);
    #[expect(clippy::wildcard_enum_match_arm, reason = "other kinds of names are no hosts")]
    let names = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress([a, b, c, d]) => Some(std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string()),
        _ => None,
    });
    Some(Certificate {
        subject: short(&parsed.subject().to_string()),
        issuer: short(&parsed.issuer().to_string()),
        from: time(parsed.validity().not_before.timestamp()),
        until: time(parsed.validity().not_after.timestamp()),
        names: names.take(8).collect(),
    })
}

fn short(name: &str) -> String {
    if name.is_empty() { "(no name)".into() } else { name.chars().take(160).collect() }
}

/// What was shown, and the verifier's word.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    trust: Result<(), Error>,
}

type Seen = Arc<Mutex<Option<Shown>>>;

fn recording() -> Result<(Arc<ClientConfig>, Seen), Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let seen = Seen::default();
    let verifier = Recording { system: Verifier::new(Arc::clone(&provider))?, seen: Arc::clone(&seen) };
    let config = ClientConfig::builder_with_provider(CryptoProvider::clone(&provider).into())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((Arc::new(config), seen))
}

/// The system's verifier, whose word stands, with a note of what it was shown.
struct Recording {
    system: Verifier,
    seen: Seen,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

impl ServerCertVerifier for Recording {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.system.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let chain = std::iter::once(end_entity).chain(intermediates).map(|der| der.clone().into_owned()).collect();
        let trust = verified.as_ref().map(|_| ()).map_err(Clone::clone);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Shown { chain, trust });
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.system.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.system.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.system.supported_verify_schemes()
    }
}
