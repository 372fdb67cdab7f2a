//! How an agent is run, as it is written in the file. Only what differs from what is usual is written, and of what stands
//! there only what is to be something else is touched.

use beatkeeper_core::view::BeatsBy;
use toml_edit::{Array, ArrayOfTables, InlineTable, Item, Table, Value, value};

use super::run::{ProbeEntry, RunEntry, RungEntry};

/// The part of an agent's table that says how it is run.
pub(super) fn write_run(
    table: &mut Table,
    run: Option<&RunEntry>,
    recover: &[RungEntry],
    beats: BeatsBy,
    truthful: Option<bool>,
) -> Result<(), String> {
    let beats = match beats {
        BeatsBy::App => None,
        BeatsBy::Agent => Some(value("agent")),
        BeatsBy::Auto => Some(value("auto")),
    };
    put(table, "beats", beats);
    put(table, "truthful", truthful.map(value));
    match run {
        None => put(table, "run", None),
        Some(run) => merge(table.entry("run").or_insert_with(|| Item::Table(Table::new())), &run_table(run)?),
    }
    let steps = recover.iter().map(step_table).collect::<Result<Vec<_>, _>>()?;
    put_steps(table, &steps);
    Ok(())
}

/// A value in a table: taken out, or put in place of another one.
pub(super) fn put(table: &mut Table, field: &str, item: Option<Item>) {
    match item {
        None => drop(table.remove(field)),
        Some(item) => merge(table.entry(field).or_insert(Item::None), &item),
    }
}

fn put_steps(table: &mut Table, steps: &[Table]) {
    if steps.is_empty() {
        table.remove("recover");
        return;
    }
    // Written by hand in another way, it may say the same.
    let same = table.get("recover").and_then(Item::as_value).is_some_and(|there| {
        let wanted: Array = steps.iter().map(|step| Value::from(step.clone().into_inline_table())).collect();
        plain(there) == plain(&wanted.into())
    });
    if same {
        return;
    }
    let item = table.entry("recover").or_insert(Item::None);
    if !item.is_array_of_tables() {
        *item = Item::ArrayOfTables(ArrayOfTables::new());
    }
    let Some(there) = item.as_array_of_tables_mut() else { return };
    for (place, step) in steps.iter().enumerate() {
        match there.get_mut(place) {
            Some(old) => merge_table(old, step),
            None => there.push(step.clone()),
        }
    }
    while there.len() > steps.len() {
        there.remove(there.len() - 1);
    }
}

/// Brings what stands there in line with what is wanted. What says the same stays as it is written.
fn merge(there: &mut Item, wanted: &Item) {
    match (&mut *there, wanted) {
        (Item::Table(old), Item::Table(new)) => merge_table(old, new),
        (Item::Value(old), Item::Table(new)) if plain(old) == plain(&new.clone().into_inline_table().into()) => {}
        (Item::Value(old), Item::Value(new)) => {
            if plain(old) != plain(new) {
                let decor = old.decor().clone();
                *old = new.clone();
                *old.decor_mut() = decor;
            }
        }
        (Item::Table(old), Item::Value(Value::InlineTable(new))) => merge_table(old, &new.clone().into_table()),
        _ => *there = wanted.clone(),
    }
}

fn merge_table(there: &mut Table, wanted: &Table) {
    there.retain(|field, _| wanted.contains_key(field));
    for (field, item) in wanted {
        merge(there.entry(field).or_insert(Item::None), item);
    }
}

/// What a value says, whatever way it is written.
fn plain(written: &Value) -> Option<toml::Value> {
    let text = format!("value = {}", written.clone().decorated("", ""));
    text.parse::<toml::Table>().ok()?.remove("value")
}

fn run_table(run: &RunEntry) -> Result<Item, String> {
    let usual = plain_table(&RunEntry::default())?;
    let mut table = differing(plain_table(run)?, &usual);
    for probe in ["ready", "live"] {
        if let Some(toml::Value::Table(entry)) = table.remove(probe) {
            let usual = plain_table(&ProbeEntry::default())?;
            table.insert(probe.into(), toml::Value::Table(differing(entry, &usual)));
        }
    }
    let mut written = Table::new();
    for (field, value) in table {
        written[&field] = if let ("ready" | "live", toml::Value::Table(probe)) = (field.as_str(), &value) {
            Item::Table(written_table(probe.clone()))
        } else {
            Item::Value(written_value(value))
        };
    }
    Ok(Item::Table(written))
}

fn step_table(step: &RungEntry) -> Result<Table, String> {
    let mut usual = plain_table(&RungEntry::new(step.kind))?;
    usual.remove("do");
    let mut fields = differing(plain_table(step)?, &usual);
    let mut table = Table::new();
    // People read it first.
    table["do"] = fields.remove("do").map_or(Item::None, |kind| Item::Value(written_value(kind)));
    table.extend(written_table(fields));
    Ok(table)
}

fn plain_table(entry: &impl serde::Serialize) -> Result<toml::Table, String> {
    toml::Table::try_from(entry).map_err(|error| error.to_string())
}

fn differing(table: toml::Table, usual: &toml::Table) -> toml::Table {
    table.into_iter().filter(|(field, value)| usual.get(field) != Some(value)).collect()
}

fn written_table(table: toml::Table) -> Table {
    table.into_iter().map(|(field, value)| (field, Item::Value(written_value(value)))).collect()
}

fn written_value(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(on) => on.into(),
        toml::Value::Datetime(at) => at.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(written_value).collect::<Array>().into(),
        toml::Value::Table(table) => {
            table.into_iter().map(|(field, value)| (field, written_value(value))).collect::<InlineTable>().into()
        }
    }
}
