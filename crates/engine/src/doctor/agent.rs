//! The agent's own program: which registry it uses, its port, its card, the address that it published, and whether others
//! find it.

use std::time::Duration;

use beatkeeper_core::base_url::{BaseUrl, is_only_here};
use beatkeeper_core::doctor::{
    AtPort, CardFacts, CardSeen, OwnPort, Published, Reach, Reading, RegistryUrls, SameProcess, Searched,
};
use beatkeeper_core::liveness::Liveness;
use beatkeeper_core::view::ProcessState;
use beatkeeper_core::wire::zynd;
use beatkeeper_runner::log::{Case, Cursor, Direction, LogPlace, LogReader, Pattern};
use serde_json::{Value, json};
use tokio::time::sleep;
use url::Url;

use super::patient::Patient;
use super::record::RecordRead;
use super::web::{Visitors, fetch};
use crate::project;

/// How long an agent may take to answer.
const WITHIN: Duration = Duration::from_secs(3);
/// The registry itself gives an agent ten seconds for each of three addresses; we do not wait for all of them.
const REGISTRY_WITHIN: Duration = Duration::from_secs(6);
/// What an agent writes arrives in its log a moment later.
const SEEN_WITHIN: Duration = Duration::from_millis(600);
const CARD: &str = "/.well-known/agent-card.json";
/// Results of a search that are looked through.
const RESULTS: u32 = 50;

/// Which registry each place names.
pub(super) fn registry_urls(patient: &Patient) -> Reading {
    if !patient.dialect().has_records() {
        return Reading::not_asked("Only programs of Zynd agents have such settings");
    }
    let run = patient.entry.run.as_ref();
    let folder = run
        .and_then(|run| run.folder_in(patient.entry.project.as_deref()).ok())
        .or_else(|| patient.entry.project.clone());
    let told = run.is_some_and(|run| run.registry_url);
    let environment = run
        .and_then(|run| run.env.get("ZYND_REGISTRY_URL").cloned())
        .or_else(|| patient.around.registry_by_environment());
    RegistryUrls {
        ours: patient.registry.as_ref().map(|registry| registry.url.to_string()).unwrap_or_default(),
        // A process that is told ours uses ours, whatever the files say.
        environment: if told {
            patient.registry.as_ref().map(|registry| registry.url.to_string())
        } else {
            environment
        },
        home: patient.around.registry_by_home(),
        project: folder.as_deref().and_then(project::registry_of),
        beats_itself: patient.beats_itself(),
        arrives: patient.row.as_ref().is_some_and(|row| row.liveness == Liveness::Active),
        has_program: folder.is_some() || run.is_some(),
    }
    .read()
}

/// Its own port, and its card there.
pub(super) struct AtHome {
    pub(super) port: Reading,
    pub(super) card: Reading,
    /// Where its port is, if it answers.
    pub(super) base: Option<Url>,
    facts: Option<CardFacts>,
    /// How far its clock is ahead of ours.
    pub(super) clock_ahead_ms: Option<i64>,
    pub(super) health: Option<String>,
}

pub(super) async fn at_home(patient: &Patient, visitors: &Visitors, recorded_key: Option<String>) -> AtHome {
    let http = &visitors.near;
    let known =
        project::probes(&patient.entry).live.and_then(|probe| probe.http).or_else(|| patient.entry.health.clone());
    let guessed = known.is_none();
    let health = known.or_else(|| project::health_in(patient.entry.project.as_deref()?));
    let mut clock_ahead_ms = None;
    let seen = match &health {
        None => None,
        Some(url) => {
            let (seen, ahead) = ask(http, url.clone(), patient.entry.entity.as_str()).await;
            // Another one's clock says nothing of this agent's.
            clock_ahead_ms = ahead.filter(|_| matches!(seen, AtPort::Own | AtPort::Nameless));
            Some(seen)
        }
    };
    let answers = matches!(seen, Some(AtPort::Own | AtPort::Nameless | AtPort::Another(_) | AtPort::Unwell(_)));
    let base = health.clone().filter(|_| answers).map(root);
    let facts = match &base {
        Some(base) => Some(card_of_its_own(http, base).await),
        None => None,
    };
    let (restarting, down) = process(patient);
    let registry = patient.registry.as_ref().map(|registry| registry.url.authority()).unwrap_or_default();
    let port = OwnPort { url: health.as_ref().map(Url::to_string), guessed, seen, restarting, down };
    let seen = CardSeen {
        url: base.as_ref().map(|base| format!("{}{CARD}", base.as_str().trim_end_matches('/'))),
        facts: facts.clone(),
        id: patient.entry.entity.clone(),
        recorded_key,
        registry,
    };
    AtHome {
        port: port.read(),
        card: seen.read(),
        base,
        facts: facts.and_then(Result::ok),
        clock_ahead_ms,
        health: health.map(String::from),
    }
}

/// What its supervisor knows of a process that is started here.
fn process(patient: &Patient) -> (Option<String>, Option<String>) {
    let Some(row) = patient.row.as_ref() else { return (None, None) };
    if row.verdict.code == "process.restarting" {
        return (Some(row.verdict.sentence.clone()), None);
    }
    let words = || format!("{}. {}", row.verdict.sentence, row.process.detail).trim().to_owned();
    #[expect(clippy::wildcard_enum_match_arm, reason = "what else there is, is no end of a process")]
    match row.process.state {
        ProcessState::Waiting | ProcessState::GaveUp => (Some(words()), None),
        ProcessState::Exited => (None, Some(words())),
        ProcessState::Stopped if patient.beats_itself() || row.verdict.code == "process.stopped" => {
            (None, Some("it was not started".to_owned()))
        }
        _ => (None, None),
    }
}

async fn ask(http: &reqwest::Client, url: Url, id: &str) -> (AtPort, Option<i64>) {
    let sent = jiff::Timestamp::now();
    let answer = match fetch(http, url, None, WITHIN).await {
        Err(failure) => return (AtPort::Nobody(failure.to_string()), None),
        Ok(answer) => answer,
    };
    if answer.status != 200 {
        return (AtPort::Unwell(format!("it answers {}", answer.status)), None);
    }
    let Some(health) = answer.json() else { return (AtPort::Unwell(format!("it answers {}", answer.what())), None) };
    let ahead = health
        .get("timestamp")
        .and_then(crate::processes::clock_of)
        .map(|theirs| theirs - i64::midpoint(sent.as_millisecond(), jiff::Timestamp::now().as_millisecond()));
    let text = |field: &str| health.get(field).and_then(Value::as_str);
    let seen = match (text("entity_id"), text("status")) {
        (Some(other), _) if other != id => AtPort::Another(other.chars().take(80).collect()),
        (_, Some(word)) if word != "ok" => {
            AtPort::Unwell(format!("it says \"{}\"", word.chars().take(80).collect::<String>()))
        }
        (Some(_), _) => AtPort::Own,
        (None, _) => AtPort::Nameless,
    };
    (seen, ahead)
}

fn root(mut url: Url) -> Url {
    url.set_path("/");
    url.set_query(None);
    url.set_fragment(None);
    url
}

async fn card(http: &reqwest::Client, base: &Url) -> Result<CardFacts, String> {
    let Ok(url) = base.join(CARD.trim_start_matches('/')) else { return Err("it has no address for a card".into()) };
    let answer = fetch(http, url, None, WITHIN).await.map_err(|failure| failure.to_string())?;
    if answer.status != 200 {
        return Err(format!("it answers {}", answer.status));
    }
    answer.json().map(|card| facts(&card)).ok_or_else(|| format!("it answers {}", answer.what()))
}

/// The card of its own port. Programs that make a card for each request show another seal each time, which then tells nothing.
async fn card_of_its_own(http: &reqwest::Client, base: &Url) -> Result<CardFacts, String> {
    let first = card(http, base).await?;
    let second = card(http, base).await?;
    let seal = first.seal.clone().filter(|seal| second.seal.as_ref() == Some(seal));
    Ok(CardFacts { seal, ..first })
}

fn facts(card: &Value) -> CardFacts {
    let zynd = card.get("x-zynd").unwrap_or(&Value::Null);
    let text = |value: &Value, field: &str| Some(value.get(field)?.as_str()?.to_owned());
    let made = text(zynd, "lastUpdatedAt");
    let signature = card.get("signatures").and_then(|all| text(all.get(0)?, "signature"));
    CardFacts {
        entity: text(zynd, "entityId").or_else(|| text(card, "entity_id")),
        key: text(zynd, "publicKey"),
        registry: text(zynd, "registry"),
        // Where a process makes its card once, the moment and the signature of it are its own.
        seal: signature.or(made),
    }
}

/// The address that it published, as the registry lists it.
pub(super) async fn published(
    patient: &Patient,
    (web, visitors): (&Web<'_>, &Visitors),
    home: &AtHome,
    record: Option<&RecordRead>,
    registry_is_here: bool,
) -> (Reading, Option<String>) {
    let id = &patient.entry.entity;
    let url = match record.and_then(|record| record.facts.developer.as_deref()) {
        Some(developer) => listed(web, developer, id.as_str()).await,
        None => None,
    };
    let parsed = url.as_deref().and_then(|url| Url::parse(url).ok());
    let mut published = Published {
        url: url.clone(),
        reach: None,
        registry_says: None,
        id: id.clone(),
        private: false,
        comparable: home.facts.is_some() || (patient.output.is_some() && home.base.is_some()),
    };
    if let (Some(text), None) = (&url, &parsed) {
        published.reach = Some(Reach::Nobody(format!("{text} is no URL")));
    }
    if let Some(parsed) = parsed {
        published.private = is_only_here(&parsed) && !registry_is_here;
        let http = if is_only_here(&parsed) { &visitors.near } else { &visitors.far };
        let (reach, said) = tokio::join!(reach(patient, http, home, parsed), registry_says(web, id.as_str(), home));
        published.reach = Some(reach);
        published.registry_says = said;
    }
    (published.read(), url)
}

/// Requests to a registry.
pub(super) struct Web<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) base: &'a BaseUrl,
}

/// A single record hides the address; a developer's list shows it (protocols.md 1.3).
async fn listed(web: &Web<'_>, developer: &str, id: &str) -> Option<String> {
    let list = fetch(web.http, web.base.http(&zynd::developer_path(developer)), None, WITHIN).await.ok()?.json()?;
    let agents = list.get("agents")?.as_array()?;
    let own = agents.iter().find(|agent| agent.get("entity_id").and_then(Value::as_str) == Some(id))?;
    Some(own.get("entity_url")?.as_str()?.to_owned()).filter(|url| !url.is_empty())
}

async fn reach(patient: &Patient, http: &reqwest::Client, home: &AtHome, published: Url) -> Reach {
    let nonce = nonce();
    let before = match &patient.output {
        Some(place) => end_of(place.clone()).await,
        None => None,
    };
    let mut health = published.clone();
    health.set_path(&format!("{}/health", published.path().trim_end_matches('/')));
    health.set_query(Some(&format!("beatkeeper={nonce}")));
    let base = root_of(&published);
    let (answer, shown) = tokio::join!(fetch(http, health, None, WITHIN), card(http, &base));
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => return Reach::Nobody(failure.to_string()),
    };
    if answer.status >= 500 {
        return Reach::Nobody(format!("it answers {}, as a tunnel without an agent behind it", answer.status));
    }
    let entity = answer
        .json()
        .and_then(|health| Some(health.get("entity_id")?.as_str()?.chars().take(80).collect()))
        .or_else(|| shown.as_ref().ok().and_then(|card| card.entity.clone()));
    if answer.status != 200 && shown.is_err() {
        return Reach::Nobody(format!("it answers {}, and shows no card", answer.status));
    }
    let by_card = compare(home.facts.as_ref(), shown.as_ref().ok());
    let same = match (&patient.output, before) {
        (Some(place), Some(from)) if by_card != SameProcess::OtherCard => {
            if was_seen(place, from, &nonce).await {
                SameProcess::NonceSeen
            } else {
                by_card
            }
        }
        _ => by_card,
    };
    Reach::Answered { entity, same }
}

fn root_of(url: &Url) -> Url {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", url.path()));
    }
    base
}

fn compare(own: Option<&CardFacts>, other: Option<&CardFacts>) -> SameProcess {
    match (own.and_then(|card| card.seal.as_ref()), other.and_then(|card| card.seal.as_ref())) {
        (Some(own), Some(other)) if own == other => SameProcess::SameCard,
        (Some(_), Some(_)) => SameProcess::OtherCard,
        _ => SameProcess::Unknown,
    }
}

/// What nobody else asks for.
fn nonce() -> String {
    let mut bytes = [0_u8; 8];
    // Without randomness the time has to do: nobody gains by guessing it.
    if getrandom::fill(&mut bytes).is_err() {
        bytes = jiff::Timestamp::now().as_nanosecond().to_le_bytes()[..8].try_into().unwrap_or_default();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where its output ends now.
async fn end_of(place: LogPlace) -> Option<Cursor> {
    let last = tokio::task::spawn_blocking(move || LogReader::open(&place).last(1));
    last.await.ok()?.ok().map(|page| page.to)
}

/// Whether the process wrote down that it was asked, as servers with an access log do.
async fn was_seen(place: &LogPlace, from: Cursor, nonce: &str) -> bool {
    let Ok(pattern) = Pattern::text(nonce, Case::Sensitive) else { return false };
    let until = tokio::time::Instant::now() + SEEN_WITHIN;
    loop {
        let (place, pattern) = (place.clone(), pattern.clone());
        let looked = tokio::task::spawn_blocking(move || {
            LogReader::open(&place)
                .search(&pattern, from, Direction::Forward, 1)
                .is_ok_and(|page| !page.lines.is_empty())
        });
        if looked.await.unwrap_or(false) {
            return true;
        }
        if tokio::time::Instant::now() >= until {
            return false;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// What the registry gets when it asks there itself (protocols.md 1.8); nothing where it cannot be asked for that.
async fn registry_says(web: &Web<'_>, id: &str, home: &AtHome) -> Option<Result<SameProcess, String>> {
    let answer = fetch(web.http, web.base.http(&format!("v1/entities/{id}/card")), None, REGISTRY_WITHIN).await.ok()?;
    match answer.status {
        200 => Some(Ok(compare(home.facts.as_ref(), answer.json().as_ref().map(facts).as_ref()))),
        // An agent that shows no card to us shows none to the registry, which says nothing of the way to it.
        502 if home.facts.is_some() || home.base.is_none() => Some(Err("it got no card there (502)".into())),
        _ => None,
    }
}

/// Whether a search for its name finds it.
pub(super) async fn search(patient: &Patient, web: &Web<'_>, record: Option<&RecordRead>) -> Searched {
    let Some(record) = record else { return Searched::NotAsked("There is no record to search for") };
    if record.name.is_empty() {
        return Searched::NotAsked("Its record has no name to search for");
    }
    let say = json!({ "query": record.name, "max_results": RESULTS, "federated": false });
    let answer = match fetch(web.http, web.base.http("v1/search"), Some(&say), WITHIN).await {
        Err(failure) => return Searched::Failed(failure.to_string()),
        Ok(answer) if answer.status != 200 => return Searched::Failed(format!("it answers {}", answer.status)),
        Ok(answer) => answer,
    };
    let json = answer.json();
    let Some(results) = json.as_ref().and_then(|found| found.get("results")).and_then(Value::as_array) else {
        return Searched::Failed(format!("it answers {}", answer.what()));
    };
    let id = patient.entry.entity.as_str();
    let all = results.len() < RESULTS as usize;
    if results.iter().any(|result| result.get("entity_id").and_then(Value::as_str) == Some(id)) {
        return Searched::Found { of: results.len() };
    }
    if !all {
        return Searched::Failed(format!("it is not among the first {RESULTS} results, and there may be more"));
    }
    let status = record.facts.status.clone().filter(|status| status != "active");
    Searched::Missing { of: results.len(), status }
}
