//! The tray as a plain value: built here, compared before anything is drawn, and asserted in tests without a desktop.

use serde::Serialize;

use crate::fleet::Fleet;
use crate::identity::EntityId;
use crate::time::Time;
use crate::view::Glyph;

/// More agents than this that need attention are summed up.
const MOST: usize = 20;

/// What the tray shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrayModel {
    /// State by shape.
    pub glyph: Glyph,
    /// The fleet in a sentence: the menu's first line, and the tooltip.
    pub sentence: String,
    /// Those that need a person, worst first.
    pub attention: Vec<TrayAgent>,
    /// How many more need one.
    pub and_more: usize,
    /// Until when alerts are paused.
    pub alerts_paused_until: Option<Time>,
}

/// An agent in the tray's menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrayAgent {
    /// Whose.
    pub id: EntityId,
    /// Name, state and what is wrong, short enough for a menu.
    pub line: String,
}

impl TrayModel {
    /// The tray for this fleet.
    #[must_use]
    pub fn of(fleet: &Fleet, alerts_paused_until: Option<Time>) -> Self {
        let summary = fleet.summary();
        let attention = fleet.attention();
        let lines = attention.iter().take(MOST).map(|agent| TrayAgent {
            id: agent.settings.id.clone(),
            line: line(&agent.settings.name, agent.liveness.as_str(), agent.verdict_sentence()),
        });
        Self {
            glyph: summary.glyph,
            sentence: summary.sentence,
            attention: lines.collect(),
            and_more: attention.len().saturating_sub(MOST),
            alerts_paused_until,
        }
    }
}

fn line(name: &str, state: &str, sentence: &str) -> String {
    let name: String =
        if name.chars().count() > 32 { name.chars().take(31).chain(['…']).collect() } else { name.into() };
    let text = format!("{name}: {state}, {}", lower_first(sentence));
    if text.chars().count() > 90 { text.chars().take(89).chain(['…']).collect() } else { text }
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
