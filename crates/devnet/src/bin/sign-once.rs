//! An agent that does not hold its key, as small as one can be: it has each of its arguments signed in turn, prints the
//! answers, and stays until it is ended.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use beatkeeper_core::wire::zynd::beat_timestamp;
use clap::Parser;
use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Stream};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Between two looks for a file.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Asks the signer that `BEATKEEPER_SIGNER` names, one connection for all.
#[derive(Parser)]
#[command(name = "beatkeeper-sign-once", version)]
struct Args {
    /// So many connections are opened before it, and say nothing.
    #[arg(long, default_value_t = 0)]
    idle: usize,
    /// Nothing is asked before this file is there.
    #[arg(long)]
    wait_for: Option<PathBuf>,
    /// What is to be signed. `{now}` in it is the time as a beat has it, `{unix}` the same in seconds.
    payloads: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let address = PathBuf::from(std::env::var_os("BEATKEEPER_SIGNER").context("BEATKEEPER_SIGNER is not set")?);
    say(&json!({ "signer": address }))?;
    if let Some(file) = &args.wait_for {
        wait_for(file);
    }
    let idle = (0..args.idle).map(|_| connect(&address)).collect::<anyhow::Result<Vec<_>>>()?;
    let mut signer = BufReader::new(connect(&address)?);
    for payload in &args.payloads {
        let now = Timestamp::now();
        let payload = payload.replace("{now}", &beat_timestamp(now)).replace("{unix}", &now.as_second().to_string());
        // One that is refused at the door hears why, and may not be able to ask.
        let asked = writeln!(signer.get_mut(), "{}", json!({ "sign": payload }));
        let mut line = String::new();
        signer.read_line(&mut line)?;
        if line.is_empty() {
            asked?;
        }
        let answer: Value = serde_json::from_str(&line).with_context(|| format!("the answer was {line:?}"))?;
        say(&json!({ "asked": payload, "answer": answer }))?;
    }
    drop((signer, idle));
    loop {
        std::thread::park();
    }
}

fn say(line: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

fn connect(address: &Path) -> anyhow::Result<Stream> {
    Ok(Stream::connect(address.to_fs_name::<GenericFilePath>()?)?)
}

fn wait_for(file: &Path) {
    while !file.exists() {
        std::thread::sleep(LOOK_AGAIN);
    }
}
