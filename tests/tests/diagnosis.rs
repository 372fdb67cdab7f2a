//! The doctor in the real window: all is well, then a clock that is off, then a record that was deleted, which is registered
//! again from there.
#![cfg(target_os = "linux")]

use beatkeeper_devnet::{Fault, FaultKind};
use beatkeeper_tests::{App, Key, Page, Press, alone, registry};
use xtask::rig::{Desktop, Parts};

const NAME: &str = "weather-agent";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_named_and_what_can_be_mended_is_mended_there() {
    let _alone = alone().await;
    let key = Key::of(NAME);
    let devnet = registry(&[(&key, NAME)]).await.unwrap();
    // It is published nowhere, so nobody can fail to reach it.
    devnet.edit_record(&key.id(), |record| record.entity_url.clear()).unwrap();
    let mut desktop = Desktop::start(Parts::default()).unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let page = Page::open(&mut desktop, &app).await.unwrap();
    app.import(&key, NAME).await.unwrap();
    app.beat_every_second().unwrap();
    page.until_row(&key.id(), "the agent to beat", |row| row.verdict == "Beating, confirmed").await.unwrap();

    // By keyboard: the row, then the doctor, which looks at once.
    page.click("row").await.unwrap();
    page.type_here("d").await.unwrap();
    let found = page.until_text("diagnosis-sentence", |text| !text.is_empty()).await.unwrap();
    assert_eq!(found, "All is well: nothing was found");
    let sum = page.until_text("doctor-sum", |text| text.contains("took")).await.unwrap();
    assert!(!sum.contains("bad"), "{sum}");

    // A clock that is off, and the report of it.
    devnet.fault(Fault::all(FaultKind::Skew(600))).await;
    page.click("doctor-inactive").await.unwrap();
    let found = page.until_text("diagnosis-sentence", |text| text.contains("clock")).await.unwrap();
    assert!(found.contains("10 min behind"), "{found}");
    page.until_text("diagnosis-proof", |text| text.contains("Clocks agree")).await.unwrap();
    page.click("doctor-report-open").await.unwrap();
    let report = page.until_text("doctor-report-text", |text| text.contains("clock.own")).await.unwrap();
    assert!(report.contains(key.id().as_str()), "{report}");
    let here = desktop.dir().display().to_string();
    assert!(!report.contains(&here), "a folder of this computer is in it: {report}");
    page.press(Press::Escape).await.unwrap();
    page.gone("doctor-report").await.unwrap();
    devnet.clear_faults().await;

    // A record that was deleted is offered to be registered anew.
    devnet.remove_entity(&key.id()).unwrap();
    page.click("doctor-look").await.unwrap();
    page.until_text("diagnosis-sentence", |text| text.contains("does not know this agent")).await.unwrap();
    let home = desktop.dir().join("home/.zynd");
    std::fs::create_dir_all(&home).unwrap();
    Key::of("developer").write(&home.join("developer.json")).unwrap();
    page.click("diagnosis-repair").await.unwrap();
    page.type_into("write-url", "http://127.0.0.1:9").await.unwrap();
    page.click("write-submit").await.unwrap();
    let plan = page.until_text("plan-steps", |text| text.contains("/v1/entities")).await.unwrap();
    assert!(plan.contains(&key.public().to_wire()), "{plan}");
    assert!(devnet.record(&key.id()).is_none(), "nothing is sent before a person agrees");
    page.click("write-submit").await.unwrap();
    page.element("write-done").await.unwrap();
    assert_eq!(devnet.record(&key.id()).unwrap().entity_url, "http://127.0.0.1:9");
    page.click("write-close").await.unwrap();
    page.gone("write-dialog").await.unwrap();
    page.until_row(&key.id(), "the agent to beat again", |row| row.verdict == "Beating, confirmed").await.unwrap();
    page.keeps_secret(&key).await.unwrap();
    app.quit().await.unwrap();
}
