//! The path to the registry: its name and its addresses.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use beatkeeper_core::doctor::{DnsSeen, Reading, TcpSeen};
use beatkeeper_core::failure::Transient;
use beatkeeper_core::time::millis;
use futures_util::future::join_all;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::links::connect::from_io;

/// What the name leads to.
pub(super) async fn dns(host: &str, port: u16, within: Duration) -> (Reading, Vec<SocketAddr>) {
    if let Ok(address) = host.parse::<IpAddr>() {
        let seen = DnsSeen { host: host.to_owned(), literal: true, answer: Ok(vec![address]) };
        return (seen.read(), vec![SocketAddr::new(address, port)]);
    }
    let answer = match timeout(within, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => {
            let mut addresses: Vec<SocketAddr> = addresses.collect();
            addresses.dedup();
            Ok(addresses)
        }
        Ok(Err(error)) => Err(words(&error)),
        Err(_) => Err(format!("no name server answers within {} s", within.as_secs())),
    };
    let told = answer.as_ref().map(|addresses| addresses.iter().map(SocketAddr::ip).collect()).map_err(Clone::clone);
    let seen = DnsSeen { host: host.to_owned(), literal: false, answer: told };
    (seen.read(), answer.unwrap_or_default())
}

/// The resolver's own words without Rust's before them.
fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.rsplit(": ").next().unwrap_or(&text).to_owned()
}

/// What each address does. Returns the first that let us in.
pub(super) async fn tcp(addresses: &[SocketAddr], within: Duration) -> (Reading, Option<TcpStream>) {
    let dialled = join_all(addresses.iter().map(|address| async move {
        let began = Instant::now();
        let stream = match timeout(within, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(from_io(&error)),
            Err(_) => Err(Transient::DialTimeout),
        };
        (*address, stream, millis(began.elapsed()))
    }))
    .await;
    let mut first = None;
    let mut tries = Vec::new();
    for (address, stream, ms) in dialled {
        tries.push((address, stream.as_ref().map(|_| ms).map_err(Clone::clone)));
        first = first.or(stream.ok());
    }
    (TcpSeen { tries }.read(), first)
}
