//! A line of the agent's log.

use beatkeeper_core::supervise::Probed;
use beatkeeper_runner::log::{Cursor, LogPlace, LogReader, Stream};
use regex::Regex;

/// Lines that are read at once; what is left is read the next time.
const AT_ONCE: usize = 5_000;

pub(super) async fn ask(log: &LogPlace, pattern: &Regex, from: &mut Option<Cursor>) -> Probed {
    let (log, pattern, begin) = (log.clone(), pattern.clone(), *from);
    let read = tokio::task::spawn_blocking(move || {
        let reader = LogReader::open(&log);
        let page = match begin {
            Some(begin) => reader.after(begin, AT_ONCE)?,
            None => reader.last(AT_ONCE)?,
        };
        let said = page.lines.iter().any(|line| line.stream != Stream::Note && pattern.is_match(&line.text));
        Ok::<_, std::io::Error>((said, page.to))
    });
    match read.await {
        Ok(Ok((true, _))) => Probed::Well(None),
        Ok(Ok((false, to))) => {
            *from = Some(to);
            Probed::Unwell("its log has no line yet that says so".to_owned())
        }
        Ok(Err(error)) => Probed::Unwell(format!("its log cannot be read: {error}")),
        Err(_) => Probed::Unwell("its log could not be read".to_owned()),
    }
}
