//! `beatkeeper devnet`.

use std::net::SocketAddr;
use std::time::Duration;

use beatkeeper_devnet::Fault;

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
}
