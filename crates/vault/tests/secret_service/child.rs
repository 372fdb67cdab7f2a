//! The vault in a process of its own: one request a line in, one answer a line out.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use beatkeeper_core::identity::{EntityId, Fingerprint};
use beatkeeper_vault::{Deadlines, KeyFile, Loose, Overwrite, Vault, VaultError};

use crate::desk::Desk;

const ROLE: &str = "BEATKEEPER_VAULT_TEST_CHILD";
const ANSWER: &str = "=> ";
/// Longer than every deadline of the vault in the child together.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Child {
    process: std::process::Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

impl Child {
    pub(crate) fn on(desk: &Desk) -> Self {
        Self::start(desk, |_| {})
    }

    pub(crate) fn without_bus(desk: &Desk) -> Self {
        Self::start(desk, |command| {
            command.env_remove("DBUS_SESSION_BUS_ADDRESS");
        })
    }

    fn start(desk: &Desk, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["the_child", "--exact", "--nocapture", "--test-threads=1"]).env(ROLE, "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        desk.seat(&mut command);
        change(&mut command);
        let mut process = command.spawn().unwrap();
        let (requests, stdout) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The test harness writes its own words on the same stream, even on the same line.
                if let Some((_, answer)) = line.split_once(ANSWER)
                    && sender.send(answer.to_owned()).is_err()
                {
                    return;
                }
            }
        });
        Self { process, requests, answers }
    }

    pub(crate) fn ask(&mut self, request: &str) -> String {
        writeln!(self.requests, "{request}").unwrap();
        self.answers.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{request}: no answer: {error}"))
    }

    /// Asks again until the answer is `wanted`: the keyring needs a moment to come up.
    pub(crate) fn until(&mut self, request: &str, wanted: &str) {
        self.repeat(request, wanted, |answer| answer == wanted);
    }

    pub(crate) fn until_it_starts_with(&mut self, request: &str, wanted: &str) -> String {
        self.repeat(request, wanted, |answer| answer.starts_with(wanted))
    }

    fn repeat(&mut self, request: &str, wanted: &str, good: impl Fn(&str) -> bool) -> String {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(request);
            if good(&answer) {
                return answer;
            }
            assert!(Instant::now() < give_up, "{request}: {answer} and never {wanted}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// In the child: answers requests until the parent is gone.
pub(crate) fn serve() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let deadlines = Deadlines { program: Duration::from_secs(10), person: Duration::from_secs(1) };
    let vault = Vault::keychain_with(deadlines);
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split_whitespace().collect();
        println!("{ANSWER}{}", answer(&vault, &words).unwrap_or_else(|error| error.code().to_owned()));
    }
}

fn answer(vault: &Vault, request: &[&str]) -> Result<String, VaultError> {
    match request {
        ["look", id] => Ok(format!("{:?}", vault.look(&entity(id)))),
        ["signer", id] => Ok(vault.signer(&entity(id))?.sign(b"beat").to_wire()),
        ["store", file, id] => {
            let key = KeyFile::read(Path::new(file), Loose::Refuse).unwrap();
            Ok(format!("{:?}", vault.store(&entity(id), key.seed(), Overwrite::OnlyIfAbsent)?))
        }
        ["replace", file, id, occupant] => {
            let key = KeyFile::read(Path::new(file), Loose::Refuse).unwrap();
            let overwrite = Overwrite::Replacing(occupant.parse().unwrap());
            Ok(format!("{:?}", vault.store(&entity(id), key.seed(), overwrite)?))
        }
        ["delete", id, fingerprint] => {
            let fingerprint: Fingerprint = fingerprint.parse().unwrap();
            vault.delete(&entity(id), fingerprint).map(|()| "Deleted".to_owned())
        }
        ["unlock"] => vault.unlock().map(|()| "Unlocked".to_owned()),
        _ => panic!("unknown request {request:?}"),
    }
}

fn entity(text: &str) -> EntityId {
    text.parse().unwrap()
}
