//! `beatkeeper devnet`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use beatkeeper_devnet::{Acks, Fault, Speech};
use clap::ValueEnum;

#[derive(Debug, clap::Args)]
pub(crate) struct DevnetOptions {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7717")]
    pub(crate) listen: SocketAddr,
    /// Seconds of silence after which an entity becomes inactive
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    pub(crate) inactive_after: Duration,
    /// Seconds between two looks for silent entities
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub(crate) sweep: Duration,
    /// A fault from the start, such as slow=200 or ignore:zns:…; may be given often, and a wrong one lists them all
    #[arg(long = "fault", value_name = "FAULT")]
    pub(crate) faults: Vec<Fault>,
    /// Which heartbeats it takes
    #[arg(long, value_name = "FORM", value_enum, default_value_t)]
    pub(crate) speech: Form,
    /// Start an ArtCafe server beside it that knows this agent, by its name and the file with its public key as OpenSSH
    /// writes it; may be given often
    #[arg(long = "artcafe", value_name = "NAME=FILE", value_parser = agent)]
    pub(crate) artcafe: Vec<(String, PathBuf)>,
    /// Where the ArtCafe server listens; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7718", requires = "artcafe")]
    pub(crate) artcafe_listen: SocketAddr,
    /// Whose agents it knows
    #[arg(long, value_name = "NAME", default_value = "devnet", requires = "artcafe")]
    pub(crate) organization: String,
    /// Which heartbeats it acknowledges: always, never (as ArtCafe's own server), or so many of each agent
    #[arg(long, value_name = "HOW", default_value = "always", value_parser = acks, requires = "artcafe")]
    pub(crate) acks: Acks,
}

/// The forms of a heartbeat.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Form {
    /// What the live registry takes
    #[default]
    Live,
    /// What its guide describes, on each entity's own socket
    Documented,
    /// The same, on /v1/heartbeat alone
    DocumentedShared,
}

impl From<Form> for Speech {
    fn from(form: Form) -> Self {
        match form {
            Form::Live => Self::Live,
            Form::Documented => Self::Documented,
            Form::DocumentedShared => Self::DocumentedShared,
        }
    }
}

fn agent(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() && !file.is_empty() => Ok((name.to_owned(), file.into())),
        _ => Err("give a name and a file, such as weather=weather.pub".into()),
    }
}

fn acks(text: &str) -> Result<Acks, String> {
    match text {
        "always" => Ok(Acks::Always),
        "never" => Ok(Acks::Never),
        number => number.parse().map(Acks::Until).map_err(|_| "give always, never, or a number of heartbeats".into()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "give a number of seconds, more than 0".into())
}

#[cfg(test)]
mod tests {
    use crate::args::parse;

    #[test]
    fn a_wrong_fault_is_answered_with_all_there_are() {
        let error = parse("devnet --fault explode").unwrap_err().to_string();
        assert!(error.contains("half-open") && error.contains("drop-after=SECONDS"), "{error}");
        assert!(parse("devnet --sweep 0").is_err());
        assert!(parse("devnet --inactive-after 0.5 --fault slow=200 --fault html").is_ok());
    }

    #[test]
    fn an_artcafe_server_has_agents() {
        assert!(parse("devnet --speech documented-shared").is_ok());
        assert!(parse("devnet --artcafe weather=weather.pub --artcafe b=c --acks 3 --organization acme").is_ok());
        for wrong in ["--speech old", "--acks never", "--artcafe weather", "--artcafe =a", "--artcafe a=b --acks some"]
        {
            assert!(parse(&format!("devnet {wrong}")).is_err(), "{wrong}");
        }
    }
}
