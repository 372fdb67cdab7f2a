//! A post over servers on loopback, with its history in memory and its secrets in a map.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use beatkeeper_core::alert::{Delivery, DeliveryState, Fault};
use beatkeeper_core::history::HistoryRow;
use beatkeeper_core::notice::{Notice, NoticeAgent, NoticeId, NoticeKind};
use beatkeeper_core::time::Time;
use beatkeeper_engine::Clock;
use beatkeeper_engine::alerts::channels::{Keep, Pace, Post, Secrets, Setup};
use beatkeeper_engine::settings::{ChannelEntry, ChannelKind};
use beatkeeper_vault::ChannelSecret;
use rustls::{ClientConfig, RootCertStore};
use secrecy::SecretString;

/// Whatever should come to pass does within this time.
pub const WITHIN: Duration = Duration::from_secs(20);

/// Waits that a test can afford. Only what is tried again at all depends on them.
pub const QUICK: Pace = Pace {
    first: Duration::from_millis(2),
    longest: Duration::from_millis(20),
    asked: Duration::from_secs(3600),
    answers: 5,
    give_up_after: Duration::from_secs(3600),
    http: Duration::from_secs(10),
    mail: Duration::from_secs(10),
    command: Duration::from_secs(10),
    secret: Duration::from_secs(10),
    test: Duration::from_secs(10),
    queue: 1000,
};

/// Waits that only something else than time ends.
pub const PATIENT: Pace = Pace { first: Duration::from_secs(600), longest: Duration::from_secs(600), ..QUICK };

pub struct Scene {
    pub post: Post,
    pub rows: Arc<Rows>,
    pub safe: Arc<Safe>,
}

/// A history.
#[derive(Default)]
pub struct Rows(Mutex<Vec<HistoryRow>>);

impl Rows {
    pub fn lock(&self) -> MutexGuard<'_, Vec<HistoryRow>> {
        self.0.lock().unwrap()
    }
}

impl Keep for Rows {
    fn row(&self, row: HistoryRow) {
        self.lock().push(row);
    }

    fn rename_channel(&self, from: &str, to: &str) {
        for row in self.lock().iter_mut() {
            if let HistoryRow::Delivery(delivery) = row
                && delivery.channel == from
            {
                delivery.channel = to.to_owned();
            }
        }
    }
}

/// A keychain.
#[derive(Default)]
pub struct Safe {
    secrets: Mutex<HashMap<String, String>>,
    locked: AtomicBool,
    /// Nobody is answered before so many were asked for.
    together: AtomicUsize,
    asked: Mutex<Vec<String>>,
}

impl Safe {
    pub fn with(channel: &str, secret: &str) -> Arc<Self> {
        let safe = Self::default();
        safe.put(channel, secret);
        Arc::new(safe)
    }

    pub fn put(&self, channel: &str, secret: &str) {
        self.secrets.lock().unwrap().insert(channel.into(), secret.into());
    }

    /// From now on, none is answered before so many were asked for, and all are then.
    pub fn answer_together(&self, number: usize) {
        self.together.store(number, Ordering::SeqCst);
    }

    /// Whose secrets were asked for, in alphabetical order.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort_unstable();
        asked
    }

    pub fn take(&self, channel: &str) {
        self.secrets.lock().unwrap().remove(channel);
    }

    pub fn lock(&self, locked: bool) {
        self.locked.store(locked, Ordering::SeqCst);
    }
}

impl Secrets for Safe {
    fn read(&self, channel: &str) -> ChannelSecret {
        self.asked.lock().unwrap().push(channel.to_owned());
        let enough = || self.asked().len() >= self.together.load(Ordering::SeqCst);
        if until(|| enough().then_some(())).is_none() {
            return ChannelSecret::Unavailable("the others were not asked for".into());
        }
        if self.locked.load(Ordering::SeqCst) {
            return ChannelSecret::Locked("the system keychain is locked".into());
        }
        match self.secrets.lock().unwrap().get(channel) {
            Some(secret) => ChannelSecret::Present(SecretString::from(secret.as_str())),
            None => ChannelSecret::Absent,
        }
    }
}

/// What a scene begins with.
pub struct Begin {
    pub channels: Vec<ChannelEntry>,
    pub earlier: Vec<(Delivery, Notice)>,
    pub safe: Arc<Safe>,
    pub pace: Pace,
    pub tls: Arc<ClientConfig>,
}

impl Default for Begin {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            earlier: Vec::new(),
            safe: Arc::default(),
            pace: QUICK,
            tls: trusting(RootCertStore::empty()),
        }
    }
}

impl Begin {
    pub fn with(channels: impl Into<Vec<ChannelEntry>>) -> Self {
        Self { channels: channels.into(), ..Self::default() }
    }

    pub fn start(self) -> Scene {
        let rows = Arc::<Rows>::default();
        let post = Post::start(Setup {
            channels: self.channels,
            earlier: self.earlier,
            keep: Arc::<Rows>::clone(&rows),
            secrets: self.safe.clone(),
            tls: self.tls,
            clock: Arc::new(Clock::new()),
            pace: self.pace,
        });
        Scene { post: post.unwrap(), rows, safe: self.safe }
    }
}

impl Scene {
    /// Every step of a delivery so far.
    pub fn steps(&self, notice: u64, channel: &str) -> Vec<Delivery> {
        let rows = self.rows.lock();
        let deliveries = rows.iter().filter_map(|row| match row {
            HistoryRow::Delivery(delivery) => Some(delivery),
            _ => None,
        });
        let wanted = deliveries.filter(|d| d.notice == NoticeId(notice) && d.channel == channel);
        wanted.cloned().collect()
    }

    /// The delivery, once it is so.
    #[track_caller]
    pub fn until(&self, notice: u64, channel: &str, wanted: impl Fn(&Delivery) -> bool) -> Delivery {
        let at = std::panic::Location::caller();
        until(|| self.steps(notice, channel).into_iter().rev().find(|step| wanted(step)))
            .unwrap_or_else(|| panic!("{at}: it is {:#?}", self.steps(notice, channel).last()))
    }

    #[track_caller]
    pub fn delivered(&self, notice: u64, channel: &str) -> Delivery {
        self.until(notice, channel, |delivery| delivery.state == DeliveryState::Delivered)
    }

    #[track_caller]
    pub fn dead(&self, notice: u64, channel: &str) -> Delivery {
        self.until(notice, channel, |delivery| delivery.state == DeliveryState::Dead)
    }

    #[track_caller]
    pub fn fails(&self, notice: u64, channel: &str) -> Delivery {
        self.until(notice, channel, |d| d.state == DeliveryState::Waiting && d.problem.is_some())
    }

    /// What a history would hand to the next run.
    pub fn left_behind(&self) -> Vec<(Delivery, Notice)> {
        let rows = self.rows.lock();
        let notices = rows.iter().filter_map(|row| match row {
            HistoryRow::Notice(notice) => Some(Notice::clone(notice)),
            _ => None,
        });
        let notices: Vec<_> = notices.collect();
        let mut newest: Vec<Delivery> = Vec::new();
        for row in rows.iter() {
            if let HistoryRow::Delivery(delivery) = row {
                newest.retain(|other| (other.notice, &other.channel) != (delivery.notice, &delivery.channel));
                newest.push(delivery.clone());
            }
        }
        let notice = |id| notices.iter().find(|notice| notice.id == id).unwrap().clone();
        newest.into_iter().map(|delivery| (delivery.clone(), notice(delivery.notice))).collect()
    }
}

/// Asks until there is an answer. Blocks its thread: tests with it run on several.
pub fn until<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + WITHIN;
    loop {
        match ask() {
            None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            answer => return answer,
        }
    }
}

pub fn webhook(name: &str, url: &str) -> ChannelEntry {
    ChannelEntry { url: Some(url.parse().unwrap()), ..ChannelEntry::new(name, ChannelKind::Webhook) }
}

/// Now, on the clock of this computer.
pub fn now() -> Time {
    Clock::new().now()
}

pub fn notice(id: u64) -> Notice {
    let beat = Time::from_millis(1_767_323_045_000);
    let agent = NoticeAgent {
        id: "zns:56475aa75463474c0285df5dbf2bcab7".parse().unwrap(),
        name: "weather-agent".into(),
        opened_at: beat,
        last_beat: Some(beat),
    };
    Notice {
        id: NoticeId(id),
        kind: NoticeKind::Offline,
        agents: vec![agent],
        registry: "lab".into(),
        cause: "link.refused".into(),
        fault: Fault::Link,
        title: "weather-agent is offline".into(),
        body: "Reconnecting: refused, attempt 7; last beat 14:02:11, 18 min ago".into(),
        at: now(),
        supersedes: vec![NoticeId(1)],
        urgent: false,
        channels: None,
    }
}

/// A client that trusts these and nobody else.
pub fn trusting(roots: RootCertStore) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}
