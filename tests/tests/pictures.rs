//! Every state that the window may have to show, in both themes, in the engine that shows it: as it was kept, without a
//! barrier that axe knows, and told to those who do not see it.
#![cfg(target_os = "linux")]

use anyhow::{Result, ensure};
use beatkeeper_tests::pictures::{Browser, Theme, check};
use beatkeeper_tests::{alone, until};
use serde_json::Value;
use xtask::rig::{Desktop, Keychain, Notifications, Parts, TrayHost};

const BARE: Parts = Parts { keychain: Keychain::Absent, notifications: Notifications::None, tray_host: TrayHost::None };
/// Half of the usual size is what a zoom of 200 % leaves.
const ZOOMED: (u32, u32) = (Browser::SIZE.0 / 2, Browser::SIZE.1 / 2);

/// Name and address of each state.
const STATES: [(&str, &str); 24] = [
    ("usual", ""),
    ("agent", "open=weather-agent"),
    ("one", "agents=1"),
    ("many", "agents=10000"),
    ("empty", "state=empty"),
    ("loading", "state=loading"),
    ("starting", "state=starting"),
    ("failed", "state=failed"),
    ("config", "state=config"),
    ("unreachable", "state=unreachable"),
    ("lost", "state=lost"),
    ("long", "state=long&open=release-notes"),
    ("right-to-left", "state=rtl&open=%D7%A1%D7%95%D7%9B%D7%9F"),
    ("down-for-a-week", "state=down&open=research-planner"),
    ("clock-ahead", "state=ahead"),
    ("clock-behind", "state=behind"),
    ("offline", "state=offline"),
    ("acknowledged", "state=alerts&open=release-notes"),
    ("incidents", "state=alerts&alerts=incidents"),
    ("channels", "state=alerts&alerts=channels"),
    ("rules", "state=alerts&alerts=rules"),
    ("fault", "state=alerts&alerts=fault"),
    ("drill", "state=alerts&alerts=drill"),
    ("local", "state=local"),
];

/// Agents that are started here: where they are, and what is clicked from there.
const LOCAL: [(&str, &str, &[&str]); 5] = [
    ("process", "state=local&open=docs-indexer", &["tab-process"]),
    ("gave-up", "state=local&open=release-notes", &["tab-process"]),
    ("waiting", "state=local&open=invoice-triage", &["tab-process"]),
    ("log", "state=local&open=code-reviewer", &["tab-log"]),
    ("launch", "state=local&open=docs-indexer", &["tab-process", "process-setup"]),
];

/// Redis buses, and where one is added.
const BUSES: [(&str, &str, &[&str]); 2] =
    [("buses", "state=field", &["buses-open"]), ("bus-add", "state=field", &["buses-open", "bus-add"])];

/// The doctor, and what is written to a registry before it is signed.
const DOCTOR: [(&str, &str, &[&str]); 4] = [
    ("doctor-well", "open=code-reviewer", &["tab-doctor", "doctor-tall", "doctor-look"]),
    ("doctor-cause", "open=weather-agent", &["page-doctor"]),
    ("doctor-repair", "open=standup-bot", &["page-doctor"]),
    ("write-plan", "open=standup-bot", &["more", "write-next_index", "write-submit"]),
];

/// Dialogs of the alerts: where they are, and the button that opens them.
const DIALOGS: [(&str, &str, &str); 2] =
    [("black-box", "incidents", "incident-black-box"), ("channel", "channels", "channel-add")];

const ZOOMED_STATES: [(&str, &str); 10] = [
    ("zoomed", ""),
    ("zoomed-agent", "open=weather-agent"),
    ("zoomed-empty", "state=empty"),
    ("zoomed-incidents", "state=alerts&alerts=incidents"),
    ("zoomed-channels", "state=alerts&alerts=channels"),
    ("zoomed-rules", "state=alerts&alerts=rules"),
    ("zoomed-fault", "state=alerts&alerts=fault"),
    ("zoomed-drill", "state=alerts&alerts=drill"),
    ("zoomed-local", "state=local"),
    ("zoomed-doctor", "open=weather-agent&page=doctor"),
];

async fn stage(theme: Theme) -> Result<(Desktop, Browser)> {
    let mut desktop = Desktop::start(BARE)?;
    let browser = Browser::open(&mut desktop, theme).await?;
    Ok((desktop, browser))
}

/// A page whose clock stands still.
async fn show(browser: &Browser, asked: &str) -> Result<()> {
    // 11 March 2026, 14:02:11.
    browser.show(&format!("{asked}&at=1773237731000")).await
}

#[tokio::test]
async fn every_state_looks_as_it_was_kept_in_light() {
    let _alone = alone().await;
    let (_desktop, browser) = stage(Theme::Light).await.unwrap();
    assert_eq!(browser.ask("matchMedia('(prefers-color-scheme: dark)').matches").await.unwrap(), false);
    look_at_all(&browser, Theme::Light).await.unwrap();
}

#[tokio::test]
async fn every_state_looks_as_it_was_kept_in_dark() {
    let _alone = alone().await;
    let (_desktop, browser) = stage(Theme::Dark).await.unwrap();
    assert_eq!(browser.ask("matchMedia('(prefers-color-scheme: dark)').matches").await.unwrap(), true);
    look_at_all(&browser, Theme::Dark).await.unwrap();
}

/// Looks at all of them before it complains of any.
async fn look_at_all(browser: &Browser, theme: Theme) -> Result<()> {
    let mut complaints = Vec::new();
    for (name, asked) in STATES {
        show(browser, asked).await?;
        look(browser, &format!("{name}-{}", theme.word()), &mut complaints).await?;
    }
    // What a person comes to from there.
    show(browser, "").await?;
    browser.click("add-agent").await?;
    opened(browser).await?;
    look(browser, &format!("add-{}", theme.word()), &mut complaints).await?;
    for (name, tab, button) in DIALOGS {
        show(browser, &format!("state=alerts&alerts={tab}")).await?;
        browser.click(button).await?;
        opened(browser).await?;
        look(browser, &format!("{name}-{}", theme.word()), &mut complaints).await?;
    }
    for (name, asked, clicks) in LOCAL.into_iter().chain(BUSES).chain(DOCTOR) {
        click_through(browser, asked, clicks).await?;
        look(browser, &format!("{name}-{}", theme.word()), &mut complaints).await?;
    }
    let grouped =
        "localStorage.setItem('beatkeeper.groups', '{\"version\":1,\"value\":{\"by\":\"state\",\"folded\":[]}}')";
    browser.ask(grouped).await?;
    show(browser, "").await?;
    look(browser, &format!("groups-{}", theme.word()), &mut complaints).await?;
    browser.ask("localStorage.clear()").await?;
    browser.resize(ZOOMED).await?;
    for (name, asked) in ZOOMED_STATES {
        show(browser, asked).await?;
        look(browser, &format!("{name}-{}", theme.word()), &mut complaints).await?;
        complaints.extend(beyond(browser, name).await?);
    }
    ensure!(complaints.is_empty(), "{}", complaints.join("\n\n"));
    Ok(())
}

/// Opens a page, and goes on from there as a person would.
async fn click_through(browser: &Browser, asked: &str, clicks: &[&str]) -> Result<()> {
    const CALM: &str = "document.querySelector('[aria-label=loading], .wait') === null";
    show(browser, asked).await?;
    for click in clicks {
        browser.click(click).await?;
        until("what was clicked for", async || Ok((browser.ask(CALM).await? == true).then_some(()))).await?;
    }
    Ok(())
}

/// Dialogs come when they are first needed, and what they show after that.
async fn opened(browser: &Browser) -> Result<()> {
    const OPEN: &str = "document.querySelector('dialog[open]') !== null
        && document.querySelector('dialog[open] .wait') === null";
    until("a dialog", async || Ok((browser.ask(OPEN).await? == true).then_some(()))).await
}

async fn look(browser: &Browser, name: &str, complaints: &mut Vec<String>) -> Result<()> {
    complaints.extend(browser.complaints().await?.into_iter().map(|complaint| format!("{name}: {complaint}")));
    complaints.extend(check(name, &browser.picture().await?).err().map(|error| format!("{error:#}")));
    Ok(())
}

async fn beyond(browser: &Browser, name: &str) -> Result<Option<String>> {
    let lost = browser.ask(BEYOND).await?;
    Ok((lost != Value::Array(vec![])).then(|| format!("{name}: it has to be scrolled sideways for {lost}")))
}

/// What reaches beyond the sides of the window and can be reached by no scrolling up and down. The table may.
const BEYOND: &str = "[...document.querySelectorAll('body *')]
    .filter((element) => !element.closest('.scroller, .sr-only, #stir') && element.getClientRects().length > 0)
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1
        || element.getBoundingClientRect().left < -1)
    .map((element) => element.outerHTML.slice(0, 100))";

#[tokio::test]
async fn a_clock_that_jumped_changes_no_age() {
    const AGES: &str =
        "Object.fromEntries([...document.querySelectorAll('[data-testid=row]')].map((row) => [row.dataset.id,
        ['row-beat', 'row-flips'].map((cell) => row.querySelector(`[data-testid=${cell}]`).textContent.trim())]))";
    let _alone = alone().await;
    let (_desktop, browser) = stage(Theme::Light).await.unwrap();
    show(&browser, "").await.unwrap();
    let usual = browser.ask(AGES).await.unwrap();
    assert_eq!(usual.as_object().map(serde_json::Map::len), Some(12));
    for state in ["ahead", "behind"] {
        show(&browser, &format!("state={state}")).await.unwrap();
        assert_eq!(browser.ask(AGES).await.unwrap(), usual, "the clock is {state}");
    }
}

#[tokio::test]
async fn who_wants_no_motion_gets_none() {
    const MOVING: &str =
        "[...document.querySelectorAll('*')].filter((element) => ['', '::before', '::after'].some((part) =>
        { const { transitionDuration, animationName } = getComputedStyle(element, part || null);
          return animationName !== 'none' || transitionDuration.split(', ').some((each) => parseFloat(each) > 0); }))
        .map((element) => element.outerHTML.slice(0, 100))";
    let _alone = alone().await;
    let (_desktop, browser) = stage(Theme::Dark).await.unwrap();
    // A page that lives: one whose clock stands still has no motion in any case.
    browser.show("open=weather-agent").await.unwrap();
    assert_eq!(browser.ask("matchMedia('(prefers-reduced-motion: reduce)').matches").await.unwrap(), true);
    assert_eq!(browser.ask(MOVING).await.unwrap(), Value::Array(vec![]));
}

#[tokio::test]
async fn a_row_is_told_to_who_does_not_see_it() {
    let _alone = alone().await;
    let (_desktop, browser) = stage(Theme::Light).await.unwrap();
    show(&browser, "").await.unwrap();
    let heard = |css: &'static str| browser.heard(css);
    let one = |role: &str, name: &str| vec![(role.to_owned(), name.to_owned())];
    assert_eq!(heard("main [aria-rowcount]").await.unwrap(), one("grid", "Agents"));
    assert_eq!(browser.ask("document.querySelector('[role=grid]').ariaRowCount").await.unwrap(), "13");
    assert_eq!(browser.ask("document.querySelector('[role=grid]').ariaColCount").await.unwrap(), "16");

    // The row of weather-agent: its place, its cells, and what is drawn in them, in words.
    const ROW: &str = "[data-testid=row][aria-rowindex='3']";
    assert_eq!(heard(ROW).await.unwrap()[0].0, "row");
    let cells = heard("[data-testid=row][aria-rowindex='3'] > *").await.unwrap();
    assert!(cells.iter().all(|(role, _)| role == "gridcell"), "{cells:?}");
    let drawn = heard("[data-testid=row][aria-rowindex='3'] [role=img]").await.unwrap();
    let [(state, shape), (strip, beats)] = &drawn[..] else { panic!("{drawn:?}") };
    assert_eq!((state.as_str(), strip.as_str()), ("image", "image"));
    // With the times of its incident.
    assert!(shape.starts_with("stale, incident since ") && shape.contains(", told "), "{shape}");
    assert_eq!(beats, "last 24 h: 2,232 beats, 1 gap, longest 2 h 00 min, unconfirmed, clock.skew");
    let texts = browser
        .ask(&format!("[...document.querySelectorAll(\"{ROW} > *\")].map((cell) => cell.innerText.trim())"))
        .await;
    let texts = texts.unwrap();
    let texts: Vec<&str> = texts.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(
        texts[2..7],
        [
            "Connected and sending, but the registry ignores it: the clock is 74 s ahead",
            "inactive",
            "6 min ago",
            "passed",
            "36 ms",
        ]
    );
    // One row is reached by Tab, and each says where it is among all of them.
    let stops = browser.ask("document.querySelectorAll('[data-testid=row][tabindex=\"0\"]').length").await.unwrap();
    assert_eq!(stops, 1);
    let columns =
        browser.ask("[...document.querySelectorAll('[role=columnheader]')].map((head) => head.ariaSort)").await;
    assert!(
        columns.unwrap().as_array().unwrap().iter().all(|sort| sort == "none"),
        "what needs you first is no column"
    );
}
