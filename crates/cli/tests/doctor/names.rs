//! A name server, for a network of the test's own.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::net::{beside, run};

/// What it answers to every question.
#[derive(Clone, Copy, Debug)]
pub enum Names {
    /// These addresses.
    Are(&'static [Ipv4Addr]),
    /// There is no such name.
    AreNot,
    /// Nothing at all.
    AreNotTold,
}

/// A name server that runs until it is dropped.
pub struct NameServer {
    /// Taken when it ends.
    answering: Option<JoinHandle<()>>,
}

impl NameServer {
    /// Where every resolver looks for one.
    pub fn start(address: Ipv4Addr, names: Names) -> Self {
        let socket = run(UdpSocket::bind(SocketAddr::from((address, 53)))).expect("port 53 is free");
        let answering = beside(async move {
            let mut question = [0; 512];
            while let Ok((length, asker)) = socket.recv_from(&mut question).await {
                if let Some(answer) = answer(&question[..length], names) {
                    // Who asks twice is answered twice.
                    let _ = socket.send_to(&answer, asker).await;
                }
            }
        });
        Self { answering: Some(answering) }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        if let Some(answering) = self.answering.take() {
            answering.abort();
            // The next one on this port may start at once. That this one was told to end is no failure.
            let _ = run(answering);
        }
    }
}

/// The answer to one question; a question for anything but an IPv4 address has an empty one.
fn answer(question: &[u8], names: Names) -> Option<Vec<u8>> {
    let (found, code): (&[Ipv4Addr], u8) = match names {
        Names::AreNotTold => return None,
        Names::AreNot => (&[], 3),
        Names::Are(addresses) => (addresses, 0),
    };
    let (head, rest) = question.split_at_checked(12)?;
    // The name is a run of labels, each after its length; then come the type and the class.
    let name = rest.iter().position(|byte| *byte == 0)? + 1;
    let asked = rest.get(..name + 4)?;
    let found = if asked[name..name + 2] == [0, 1] { found } else { &[] };
    let count = u8::try_from(found.len()).ok()?;
    let mut answer = [&head[..2], &[0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0], asked].concat();
    for address in found {
        // The name of the question again, an address of the internet, for a minute, four bytes long.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

#[test]
fn a_question_is_answered_as_told() {
    let head = [7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let asked = |kind| [&head[..], b"\x01a\x07example\0", &[0, kind, 0, 1]].concat();
    let of_it = answer(&asked(1), Names::Are(&[Ipv4Addr::BROADCAST])).expect("an answer");
    assert_eq!((&of_it[..4], of_it[7]), (&[7, 7, 0x81, 0x80][..], 1));
    assert!(of_it.ends_with(&[0, 4, 255, 255, 255, 255]));
    assert_eq!(answer(&asked(28), Names::Are(&[Ipv4Addr::LOCALHOST])).expect("an answer")[7], 0, "no IPv6 address");
    assert_eq!(answer(&asked(1), Names::AreNot).expect("an answer")[3], 0x83);
    assert_eq!(answer(&asked(1), Names::AreNotTold), None);
    assert_eq!(answer(&head, Names::AreNot), None, "half a question");
}
