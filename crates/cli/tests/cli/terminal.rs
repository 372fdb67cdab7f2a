//! A person at a terminal: what is asked there, and what comes of the answers.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};

use crate::stage::{PASSPHRASE, Process, Stage, wait};

/// A command that sits at a terminal of its own, and somebody who types.
pub struct Terminal {
    process: Process,
    keys: ChildStdin,
    /// A file with the name of the terminal.
    named: PathBuf,
}

impl Terminal {
    /// `script` (util-linux) has a terminal for whatever it runs, and ends as that does.
    pub fn start(stage: &Stage, command: &Command) -> Self {
        let words = [command.get_program()].into_iter().chain(command.get_args());
        let quoted: Vec<String> =
            words.map(|word| format!("'{}'", word.to_str().expect("text").replace('\'', "'\\''"))).collect();
        let named = stage.path("terminal");
        let _ = fs::remove_file(&named);
        let line = format!("tty > '{}'; exec {}", named.display(), quoted.join(" "));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        script.current_dir(command.get_current_dir().unwrap_or_else(|| stage.root())).stdin(Stdio::piped());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        let mut process = stage.start("terminal", script);
        Self { keys: process.keys(), process, named }
    }

    /// Types this line once it is asked for.
    #[track_caller]
    pub fn answer(&mut self, question: &str, line: &str) {
        self.asks(question);
        self.type_in(line);
    }

    /// The same once nothing that is typed is shown any more.
    #[track_caller]
    pub fn answer_unseen(&mut self, question: &str, line: &str) {
        self.asks(question);
        let hides = wait(|| {
            let terminal = fs::read_to_string(&self.named).ok()?;
            let state = Command::new("stty").args(["-a", "-F", terminal.trim()]).output().expect("stty is needed");
            String::from_utf8_lossy(&state.stdout).split_whitespace().any(|word| word == "-echo").then_some(())
        });
        assert!(hides.is_some(), "what is typed would be shown: {}", self.process.said());
        self.type_in(line);
    }

    #[track_caller]
    fn asks(&self, question: &str) {
        let asked = wait(|| self.process.said().contains(question).then_some(()));
        assert!(asked.is_some(), "{question} was not asked: {}", self.process.said());
    }

    fn type_in(&mut self, line: &str) {
        self.keys.write_all(format!("{line}\n").as_bytes()).expect("it listens");
    }

    /// How it ended, and all that was on the screen.
    #[track_caller]
    pub fn ended(mut self) -> (Option<i32>, String) {
        (self.process.ended().code(), self.process.said())
    }
}

#[test]
fn a_passphrase_is_asked_for_and_not_shown() {
    let stage = Stage::new();
    stage.write("beatkeeper.toml", "[[registry]]\nname = \"local\"\nurl = \"http://127.0.0.1:1\"\n");
    let add = |name: &str| {
        let mut command = stage.command(&["agent", "add", "--registry", "local", "--name", name, "--generate"]);
        command.env_remove("BEATKEEPER_PASSPHRASE");
        Terminal::start(&stage, &command)
    };
    let mut differing = add("first");
    differing.answer_unseen("New passphrase: ", PASSPHRASE);
    differing.answer_unseen("The same again: ", "another");
    let (code, screen) = differing.ended();
    assert!(code == Some(1) && screen.contains("nothing was made"), "{screen}");
    assert!(!stage.path("data/keys.vault").exists());

    let mut agreeing = add("first");
    agreeing.answer_unseen("New passphrase: ", PASSPHRASE);
    agreeing.answer_unseen("The same again: ", PASSPHRASE);
    let (code, screen) = agreeing.ended();
    assert!(code == Some(0) && !screen.contains(PASSPHRASE), "{screen}");

    let mut again = add("second");
    again.answer_unseen("keys.vault: ", PASSPHRASE);
    let (code, screen) = again.ended();
    assert!(code == Some(0) && !screen.contains(PASSPHRASE), "{screen}");
}
