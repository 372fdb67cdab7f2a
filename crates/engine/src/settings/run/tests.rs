use std::path::Path;
use std::time::Duration;

use beatkeeper_core::supervise::RestartPolicy;
use beatkeeper_core::view::{BeatsBy, RungKind};

use super::super::file::{AgentEntry, Settings};
use super::*;

fn id(number: u8) -> String {
    format!("zns:{number:032x}")
}

/// The agent `weather` with these lines, and these others.
fn settings(lines: &str, others: &str) -> Result<Settings, String> {
    let text = format!(
        "[[registry]]\nname = \"r\"\nurl = \"http://127.0.0.1:1\"\n\n[[agent]]\nentity = \"{}\"\nname = \"weather\"\n\
         registry = \"r\"\n{lines}\n{others}",
        id(1)
    );
    Settings::parse(Path::new("b.toml"), &text).map_err(|error| error.to_string())
}

fn other(number: u8, name: &str, lines: &str) -> String {
    format!("[[agent]]\nentity = \"{}\"\nname = \"{name}\"\nregistry = \"r\"\n{lines}\n", id(number))
}

fn agent(lines: &str) -> AgentEntry {
    settings(lines, "").unwrap().agents.remove(0)
}

#[cfg(unix)]
const ROOT: &str = "/srv";
#[cfg(windows)]
const ROOT: &str = "C:/srv";

fn run(lines: &str) -> String {
    format!("project = \"{ROOT}\"\n[agent.run]\n{lines}")
}

#[test]
fn what_is_not_said_is_as_usual() {
    let run = agent(&run("command = [\"a\"]")).run.unwrap();
    assert_eq!(run, RunEntry { command: vec!["a".into()], ..RunEntry::default() });
    assert_eq!((run.stop_grace, run.max_restarts, run.success_codes), (10, 5, vec![0]));
    assert_eq!((run.start, run.stop_signal, run.key), (StartWhen::Manual, StopSignal::Term, KeyUse::Inject));
    assert_eq!((run.restart, run.registry_url), (RestartPolicy::OnFailure, false));
    let probe = ProbeEntry::default();
    assert_eq!((probe.every, probe.within, probe.failures, probe.start_within), (5, 3, 3, 60));
    let rung = agent("[[agent.recover]]\ndo = \"alert\"").recover.remove(0);
    assert_eq!((rung.after, rung.worked_within), (30, None));
}

#[test]
fn everything_that_can_be_said_is_read() {
    let agent = agent(&format!(
        r#"beats = "auto"
truthful = false
[agent.run]
command = ["python3", "agent.py", ""]
folder = "{ROOT}/weather"
env = {{ LOG = "debug", EMPTY = "" }}
env_file = ".env.local"
start = "with_app"
depends_on = ["db"]
stop_signal = "INT"
stop_grace = 0
restart = "always"
max_restarts = 0
success_codes = [0, 143, 255]
key = "signer"
registry_url = true
[agent.run.ready]
log = "listening on \\d+"
start_within = 3600
[agent.run.live]
command = ["curl", "-f", "x"]
every = 1
within = 3600
failures = 1
[[agent.recover]]
do = "restart"
after = 0
worked_within = 60
[[agent.recover]]
do = "replace"
command = ["weather-in-a-box"]
[[agent.recover]]
do = "docker_restart"
container = "weather_1.b-c"
[[agent.recover]]
do = "docker_run"
container = "weather"
image = "ghcr.io:443/me/weather:1.2"
[[agent.recover]]
do = "alert""#
    ));
    assert_eq!((agent.beats, agent.truthful, agent.is_truthful()), (BeatsBy::Auto, Some(false), false));
    let run = agent.run.clone().unwrap();
    assert_eq!((run.stop_signal, run.start, run.key), (StopSignal::Int, StartWhen::WithApp, KeyUse::Signer));
    let target = run.ready.unwrap().target().unwrap();
    assert!(matches!(target, ProbeTarget::Log(regex) if regex.is_match("now listening on 5000")));
    let kinds: Vec<_> = agent.recover.iter().map(|rung| rung.kind).collect();
    assert_eq!(
        kinds,
        [RungKind::Restart, RungKind::Replace, RungKind::DockerRestart, RungKind::DockerRun, RungKind::Alert]
    );
    // As the window gets it and gives it back.
    let json = serde_json::to_string(&(&agent.run, &agent.recover)).unwrap();
    let back: (Option<RunEntry>, Vec<RungEntry>) = serde_json::from_str(&json).unwrap();
    assert_eq!(back, (agent.run, agent.recover));
}

#[test]
fn what_cannot_be_is_refused_with_agent_and_field() {
    let ok = "command = [\"a\"]";
    let long = "a".repeat(1001);
    let cases: Vec<(String, String, &str)> = [
        ("", "run.command", "missing or empty"),
        ("command = []", "run.command", "missing or empty"),
        ("command = [\" \"]", "run.command", "its program is empty"),
        ("command = [\"a\", \"b\\u0000\"]", "run.command", "NUL"),
        ("command = \"a b\"", "", "line 11"),
        ("command = [\"a\"]\nfolder = \"\"", "run.folder", "empty"),
        ("command = [\"a\"]\nfolder = \"x\\u0000\"", "run.folder", "NUL"),
        ("command = [\"a\"]\nenv = { \"A=B\" = \"\" }", "run.env", "\"A=B\" is no name"),
        ("command = [\"a\"]\nenv = { \"\" = \"\" }", "run.env", "no name"),
        ("command = [\"a\"]\nenv = { \"A\\u0000\" = \"\" }", "run.env", "\"A\\0\" is no name"),
        ("command = [\"a\"]\nenv = { A = \"\\u0000\" }", "run.env", "the value of A has a NUL"),
        ("command = [\"a\"]\nenv = { ZYND_AGENT_PRIVATE_KEY = \"x\" }", "run.env", "from the keychain by itself"),
        (
            "command = [\"a\"]\nkey = \"none\"\nenv = { zynd_agent_private_key = \"x\" }",
            "run.env",
            "no place in a file",
        ),
        ("command = [\"a\"]\nenv = { ZYND_AGENT_KEYPAIR_PATH = \"x\" }", "run.env", "another key"),
        ("command = [\"a\"]\nenv_file = \"\"", "run.env_file", "empty"),
        ("command = [\"a\"]\ndepends_on = [\" \"]", "run.depends_on", "has no name"),
        ("command = [\"a\"]\nstop_grace = 601", "run.stop_grace", "601 is not within 0 to 600 seconds"),
        ("command = [\"a\"]\nstop_signal = \"SEGV\"", "", "SEGV"),
        ("command = [\"a\"]\nsuccess_codes = [0, 256]", "run.success_codes", "256 is not within 0 to 255"),
        ("command = [\"a\"]\nsuccess_codes = [-1]", "run.success_codes", "-1 is not within"),
        ("command = [\"a\"]\nshell = true", "", "shell"),
        ("command = [\"a\"]\nready = {}", "run.ready.http", "exactly one of http, tcp, command and log"),
        ("command = [\"a\"]\nlive = { tcp = \"a:1\", log = \"x\" }", "run.live.http", "exactly one"),
        ("command = [\"a\"]\nlive = { http = \"ftp://a\" }", "run.live.http", "http://"),
        ("command = [\"a\"]\nlive = { http = \"127.0.0.1:5000\" }", "", "line 12"),
        ("command = [\"a\"]\nlive = { tcp = \"5000\" }", "run.live.tcp", "HOST:PORT"),
        ("command = [\"a\"]\nlive = { tcp = \"a:0\" }", "run.live.tcp", "HOST:PORT"),
        ("command = [\"a\"]\nlive = { tcp = \"a:65536\" }", "run.live.tcp", "HOST:PORT"),
        ("command = [\"a\"]\nlive = { tcp = \"a b:1\" }", "run.live.tcp", "HOST:PORT"),
        ("command = [\"a\"]\nlive = { command = [] }", "run.live.command", "empty"),
        ("command = [\"a\"]\nlive = { log = \"up\" }", "run.live.log", "use it for ready"),
        ("command = [\"a\"]\nlive = { tcp = \"a:1\", start_within = 5 }", "run.live.start_within", "for ready"),
        ("command = [\"a\"]\nlive = { tcp = \"a:1\", every = 0 }", "run.live.every", "0 is not within 1 to 3600"),
        ("command = [\"a\"]\nlive = { tcp = \"a:1\", within = 3601 }", "run.live.within", "3601 is not within"),
        ("command = [\"a\"]\nready = { tcp = \"a:1\", start_within = 0 }", "run.ready.start_within", "1 to 3600"),
        ("command = [\"a\"]\nlive = { tcp = \"a:1\", failures = 0 }", "run.live.failures", "1 to 100"),
        ("command = [\"a\"]\nready = { log = \"(\" }", "run.ready.log", "no regular expression: unclosed group"),
        ("command = [\"a\"]\nready = { log = \"(a{1000}){1000}\" }", "run.ready.log", "too large"),
        ("command = [\"a\"]\nready = { log = \"\" }", "run.ready.log", "empty"),
    ]
    .into_iter()
    .map(|(lines, place, says)| (run(lines), place.to_owned(), says))
    .chain([
        ("[agent.run]\ncommand = [\"a\"]".into(), "run.folder".into(), "no project"),
        ("[agent.run]\ncommand = [\"a\"]\nfolder = \"x\"".into(), "run.folder".into(), "\"x\" is relative"),
        ("project = \"p\"\n[agent.run]\ncommand = [\"a\"]\nfolder = \"x\"".into(), "run.folder".into(), "is relative"),
        (run(&format!("{ok}\nready = {{ log = \"{long}\" }}")), "run.ready.log".into(), "1000 bytes"),
        (run(&format!("command = [{}]", "\"a\",".repeat(257))), "run.command".into(), "more than 256"),
    ])
    .collect();
    for (lines, place, says) in cases {
        let error = settings(&lines, "").unwrap_err();
        if !place.is_empty() {
            assert!(error.contains(&format!("agent \"weather\": {place}: ")), "{lines}: {error}");
        }
        assert!(error.contains(says), "{lines}: {error}");
    }
}

#[test]
fn a_step_that_cannot_be_is_refused_with_agent_and_field() {
    let docker = |more: &str| format!("do = \"docker_run\"\ncontainer = \"c\"\n{more}");
    let cases: Vec<(String, &str, &str)> = vec![
        ("do = \"reboot\"".into(), "", "reboot"),
        ("do = \"restart\"".into(), "do", "only what Beatkeeper starts"),
        ("do = \"replace\"\ncommand = [\"a\"]".into(), "do", "only what Beatkeeper starts"),
        ("do = \"alert\"\nafter = 86401".into(), "after", "0 to 86400"),
        ("do = \"alert\"\nworked_within = 59".into(), "worked_within", "59 is not within 60 (two beats of the agent)"),
        ("do = \"alert\"\nworked_within = 86401".into(), "worked_within", "86401"),
        ("do = \"alert\"\ncommand = [\"a\"]".into(), "command", "\"alert\" has none"),
        ("do = \"alert\"\nimage = \"a\"".into(), "image", "\"alert\" has none"),
        ("do = \"replace\"".into(), "command", "\"replace\" needs one"),
        ("do = \"replace\"\ncommand = []".into(), "command", "empty"),
        ("do = \"docker_restart\"".into(), "container", "\"docker_restart\" needs one"),
        ("do = \"docker_restart\"\ncontainer = \"c\"".into(), "do", "beats = \"agent\" or \"auto\""),
        ("do = \"docker_restart\"\ncontainer = \"c\"\nimage = \"a\"".into(), "image", "has none"),
        ("do = \"docker_restart\"\ncontainer = \"-f\"".into(), "container", "\"-f\" is no container's name"),
        ("do = \"docker_restart\"\ncontainer = \"\"".into(), "container", "no container's name"),
        ("do = \"docker_restart\"\ncontainer = \"a b\"".into(), "container", "no container's name"),
        (format!("do = \"docker_restart\"\ncontainer = \"{}\"", "a".repeat(129)), "container", "1 to 128"),
        ("do = \"docker_run\"\nimage = \"a\"".into(), "container", "needs one"),
        (docker(""), "image", "needs one"),
        (docker("image = \"--privileged\""), "image", "is no image"),
        (docker("image = \"a b\""), "image", "is no image"),
        (docker("image = \"Weather\""), "image", "is no image"),
        (docker("image = \"a:\""), "image", "is no image"),
        (docker("image = \"a\\n\""), "image", "is no image"),
        (docker("image = \"a@sha256:12\""), "image", "is no image"),
        (docker("image = \"http://a/b\""), "image", "is no image"),
        (docker(&format!("image = \"{}\"", "a".repeat(513))), "image", "is no image"),
    ];
    for (step, place, says) in cases {
        let error = settings(&format!("[[agent.recover]]\n{step}"), "").unwrap_err();
        if !place.is_empty() {
            assert!(error.contains(&format!("agent \"weather\": recover, step 1: {place}: ")), "{step}: {error}");
        }
        assert!(error.contains(says), "{step}: {error}");
    }
    let error = settings(&"[[agent.recover]]\ndo = \"alert\"\n".repeat(17), "").unwrap_err();
    assert!(error.contains("recover: 17 steps are more than 16"), "{error}");
    // A form marks the field by its name.
    let mut agent = agent("[[agent.recover]]\ndo = \"alert\"");
    agent.recover[0].after = 86_401;
    assert_eq!(agent.check_run().unwrap_err().field, "recover.0.after");
}

#[test]
fn images_are_what_the_grammar_allows() {
    let digest = format!("ghcr.io/me/weather@sha256:{}", "0f".repeat(32));
    for image in
        ["weather", "me/weather", "localhost:5000/me/weather", "ghcr.io/a-b/c__d.e:1.2-rc_3", "[::1]:5000/a", &digest]
    {
        let rung =
            RungEntry { container: Some("c".into()), image: Some(image.into()), ..RungEntry::new(RungKind::DockerRun) };
        assert_eq!(rung.check(30), Ok(()), "{image}");
    }
}

#[test]
fn a_folder_is_absolute_of_the_project_or_of_the_home() {
    let folder = |lines: &str| {
        let agent = agent(lines);
        agent.run.unwrap().folder_in(agent.project.as_deref()).unwrap()
    };
    let root = Path::new(ROOT);
    assert_eq!(folder(&run("command = [\"a\"]")), root);
    assert_eq!(folder(&run("command = [\"a\"]\nfolder = \"sub\"")), root.join("sub"));
    assert_eq!(folder(&format!("[agent.run]\ncommand = [\"a\"]\nfolder = \"{ROOT}/x\"")), root.join("x"));
    let home = directories::BaseDirs::new().unwrap().home_dir().to_owned();
    assert_eq!(folder("[agent.run]\ncommand = [\"a\"]\nfolder = \"~/p/w\""), home.join("p/w"));
    assert_eq!(folder("project = \"~/p\"\n[agent.run]\ncommand = [\"a\"]"), home.join("p"));
}

#[test]
fn steps_are_carried_out_by_programs_without_a_shell() {
    let with = |kind| RungEntry {
        command: Some(vec!["start it".into(), "$(x)".into()]),
        container: Some("weather".into()),
        image: Some("me/weather:1".into()),
        ..RungEntry::new(kind)
    };
    let cases: [(RungKind, &str, Option<&[&str]>); 5] = [
        (RungKind::Restart, "restart", None),
        (RungKind::Alert, "alert", None),
        (RungKind::Replace, "start it", Some(&["start it", "$(x)"])),
        (RungKind::DockerRestart, "docker restart weather", Some(&["docker", "restart", "-t", "10", "weather"])),
        (
            RungKind::DockerRun,
            "docker run weather",
            Some(&["docker", "run", "--rm", "--name", "weather", "me/weather:1"]),
        ),
    ];
    for (kind, label, command) in cases {
        let rung = with(kind);
        assert_eq!(rung.rung(30).label, label);
        let words = rung_command(&rung, 10, KeyUse::None);
        assert_eq!(
            words.as_deref().map(|words| words.iter().map(String::as_str).collect()),
            command.map(<[_]>::to_vec)
        );
    }
}

#[test]
fn the_policy_says_what_the_file_says() {
    let lines = run(
        "command = [\"a\"]\nstart = \"with_app\"\nkey = \"signer\"\nstop_grace = 7\ndepends_on = [\"db\", \"nobody\"]\n\
                     ready = { tcp = \"a:1\", start_within = 9 }\nlive = { tcp = \"a:1\", failures = 4 }\n\
                     [[agent.recover]]\ndo = \"restart\"\nafter = 1\nworked_within = 70",
    );
    let all = settings(&lines, &other(2, "db", "")).unwrap();
    let policy = all.agents[0].run_policy(Names::of(&all), true).unwrap();
    assert!(policy.own_command && policy.starts_with_app && policy.ready_is_probed && policy.signer);
    assert_eq!((policy.stop_grace, policy.ready_within), (Duration::from_secs(7), Duration::from_secs(9)));
    assert_eq!((policy.failures, policy.success, policy.max_restarts), (4, vec![0], 5));
    assert_eq!(policy.depends_on, [id(2).parse().unwrap()]);
    assert_eq!(
        (policy.rungs[0].after, policy.rungs[0].worked_within),
        (Duration::from_secs(1), Duration::from_secs(70))
    );
    assert!(all.agents[0].is_truthful());
    // Others run it.
    assert_eq!(all.agents[1].run_policy(Names::of(&all), true), None);
    assert!(!all.agents[1].is_truthful());
    // Only its recovery is ours; who beats seldom is given time.
    let seldom = settings("interval = 100\n[[agent.recover]]\ndo = \"alert\"", "").unwrap();
    let policy = seldom.agents[0].run_policy(Names::of(&seldom), false).unwrap();
    assert!(!policy.own_command && !policy.starts_with_app && !policy.signer);
    assert_eq!(policy.rungs[0].worked_within, Duration::from_secs(200));
}

fn needing(number: u8, name: &str, needs: &[&str]) -> String {
    other(number, name, &run(&format!("command = [\"a\"]\ndepends_on = {needs:?}")))
}

fn order(settings: &Settings, ids: &[u8]) -> (Vec<u8>, Vec<(u8, String, String)>) {
    let ids: Vec<_> = ids.iter().map(|number| id(*number).parse().unwrap()).collect();
    let number = |id: &beatkeeper_core::identity::EntityId| u8::from_str_radix(&id.as_str()[34..], 16).unwrap();
    let StartOrder { order, refused } = start_order(settings, &ids);
    let refused = refused.into_iter().map(|(id, refusal)| (number(&id), refusal.code, refusal.sentence));
    (order.iter().map(number).collect(), refused.collect())
}

#[test]
fn those_that_are_needed_come_first_and_once() {
    let others = [needing(2, "api", &["db", "weather"]), needing(3, "db", &["bus"]), other(4, "bus", "")].concat();
    let all = settings(&run("command = [\"a\"]\ndepends_on = [\"db\"]"), &others).unwrap();
    assert_eq!(order(&all, &[]), (vec![3, 1, 2], vec![]));
    assert_eq!(order(&all, &[2]), (vec![3, 1, 2], vec![]));
    assert_eq!(order(&all, &[3]), (vec![3], vec![]));
    // By id as well; whom others run has nothing to be started.
    let (started, refused) = order(&all, &[4, 9, 3]);
    assert_eq!(started, [3]);
    assert_eq!((refused[0].1.as_str(), refused[1].1.as_str()), ("run.no_command", "agent.unknown"));
}

#[test]
fn a_circle_or_an_unknown_name_keeps_back_only_those_that_it_concerns() {
    let others = [
        needing(2, "db", &["weather"]),
        needing(3, "needs-them", &["db"]),
        needing(4, "alone", &["alone"]),
        needing(5, "lost", &["nowhere"]),
        needing(6, "good", &[]),
        needing(7, "twin", &[]),
        needing(8, "twin", &[]),
        needing(9, "unclear", &["twin"]),
    ]
    .concat();
    let all = settings(&run("command = [\"a\"]\ndepends_on = [\"db\"]"), &others).unwrap();
    let (started, refused) = order(&all, &[]);
    assert_eq!(started, [6, 7, 8]);
    let said: Vec<_> =
        refused.iter().map(|(number, code, sentence)| (*number, code.as_str(), sentence.as_str())).collect();
    let circle = "They depend on each other in a circle: weather -> db -> weather";
    assert_eq!(said[0], (1, "run.cycle", circle));
    assert_eq!(said[1], (2, "run.cycle", circle));
    assert_eq!((said[2].0, said[2].1), (3, "run.dependency_refused"));
    assert_eq!(said[2].2, format!("needs-them depends on db, which cannot be started: {circle}"));
    assert_eq!(said[3], (4, "run.cycle", "They depend on each other in a circle: alone -> alone"));
    assert_eq!(said[4].1, "run.unknown_dependency");
    assert_eq!(said[4].2, "lost depends on \"nowhere\", and there is no agent \"nowhere\"");
    assert_eq!(said[5].2, "unclear depends on \"twin\", and 2 agents are called \"twin\"");
    // Whoever is asked for first, the circle is the same one.
    assert_eq!(
        order(&all, &[3]).1[0].2,
        "needs-them depends on db, which cannot be started: They depend on each other in \
                a circle: db -> weather -> db"
    );
}

#[test]
fn a_container_in_its_place_gets_the_key_by_name_alone() {
    let (container, image) = (Some("weather".to_owned()), Some("ghcr.io/me/weather:1".to_owned()));
    let rung = RungEntry { container, image, ..RungEntry::new(RungKind::DockerRun) };
    let command = rung_command(&rung, 10, KeyUse::Inject).unwrap().join(" ");
    let names = "-e ZYND_AGENT_PRIVATE_KEY -e ZYND_AGENT_KEYPAIR_PATH";
    assert_eq!(command, format!("docker run --rm --name weather {names} ghcr.io/me/weather:1"));
}
