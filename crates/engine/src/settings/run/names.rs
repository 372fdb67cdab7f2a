//! Whom a name in the file means.

use super::super::file::{AgentEntry, Settings};

/// The agents of a configuration, by name and by id.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a>(&'a [AgentEntry]);

impl<'a> Names<'a> {
    /// Those of a configuration.
    #[must_use]
    pub fn of(settings: &'a Settings) -> Self {
        Self(&settings.agents)
    }

    /// The agent with this id, or else the only one with this name.
    ///
    /// # Errors
    /// A sentence, when there is none or when there are several.
    pub fn find(self, wanted: &str) -> Result<&'a AgentEntry, String> {
        if let Some(agent) = self.0.iter().find(|agent| agent.entity.as_str() == wanted) {
            return Ok(agent);
        }
        let named: Vec<_> = self.0.iter().filter(|agent| agent.name == wanted).collect();
        match named[..] {
            [agent] => Ok(agent),
            [] => Err(format!("there is no agent \"{}\"", wanted.escape_debug())),
            _ => Err(format!("{} agents are called \"{}\"", named.len(), wanted.escape_debug())),
        }
    }
}
