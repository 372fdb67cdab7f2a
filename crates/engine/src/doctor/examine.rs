//! The order of a visit: what needs what, and what is looked at side by side.

use std::time::{Duration, Instant};

use beatkeeper_core::base_url::BaseUrl;
use beatkeeper_core::dialect::Dialect;
use beatkeeper_core::doctor::{
    Check, ClockSeen, Context, DeveloperKeySeen, Dropped, Handshake, Held, KeySeen, Outcome, Past, ProxySeen, Reading,
    Way, diagnose, record_key,
};
use beatkeeper_core::identity::DeveloperId;
use beatkeeper_core::time::Time;
use tokio::net::TcpStream;
use tokio_util::either::Either;
use url::Url;

use super::agent::{self, Web};
use super::bus::NO_BUS;
use super::exam::Exam;
use super::patient::{Patient, Tools};
use super::record::{self, RecordRead};
use super::sheet::{Orders, Sheet};
use super::web::Visitors;
use super::{beats, computer, hold, link, path, tls};
use crate::discover::{self, KeyOf};
use crate::links::dial::Socket;
use crate::links::proxy::{self, Proxy};
use crate::settings::KeyUse;

/// A keychain that takes longer has a prompt open, or hangs.
const KEY_WITHIN: Duration = Duration::from_secs(4);
const NOT_REACHED: &str = "Not asked: the registry is not reached";

/// Looks at everything, and writes down what it is.
pub(super) async fn examine(mut patient: Patient, tools: Tools, orders: Orders, sheet: Sheet) {
    let began = Instant::now();
    patient.row = tools.row(&patient.entry.entity).await;
    if let Some(chart) = tools.chart(&patient.entry.entity).await {
        patient.settled = chart.settled;
    }
    let exam = Exam::new(patient, tools, orders, sheet);
    match exam.patient.registry.as_ref().map(|registry| registry.url.clone()) {
        Some(base) => Box::pin(exam.registry(&base)).await,
        None => exam.bus().await,
    }
    let took = began.elapsed();
    let row = exam.tools.row(&exam.patient.entry.entity).await;
    let verdict = row.map(|row| row.verdict);
    let diagnosis = diagnose(&exam.sheet.readings(), &Context { symptom: orders.symptom, took, verdict });
    exam.sheet.close(diagnosis, took);
}

/// The way to the registry.
struct Path {
    /// Somebody let us in, and the certificate is good.
    open: bool,
    /// It is on this very computer, whatever its address.
    here: bool,
}

/// Whether anything depends on an address.
#[derive(Clone, Copy)]
pub(super) enum Need {
    /// All does.
    Needed,
    /// All goes through a proxy.
    Proxied,
    /// There are others.
    OneOfMany,
}

impl Need {
    const fn otherwise(self) -> Option<&'static str> {
        match self {
            Self::Needed => None,
            Self::Proxied => Some("all goes through the proxy"),
            Self::OneOfMany => Some("another server of it may answer"),
        }
    }

    /// How long a name server may take, and an address. What nothing depends on is not waited for.
    const fn patience(self) -> Duration {
        match self {
            Self::Needed | Self::OneOfMany => Duration::from_secs(4),
            Self::Proxied => Duration::from_secs(1),
        }
    }
}

/// Both ends of it have one address.
fn is_here(stream: &TcpStream) -> bool {
    let ends = stream.local_addr().ok().zip(stream.peer_addr().ok());
    ends.is_some_and(|(ours, its)| ours.ip() == its.ip())
}

impl Exam {
    async fn registry(&self, base: &BaseUrl) {
        let near = base.is_loopback();
        self.now(Check::OwnNetwork, || computer::own_network(near));
        self.now(Check::RegistryUrl, || agent::registry_urls(&self.patient));
        let (path, ()) = tokio::join!(self.path(base), self.own_key());
        let http = crate::registry::client_for(base, &self.tools.tls).ok();
        let visitors = Visitors::new(&self.tools.tls).ok();
        let has_records = self.patient.dialect().has_records();
        let (record, clock_ahead_ms) = match http.as_ref().filter(|_| path.open) {
            Some(http) if has_records => self.front(http, base).await,
            Some(_) => {
                self.skip(&RECORDS, "This kind of server has no records");
                (None, None)
            }
            None => {
                self.leave(&RECORDS, NOT_REACHED);
                (None, None)
            }
        };
        let recorded_key = record.as_ref().and_then(|record| record.public_key.clone());
        let reachable = path.open && has_records;
        let (home, stream) =
            tokio::join!(self.at_home(visitors.as_ref(), recorded_key), self.sockets(base, reachable, record.as_ref()));
        self.clock(clock_ahead_ms, home.as_ref());
        let web = http.as_ref().filter(|_| path.open && has_records).map(|http| Web { http, base });
        let web = web.as_ref().zip(visitors.as_ref());
        tokio::join!(
            self.beats(record.as_ref(), clock_ahead_ms, stream),
            self.outside(web, home.as_ref(), record.as_ref(), path.here),
            self.idle(base, reachable),
        );
    }

    async fn path(&self, base: &BaseUrl) -> Path {
        let url = base.http("");
        let host = base.host().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let allowed = base.is_loopback() || self.patient.registry.as_ref().is_some_and(|registry| registry.allow_plain);
        let (ends_here, stream) = match Proxy::before(&url) {
            None => {
                self.now(Check::Proxy, || ProxySeen { set: computer::proxy_settings(), way: Way::Direct }.read());
                let straight = self.address(&host, port, Need::Needed).await;
                (straight.as_ref().is_some_and(is_here), straight.map(Either::Left))
            }
            Some(proxy) => {
                let (straight, tunnel) =
                    tokio::join!(self.address(&host, port, Need::Proxied), self.tunnel(&proxy, &url));
                (straight.as_ref().is_some_and(is_here), tunnel)
            }
        };
        let here = base.is_loopback() || ends_here;
        let open = match stream {
            None => {
                self.leave(&[Check::Tls], NOT_REACHED);
                false
            }
            Some(_) if !base.is_encrypted() => {
                self.now(Check::Tls, || Handshake::Plain { allowed }.read());
                allowed
            }
            Some(stream) => self.row(Check::Tls, tls::shake(stream, &host)).await != Outcome::Bad,
        };
        Path { open, here }
    }

    /// Straight to an address.
    pub(super) async fn address(&self, host: &str, port: u16, need: Need) -> Option<TcpStream> {
        let told = |reading: Reading| match need.otherwise() {
            Some(otherwise) if reading.outcome == Outcome::Bad => {
                Reading::unknown(format!("{}; {otherwise}", reading.evidence))
            }
            Some(_) | None => reading,
        };
        let began = self.begin(Check::Dns);
        let (reading, addresses) = path::dns(host, port, need.patience()).await;
        self.put(Check::Dns, told(reading), began);
        if addresses.is_empty() {
            self.leave(&[Check::Tcp], "Not asked: there is no address");
            return None;
        }
        let began = self.begin(Check::Tcp);
        let (reading, stream) = path::tcp(&addresses, need.patience()).await;
        self.put(Check::Tcp, told(reading), began);
        stream
    }

    async fn tunnel(&self, proxy: &Proxy, url: &Url) -> Option<proxy::Way> {
        let began = self.begin(Check::Proxy);
        let opened = proxy.tunnel(url, &self.tools.tls).await;
        let tunnel = opened.as_ref().map(|_| ()).map_err(Clone::clone);
        let seen = ProxySeen { set: computer::proxy_settings(), way: Way::Through { proxy: proxy.name(), tunnel } };
        self.put(Check::Proxy, seen.read(), began);
        opened.ok()
    }

    async fn own_key(&self) {
        let place = self.tools.vault_place();
        let has_its_own = self.patient.entry.run.as_ref().is_none_or(|run| run.key == KeyUse::None);
        if self.patient.beats_itself() && has_its_own {
            self.now(Check::OwnKey, || KeySeen::NotNeeded.read(place));
            return;
        }
        if self.patient.dialect() == Dialect::ArtCafe {
            self.skip(&[Check::OwnKey], "Its key is an RSA key, which its link reads when it dials");
            return;
        }
        let began = self.begin(Check::OwnKey);
        let (tools, id) = (self.tools.clone(), self.patient.entry.entity.clone());
        let looking = tokio::task::spawn_blocking(move || tools.key(&id));
        let seen = match tokio::time::timeout(KEY_WITHIN, looking).await {
            Ok(seen) => seen.unwrap_or_else(|_| KeySeen::Unavailable("its thread ended".into())),
            Err(_) => KeySeen::Unavailable(format!("no answer within {} s", KEY_WITHIN.as_secs())),
        };
        self.put(Check::OwnKey, seen.read(place), began);
    }

    async fn front(&self, http: &reqwest::Client, base: &BaseUrl) -> (Option<RecordRead>, Option<i64>) {
        let id = &self.patient.entry.entity;
        let began = self.begin(Check::Http);
        self.begin(Check::RegistryKind);
        let asked = self.begin(Check::Record);
        let record = async {
            let answer = record::ask(http, base, id).await;
            (answer, asked.elapsed())
        };
        let ((answer, record_took), asked_front) = tokio::join!(record, record::ask_front(http, base));
        let front = record::front(base, &self.patient, asked_front, &answer);
        self.put(Check::Http, front.http, began);
        self.put(Check::RegistryKind, front.kind, began);
        let (reading, read) = record::seen(&answer, &self.patient, front.clock_ahead_ms);
        self.sheet.put(Check::Record, reading, Some(record_took), self.command(Check::Record));
        self.now(Check::RecordKey, || record_key(id, read.as_ref().map(|record| &record.facts)));
        self.developer_key(read.as_ref()).await;
        (read, front.clock_ahead_ms)
    }

    async fn developer_key(&self, record: Option<&RecordRead>) {
        let began = self.begin(Check::DeveloperKey);
        let recorded = record.and_then(|record| record.facts.developer.clone());
        let (around, settings) = (self.patient.around.clone(), std::sync::Arc::clone(&self.patient.settings));
        let folders: Vec<_> = self.patient.entry.project.iter().cloned().collect();
        let found = tokio::task::spawn_blocking(move || discover::find(&around, &folders, &settings)).await;
        let here = found.unwrap_or_default().into_iter().filter(|key| key.of == KeyOf::Developer);
        let here = here.filter_map(|key| key.id?.parse::<DeveloperId>().ok()).collect();
        self.put(Check::DeveloperKey, DeveloperKeySeen { recorded, here }.read(), began);
    }

    async fn sockets(&self, base: &BaseUrl, reachable: bool, record: Option<&RecordRead>) -> Option<Socket> {
        if !reachable {
            let why =
                if self.patient.dialect().has_records() { NOT_REACHED } else { "Its link dials with a challenge" };
            self.leave(&[Check::Upgrade, Check::Activity], why);
            return None;
        }
        let path = link::path(&self.patient.entry.entity, self.patient.dialect());
        // A copy by hearsay has no socket here, which is as it should be.
        let recorded = record.map(|record| record.facts.absence().is_none());
        let tls = &self.tools.tls;
        let began = self.begin(Check::Activity);
        let (_, (activity, stream)) = tokio::join!(
            self.row(Check::Upgrade, link::upgrade(base, &path, tls, recorded)),
            link::activity(base, tls)
        );
        self.put(Check::Activity, activity, began);
        stream
    }

    pub(super) async fn at_home(
        &self,
        visitors: Option<&Visitors>,
        recorded_key: Option<String>,
    ) -> Option<agent::AtHome> {
        let Some(visitors) = visitors else {
            self.leave(&[Check::OwnPort, Check::Card], "The system gave no resources to ask it with");
            return None;
        };
        let began = self.begin(Check::OwnPort);
        self.begin(Check::Card);
        let home = agent::at_home(&self.patient, visitors, recorded_key).await;
        if let Some(health) = &home.health {
            let _ = self.health.set(health.clone());
        }
        self.put(Check::OwnPort, home.port.clone(), began);
        self.put(Check::Card, home.card.clone(), began);
        Some(home)
    }

    pub(super) fn clock(&self, registry_ahead_ms: Option<i64>, home: Option<&agent::AtHome>) {
        let by_fleet = self.patient.row.as_ref().and_then(|row| row.process.clock_ahead_ms);
        let process_ahead_ms = home.and_then(|home| home.clock_ahead_ms).or(by_fleet);
        let beats_itself = self.patient.beats_itself();
        if registry_ahead_ms.is_none() && self.patient.bus.is_some() {
            self.skip(&[Check::Clock], NO_BUS);
            return;
        }
        self.now(Check::Clock, || ClockSeen { registry_ahead_ms, process_ahead_ms, beats_itself }.read());
    }

    async fn beats(&self, record: Option<&RecordRead>, clock_ahead_ms: Option<i64>, stream: Option<Socket>) {
        let why = self.why_dropped();
        self.row(Check::FirstBeat, async { beats::first(&self.patient, &self.tools, why).await.read() }).await;
        let now = Time::from_timestamp(jiff::Timestamp::now()).offset_millis(clock_ahead_ms.unwrap_or(0));
        let last = record.and_then(|record| record.facts.last_real_beat()).map(|at| now.since(at));
        let never = record.is_some_and(|record| record.facts.last_real_beat().is_none());
        self.taken(last, never).await;
        let listen = self.orders.listen;
        self.row(Check::SecondCopy, beats::second_copy(&self.patient, &self.tools, stream, listen)).await;
    }

    /// Whether beats are taken: by what the fleet knows now, or the record when nobody runs.
    pub(super) async fn taken(&self, last: Option<Duration>, never: bool) {
        let id = &self.patient.entry.entity;
        let (row, chart) = tokio::join!(self.tools.row(id), self.tools.chart(id));
        self.now(Check::Beats, || beats::taken(&self.patient, (row.as_ref(), chart), last, never, &self.tools));
    }

    /// Why a beat would be dropped in silence, by what was seen so far.
    fn why_dropped(&self) -> Dropped {
        let readings = self.sheet.readings();
        let bad = |check| readings.iter().any(|(seen, reading)| *seen == check && reading.outcome == Outcome::Bad);
        if bad(Check::Clock) {
            Dropped::Clock
        } else if bad(Check::RecordKey) {
            Dropped::Key
        } else if bad(Check::Record) {
            Dropped::Record
        } else {
            Dropped::Form(self.patient.dialect())
        }
    }

    async fn outside(
        &self,
        web: Option<(&Web<'_>, &Visitors)>,
        home: Option<&agent::AtHome>,
        record: Option<&RecordRead>,
        registry_is_here: bool,
    ) {
        let (Some(web), Some(home)) = (web, home) else {
            self.leave(&[Check::PublishedUrl, Check::Search], NOT_REACHED);
            return;
        };
        let began = self.begin(Check::PublishedUrl);
        let published = async {
            let (reading, url) = agent::published(&self.patient, web, home, record, registry_is_here).await;
            if let Some(url) = url {
                let _ = self.published.set(url);
            }
            self.put(Check::PublishedUrl, reading, began);
        };
        let search = self.row(Check::Search, async { agent::search(&self.patient, web.0, record).await.read() });
        tokio::join!(published, search);
    }

    async fn idle(&self, base: &BaseUrl, reachable: bool) {
        let began = self.begin(Check::Idle);
        let measured = match self.orders.hold {
            Some(_) if !reachable => {
                self.leave(&[Check::Idle], "Not measured: the registry is not reached");
                return;
            }
            Some(asked) => {
                let path = link::path(&self.patient.entry.entity, self.patient.dialect());
                let thresholds = self
                    .patient
                    .registry
                    .as_ref()
                    .map(|registry| registry.thresholds.to_thresholds())
                    .unwrap_or_default();
                // The registry drops who says nothing a sweep after it would call it inactive (protocols.md 1.4).
                let limit = thresholds.inactive_after + Duration::from_secs(60);
                match hold::hold(base, &path, &self.tools.tls, asked, limit).await {
                    Ok(hold) => Some(hold),
                    Err(failure) => {
                        self.put(Check::Idle, Reading::unknown(format!("Not measured: {failure}")), began);
                        return;
                    }
                }
            }
            None => None,
        };
        self.put(Check::Idle, self.held(measured), began);
    }

    pub(super) fn held(&self, hold: Option<beatkeeper_core::doctor::Hold>) -> Reading {
        let past = Past { connections: self.patient.connections.clone(), now: self.tools.clock.now() };
        Held { hold, past }.read()
    }
}

/// What only a registry with records can be asked for.
const RECORDS: [Check; 5] = [Check::Http, Check::RegistryKind, Check::Record, Check::RecordKey, Check::DeveloperKey];
