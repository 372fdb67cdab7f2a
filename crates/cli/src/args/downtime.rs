//! `beatkeeper downtime`.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo, Timestamp};

#[derive(Debug, clap::Args)]
pub(crate) struct DowntimeOptions {
    /// Entity id, the beginning of one, or a name [default: all agents]
    pub(crate) agent: Option<String>,
    /// From when, such as 2026-11-01T00:00:00Z [default: see --last]
    #[arg(long, value_name = "TIME", conflicts_with = "last")]
    pub(crate) from: Option<Timestamp>,
    /// Until when [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Timestamp>,
    /// How long before the end it begins, such as 12h or 30d; the history reaches back 35 days
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = length)]
    pub(crate) last: Duration,
    /// As CSV
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `12h`, `30d`, `2w`: a day has 24 hours.
pub(super) fn length(text: &str) -> Result<Duration, String> {
    let span: Span = text.parse().map_err(|_| "give a length of time, such as 12h or 30d".to_owned())?;
    span.to_duration(SpanRelativeTo::days_are_24_hours())
        .ok()
        .and_then(|length| Duration::try_from(length).ok())
        .filter(|length| !length.is_zero())
        .ok_or_else(|| "give a length of time that is more than nothing, in weeks, days, hours or minutes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        let hours = |text| length(text).map(|length| length.as_secs() / 3600);
        assert_eq!([hours("30d"), hours("12h"), hours("2w"), hours("1d 6h")], [720, 12, 336, 30].map(Ok));
        for wrong in ["", "30", "0d", "-3d", "soon", "1mo"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }
}
