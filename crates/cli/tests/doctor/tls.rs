//! What stands encrypted before a registry, and shows who dials it a good certificate or a bad one.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::net::Served;

/// The name under which it is dialled.
const NAME: &str = "localhost";

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// A certificate that is in order, if its authority is.
    Good,
    Expired,
    NotYetValid,
    WrongName,
    /// One that vouches for itself.
    SelfSigned,
    /// One by an authority that is called so: organization and name.
    IssuedBy(&'static str, &'static str),
    /// No TLS: what comes is passed on as it is.
    NoTls,
    /// Nothing: it hangs up.
    Nothing,
}

/// The front, and the authority that it has its certificate from.
pub struct Front {
    served: Served,
    /// As PEM.
    pub authority: String,
}

impl Front {
    pub fn start(shows: Shows, behind: SocketAddr) -> Self {
        let (authority, config) = certify(shows);
        let served = Served::new(move |stream| {
            let acceptor = TlsAcceptor::from(Arc::clone(&config));
            async move {
                match shows {
                    Shows::Nothing => {}
                    Shows::NoTls => forward(stream, behind).await,
                    Shows::Good
                    | Shows::Expired
                    | Shows::NotYetValid
                    | Shows::WrongName
                    | Shows::SelfSigned
                    | Shows::IssuedBy(..) => {
                        // What the client does not like is its own business.
                        if let Ok(inside) = acceptor.accept(stream).await {
                            forward(inside, behind).await;
                        }
                    }
                }
            }
        });
        Self { served, authority }
    }

    pub fn url(&self) -> String {
        format!("https://{NAME}:{}", self.served.address.port())
    }
}

async fn forward(mut inside: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, behind: SocketAddr) {
    if let Ok(mut outside) = TcpStream::connect(behind).await {
        let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
    }
}

fn certify(shows: Shows) -> (String, Arc<ServerConfig>) {
    let (organization, name) =
        if let Shows::IssuedBy(organization, name) = shows { (organization, name) } else { ("Tests", "a test's own") };
    let mut authority = CertificateParams::new([]).expect("no names");
    authority.distinguished_name.push(DnType::OrganizationName, organization);
    authority.distinguished_name.push(DnType::CommonName, name);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key"));
    let authority = authority.expect("an authority");

    let key = KeyPair::generate().expect("a key");
    let host = if shows == Shows::WrongName { "other.example" } else { NAME };
    let mut server = CertificateParams::new([host.to_owned()]).expect("a name");
    server.distinguished_name.push(DnType::CommonName, host);
    server.not_before = date_time_ymd(if shows == Shows::NotYetValid { 3000 } else { 2020 }, 1, 1);
    server.not_after = date_time_ymd(if shows == Shows::Expired { 2021 } else { 4000 }, 1, 1);
    let certificate =
        if shows == Shows::SelfSigned { server.self_signed(&key) } else { server.signed_by(&key, &authority) };
    let chain = vec![certificate.expect("a certificate").der().clone()];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    (authority.pem(), Arc::new(config.expect("a server")))
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{CertificateError, ClientConfig, Error, RootCertStore};
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::net::run;
    use crate::registry::Registry;

    /// How a client that trusts the front's authority, or nobody but another one, takes what it is shown.
    fn taken(shows: Shows, trusts: bool) -> Option<Error> {
        let registry = Registry::start();
        let front = Front::start(shows, registry.address());
        let mut roots = RootCertStore::empty();
        let authority =
            if trusts { front.authority.clone() } else { certify(Shows::IssuedBy("Others", "of others")).0 };
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).expect("PEM")).expect("an authority");
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        run(async {
            let stream = TcpStream::connect(front.served.address).await.expect("it listens");
            let name = ServerName::try_from(NAME).expect("a name");
            let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
            let error = shaken.err()?;
            Some(error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).cloned().unwrap_or_else(|| {
                assert!(matches!(shows, Shows::Nothing | Shows::NoTls), "{error}");
                Error::General(error.to_string())
            }))
        })
    }

    #[test]
    fn every_certificate_is_as_bad_as_it_should_be() {
        assert_eq!(taken(Shows::Good, true), None);
        let bad = |shows, trusts| match taken(shows, trusts) {
            Some(Error::InvalidCertificate(error)) => error,
            other => panic!("{shows:?}: {other:?}"),
        };
        assert!(matches!(bad(Shows::Expired, true), CertificateError::ExpiredContext { .. }));
        assert!(matches!(bad(Shows::NotYetValid, true), CertificateError::NotValidYetContext { .. }));
        assert!(matches!(bad(Shows::WrongName, true), CertificateError::NotValidForNameContext { .. }));
        assert_eq!(bad(Shows::Good, false), CertificateError::UnknownIssuer);
        assert_eq!(bad(Shows::SelfSigned, true), CertificateError::UnknownIssuer);
        assert_eq!(bad(Shows::IssuedBy("Zscaler Inc.", "Zscaler Root CA"), false), CertificateError::UnknownIssuer);
        for cut in [Shows::Nothing, Shows::NoTls] {
            assert!(matches!(taken(cut, true), Some(Error::General(_) | Error::InvalidMessage(_))), "{cut:?}");
        }
    }
}
