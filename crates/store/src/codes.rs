//! Numbers that stand for words in the database. A number, once given, keeps its meaning for ever.

use beatkeeper_core::history::SpanKind;
use beatkeeper_core::identity::EntityId;
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::notice::NoticeId;
use beatkeeper_core::time::Time;
use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) const fn span_kind(kind: SpanKind) -> i64 {
    match kind {
        SpanKind::Confirmed => 0,
        SpanKind::Unconfirmed => 1,
        SpanKind::Missed => 2,
        SpanKind::Asleep => 3,
        SpanKind::OwnNetwork => 4,
        SpanKind::NotRunning => 5,
    }
}

const SPAN_KINDS: [SpanKind; 6] = [
    SpanKind::Confirmed,
    SpanKind::Unconfirmed,
    SpanKind::Missed,
    SpanKind::Asleep,
    SpanKind::OwnNetwork,
    SpanKind::NotRunning,
];

/// The numbers grow with silence, so that changes of one millisecond sort in the order in which they happened.
pub(crate) const fn liveness(liveness: Liveness) -> i64 {
    match liveness {
        Liveness::Unknown => 0,
        Liveness::Inactive => 1,
        Liveness::Active => 2,
        Liveness::Late => 3,
        Liveness::Stale => 4,
        Liveness::Offline => 5,
        Liveness::Stopped => 6,
    }
}

pub(crate) fn notice(id: NoticeId) -> i64 {
    i64::try_from(id.0).unwrap_or(i64::MAX)
}

/// SQLite has no unsigned integers; the last representable millisecond is 292 million years away.
pub(crate) fn time(time: Time) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds from `start` to `time`, which take two bytes less on the disk than the time itself.
pub(crate) fn after(start: Time, time: Time) -> i64 {
    i64::try_from(time.as_millis().saturating_sub(start.as_millis())).unwrap_or(i64::MAX)
}

/// Milliseconds from `start` to `time`, which may be earlier.
pub(crate) fn offset(start: Time, moment: Time) -> i64 {
    time(moment).saturating_sub(time(start))
}

pub(crate) fn read_span_kind(row: &Row<'_>, column: usize) -> rusqlite::Result<SpanKind> {
    let code: i64 = row.get(column)?;
    SPAN_KINDS.into_iter().find(|kind| span_kind(*kind) == code).ok_or_else(|| out_of_range(column, code))
}

pub(crate) fn read_liveness(row: &Row<'_>, column: usize) -> rusqlite::Result<Liveness> {
    let code: i64 = row.get(column)?;
    Liveness::ALL.into_iter().find(|state| liveness(*state) == code).ok_or_else(|| out_of_range(column, code))
}

pub(crate) fn read_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Time> {
    let millis: i64 = row.get(column)?;
    u64::try_from(millis).map(Time::from_millis).map_err(|_| out_of_range(column, millis))
}

pub(crate) fn read_time_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Time>> {
    let is_null = row.get_ref(column)? == ValueRef::Null;
    if is_null { Ok(None) } else { read_time(row, column).map(Some) }
}

pub(crate) fn read_notice(row: &Row<'_>, column: usize) -> rusqlite::Result<NoticeId> {
    let id: i64 = row.get(column)?;
    u64::try_from(id).map(NoticeId).map_err(|_| out_of_range(column, id))
}

/// A word that is stored as its name.
pub(crate) fn read_name<T>(
    row: &Row<'_>,
    column: usize,
    from_name: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let name = row.get_ref(column)?.as_str()?;
    from_name(name).ok_or_else(|| {
        let unknown = format!("unknown name {name:?}");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, unknown.into())
    })
}

/// The same for one that may be missing.
pub(crate) fn read_name_if_any<T>(
    row: &Row<'_>,
    column: usize,
    from_name: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    let is_null = row.get_ref(column)? == ValueRef::Null;
    if is_null { Ok(None) } else { read_name(row, column, from_name).map(Some) }
}

/// A record that is stored as JSON, since nothing in it is searched for.
pub(crate) fn json(record: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(record).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

pub(crate) fn read_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(e)))
}

pub(crate) fn read_entity(row: &Row<'_>, column: usize) -> rusqlite::Result<EntityId> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(e)))
}

fn out_of_range(column: usize, code: i64) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(FromSqlError::OutOfRange(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_its_own_number() {
        for (number, kind) in SPAN_KINDS.into_iter().enumerate() {
            assert_eq!(span_kind(kind), i64::try_from(number).unwrap());
        }
        for (number, state) in Liveness::ALL.into_iter().enumerate() {
            assert_eq!(liveness(state), i64::try_from(number).unwrap());
        }
    }
}
