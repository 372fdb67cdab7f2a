//! Changing the rules for everyone in the file.

use std::path::Path;

use toml_edit::{Array, ArrayOfTables, InlineTable, Item, Table, value};

use super::alerts::QuietEntry;
use super::alerts_view::AlertRulesView;
use super::edit::change;
use super::file::{Settings, SettingsError};

/// Sets the rules for everyone. Only what differs from what is usual is written.
///
/// # Errors
/// When the file cannot be read, is not valid before or after the change, or cannot be written.
pub fn set_alert_rules(path: &Path, rules: &AlertRulesView) -> Result<Settings, SettingsError> {
    change(path, |document| {
        let alerts = document.entry("alerts").or_insert_with(|| Item::Table(Table::new()));
        let alerts = alerts.as_table_mut().ok_or("write the rules for alerts as a table [alerts]")?;
        let usual = AlertRulesView::usual();
        let number = |number: u32| value(i64::from(number));
        let mut flapping = InlineTable::new();
        flapping.insert("changes", i64::from(rules.flapping.changes).into());
        flapping.insert("within", i64::from(rules.flapping.within_min).into());
        let level = serde_json::to_value(rules.level).map_err(|error| error.to_string())?;
        for (name, is_usual, new) in [
            ("level", rules.level == usual.level, value(level.as_str().unwrap_or_default())),
            ("grace", rules.grace_s == usual.grace_s, number(rules.grace_s)),
            ("good_beats", rules.good_beats == usual.good_beats, number(rules.good_beats)),
            ("remind_every", rules.remind_min == usual.remind_min, number(rules.remind_min)),
            ("flapping", rules.flapping == usual.flapping, value(flapping)),
            ("urgent", rules.urgent == usual.urgent, value(rules.urgent)),
            ("desktop", rules.desktop == usual.desktop, value(rules.desktop)),
            ("network_check", rules.network_check == usual.network_check, value(&rules.network_check)),
        ] {
            if is_usual {
                alerts.remove(name);
            } else {
                alerts[name] = new;
            }
        }
        if rules.quiet.is_empty() {
            alerts.remove("quiet");
        } else {
            alerts["quiet"] = Item::ArrayOfTables(rules.quiet.iter().map(quiet_table).collect::<ArrayOfTables>());
        }
        if alerts.is_empty() {
            document.remove("alerts");
        }
        Ok(())
    })
}

fn quiet_table(quiet: &QuietEntry) -> Table {
    let mut table = Table::new();
    table["from"] = value(&quiet.from);
    table["to"] = value(&quiet.to);
    if let Some(days) = &quiet.days {
        table["days"] = value(days.iter().collect::<Array>());
    }
    if let Some(zone) = &quiet.zone {
        table["zone"] = value(zone);
    }
    table
}

#[cfg(test)]
mod tests {
    use beatkeeper_core::alert::Level;

    use super::*;

    #[test]
    fn what_is_set_is_read_and_what_is_usual_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("beatkeeper.toml");
        std::fs::write(&path, "# mine\n[alerts]\ngrace = 7 # short\n[alerts.tags.nightly]\nlevel = \"never\"\n")
            .unwrap();
        let quiet = QuietEntry {
            from: "22:00".into(),
            to: "07:00".into(),
            days: Some(vec!["fri".into()]),
            zone: Some("UTC".into()),
        };
        let mut rules = Settings::load(&path).unwrap().alerts.view();
        rules.level = Level::Late;
        rules.quiet = vec![quiet.clone()];
        assert_eq!(set_alert_rules(&path, &rules).unwrap().alerts.view(), rules);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("# mine") && text.contains("nightly") && !text.contains("good_beats"), "{text}");
        rules.quiet.push(QuietEntry { from: "23:00".into(), ..quiet });
        assert!(set_alert_rules(&path, &rules).unwrap_err().what.contains("overlap"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "a refusal changes nothing");
        let usual = set_alert_rules(&path, &AlertRulesView::usual()).unwrap();
        assert_eq!(usual.alerts.view(), AlertRulesView::usual());
        assert!(std::fs::read_to_string(&path).unwrap().contains("nightly"));
    }
}
