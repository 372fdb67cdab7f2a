//! Lines of several logs in the order of their times.

use beatkeeper_runner::log::LogLine;

/// A line, and whose: its agent's place.
pub(super) type Line = (usize, LogLine);

/// All of them by time; those of one log stay in their order, whatever its clock did.
pub(super) fn merge(logs: Vec<Vec<LogLine>>) -> Vec<Line> {
    let mut lines: Vec<(_, Line)> = Vec::with_capacity(logs.iter().map(Vec::len).sum());
    for (agent, log) in logs.into_iter().enumerate() {
        let mut latest = beatkeeper_core::time::Time::default();
        for line in log {
            latest = latest.max(line.at);
            lines.push((latest, (agent, line)));
        }
    }
    // Stable: equal times keep the order of the agents.
    lines.sort_by_key(|(at, _)| *at);
    lines.into_iter().map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::time::Time;
    use beatkeeper_runner::log::{Cursor, Stream};

    use super::*;

    fn log(times: &[u64]) -> Vec<LogLine> {
        let line = |at: &u64| LogLine {
            cursor: Cursor::BEGIN,
            at: Time::from_millis(*at),
            stream: Stream::Out,
            text: at.to_string(),
            cut: None,
            level: None,
        };
        times.iter().map(line).collect()
    }

    #[test]
    fn lines_are_told_by_time_and_each_log_in_its_own_order() {
        let merged = merge(vec![log(&[1, 5, 3, 9]), log(&[2, 4, 9])]);
        let order: Vec<_> = merged.iter().map(|(agent, line)| (*agent, line.at.as_millis())).collect();
        assert_eq!(order, [(0, 1), (1, 2), (1, 4), (0, 5), (0, 3), (0, 9), (1, 9)]);
    }
}
