//! The first minutes of a person who has agents already: their keys are found, imported, and no longer left in plain files.
#![cfg(target_os = "linux")]

use std::fs;

use beatkeeper_tests::{App, Key, Page, registry, until};
use xtask::exec;
use xtask::rig::{Desktop, Parts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_that_a_person_has_are_found_imported_and_shredded() {
    let mut desktop = Desktop::start(Parts::default()).unwrap();
    let (weather, news) = (Key::of("weather"), Key::of("news"));
    let devnet = registry(&[(&weather, "weather"), (&news, "news")]).await.unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let home = desktop.dir().join("home/.zynd");
    fs::create_dir_all(home.join("agents/weather")).unwrap();
    fs::write(home.join("config.json"), format!("{{\"registry_url\": \"{}\"}}", devnet.url())).unwrap();
    let (nested, flat) = (home.join("agents/weather/keypair.json"), home.join("agents/news.json"));
    weather.write(&nested).unwrap();
    news.write(&flat).unwrap();

    let page = Page::open(&mut desktop, &app).await.unwrap();
    page.click("empty-find").await.unwrap();
    let import = page.until_text("found-import", |text| text.contains("2 keys")).await.unwrap();
    assert_eq!(import.trim(), "Import 2 keys");
    page.click("found-import").await.unwrap();
    page.element("found-after").await.unwrap();
    for key in [&weather, &news] {
        let mut lookup = desktop.command("secret-tool");
        lookup.args(["lookup", "service", "beatkeeper", "username", key.id().as_str()]);
        assert_eq!(exec::output(&mut lookup).unwrap(), key.secret(), "it is in the keychain");
    }
    assert!(nested.exists() && flat.exists(), "nothing is deleted without being asked for");

    page.click("found-shred").await.unwrap();
    until("the files to be gone", async || Ok((!nested.exists() && !flat.exists()).then_some(()))).await.unwrap();
    page.click("found-close").await.unwrap();
    page.gone("found-dialog").await.unwrap();
    for key in [&weather, &news] {
        page.until_row(&key.id(), "the agent to beat", |row| row.liveness == "active").await.unwrap();
    }
}
