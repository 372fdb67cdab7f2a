//! A fleet of every kind in one window: a live Zynd registry, one that speaks as its guide says, an ArtCafe server with a real
//! RSA key, and a real Redis bus with an agent of ours and a stranger.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use anyhow::Result;
use beatkeeper_core::identity::{EntityId, EntityKind};
use beatkeeper_devnet::{Acks, ArtCafe, CafeConfig, Config, Devnet, Speech, rsa_public_key};
use beatkeeper_tests::{App, Key, Page, RedisServer, Row, Stranger, program, registry};
use xtask::rig::{Desktop, Parts};
use xtask::{exec, paths};

const PEM: &str = include_str!("../../crates/vault/tests/rsa/pkcs8.pem");
const PUBLIC: &str = include_str!("../../crates/vault/tests/rsa/public.openssh");
/// What the stranger says that it beats at; it is missed after one and a half of it.
const INTERVAL: Duration = Duration::from_secs(4);
const CONFIRMED: &str = "Beating, confirmed";

/// Who beats, and where.
struct Fleet {
    live: Devnet,
    guide: Devnet,
    cafe: ArtCafe,
    redis: RedisServer,
    live_key: Key,
    guide_key: Key,
}

impl Fleet {
    async fn start(desktop: &mut Desktop) -> Result<Self> {
        let (live_key, guide_key) = (Key::of("planner"), Key::of("translator"));
        let guide = Devnet::start(Config {
            speaks: Speech::Documented,
            inactive_after: Duration::from_secs(6),
            sweep: Duration::from_secs(1),
            registrations_per_minute: None,
            ..Config::default()
        })
        .await?;
        guide.insert_entity(guide_key.public(), "translator", EntityKind::Agent);
        let weather = ("weather".to_owned(), rsa_public_key(PUBLIC).expect("a key"));
        let cafe = CafeConfig { organization: "acme".into(), agents: vec![weather], ..CafeConfig::default() };
        Ok(Self {
            live: registry(&[(&live_key, "planner")]).await?,
            guide,
            cafe: ArtCafe::start(cafe).await?,
            redis: RedisServer::start(desktop).await?,
            live_key,
            guide_key,
        })
    }

    /// All of it in the configuration and in the keychain, before the app is started for the first time.
    fn install(&self, desktop: &Desktop) -> Result<App> {
        let app = App::install(desktop, &self.live.url())?;
        let more = format!(
            "[[registry]]\nname = \"guide\"\nurl = \"{}\"\n\
             thresholds = {{ late = 3, stale = 6, offline = 10, inactive_after = 6, sweep = 1 }}\n\
             [[registry]]\nname = \"cafe\"\nurl = \"{}\"\ndialect = \"artcafe\"\norganization = \"acme\"\n",
            self.guide.url(),
            self.cafe.url()
        );
        fs::write(app.config_file(), app.config()? + &more)?;
        let pem = app.file("weather.pem");
        fs::write(&pem, PEM)?;
        fs::set_permissions(&pem, fs::Permissions::from_mode(0o600))?;
        let (planner, translator) = (app.file("planner.json"), app.file("translator.json"));
        self.live_key.write(&planner)?;
        self.guide_key.write(&translator)?;
        let files =
            [(planner, App::REGISTRY, "planner"), (translator, "guide", "translator"), (pem, "cafe", "weather")];
        for (file, registry, name) in files {
            let mut import = desktop.command(program("beatkeeper")?);
            import.args(["agent", "import"]).arg(file).args(["--registry", registry, "--name", name]);
            exec::output(import.args(app.options()))?;
        }
        app.beat_every_second()?;
        let bus = format!(
            "[[bus]]\nname = \"team\"\nurl = \"{}\"\n\
             [[agent]]\nentity = \"bus:team/collector\"\nname = \"collector\"\nregistry = \"team\"\ninterval = 2\n",
            self.redis.url()
        );
        fs::write(app.config_file(), app.config()? + &bus)?;
        Ok(app)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_of_every_kind_is_one_table() {
    let mut desktop = Desktop::start(Parts::default()).unwrap();
    let fleet = Fleet::start(&mut desktop).await.unwrap();
    let app = fleet.install(&desktop).unwrap();
    let (planner, translator) = (fleet.live_key.id(), fleet.guide_key.id());
    let weather = EntityId::artcafe("acme", "weather").unwrap();
    let collector = EntityId::on_bus("team", "collector").unwrap();
    let stranger = EntityId::on_bus("team", "summariser").unwrap();
    let beating = Stranger::beat(&fleet.redis, "summariser", INTERVAL).unwrap();

    let page = Page::open(&mut desktop, &app).await.unwrap();
    let confirmed = |row: &Row| row.liveness == "active" && row.verdict == CONFIRMED;
    for id in [&planner, &translator, &weather, &collector] {
        page.until_row(id, &format!("{id} to beat"), confirmed).await.unwrap();
    }
    // With its own word for how it is.
    let is_seen = |row: &Row| row.liveness == "active" && row.registry == "busy";
    let seen = page.until_row(&stranger, "the stranger", is_seen).await.unwrap();
    page.until_text("fleet-sentence", |sentence| sentence == "5 active").await.unwrap();
    assert!(fleet.live.accepted(&planner) > 0 && fleet.guide.accepted(&translator) > 0);
    assert!(fleet.cafe.state().acks("weather") > 0);
    assert_eq!(fleet.redis.field("collector", "status").unwrap().as_deref(), Some("healthy"));
    picture(&desktop, "all").unwrap();

    // ArtCafe goes on listening, and answers no more.
    fleet.cafe.set_acks(Acks::Never);
    let told = |row: &Row| row.verdict.starts_with("The server stopped acknowledging heartbeats");
    page.until_row(&weather, "the missing acknowledgements", told).await.unwrap();
    picture(&desktop, "unacknowledged").unwrap();

    // Somebody on the bus falls silent without a goodbye: missing, then failed.
    beating.fall_silent().unwrap();
    page.until_row(&stranger, "it to be missing", |row| row.liveness == "late").await.unwrap();
    let failed = page.until_row(&stranger, "it to have failed", |row| row.liveness == "stale").await.unwrap();
    assert!(failed.verdict != seen.verdict, "{failed:?}");
    picture(&desktop, "failed").unwrap();
    for id in [&planner, &translator, &collector] {
        page.until_row(id, &format!("{id} to beat on"), confirmed).await.unwrap();
    }

    fleet.cafe.set_acks(Acks::Always);
    // That its connection was given up so often is said for a while.
    let answered = |row: &Row| row.liveness == "active" && row.verdict.starts_with(CONFIRMED);
    page.until_row(&weather, "it to be answered again", answered).await.unwrap();
    let _again = Stranger::beat(&fleet.redis, "summariser", INTERVAL).unwrap();
    page.until_row(&stranger, "it to be back", |row| row.liveness == "active").await.unwrap();
    app.quit().await.unwrap();
}

/// A picture of the screen under `target/e2e`, for people.
fn picture(desktop: &Desktop, name: &str) -> Result<()> {
    let dir = paths::target().join("e2e");
    fs::create_dir_all(&dir)?;
    desktop.screenshot(&dir.join(format!("field-{name}.png")))
}
