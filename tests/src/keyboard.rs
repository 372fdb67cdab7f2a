//! The window by keyboard alone: what a person types, and what has the focus.

use anyhow::{Context, Result};
use fantoccini::key::Key as Press;

use crate::{Page, until};

/// So often is Tab pressed before what was looked for counts as out of reach.
const MOST_TABS: usize = 80;

impl Page {
    /// Types where the focus is.
    pub async fn type_here(&self, text: &str) -> Result<()> {
        self.send(text).await
    }

    /// Presses a key while others are held down.
    pub async fn chord(&self, held: &[Press], key: &str) -> Result<()> {
        let held: String = held.iter().map(|key| char::from(*key)).collect();
        // This one lets go of all that is held.
        self.send(&format!("{held}{key}{}", char::from(Press::Null))).await
    }

    /// Presses Tab until the focus is on what has this `data-testid`.
    pub async fn tab_to(&self, testid: &str) -> Result<()> {
        for _ in 0..MOST_TABS {
            if self.focused().await? == testid {
                return Ok(());
            }
            self.press(Press::Tab).await?;
        }
        let last = self.focused().await?;
        anyhow::bail!("Tab does not lead to {testid}; the last one was \"{last}\"")
    }

    /// As [`tab_to`](Self::tab_to), to the first whose `data-testid` begins so.
    pub async fn tab_to_first(&self, beginning: &str) -> Result<()> {
        for _ in 0..MOST_TABS {
            if self.focused().await?.starts_with(beginning) {
                return Ok(());
            }
            self.press(Press::Tab).await?;
        }
        anyhow::bail!("Tab does not lead to {beginning}")
    }

    /// The `data-testid` of what has the focus, or of what is around it.
    pub async fn focused(&self) -> Result<String> {
        const SCRIPT: &str = "document.activeElement?.closest('[data-testid]')?.dataset.testid ?? asked";
        Ok(self.ask(SCRIPT, "").await?.as_str().unwrap_or_default().to_owned())
    }

    /// The name of the agent whose row has the focus; of a group its word.
    pub async fn row_in_focus(&self) -> Result<String> {
        const SCRIPT: &str = "(row => row?.querySelector(asked)?.textContent.trim() ?? '')(
            document.activeElement?.closest('[role=row]'))";
        let found = self.ask(SCRIPT, "bdi").await?;
        Ok(found.as_str().unwrap_or_default().to_owned())
    }

    /// Presses a key until the row in focus is the agent's.
    pub async fn step_to(&self, key: &str, agent: &str) -> Result<()> {
        for _ in 0..MOST_TABS {
            if self.row_in_focus().await?.starts_with(agent) {
                return Ok(());
            }
            self.type_here(key).await?;
        }
        anyhow::bail!("\"{key}\" does not lead to {agent}")
    }

    /// Has the palette do what its words say.
    pub async fn by_palette(&self, words: &str) -> Result<()> {
        self.chord(&[Press::Control], "k").await?;
        self.element("palette-input").await?;
        self.type_here(words).await?;
        self.until_text("palette-entry", |text| !text.is_empty()).await?;
        self.press(Press::Enter).await?;
        self.gone("palette-input").await
    }

    /// How many things of this `data-testid` there are.
    pub async fn count(&self, testid: &str) -> Result<usize> {
        let found = self.ask("document.querySelectorAll(asked).length", &format!("[data-testid={testid}]")).await?;
        usize::try_from(found.as_u64().context("no count")?).context("too many")
    }

    /// Waits until there are so many.
    pub async fn until_count(&self, testid: &str, wanted: usize) -> Result<()> {
        let mut last = 0;
        let found = until(&format!("{wanted} of {testid}"), async || {
            last = self.count(testid).await?;
            Ok((last == wanted).then_some(()))
        })
        .await;
        found.with_context(|| format!("the last count was {last}"))
    }

    /// Waits until there is a group of this word.
    pub async fn until_group(&self, word: &str) -> Result<()> {
        const SCRIPT: &str = "[...document.querySelectorAll(asked)].map((word) => word.textContent.trim())";
        let mut last = serde_json::Value::Null;
        let found = until(&format!("a group \"{word}\""), async || {
            last = self.ask(SCRIPT, "[data-testid=group] bdi").await?;
            let there = last.as_array().is_some_and(|words| words.iter().any(|each| each == word));
            Ok(there.then_some(()))
        })
        .await;
        found.with_context(|| format!("the last groups were {last}"))
    }

    /// The states of the rows, each once.
    pub async fn livenesses(&self) -> Result<Vec<String>> {
        const SCRIPT: &str = "[...new Set([...document.querySelectorAll(asked)].map((row) => row.dataset.liveness))]";
        let found = self.ask(SCRIPT, "[data-testid=row]").await?;
        Ok(serde_json::from_value(found)?)
    }

    /// How wide a column is, in pixels.
    pub async fn column_width(&self, word: &str) -> Result<f64> {
        let script = format!(
            "[...document.querySelectorAll(asked)].find((head) => head.textContent.trim() === '{word}')\
             ?.getBoundingClientRect().width"
        );
        self.ask(&script, "[role=columnheader]").await?.as_f64().with_context(|| format!("no column {word}"))
    }

    /// The columns of the table from the left, by their words.
    pub async fn columns(&self) -> Result<Vec<String>> {
        const SCRIPT: &str = "[...document.querySelectorAll(asked)].map((head) => head.textContent.trim())";
        let found = self.ask(SCRIPT, "[role=columnheader]").await?;
        let words = found.as_array().context("no columns")?;
        Ok(words.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect())
    }
}
