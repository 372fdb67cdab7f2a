//! Causes of an encrypted registry: what it shows who dials it.

use super::causes;
use crate::registry::Registry;
use crate::scene::Scene;
use crate::tls::{Front, Shows};

causes! {
    a_certificate_in_order: [] => "ok", None, || {
        let mut scene = showing(Shows::Good, true);
        scene.engine_until("ok");
        scene
    };
    a_certificate_that_has_expired: [] => "tls.expired", Some("tls"), || showing(Shows::Expired, true);
    a_certificate_of_the_future: [] => "tls.not_yet_valid", Some("tls"), || showing(Shows::NotYetValid, true);
    a_certificate_for_another_name: [] => "tls.wrong_name", Some("tls"), || showing(Shows::WrongName, true);
    a_certificate_that_vouches_for_itself: [] => "tls.unknown_issuer", Some("tls"), || showing(Shows::SelfSigned, true);
    a_certificate_of_an_authority_that_nobody_knows: [] => "tls.unknown_issuer", Some("tls"), || {
        showing(Shows::IssuedBy("Acme", "Acme Root CA"), false)
    };
    a_certificate_by_an_office_that_reads_along: [] => "tls.intercepted", Some("tls"), || {
        showing(Shows::IssuedBy("Zscaler Inc.", "Zscaler Intermediate Root CA"), false)
    };
    a_certificate_by_a_developers_own_tool: [] => "tls.intercepted", Some("tls"), || {
        showing(Shows::IssuedBy("mitmproxy", "mitmproxy"), false)
    };
    an_encrypted_address_of_a_port_that_is_not: [] => "link.tls", Some("tls"), || showing(Shows::NoTls, true);
    a_handshake_that_is_cut: [] => "link.tls", Some("tls"), || showing(Shows::Nothing, true);
}

/// A registry behind a front that shows this, of an authority that Beatkeeper's system trusts or not.
fn showing(shows: Shows, trusted: bool) -> Scene {
    let mut scene = Scene::new(Registry::start()).with_agent();
    let front = Front::start(shows, scene.registry.address());
    scene.url = front.url();
    // Where OpenSSL and rustls alike look for the certificates that the system trusts.
    let other = Front::start(Shows::Good, scene.registry.address());
    let authority = if trusted { &front.authority } else { &other.authority };
    let file = scene.stage.write("authority.pem", authority);
    scene.environment("SSL_CERT_FILE", file);
    scene.keep(front);
    scene
}
