//! The registry in a box, as a process.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Stage;

const PROMISE: &str = "devnet listening on ";
const PATIENCE: Duration = Duration::from_secs(10);

/// A running devnet.
pub(super) struct Registry {
    /// Its base URL.
    pub(super) url: String,
}

impl Registry {
    pub(super) fn start(stage: &mut Stage) -> Result<Self> {
        let mut devnet = stage.command("beatkeeper");
        devnet.args(["devnet", "--listen", "127.0.0.1:0", "--inactive-after", "30", "--sweep", "2"]);
        stage.start("devnet", devnet)?;
        let url = stage.first_line("devnet", |line| line.strip_prefix(PROMISE).map(|url| url.trim().to_owned()))?;
        Ok(Self { url })
    }

    /// Orders a fault: `fault` is the JSON that devnet takes.
    pub(super) fn order(&self, fault: &str) -> Result<()> {
        let answer = self.post("/devnet/faults", fault).with_context(|| format!("asking {} for a fault", self.url))?;
        let status = answer.lines().next().unwrap_or_default();
        if !status.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
            bail!("devnet refused the fault {fault}: {answer}");
        }
        Ok(())
    }

    /// One request to a server of ours on loopback is not worth an HTTP library.
    fn post(&self, path: &str, body: &str) -> Result<String> {
        let host = self.url.strip_prefix("http://").context("not an http URL")?.trim_end_matches('/');
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}
