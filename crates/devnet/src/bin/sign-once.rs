//! An agent that does not hold its key, as small as one can be: it has each of its arguments signed in turn, prints the
//! answers, and stays until it is ended.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use beatkeeper_core::wire::zynd::beat_timestamp;
use clap::Parser;
use interprocess::local_socket::prelude::*;
use interprocess::local_socket::{GenericFilePath, Stream};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Asks the signer that `BEATKEEPER_SIGNER` names, one connection for all.
#[derive(Parser)]
#[command(name = "beatkeeper-sign-once", version)]
struct Args {
    /// What is to be signed. `{now}` in it is the time as a beat has it, `{unix}` the same in seconds.
    payloads: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let address = PathBuf::from(std::env::var_os("BEATKEEPER_SIGNER").context("BEATKEEPER_SIGNER is not set")?);
    say(&json!({ "signer": address }))?;
    let mut signer = BufReader::new(Stream::connect(address.to_fs_name::<GenericFilePath>()?)?);
    for payload in &args.payloads {
        let now = Timestamp::now();
        let payload = payload.replace("{now}", &beat_timestamp(now)).replace("{unix}", &now.as_second().to_string());
        writeln!(signer.get_mut(), "{}", json!({ "sign": payload }))?;
        let mut line = String::new();
        signer.read_line(&mut line)?;
        let answer: Value = serde_json::from_str(&line).with_context(|| format!("the answer was {line:?}"))?;
        say(&json!({ "asked": payload, "answer": answer }))?;
    }
    drop(signer);
    loop {
        std::thread::park();
    }
}

fn say(line: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
