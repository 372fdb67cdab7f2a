//! How a process comes by its key, where that is not a matter of taste: only a Zynd agent's key has a place in an environment.

use beatkeeper_core::identity::Realm;
use serde::Deserialize;

use super::super::file::{AgentEntry, Settings};
use super::{BadField, KeyUse, RunEntry};

/// As much of the file as tells what was written, and what only holds by default.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    agent: Vec<SaidAgent>,
}

#[derive(Deserialize)]
struct SaidAgent {
    run: Option<SaidRun>,
}

#[derive(Deserialize)]
struct SaidRun {
    key: Option<KeyUse>,
}

impl AgentEntry {
    /// How its process comes by its key: as the file says at a Zynd registry, and elsewhere by itself.
    #[must_use]
    pub fn key_use(&self) -> KeyUse {
        match self.entity.realm() {
            Realm::Zynd => self.run.as_ref().map_or_else(|| RunEntry::default().key, |run| run.key),
            Realm::ArtCafe | Realm::Bus => KeyUse::None,
        }
    }

    /// The socket signs the beats of Zynd, and nothing else.
    pub(super) fn check_key(&self) -> Result<(), BadField> {
        let signed = self.run.as_ref().is_some_and(|run| run.key == KeyUse::Signer);
        if signed && self.entity.realm() != Realm::Zynd {
            return Err(refused("key = \"signer\" is for agents of Zynd registries"));
        }
        Ok(())
    }
}

/// Whether the file would have a key injected that no environment carries. What was written is looked for only where an entry
/// could have it, since that reads the file again.
pub(crate) fn check_injected(settings: &Settings, text: &str) -> Result<(), String> {
    let elsewhere = |agent: &AgentEntry| agent.run.is_some() && agent.entity.realm() != Realm::Zynd;
    if !settings.agents.iter().any(elsewhere) {
        return Ok(());
    }
    // It was read once already.
    let Ok(said) = toml::from_str::<Said>(text) else { return Ok(()) };
    let injected = |said: &SaidAgent| said.run.as_ref().is_some_and(|run| run.key == Some(KeyUse::Inject));
    let mut both = settings.agents.iter().zip(&said.agent);
    match both.find(|(agent, said)| elsewhere(agent) && injected(said)) {
        Some((agent, _)) => {
            Err(format!("agent \"{}\": {}", agent.name, refused("key = \"inject\" is for agents of Zynd registries")))
        }
        None => Ok(()),
    }
}

fn refused(what: &str) -> BadField {
    let what = format!(
        "{what}; here the key, if there is one, is a file that the program reads itself: leave it out, or write key = \"none\""
    );
    BadField::new("key", what).under("run")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parsed(key: &str) -> Result<Settings, String> {
        let text = format!(
            "[[registry]]\nname = \"cafe\"\nurl = \"http://127.0.0.1:1\"\ndialect = \"artcafe\"\norganization = \"acme\"\n\
             [[agent]]\nentity = \"artcafe:acme/w\"\nname = \"w\"\nregistry = \"cafe\"\n[agent.run]\ncommand = [\"a\"]\n\
             folder = {:?}\n{key}\n",
            std::env::temp_dir()
        );
        Settings::parse(Path::new("b.toml"), &text).map_err(|error| error.what)
    }

    #[test]
    fn an_artcafe_agent_reads_its_key_itself() {
        for fine in ["", "key = \"none\""] {
            assert_eq!(parsed(fine).unwrap().agents[0].key_use(), KeyUse::None, "{fine}");
        }
        for wrong in ["inject", "signer"] {
            let refused = parsed(&format!("key = \"{wrong}\"")).unwrap_err();
            assert!(refused.contains("agent \"w\": run.key") && refused.contains(wrong), "{refused}");
            assert!(refused.contains("key = \"none\""), "{refused}");
        }
    }
}
