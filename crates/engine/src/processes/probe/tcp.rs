//! Whether anybody listens.

use std::io::ErrorKind;
use std::time::Duration;

use beatkeeper_core::supervise::Probed;
use tokio::net::TcpStream;

pub(super) async fn ask(address: &str, within: Duration) -> Probed {
    match tokio::time::timeout(within, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Probed::Well(None),
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            Probed::Refused(format!("{address}: {}", error.kind()))
        }
        Ok(Err(error)) => Probed::Silent(format!("{address}: {}", error.kind())),
        Err(_) => Probed::Silent(format!("{address} did not answer within {} s", within.as_secs())),
    }
}
