//! Places that let a connection wait for ever.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::net::run;

/// A port whose queue of connections is full, and which nobody empties: whoever dials it now is never answered.
pub struct FullQueue {
    pub address: SocketAddr,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl FullQueue {
    pub fn new() -> Self {
        run(async {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port");
            let listener = socket.listen(0).expect("it listens");
            let address = listener.local_addr().expect("an address");
            // The queue of none has room for one.
            let queued = vec![TcpStream::connect(address).await.expect("the first one is queued")];
            Self { address, _listener: listener, _queued: queued }
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

#[test]
fn nobody_gets_into_a_queue_that_is_full() {
    let queue = FullQueue::new();
    let error = std::net::TcpStream::connect_timeout(&queue.address, std::time::Duration::from_millis(300));
    assert_eq!(error.expect_err("no connection").kind(), std::io::ErrorKind::TimedOut);
}
