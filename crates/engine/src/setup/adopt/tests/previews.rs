//! What is shown before a project is taken in.

use super::*;

fn programs(agent: &ProjectAgentView) -> Vec<(ProgramUse, String, bool)> {
    agent.programs.iter().map(|program| (program.when, program.words.join(" "), program.is_new)).collect()
}

#[test]
fn every_program_is_shown_and_nothing_is_done() {
    let stage = Stage::new();
    let more = "beats = \"auto\"\n[agent.run]\ncommand = [\"python3\", \"agent.py\"]\nfolder = \"sub\"\n\
                start = \"with_app\"\nenv = { LD_PRELOAD = \"./x.so\" }\nenv_file = \".env\"\n\
                ready = { command = [\"./up.sh\"] }\nlive = { command = [\"./well.sh\", \"-q\"] }\n\
                [[agent.recover]]\ndo = \"restart\"\n[[agent.recover]]\ndo = \"replace\"\ncommand = [\"./other\"]\n\
                [[agent.recover]]\ndo = \"docker_run\"\ncontainer = \"w\"\nimage = \"me/w:1\"";
    let refused = described("refused", 2, "interval = 0\n[agent.run]\ncommand = [\"b\"]");
    stage.write("beatkeeper.toml", &(described("weather", 1, more) + &refused));
    let preview = stage.preview().unwrap();
    assert_eq!(stage.settings(), Settings::default());
    assert_eq!((&preview.folder, &preview.file), (&stage.folder(), &stage.folder().join("beatkeeper.toml")));
    let [weather, refused] = &preview.agents[..] else { panic!("{preview:?}") };
    assert_eq!((weather.outcome.what, weather.starts_with_app, weather.starts_at_once), (Adoption::Added, true, true));
    assert_eq!(
        (&weather.registry[..], weather.new_registry.as_deref()),
        ("127.0.0.1:8080", Some("http://127.0.0.1:8080"))
    );
    assert_eq!((&weather.env[..], &weather.env_file), (&["LD_PRELOAD=./x.so".to_owned()][..], &Some(".env".into())));
    let docker = "docker run --rm --name w -e ZYND_AGENT_PRIVATE_KEY -e ZYND_AGENT_KEYPAIR_PATH me/w:1";
    let all = [
        (ProgramUse::Agent, "python3 agent.py"),
        (ProgramUse::Ready, "./up.sh"),
        (ProgramUse::Live, "./well.sh -q"),
        (ProgramUse::Recovery, "./other"),
        (ProgramUse::Recovery, docker),
    ];
    assert_eq!(programs(weather), all.map(|(when, words)| (when, words.to_owned(), true)));
    assert!(weather.programs.iter().all(|program| program.folder == Some(stage.folder().join("sub"))));
    assert_eq!((refused.outcome.what, refused.registry.as_str()), (Adoption::Refused, REGISTRY));
    assert_eq!(programs(refused), [(ProgramUse::Agent, "b".to_owned(), true)]);

    // The file itself may be meant as well.
    let file = preview::preview_with(&stage.paths, &stage.vault, &preview.file, &Surroundings::default());
    assert_eq!(file.unwrap().unwrap(), preview);
}

#[test]
fn what_would_change_is_told_field_by_field_as_it_then_does() {
    let stage = Stage::new();
    let both = described("weather", 1, "[agent.run]\ncommand = [\"a\"]") + &described("db", 2, "");
    stage.write("beatkeeper.toml", &both);
    stage.adopt().unwrap();
    let run = "interval = 10\n[agent.run]\ncommand = [\"a\", \"--new\"]\nenv = { LOG = \"debug\" }\n\
               live = { command = [\"./well.sh\"] }";
    stage.write("beatkeeper.toml", &(described("weather", 1, run) + &described("db", 2, "")));
    let preview = stage.preview().unwrap();
    let [weather, db] = &preview.agents[..] else { panic!("{preview:?}") };
    let mut changes: Vec<_> = weather
        .changes
        .iter()
        .filter(|change| !change.field.starts_with("run.live"))
        .map(|change| (change.field.as_str(), change.before.as_deref(), change.after.as_deref()))
        .collect();
    changes.sort_unstable();
    let command = ("run.command", Some("[\"a\"]"), Some("[\"a\",\"--new\"]"));
    assert_eq!(changes, [("interval", Some("30"), Some("10")), command, ("run.env.LOG", None, Some("\"debug\""))]);
    let live = weather.changes.iter().find(|change| change.field == "run.live.command").unwrap();
    assert_eq!((&live.before, live.after.as_deref()), (&None, Some("[\"./well.sh\"]")));
    assert_eq!((db.outcome.what, &db.changes[..], &db.new_registry), (Adoption::Same, &[][..], &None));
    let foreseen: Vec<_> = preview.agents.iter().map(|agent| agent.outcome.clone()).collect();
    assert_eq!(stage.adopt().unwrap(), foreseen, "as it was shown");
    let [weather, _] = &stage.preview().unwrap().agents[..] else { panic!("two agents") };
    assert!(weather.changes.is_empty() && weather.programs.iter().all(|program| !program.is_new), "{weather:?}");
}
