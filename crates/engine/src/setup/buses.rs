//! Adding, listing, testing and removing buses: the password into the vault, then the entry into the configuration.

use beatkeeper_core::identity::EntityId;
use beatkeeper_vault::{ChannelSecret, Vault};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use url::Url;

use crate::bus;
use crate::paths::Paths;
use crate::refusal::Refusal;
use crate::settings::{self, BusEntry, Settings};

/// What to do about a bus that does not answer.
const LOOK: &str = "Check its address, its user and its password.";
const OR_FORCE: &str = "`--force` does it nevertheless.";

/// A bus as configured, for lists. Its password is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(export)]
pub struct BusFace {
    /// Its name.
    pub name: String,
    /// Where.
    pub url: String,
    /// Whether agents that nobody configured are shown, too.
    pub watch: bool,
    /// Whether several Beatkeepers share it.
    pub team: bool,
    /// How many agents are configured there.
    pub agents: usize,
}

/// What is wanted of a new bus.
pub(super) struct NewBus<'a> {
    pub(super) name: &'a str,
    /// With its password, if it has one.
    pub(super) url: &'a str,
    /// Its password, if the address does not have it.
    pub(super) password: Option<&'a str>,
    pub(super) watch: bool,
    pub(super) team: bool,
    /// Write it although its server does not answer.
    pub(super) force: bool,
}

/// Adds a bus.
pub(super) fn add(paths: &Paths, vault: &Vault, new: &NewBus<'_>) -> Result<(), Refusal> {
    let name = new.name.trim();
    EntityId::on_bus(name, "agent").map_err(|_| {
        Refusal::new(
            "bus.bad_name",
            "A bus is called by 1 to 128 bytes without control characters",
            "Give it another name.",
        )
    })?;
    let (url, in_url) = without_password(new.url)?;
    let password = new.password.filter(|password| !password.is_empty()).map(SecretString::from).or(in_url);
    let entry = BusEntry { watch: new.watch, team: new.team, ..BusEntry::new(name.to_owned(), url) };
    // A file that is broken already is another refusal than a bus that cannot be.
    Settings::load(&paths.config)?;
    let draft = settings::draft_bus(&paths.config, &entry).map_err(|error| {
        let sentence = format!("This bus cannot be added: {}", error.what);
        Refusal::new("bus.cannot_be", sentence, "Correct it and try again.")
    })?;
    if !new.force {
        must_answer(&entry, password.as_ref())?;
    }
    let secrets = vault.bus_secrets();
    match &password {
        Some(password) => secrets.store(name, password)?,
        None if matches!(secrets.read(name), ChannelSecret::Present(_)) => secrets.remove(name)?,
        None => {}
    }
    draft.write()?;
    Ok(())
}

/// The configured buses.
pub(super) fn list(paths: &Paths) -> Result<Vec<BusFace>, Refusal> {
    let settings = Settings::load(&paths.config)?;
    let face = |bus: &BusEntry| BusFace {
        name: bus.name.clone(),
        url: bus.url.to_string(),
        watch: bus.watch,
        team: bus.team,
        agents: settings.agents.iter().filter(|agent| agent.registry == bus.name).count(),
    };
    Ok(settings.buses.iter().map(face).collect())
}

/// Asks a bus whether it answers.
pub(super) fn test(paths: &Paths, vault: &Vault, name: &str) -> Result<(), Refusal> {
    let settings = Settings::load(&paths.config)?;
    let bus = settings.bus(name).ok_or_else(|| unknown(name))?;
    let password = match vault.bus_secrets().read(name) {
        ChannelSecret::Present(password) => Some(password),
        ChannelSecret::Absent => None,
        ChannelSecret::Locked(why) | ChannelSecret::Unavailable(why) => {
            return Err(Refusal::new("bus.locked", why, "Unlock the keychain and try again."));
        }
    };
    answers(bus, password.as_ref())
}

/// Gives a bus another password, or none.
pub(super) fn password(paths: &Paths, vault: &Vault, name: &str, password: &str, force: bool) -> Result<(), Refusal> {
    let settings = Settings::load(&paths.config)?;
    let bus = settings.bus(name).ok_or_else(|| unknown(name))?;
    let password = (!password.is_empty()).then(|| SecretString::from(password));
    if !force {
        must_answer(bus, password.as_ref())?;
    }
    let secrets = vault.bus_secrets();
    match &password {
        Some(password) => secrets.store(name, password)?,
        None if matches!(secrets.read(name), ChannelSecret::Absent) => {}
        None => secrets.remove(name)?,
    }
    Ok(())
}

/// Removes a bus and its password.
pub(super) fn remove(paths: &Paths, vault: &Vault, name: &str) -> Result<(), Refusal> {
    let settings = Settings::load(&paths.config)?;
    settings.bus(name).ok_or_else(|| unknown(name))?;
    let agents = settings.agents.iter().filter(|agent| agent.registry == name).count();
    if agents > 0 {
        let sentence = format!("{agents} configured agents are at the bus \"{}\"", name.escape_debug());
        return Err(Refusal::new("bus.in_use", sentence, "Remove them first: `beatkeeper agent remove`."));
    }
    let draft = settings::draft_without_bus(&paths.config, name)?;
    let secrets = vault.bus_secrets();
    if !matches!(secrets.read(name), ChannelSecret::Absent) {
        secrets.remove(name)?;
    }
    draft.write()?;
    Ok(())
}

pub(super) fn unknown(name: &str) -> Refusal {
    let sentence = format!("There is no bus \"{}\"", name.escape_debug());
    Refusal::new("bus.unknown", sentence, "See `beatkeeper bus list`.")
}

fn must_answer(entry: &BusEntry, password: Option<&SecretString>) -> Result<(), Refusal> {
    answers(entry, password).map_err(|refused| Refusal { remedy: format!("{LOOK} {OR_FORCE}"), ..refused })
}

fn answers(entry: &BusEntry, password: Option<&SecretString>) -> Result<(), Refusal> {
    bus::probe(entry, password).map_err(|why| {
        Refusal::new(
            "bus.no_answer",
            format!("The bus \"{}\" does not answer as it should: {why}", entry.name.escape_debug()),
            LOOK,
        )
    })
}

/// Takes the password out of a URL. What is wrong with the URL is said without it.
fn without_password(text: &str) -> Result<(Url, Option<SecretString>), Refusal> {
    let bad = |why: &str| {
        Refusal::new(
            "bus.bad_url",
            format!("This is no address of a Redis server: {why}"),
            "Give one such as redis://127.0.0.1:6379.",
        )
    };
    let mut url: Url = text.trim().parse().map_err(|error: url::ParseError| bad(&error.to_string()))?;
    let password = url.password().map(|password| percent_decode_str(password).decode_utf8().map(String::from));
    let password = password.transpose().map_err(|_| bad("its password is no text"))?;
    if password.is_some() {
        url.set_password(None).map_err(|()| bad("it has a password and no host"))?;
    }
    Ok((url, password.filter(|password| !password.is_empty()).map(SecretString::from)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::setup::{VaultChoice, open_vault};

    fn scene() -> (tempfile::TempDir, Paths, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths { config: folder.path().join("beatkeeper.toml"), data: folder.path().to_owned() };
        let vault = open_vault(&paths, &VaultChoice::File { passphrase: "correct horse".to_owned().into() }).unwrap();
        (folder, paths, vault)
    }

    fn new<'a>(name: &'a str, url: &'a str, force: bool) -> NewBus<'a> {
        NewBus { name, url, password: None, watch: false, team: false, force }
    }

    #[test]
    fn the_password_goes_to_the_vault_and_never_into_the_file() {
        let (_folder, paths, vault) = scene();
        add(&paths, &vault, &new("team", "redis://alice:s%20cret@127.0.0.1:1", true)).unwrap();
        let text = std::fs::read_to_string(&paths.config).unwrap();
        assert!(text.contains("redis://alice@127.0.0.1:1") && !text.contains("cret"), "{text}");
        let ChannelSecret::Present(password) = vault.bus_secrets().read("team") else { panic!("no password") };
        assert_eq!(password.expose_secret(), "s cret");
        let faces = list(&paths).unwrap();
        assert_eq!((faces[0].name.as_str(), faces[0].watch, faces[0].agents), ("team", false, 0));
        remove(&paths, &vault, "team").unwrap();
        assert!(matches!(vault.bus_secrets().read("team"), ChannelSecret::Absent));
        assert_eq!(list(&paths).unwrap(), []);
    }

    #[test]
    fn a_password_beside_the_address_is_kept_as_it_was_typed() {
        let (_folder, paths, vault) = scene();
        let odd = NewBus { password: Some("p@ss/50%:#"), ..new("team", "redis://alice@127.0.0.1:1", true) };
        add(&paths, &vault, &odd).unwrap();
        let ChannelSecret::Present(password) = vault.bus_secrets().read("team") else { panic!("no password") };
        assert_eq!(password.expose_secret(), "p@ss/50%:#");
        assert!(!std::fs::read_to_string(&paths.config).unwrap().contains("p@ss"));
        // An empty field is no password, and does not hide the one of the address.
        let both = NewBus { password: Some(""), ..new("other", "redis://:secret@127.0.0.1:1", true) };
        add(&paths, &vault, &both).unwrap();
        let ChannelSecret::Present(password) = vault.bus_secrets().read("other") else { panic!("no password") };
        assert_eq!(password.expose_secret(), "secret");
    }

    #[test]
    fn a_server_that_does_not_answer_is_not_written() {
        let (_folder, paths, vault) = scene();
        let refused = add(&paths, &vault, &new("team", "redis://:secret@127.0.0.1:1", false)).unwrap_err();
        assert_eq!(refused.code, "bus.no_answer");
        assert!(refused.remedy.contains("--force"), "{refused:?}");
        assert!(!refused.sentence.contains("secret") && !paths.config.exists());
        assert!(matches!(vault.bus_secrets().read("team"), ChannelSecret::Absent));
        for (url, code) in [("127.0.0.1", "bus.bad_url"), ("http://127.0.0.1", "bus.cannot_be")] {
            assert_eq!(add(&paths, &vault, &new("team", url, true)).unwrap_err().code, code, "{url}");
        }
        assert_eq!(add(&paths, &vault, &new("a\nb", "redis://127.0.0.1", true)).unwrap_err().code, "bus.bad_name");
        assert_eq!(test(&paths, &vault, "team").unwrap_err().code, "bus.unknown");
    }

    #[test]
    fn a_bus_gets_another_password() {
        let (_folder, paths, vault) = scene();
        add(&paths, &vault, &new("team", "redis://:first@127.0.0.1:1", true)).unwrap();
        let kept = || {
            let ChannelSecret::Present(password) = vault.bus_secrets().read("team") else { return String::new() };
            password.expose_secret().to_owned()
        };
        let refused = password(&paths, &vault, "team", "second", false).unwrap_err();
        assert!(refused.code == "bus.no_answer" && refused.remedy.contains("--force"), "{refused:?}");
        assert_eq!(kept(), "first", "one that was not tried takes no other's place");
        password(&paths, &vault, "team", "second", true).unwrap();
        assert_eq!(kept(), "second");
        password(&paths, &vault, "team", "", true).unwrap();
        password(&paths, &vault, "team", "", true).expect("none stays none");
        assert_eq!(kept(), "");
        assert_eq!(password(&paths, &vault, "other", "x", true).unwrap_err().code, "bus.unknown");
    }

    #[test]
    fn a_bus_with_agents_stays() {
        let (_folder, paths, vault) = scene();
        add(&paths, &vault, &new("team", "redis://127.0.0.1:1", true)).unwrap();
        let id = EntityId::on_bus("team", "a").unwrap();
        settings::add_agent(&paths.config, &settings::AgentEntry::new(id, "a".into(), "team".into())).unwrap();
        assert_eq!(remove(&paths, &vault, "team").unwrap_err().code, "bus.in_use");
        assert_eq!(list(&paths).unwrap()[0].agents, 1);
        let silent = test(&paths, &vault, "team").unwrap_err();
        assert!(silent.code == "bus.no_answer" && !silent.remedy.contains("--force"), "{silent:?}");
        let again = add(&paths, &vault, &new("team", "redis://127.0.0.1:2", true)).unwrap_err();
        assert!(again.code == "bus.cannot_be" && again.sentence.contains("two"), "{again:?}");
    }
}
