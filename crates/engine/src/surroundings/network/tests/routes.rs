//! Routes that come and go, in a network of one's own: the test starts itself once more, in a new namespace.
#![cfg(target_os = "linux")]

use std::process::Command;

use super::*;

/// Set for the run in the namespace.
const INSIDE: &str = "BEATKEEPER_TEST_NETWORK";
const TEST: &str = "surroundings::network::tests::routes::a_default_route_is_noticed_when_it_comes_and_goes";

fn ip(command: &str) {
    let status = Command::new("ip").args(command.split(' ')).status().expect("ip is needed (package iproute2)");
    assert!(status.success(), "ip {command}");
}

async fn route_becomes(readings: &mut mpsc::Receiver<NetworkReading>, wanted: bool) {
    assert_eq!(next(readings).await.route, Some(wanted));
}

#[tokio::test]
async fn a_default_route_is_noticed_when_it_comes_and_goes() {
    if std::env::var_os(INSIDE).is_some() {
        inside().await;
        return;
    }
    let allowed = Command::new("unshare").args(["-rn", "true"]).output().expect("unshare is needed (util-linux)");
    if !allowed.status.success() {
        let reason = String::from_utf8_lossy(&allowed.stderr);
        println!("skipped: this system allows no network of one's own: {}", reason.trim());
        return;
    }
    let mut command = Command::new("unshare");
    command.arg("-rn").arg(std::env::current_exe().unwrap()).args(["--exact", TEST, "--nocapture"]).env(INSIDE, "1");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

async fn inside() {
    let deaf = || Changes::of(Err(std::io::Error::other("deaf on purpose")));
    let often = Pace { look: Duration::from_millis(20), ..ONCE };
    ip("link set lo up");
    for (pace, changes) in [(ONCE, Changes::open()), (often, deaf())] {
        let (_handle, mut readings) = begin_with(pace, "", changes);
        route_becomes(&mut readings, false).await;

        ip("link add bk0 type veth peer name bk1");
        ip("link set bk1 up");
        ip("link set bk0 up");
        ip("addr add 10.7.0.2/24 dev bk0");
        ip("route add default via 10.7.0.1");
        route_becomes(&mut readings, true).await;
        ip("route del default");
        route_becomes(&mut readings, false).await;

        // What a VPN puts in the place of a default route.
        ip("route add 0.0.0.0/1 dev bk0");
        ip("route add 128.0.0.0/1 dev bk0");
        route_becomes(&mut readings, true).await;
        // Its routes go with the link, and nobody says so of each.
        ip("link set bk0 down");
        route_becomes(&mut readings, false).await;

        ip("link set bk0 up");
        ip("-6 addr add fd07::2/64 dev bk0 nodad");
        ip("-6 route add default via fd07::1 dev bk0");
        route_becomes(&mut readings, true).await;
        ip("link del bk0");
        route_becomes(&mut readings, false).await;
    }
}
