//! Causes on this computer and on the way out: routes, proxies, names, ports.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::Value;

use super::{Cause, causes, with_result};
use crate::between::Does;
use crate::hole::FullQueue;
use crate::names::{NameServer, Names};
use crate::namespace::{self, Entered, OWN};
use crate::net::nobody;
use crate::proxy::{ForwardProxy, Rules};
use crate::registry::Registry;
use crate::scene::Scene;

/// Of the addresses that documents may use; nobody has them.
const FAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

causes! {
    a_dead_proxy_and_a_registry_on_this_computer: [] => "ok", None, || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.environment("HTTP_PROXY", format!("http://{}", nobody()));
        scene.engine_until("ok");
        scene
    };
    a_port_where_nobody_listens: [] => "link.refused", Some("tcp"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.url = format!("http://{}", nobody());
        scene
    };
    a_registry_that_takes_no_more_connections: [] => "link.timeout", Some("tcp"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        let full = FullQueue::new();
        scene.url = full.url();
        scene.keep(full);
        scene
    };
    a_registry_that_takes_connections_and_says_nothing: [] => "registry.silent", Some("http"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.between(Does::KeepsSilent);
        scene
    };
}

/// The same for causes that need a network of their own.
macro_rules! causes_of_its_own {
    ($($name:ident => $code:literal, $shown_by:expr, $staged:expr;)*) => {
        /// The codes of this table.
        pub const CODES_OF_ITS_OWN: &[&str] = &[$($code),*];

        $(
            #[test]
            fn $name() {
                let cause = Cause { staged: $staged, asked: &[], code: $code, shown_by: $shown_by };
                let test = concat!("causes::network::", stringify!($name));
                if let Entered::NotAllowed(reason) = namespace::enter(test, || cause.is_found()) {
                    println!("skipped: this system allows no network of one's own: {reason}");
                }
            }
        )*
    };
}

causes_of_its_own! {
    a_proxy_that_is_not_there => "proxy.unreachable", Some("proxy"), || {
        let mut scene = elsewhere();
        scene.environment("HTTP_PROXY", format!("http://{}", nobody()));
        scene
    };
    a_proxy_that_wants_a_login => "proxy.login", Some("proxy"), || {
        let mut scene = elsewhere();
        let proxy = ForwardProxy::with_login("me:secret");
        scene.environment("HTTP_PROXY", proxy.url(None));
        scene.keep(proxy);
        scene
    };
    a_proxy_that_works => "ok", None, || {
        let mut scene = elsewhere();
        let proxy = ForwardProxy::with_login("me:secret");
        scene.environment("HTTP_PROXY", proxy.url(Some("me:secret")));
        scene.keep(proxy);
        scene.engine_until("ok");
        scene
    };
    a_proxy_that_opens_no_tunnels => "proxy.refused", Some("proxy"), || {
        let mut scene = elsewhere();
        let proxy = ForwardProxy::start(Rules { no_tunnels: true, ..Rules::default() });
        scene.environment("HTTP_PROXY", proxy.url(None));
        scene.keep(proxy);
        scene
    };
    a_computer_without_a_network => "network.down", Some("own_network"), || {
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.url = format!("http://{FAR}:7717");
        scene
    };
    a_registry_to_which_there_is_no_way => "link.unreachable", Some("tcp"), || {
        namespace::connect();
        namespace::no_way_to(FAR);
        let mut scene = Scene::new(Registry::start()).with_agent();
        scene.url = format!("http://{FAR}:7717");
        scene
    };
    an_unencrypted_registry_on_another_computer => "link.plain_not_allowed", Some("tls"), || {
        namespace::connect();
        let mut scene = Scene::new(Registry::at(OWN)).with_agent();
        scene.registry_entry = String::new();
        scene
    };
    a_name_that_does_not_exist => "link.dns", Some("dns"), || resolving(Names::AreNot);
    a_name_server_that_does_not_answer => "link.dns", Some("dns"), || resolving(Names::AreNotTold);
    a_name_with_one_dead_address_of_two => "ok", None, || {
        const BOTH: &[Ipv4Addr] = &[OWN, FAR];
        let mut scene = resolving(Names::Are(BOTH));
        namespace::no_way_to(FAR);
        scene.engine_until("ok");
        scene
    };
}

#[test]
fn a_registry_that_only_a_proxy_reaches() {
    let test = "causes::network::a_registry_that_only_a_proxy_reaches";
    let entered = namespace::enter(test, || {
        let mut scene = elsewhere();
        let leads_to = Some(scene.registry.address());
        let proxy = ForwardProxy::start(Rules { leads_to, ..Rules::default() });
        scene.environment("HTTP_PROXY", proxy.url(None));
        // Nobody but the proxy knows this name.
        scene.url = "http://registry.invalid:7717".into();
        scene.engine_until("ok");
        let tunnel = "CONNECT registry.invalid:7717 HTTP/1.1";
        assert!(proxy.asked().iter().any(|line| line == tunnel), "{:?}", proxy.asked());
        let report: Value = serde_json::from_str(&scene.doctor(&["--json"]).out).expect("JSON");
        assert_eq!(with_result(&report, "bad"), BTreeSet::new(), "{report:#}");
        let well = with_result(&report, "ok");
        for check in ["proxy", "http", "upgrade", "activity", "first_beat"] {
            assert!(well.contains(check), "{check}: {report:#}");
        }
        // Its name need not resolve here.
        assert!(with_result(&report, "unknown").contains("dns"), "{report:#}");
    });
    if let Entered::NotAllowed(reason) = entered {
        println!("skipped: this system allows no network of one's own: {reason}");
    }
}

/// A registry that is not on loopback: what is, is asked past any proxy.
fn elsewhere() -> Scene {
    namespace::connect();
    Scene::new(Registry::at(OWN)).with_agent()
}

/// A network where the registry has a name, and a name server that does this with it.
fn resolving(names: Names) -> Scene {
    namespace::connect();
    let mut scene = Scene::new(Registry::at(OWN)).with_agent();
    namespace::resolve_here(&scene.stage);
    scene.keep(NameServer::start(OWN, names));
    scene.url = format!("http://registry.example:{}", scene.registry.address().port());
    scene
}
