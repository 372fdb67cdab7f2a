//! A network of the test's own: the test starts itself once more in new namespaces, where it may take routes and name
//! servers away. They end with that process, and nothing of them is left.
#![cfg(target_os = "linux")]

use std::net::Ipv4Addr;
use std::process::Command;

use crate::stage::Stage;

/// Set for the run inside.
const INSIDE: &str = "BEATKEEPER_TEST_NAMESPACE";
/// The one address of the computer, beside loopback.
pub const OWN: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 2);

/// How a test in a network of its own went.
#[derive(Debug, PartialEq, Eq)]
pub enum Entered {
    /// Inside, to its end; or outside, and inside it passed.
    Passed,
    /// The system does not allow it, for this reason.
    NotAllowed(String),
}

/// Runs `inside` in a network that has nothing but loopback. `test` is the calling test's own name.
pub fn enter(test: &str, inside: impl FnOnce()) -> Entered {
    if std::env::var_os(INSIDE).is_some() {
        ip("link set lo up");
        inside();
        return Entered::Passed;
    }
    let allowed = Command::new("unshare").args(["-rnm", "true"]).output().expect("unshare is needed (util-linux)");
    if !allowed.status.success() {
        return Entered::NotAllowed(String::from_utf8_lossy(&allowed.stderr).trim().to_owned());
    }
    let mut command = Command::new("unshare");
    command.arg("-rnm").arg(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
    let output = command.output().expect("unshare starts");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    Entered::Passed
}

/// A network card with [`OWN`], and a way out through it.
pub fn connect() {
    ip("link add bk0 type veth peer name bk1");
    ip("link set bk1 up");
    ip("link set bk0 up");
    ip("addr add 10.7.0.2/24 dev bk0");
    ip("route add default via 10.7.0.1");
}

/// No way there, as a router says when it has none.
pub fn no_way_to(address: Ipv4Addr) {
    ip(&format!("route add unreachable {address}/32"));
}

/// Has names asked of [`OWN`], once, and not for long.
pub fn resolve_here(stage: &Stage) {
    let file = stage.write("resolv.conf", &format!("nameserver {OWN}\noptions timeout:1 attempts:1\n"));
    let status = Command::new("mount").arg("--bind").arg(file).arg("/etc/resolv.conf").status();
    assert!(status.expect("mount is needed").success(), "/etc/resolv.conf is covered");
}

fn ip(command: &str) {
    let status = Command::new("ip").args(command.split(' ')).status().expect("ip is needed (package iproute2)");
    assert!(status.success(), "ip {command}");
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};

    use super::*;
    use crate::names::{NameServer, Names};

    fn passes(test: &str, inside: impl FnOnce()) {
        if let Entered::NotAllowed(reason) = enter(&format!("namespace::tests::{test}"), inside) {
            println!("skipped: this system allows no network of one's own: {reason}");
        }
    }

    fn looked_up(names: Names) -> std::io::Result<Vec<SocketAddr>> {
        let _server = NameServer::start(OWN, names);
        ("registry.example", 80).to_socket_addrs().map(Iterator::collect)
    }

    #[test]
    fn a_network_of_its_own_has_no_way_out() {
        passes("a_network_of_its_own_has_no_way_out", || {
            let error = TcpStream::connect("192.0.2.1:80").expect_err("no way");
            assert_eq!(error.kind(), ErrorKind::NetworkUnreachable);
            connect();
            no_way_to(Ipv4Addr::new(192, 0, 2, 1));
            let error = TcpStream::connect("192.0.2.1:80").expect_err("no way");
            assert_eq!(error.kind(), ErrorKind::HostUnreachable);
        });
    }

    #[test]
    fn its_names_are_what_the_test_says() {
        passes("its_names_are_what_the_test_says", || {
            let stage = Stage::new();
            connect();
            resolve_here(&stage);
            const TWO: &[Ipv4Addr] = &[OWN, Ipv4Addr::new(192, 0, 2, 1)];
            let mut found: Vec<_> = looked_up(Names::Are(TWO)).expect("addresses").iter().map(|one| one.ip()).collect();
            found.sort();
            assert_eq!(found, TWO);
            assert!(looked_up(Names::AreNot).is_err() && looked_up(Names::AreNotTold).is_err());
        });
    }
}
