//! One TLS configuration for every connection: rustls, and the certificates that the system trusts.

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt as _;

/// Reading what the system trusts takes time, and a library that dials by itself can be handed nothing.
static SHARED: OnceLock<Arc<ClientConfig>> = OnceLock::new();

/// The shared client configuration, made at the first call.
///
/// # Errors
/// When the system's certificates cannot be read.
pub fn client_config() -> Result<Arc<ClientConfig>, rustls::Error> {
    if let Some(shared) = SHARED.get() {
        return Ok(Arc::clone(shared));
    }
    let made = make()?;
    Ok(Arc::clone(SHARED.get_or_init(|| made)))
}

fn make() -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_platform_verifier()?
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// What a TLS handshake failed with: the certificate, which a person has to look at, or something that may pass.
#[must_use]
pub fn is_certificate_error(error: &std::io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some_and(|error| {
        matches!(error, rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)
    })
}
