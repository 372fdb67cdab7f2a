//! Adding agents and registries: keys into the vault, entries into the configuration.

use std::path::PathBuf;

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::dialect::DialectChoice;
use beatkeeper_core::identity::{DeveloperId, EntityId, EntityKind};
use beatkeeper_core::view::BeatsBy;
use beatkeeper_vault::{KeyFile, Loose, Overwrite, Seed, Stored, Vault};

use super::{artcafe, bus_agent};
use crate::command::{Added, Command, Derived, Refusal};
use crate::discover::{self, name_of};
use crate::paths::Paths;
use crate::settings::{self, AgentEntry, RegistryEntry, Settings};

/// Nothing for other commands.
pub(super) fn execute(paths: &Paths, vault: &Vault, command: &Command) -> Option<Result<Added, Refusal>> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the commands that add an agent are named")]
    Some(match command {
        Command::AgentImport { path, registry, name, allow_loose, kind, project, replace } => {
            let loose = if *allow_loose { Loose::Allow } else { Loose::Refuse };
            if let Some(import) =
                artcafe::import(paths, vault, registry, path, loose, name.as_deref(), (*replace).into())
            {
                return Some(import);
            }
            KeyFile::read(path, loose).map_err(Refusal::from).and_then(|key| {
                let new = New {
                    kind: kind.unwrap_or(EntityKind::Agent),
                    name: Some(name.clone().or_else(|| key.name.clone()).unwrap_or_else(|| name_of(path))),
                    registry,
                    overwrite: (*replace).into(),
                    project: project.clone().or_else(|| discover::project_of(path)),
                    derived: key.derived_from.map(|from| Derived {
                        developer: DeveloperId::from_key(&from.developer_public_key),
                        index: from.index,
                    }),
                };
                add(paths, vault, &key.into_seed(), new)
            })
        }
        Command::AgentGenerate { registry, name } => Seed::generate()
            .map_err(Refusal::from)
            .and_then(|seed| add(paths, vault, &seed, New::agent(name.clone(), registry, Overwrite::OnlyIfAbsent))),
        Command::AgentDerive { developer_path, index, registry, name, replace } => {
            KeyFile::read(developer_path, Loose::Refuse).map_err(Refusal::from).and_then(|developer| {
                let name = name.clone().unwrap_or_else(|| format!("agent-{index}"));
                let derived = Derived { developer: DeveloperId::from_key(&developer.public_key), index: *index };
                let new = New { derived: Some(derived), ..New::agent(Some(name), registry, (*replace).into()) };
                add(paths, vault, &developer.seed().derive(*index), new)
            })
        }
        Command::AgentOnBus { bus, name, beats, interval } => bus_agent::add(paths, bus, name, *beats, *interval),
        _ => return None,
    })
}

/// An agent that is to be here.
struct New<'a> {
    kind: EntityKind,
    name: Option<String>,
    /// A configured registry's name, or a base URL.
    registry: &'a str,
    overwrite: Overwrite,
    project: Option<PathBuf>,
    derived: Option<Derived>,
}

impl<'a> New<'a> {
    const fn agent(name: Option<String>, registry: &'a str, overwrite: Overwrite) -> Self {
        Self { kind: EntityKind::Agent, name, registry, overwrite, project: None, derived: None }
    }
}

/// Everything that can be refused is refused before the key is stored: a key in the vault without an entry would be
/// forgotten there.
fn add(paths: &Paths, vault: &Vault, seed: &Seed, new: New<'_>) -> Result<Added, Refusal> {
    let New { kind, name, registry, overwrite, project, derived } = new;
    let public_key = seed.public_key();
    let id = EntityId::from_key(&public_key, kind);
    let before = Settings::load(&paths.config)?;
    let name = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| id.short());
    check_name(&name)?;
    if let Some(there) = before.agents.iter().find(|agent| agent.entity == id) {
        let same_registry = before.registry(registry).is_some_and(|known| known.name == there.registry);
        return restore(vault, seed, there, same_registry && there.beats == BeatsBy::App, overwrite);
    }
    let (registry_name, new_registry) = registry_for(&before, registry, &[])?;
    vault.store(&id, seed, overwrite)?;
    if let Some(url) = new_registry {
        settings::add_registry(&paths.config, &registry_name, &url)?;
    }
    let entry = AgentEntry { project, derived, ..AgentEntry::new(id.clone(), name.clone(), registry_name) };
    settings::add_agent(&paths.config, &entry)?;
    tracing::info!(%id, ?overwrite, "agent added");
    Ok(Added { id, name, public_key: Some(public_key.to_wire()), restored: false })
}

/// Gives an agent that is configured the key that the vault has lost, or never had, or has another one in place of.
fn restore(
    vault: &Vault,
    seed: &Seed,
    there: &AgentEntry,
    wants_it: bool,
    overwrite: Overwrite,
) -> Result<Added, Refusal> {
    let id = &there.entity;
    if !wants_it || vault.store(id, seed, overwrite)? == Stored::AlreadyThere {
        return Err(Refusal::new(
            "agent.exists",
            format!("{id} is already here as \"{}\" at {}", there.name, there.registry),
            "Nothing to do. To move it to another registry, remove it first (its key stays).",
        ));
    }
    tracing::info!(%id, ?overwrite, "the agent has its key again");
    let (id, name) = (id.clone(), there.name.clone());
    Ok(Added { id, name, public_key: Some(seed.public_key().to_wire()), restored: true })
}

pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    if name.trim().is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Refusal::new(
            "agent.bad_name",
            "The name is empty, has control characters, or has more than 100 characters",
            "Choose another one.",
        ));
    }
    Ok(())
}

/// The registry that is meant, for an agent that is to be there: by name, and with its base URL when it is new. Its name is
/// none of those that are taken.
pub(super) fn registry_for(
    settings: &Settings,
    wanted: &str,
    taken: &[&str],
) -> Result<(String, Option<BaseUrl>), Refusal> {
    match settings.registry(wanted) {
        Some(demo) if demo.demo => Err(Refusal::new(
            "registry.demo",
            format!("\"{}\" is the demo registry, which knows its own agents only and goes with them", demo.name),
            "Choose another registry.",
        )),
        Some(cafe) if cafe.dialect == DialectChoice::ArtCafe => Err(Refusal::new(
            "registry.artcafe",
            format!("\"{}\" is an ArtCafe server, whose agents have RSA keys of their own", cafe.name),
            "Import the agent's PEM file: `beatkeeper agent import KEY.pem --registry NAME`; or choose another registry.",
        )),
        Some(known) => Ok((known.name.clone(), None)),
        None => match settings.bus(wanted) {
            Some(bus) => Err(bus_agent::has_no_keys(&bus.name)),
            None => new_registry(settings, wanted, taken),
        },
    }
}

fn new_registry(settings: &Settings, url: &str, taken: &[&str]) -> Result<(String, Option<BaseUrl>), Refusal> {
    let base: BaseUrl = url.parse().map_err(|error| {
        Refusal::new(
            "registry.bad_url",
            format!("The registry is not known: {error}"),
            "Give a base URL such as https://zns01.zynd.ai, or the name of a configured registry.",
        )
    })?;
    let mut name = base.authority();
    let mut number = 2;
    while settings.registries.iter().any(|registry| registry.name == name) || taken.contains(&name.as_str()) {
        name = format!("{}-{number}", base.authority());
        number += 1;
    }
    Ok((name, Some(base)))
}

/// A registry that is to be here.
pub(super) struct NewRegistry<'a> {
    pub(super) name: &'a str,
    pub(super) url: &'a str,
    pub(super) dialect: DialectChoice,
    pub(super) organization: Option<&'a str>,
    pub(super) challenge: Option<&'a str>,
}

/// Adds a registry.
pub(super) fn registry(paths: &Paths, new: &NewRegistry<'_>) -> Result<(), Refusal> {
    let base: BaseUrl = new.url.trim().parse().map_err(|error: beatkeeper_core::base_url::BaseUrlError| {
        Refusal::new("registry.bad_url", error.to_string(), "Give a base URL such as https://zns01.zynd.ai.")
    })?;
    let said = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let entry = RegistryEntry {
        dialect: new.dialect,
        organization: said(new.organization),
        challenge: said(new.challenge),
        ..RegistryEntry::new(new.name.trim().to_owned(), base)
    };
    // A file that is broken already is another refusal than a registry that cannot be.
    Settings::load(&paths.config)?;
    let draft = settings::draft_registry(&paths.config, &entry).map_err(|error| {
        let sentence = format!("This registry cannot be added: {}", error.what);
        Refusal::new("registry.cannot_be", sentence, "Correct it and try again.")
    })?;
    draft.write()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAFE: NewRegistry<'_> = NewRegistry {
        name: " cafe ",
        url: "http://127.0.0.1:1",
        dialect: DialectChoice::ArtCafe,
        organization: Some(" acme "),
        challenge: None,
    };

    fn scene() -> (tempfile::TempDir, Paths) {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths { config: folder.path().join("beatkeeper.toml"), data: folder.path().to_owned() };
        (folder, paths)
    }

    #[test]
    fn of_a_registry_only_what_is_unusual_is_written() {
        let (_folder, paths) = scene();
        let usual = NewRegistry { name: "zynd", dialect: DialectChoice::Auto, organization: Some(" "), ..CAFE };
        registry(&paths, &usual).unwrap();
        let text = std::fs::read_to_string(&paths.config).unwrap();
        assert_eq!(text, "[[registry]]\nname = \"zynd\"\nurl = \"http://127.0.0.1:1\"\n");
        registry(&paths, &CAFE).unwrap();
        let challenge = Some("http://127.0.0.1:2/{agent_id}/challenge");
        registry(&paths, &NewRegistry { name: "elsewhere", challenge, ..CAFE }).unwrap();
        let settings = Settings::load(&paths.config).unwrap();
        let cafe = settings.registry("cafe").unwrap();
        assert_eq!((cafe.dialect, cafe.organization.as_deref()), (DialectChoice::ArtCafe, Some("acme")));
        assert_eq!(settings.registry("elsewhere").unwrap().challenge.as_deref(), challenge);
        let text = std::fs::read_to_string(&paths.config).unwrap();
        assert!(text.ends_with("challenge = \"http://127.0.0.1:2/{agent_id}/challenge\"\n"), "{text}");
    }

    #[test]
    fn each_form_is_written_as_it_is_read() {
        let (_folder, paths) = scene();
        let forms = [DialectChoice::Zynd, DialectChoice::ZyndDocumented, DialectChoice::ZyndDocumentedShared];
        for (number, dialect) in forms.into_iter().enumerate() {
            let name = format!("r{number}");
            registry(&paths, &NewRegistry { name: &name, dialect, organization: None, ..CAFE }).unwrap();
            assert_eq!(Settings::load(&paths.config).unwrap().registry(&name).unwrap().dialect, dialect);
        }
    }

    #[test]
    fn a_registry_that_cannot_be_is_refused_and_nothing_is_written() {
        let (_folder, paths) = scene();
        let cases = [
            (NewRegistry { organization: None, ..CAFE }, "registry.cannot_be", "needs organization"),
            (NewRegistry { dialect: DialectChoice::Auto, ..CAFE }, "registry.cannot_be", "are for dialect"),
            (NewRegistry { challenge: Some("http://127.0.0.1/c"), ..CAFE }, "registry.cannot_be", "{agent_id}"),
            (NewRegistry { name: " ", ..CAFE }, "registry.cannot_be", "has no name"),
            (NewRegistry { url: "acme.example", ..CAFE }, "registry.bad_url", "https://"),
        ];
        for (new, code, says) in &cases {
            let refused = registry(&paths, new).unwrap_err();
            assert!(refused.code == *code && refused.sentence.contains(says), "{refused:?}");
        }
        assert!(!paths.config.exists());
        std::fs::write(&paths.config, "[[registry]").unwrap();
        assert_eq!(registry(&paths, &CAFE).unwrap_err().code, "config.invalid");
    }
}
