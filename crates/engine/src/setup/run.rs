//! How an agent is run: shown, proposed and changed.

use beatkeeper_core::identity::EntityId;
use beatkeeper_core::view::BeatsBy;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::known;
use crate::paths::Paths;
use crate::project::{Proposal, propose};
use crate::refusal::Refusal;
use crate::settings::{self, AgentEntry, RunEntry, RungEntry, Settings, start_order};

/// How an agent is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct AgentRunView {
    /// How its process is started and kept; nothing when others run it.
    pub run: Option<RunEntry>,
    /// What is tried, in order, when it does not beat.
    pub recover: Vec<RungEntry>,
    /// Who beats.
    pub beats: BeatsBy,
    /// Whether we beat only while its process is seen to be well; when missing, if it is started here.
    pub truthful: Option<bool>,
    /// How it could be started, when nothing says so yet and its project does.
    pub proposal: Option<Proposal>,
}

pub(super) fn view(paths: &Paths, id: &EntityId) -> Result<AgentRunView, Refusal> {
    let AgentEntry { run, recover, beats, truthful, project, .. } = known(paths, id)?;
    let folder = project.filter(|_| run.is_none());
    // A project that says nothing useful is no reason to refuse.
    let mut proposals = folder.and_then(|folder| propose(&folder).ok()).unwrap_or_default();
    let place = proposals.iter().position(|proposal| proposal.entity.as_ref() == Some(id));
    let proposal = match (place, proposals.len()) {
        (Some(place), _) => Some(proposals.swap_remove(place)),
        (None, 1) => proposals.pop().filter(|only| only.entity.is_none()),
        (None, _) => None,
    };
    Ok(AgentRunView { run, recover, beats, truthful, proposal })
}

/// Changes how an agent is run. The engine has made sure that nothing runs that would lose its entry.
pub(super) fn set(
    paths: &Paths,
    id: &EntityId,
    run: Option<&RunEntry>,
    recover: &[RungEntry],
    beats: BeatsBy,
    truthful: Option<bool>,
) -> Result<(), Refusal> {
    let agent = known(paths, id)?;
    let wanted = AgentEntry { run: run.cloned(), recover: recover.to_vec(), beats, truthful, ..agent };
    wanted.check_run().map_err(|bad| {
        let sentence = format!("{} cannot be run so: {bad}", wanted.name);
        Refusal::new("run.bad", sentence, "Correct it and try again.").at(bad.field)
    })?;
    check_needs(&Settings::load(&paths.config)?, wanted)?;
    settings::set_run(&paths.config, id, run, recover, beats, truthful)?;
    Ok(())
}

/// In the file a circle keeps agents from being started; a person at a form can be told at once.
fn check_needs(settings: &Settings, wanted: AgentEntry) -> Result<(), Refusal> {
    if wanted.run.is_none() {
        return Ok(());
    }
    let id = wanted.entity.clone();
    let others = settings.agents.iter().filter(|agent| agent.entity != id).cloned();
    let agents = std::iter::once(wanted).chain(others).collect();
    let order = start_order(&Settings { agents, ..settings.clone() }, &[id]);
    order.refused.into_iter().next().map_or(Ok(()), |(_, refusal)| Err(refusal))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: [&str; 2] = ["zns:00000000000000000000000000000001", "zns:00000000000000000000000000000002"];

    fn stage() -> (tempfile::TempDir, Paths) {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths { config: folder.path().join("beatkeeper.toml"), data: folder.path().join("data") };
        settings::add_registry(&paths.config, "r", &"http://127.0.0.1:1".parse().unwrap()).unwrap();
        for (id, name) in IDS.into_iter().zip(["weather", "db"]) {
            let entry = AgentEntry::new(id.parse().unwrap(), name.into(), "r".into());
            let project = Some(folder.path().to_owned());
            settings::add_agent(&paths.config, &AgentEntry { project, ..entry }).unwrap();
        }
        (folder, paths)
    }

    fn needs(needs: &[&str]) -> RunEntry {
        RunEntry {
            command: vec!["a".into()],
            depends_on: needs.iter().map(|need| (*need).to_owned()).collect(),
            ..RunEntry::default()
        }
    }

    #[test]
    fn what_is_set_is_shown_and_what_cannot_be_names_its_field() {
        let (folder, paths) = stage();
        let ids = IDS.map(|id| id.parse::<EntityId>().unwrap());
        let set = |place: usize, run: Option<&RunEntry>, recover: &[RungEntry]| {
            set(&paths, &ids[place], run, recover, BeatsBy::Auto, None)
        };
        set(0, Some(&needs(&["db"])), &[]).unwrap();
        let shown = view(&paths, &ids[0]).unwrap();
        assert_eq!((shown.run, shown.beats, shown.proposal), (Some(needs(&["db"])), BeatsBy::Auto, None));
        let field = |refusal: Refusal| (refusal.code, refusal.field.unwrap_or_default());
        let bad = set(0, Some(&RunEntry { stop_grace: 601, ..needs(&[]) }), &[]).unwrap_err();
        assert!(bad.sentence.starts_with("weather cannot be run so: run.stop_grace: 601"), "{bad:?}");
        assert_eq!(field(bad), ("run.bad".into(), "run.stop_grace".into()));
        let restart = RungEntry::new(beatkeeper_core::view::RungKind::Restart);
        let bad = set(0, None, &[restart]).unwrap_err();
        assert_eq!(field(bad), ("run.bad".into(), "recover.0.do".into()));
        let bad = set(1, Some(&needs(&["weather"])), &[]).unwrap_err();
        assert!(bad.sentence.contains("db -> weather -> db"), "{bad:?}");
        assert_eq!(field(bad), ("run.cycle".into(), "run.depends_on".into()));
        let bad = set(1, Some(&needs(&["nobody"])), &[]).unwrap_err();
        assert_eq!(field(bad), ("run.unknown_dependency".into(), "run.depends_on".into()));
        // What its project says is proposed while nothing else is said.
        std::fs::write(folder.path().join("agent.config.json"), "{}").unwrap();
        std::fs::write(folder.path().join("agent.js"), "").unwrap();
        assert_eq!(view(&paths, &ids[0]).unwrap().proposal, None);
        assert_eq!(view(&paths, &ids[1]).unwrap().proposal.unwrap().command, ["node", "agent.js"]);
        set(0, None, &[]).unwrap();
        assert_eq!(view(&paths, &ids[0]).unwrap().run, None);
    }
}
