//! The agent's own program: its port, its card, the address that it published, and which registry it uses.

use super::{Cause, Code, Reading};
use crate::base_url::BaseUrl;
use crate::identity::{EntityId, EntityKind};

/// Which registry each place names, in the order that applies (protocols.md 2.5).
#[derive(Clone, Debug, Default)]
pub struct RegistryUrls {
    /// Ours.
    pub ours: String,
    /// `ZYND_REGISTRY_URL` in its environment.
    pub environment: Option<String>,
    /// `~/.zynd/config.json`.
    pub home: Option<String>,
    /// The project's own file, and its name.
    pub project: Option<(String, String)>,
    /// Whether its own program beats.
    pub beats_itself: bool,
    /// Its beats arrive at ours, so its program uses that.
    pub arrives: bool,
    /// Whether anything says that such a program is here: a project, a process of ours.
    pub has_program: bool,
}

impl RegistryUrls {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let named = [
            ("ZYND_REGISTRY_URL", self.environment.as_ref()),
            ("~/.zynd/config.json", self.home.as_ref()),
            (self.project.as_ref().map_or("", |(file, _)| file.as_str()), self.project.as_ref().map(|(_, url)| url)),
        ];
        let told: Vec<String> =
            named.iter().filter_map(|(place, url)| Some(format!("{place} says {}", url.as_ref()?))).collect();
        let Some((place, applies)) = named.iter().find_map(|(place, url)| Some((*place, url.as_ref()?.as_str())))
        else {
            return Reading::not_asked("Neither environment, home file nor project file names a registry");
        };
        let evidence = format!("Here {}; {}; the first of these applies", self.ours, told.join(", "));
        if same(applies, &self.ours) {
            let others = named.iter().filter_map(|(_, url)| url.as_ref()).any(|url| !same(url, &self.ours));
            return if others { Reading::notice(evidence) } else { Reading::ok(evidence) };
        }
        if !self.has_program {
            return Reading::notice(evidence);
        }
        let cause = Cause::new(
            Code::OtherUrl,
            format!(
                "The agent's program uses another registry than Beatkeeper: {place} says {applies}, here it is {}",
                self.ours
            ),
            "Make them one: the environment goes before ~/.zynd/config.json, and that before the project's file, whatever the SDK's documents say.",
        );
        if self.beats_itself && !self.arrives { Reading::bad(evidence, cause) } else { Reading::notice(evidence) }
    }
}

fn same(one: &str, other: &str) -> bool {
    let form = |url: &str| url.parse::<BaseUrl>().map_or_else(|_| url.trim().to_owned(), |base| base.to_string());
    form(one) == form(other)
}

/// What its port did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtPort {
    /// It answers for this entity.
    Own,
    /// It answers, and does not say for whom.
    Nameless,
    /// It answers for another entity.
    Another(String),
    /// It answers that it is not well.
    Unwell(String),
    /// Nobody answers.
    Nobody(String),
}

/// The agent's own port.
#[derive(Clone, Debug)]
pub struct OwnPort {
    /// Where it was asked; nothing when no address is known.
    pub url: Option<String>,
    /// The address is guessed from its project: another program may be there.
    pub guessed: bool,
    /// What it did.
    pub seen: Option<AtPort>,
    /// Its process is started here and ends again and again, as its verdict says.
    pub restarting: Option<String>,
    /// Its process is started here and does not run, as its verdict says.
    pub down: Option<String>,
}

impl OwnPort {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        if let Some(why) = &self.restarting {
            return Reading::bad(
                why.clone(),
                Cause::new(
                    Code::Restarting,
                    format!("Its process ends again and again: {why}"),
                    "Look at the end of its log, correct what is wrong there, then start it.",
                ),
            );
        }
        if let Some(why) = &self.down {
            return Reading::bad(why.clone(), down(why));
        }
        let (Some(url), Some(seen)) = (&self.url, &self.seen) else {
            return Reading::not_asked("No `health` address is configured and no project tells its port");
        };
        if self.guessed && !matches!(seen, AtPort::Own | AtPort::Nameless) {
            let what = match seen {
                AtPort::Another(other) => format!("{other} answers there"),
                AtPort::Unwell(why) | AtPort::Nobody(why) => why.clone(),
                AtPort::Own | AtPort::Nameless => String::new(),
            };
            return Reading::notice(format!(
                "{url}, guessed from its project: {what}. Its `health` address would say more"
            ));
        }
        match seen {
            AtPort::Own => Reading::ok(format!("{url} answers for this entity")),
            AtPort::Nameless => Reading::notice(format!("{url} answers, and does not say for whom")),
            AtPort::Another(other) => Reading::bad(
                format!("{url} answers for {other}"),
                Cause::new(
                    Code::WrongAgent,
                    format!("Another agent is at its port: {other} answers at {url}"),
                    "Stop that one or give one of them another port (`--port`), then start the right one.",
                ),
            ),
            AtPort::Unwell(why) => Reading::bad(
                format!("{url}: {why}"),
                Cause::new(
                    Code::ProcessUnwell,
                    format!("Its process runs and is not well: {why}"),
                    "Look at the agent's log.",
                ),
            ),
            AtPort::Nobody(why) => {
                Reading::bad(format!("{url}: {why}"), down(&format!("nobody answers at {url} ({why})")))
            }
        }
    }
}

fn down(why: &str) -> Cause {
    Cause::new(Code::ProcessDown, format!("Its process does not run: {why}"), "Start the agent.")
}

/// Its card.
#[derive(Clone, Debug)]
pub struct CardSeen {
    /// Where it was read; nothing when its port is not known or does not answer.
    pub url: Option<String>,
    /// What is wrong with it, or what it says.
    pub facts: Option<Result<CardFacts, String>>,
    /// Whose it should be.
    pub id: EntityId,
    /// The record's key.
    pub recorded_key: Option<String>,
    /// Our registry's host and port.
    pub registry: String,
}

/// What a card says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardFacts {
    /// `x-zynd.entityId`.
    pub entity: Option<String>,
    /// `x-zynd.publicKey`.
    pub key: Option<String>,
    /// `x-zynd.registry`.
    pub registry: Option<String>,
    /// What tells one process's card from another's: its signature, or when it was made.
    pub seal: Option<String>,
}

impl CardSeen {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let (Some(url), Some(facts)) = (&self.url, &self.facts) else {
            return Reading::not_asked("Its own port is not known or does not answer");
        };
        let card = match facts {
            Ok(card) => card,
            Err(problem) => return Reading::notice(format!("{url}: {problem}")),
        };
        let mismatch = |what: String| {
            let cause = Cause::new(
                Code::CardMismatch,
                format!("Its card does not fit its record: {what}"),
                "Restart the agent: its card is written anew at each start; check which key it is started with.",
            );
            Reading::warned(format!("{url}: {what}"), cause)
        };
        if let Some(other) = card.entity.as_ref().filter(|entity| *entity != self.id.as_str()) {
            return mismatch(format!("it is the card of {other}"));
        }
        if let (Some(key), Some(recorded)) = (&card.key, &self.recorded_key)
            && !same_key(key, recorded)
        {
            return mismatch("it names another public key".to_owned());
        }
        match card.registry.as_ref().filter(|registry| !host_of(registry).eq_ignore_ascii_case(&self.registry)) {
            // One registry may have several names; which one its program uses is a question of its own.
            Some(other) => {
                Reading::notice(format!("{url} names the registry {other}, and here it is {}", self.registry))
            }
            None if card.entity.is_none() => Reading::notice(format!("{url} does not say whose it is")),
            None => Reading::ok(format!("{url} is that of the record")),
        }
    }
}

fn same_key(one: &str, other: &str) -> bool {
    let form = |key: &str| key.trim_start_matches("ed25519:").trim_end_matches('=').to_owned();
    form(one) == form(other)
}

fn host_of(registry: &str) -> &str {
    registry.split_once("://").map_or(registry, |(_, rest)| rest).trim_end_matches('/')
}

/// What the published address did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Somebody answered.
    Answered {
        /// For which entity, if they say.
        entity: Option<String>,
        /// Whether it is this very process.
        same: SameProcess,
    },
    /// Nobody did.
    Nobody(String),
}

/// Whether two answers come from one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameProcess {
    /// A number that was sent there was seen in this process's output.
    NonceSeen,
    /// Both show the same card, which each process signs anew.
    SameCard,
    /// They show different cards.
    OtherCard,
    /// It cannot be told.
    Unknown,
}

/// The address that it published.
#[derive(Clone, Debug)]
pub struct Published {
    /// Where the registry says that it is; nothing when it says nothing.
    pub url: Option<String>,
    /// What it did.
    pub reach: Option<Reach>,
    /// What the registry got when it asked there itself.
    pub registry_says: Option<Result<SameProcess, String>>,
    /// Whose it should be.
    pub id: EntityId,
    /// Whether it is only for this computer, while the registry is elsewhere.
    pub private: bool,
    /// Whether its process can be compared with: its own port answered.
    pub comparable: bool,
}

impl Published {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        let Some(url) = &self.url else {
            return Reading::unknown("The registry does not say which address it published");
        };
        let registry = match &self.registry_says {
            None => String::new(),
            Some(Ok(_)) => "; the registry itself reaches it".to_owned(),
            Some(Err(why)) => format!("; the registry itself does not reach it ({why})"),
        };
        let lost = |why: &str, sentence: String| {
            let remedy = format!(
                "Start it where it is published, open its port or tunnel, or publish where it is: {}.",
                self.publishing()
            );
            Reading::warned(format!("{url}: {why}{registry}"), self.cause(Code::UrlUnreachable, sentence, remedy))
        };
        match &self.reach {
            None => Reading::unknown(format!("{url} was not asked")),
            Some(Reach::Nobody(why)) => lost(why, format!("Its published address {url} leads nowhere: {why}")),
            Some(Reach::Answered { entity: Some(other), .. }) if other != self.id.as_str() => self.elsewhere(
                url,
                format!("{url} answers for {other}{registry}"),
                format!("Its published address {url} reaches another agent: {other}"),
            ),
            Some(Reach::Answered { same: SameProcess::OtherCard, .. }) => self.elsewhere(
                url,
                format!("{url} shows another card than its own port{registry}"),
                format!("Its published address {url} reaches another process of this agent, not the one here"),
            ),
            Some(Reach::Answered { same, .. }) => {
                if self.private {
                    let why = "only this computer can reach it";
                    return lost(
                        why,
                        format!("Its published address {url} is of this computer alone: nobody else can reach it"),
                    );
                }
                if let Some(Err(why)) = &self.registry_says {
                    return lost(
                        why,
                        format!("Its published address {url} is reached from here, and not by the registry: {why}"),
                    );
                }
                match same {
                    SameProcess::NonceSeen => {
                        Reading::ok(format!("{url} reaches this very process: it was seen to be asked{registry}"))
                    }
                    SameProcess::SameCard => {
                        Reading::ok(format!("{url} reaches this very process: both show one card{registry}"))
                    }
                    SameProcess::OtherCard | SameProcess::Unknown if !self.comparable => {
                        Reading::ok(format!("{url} answers; there is no own port to compare with{registry}"))
                    }
                    SameProcess::OtherCard | SameProcess::Unknown => Reading::notice(format!(
                        "{url} answers; whether it is this very process cannot be told{registry}"
                    )),
                }
            }
        }
    }

    fn elsewhere(&self, url: &str, evidence: String, sentence: String) -> Reading {
        let remedy = format!("Stop what answers at {url}, or publish where this one is: {}.", self.publishing());
        Reading::warned(evidence, self.cause(Code::UrlElsewhere, sentence, remedy))
    }

    /// How another address of it is published.
    fn publishing(&self) -> &'static str {
        match self.id.kind() {
            EntityKind::Agent => "`beatkeeper agent update`",
            // A registry has a service's address twice, and changes only one of them.
            EntityKind::Service => {
                "`beatkeeper agent deregister`, then `beatkeeper agent register`, since the address of a service cannot be changed"
            }
        }
    }

    fn cause(&self, code: Code, sentence: String, remedy: String) -> Cause {
        let cause = Cause::new(code, sentence, remedy);
        match self.id.kind() {
            EntityKind::Agent => cause,
            // An update of its address would be refused.
            EntityKind::Service => Cause { repair: None, ..cause },
        }
    }
}

/// Whether others find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Searched {
    /// Among the results for its name.
    Found {
        /// How many there were.
        of: usize,
    },
    /// Not among them.
    Missing {
        /// How many there were.
        of: usize,
        /// The registry's word for it, where that is another one than active: searches leave those out.
        status: Option<String>,
    },
    /// Nobody could search.
    Failed(String),
    /// Nothing to search for.
    NotAsked(&'static str),
}

impl Searched {
    /// What it tells.
    #[must_use]
    pub fn read(&self) -> Reading {
        match self {
            Self::Found { of } => Reading::ok(format!("Among {of} results for its name")),
            Self::Missing { of, status: Some(status) } => {
                let why = format!("it is {status}, and searches leave out who is not active, until it beats");
                Reading::notice(format!("Not among {of} results: {why}"))
            }
            Self::Missing { of, status: None } => Reading::warned(
                format!("Not among {of} results for its name"),
                Cause::new(
                    Code::NotFound,
                    "It is active, and a search for its name does not find it",
                    "Check its name, category and tags in the record; an accepted beat is effective at once, there is nothing to wait for.",
                ),
            ),
            Self::Failed(why) => Reading::unknown(format!("Nobody could search: {why}")),
            Self::NotAsked(why) => Reading::not_asked(*why),
        }
    }
}
