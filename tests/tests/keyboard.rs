//! Everything that the window can do, once, by keyboard alone: from the first run to the last agent's end.
#![cfg(target_os = "linux")]

use anyhow::Result;
use beatkeeper_tests::{App, Key, Page, Press, alone, registry, until};
use xtask::rig::{Desktop, Parts};

const STEADY: &str = "demo-steady";

#[tokio::test]
async fn everything_can_be_done_by_keyboard() {
    let _alone = alone().await;
    let key = Key::of("keyboard");
    let devnet = registry(&[(&key, "weather")]).await.unwrap();
    let mut desktop = Desktop::start(Parts::default()).unwrap();
    let app = App::install(&desktop, &devnet.url()).unwrap();
    let file = app.file("keypair.json");
    key.write(&file).unwrap();
    let page = Page::open(&mut desktop, &app).await.unwrap();

    the_third_door(&page).await.unwrap();
    rows_chips_and_search(&page).await.unwrap();
    one_agents_page(&page).await.unwrap();
    columns(&page).await.unwrap();
    groups(&page).await.unwrap();
    several_at_once(&page).await.unwrap();
    add_by_hand(&page, &file.display().to_string()).await.unwrap();
    palette_and_sheet(&page).await.unwrap();
    the_end_of_the_demo(&page).await.unwrap();
    page.keeps_secret(&key).await.unwrap();
}

/// An empty fleet offers a registry to try; it fills the table.
async fn the_third_door(page: &Page) -> Result<()> {
    page.element("empty-fleet").await?;
    page.tab_to("empty-demo").await?;
    page.press(Press::Enter).await?;
    page.until_count("row", 4).await?;
    page.until_text("fleet-sentence", |text| text.contains("active")).await?;
    page.element("demo-badge").await?;
    Ok(())
}

async fn rows_chips_and_search(page: &Page) -> Result<()> {
    page.type_here("/").await?;
    assert_eq!(page.focused().await?, "search");
    page.type_here("steady").await?;
    page.until_count("row", 1).await?;
    page.press(Press::Escape).await?;
    page.until_count("row", 4).await?;

    page.tab_to("chip-active").await?;
    page.press(Press::Enter).await?;
    until("fewer rows", async || Ok((page.count("row").await? < 4).then_some(()))).await?;
    until("only active ones", async || Ok((page.livenesses().await? == ["active"]).then_some(()))).await?;
    page.by_palette("show all").await?;
    page.until_count("row", 4).await?;

    page.type_here("j").await?;
    let first = page.row_in_focus().await?;
    page.press(Press::Down).await?;
    assert_ne!(page.row_in_focus().await?, first, "down a row");
    page.press(Press::Home).await?;
    assert_eq!(page.row_in_focus().await?, first, "and home");
    assert!(page.focus_ring().await?, "who types sees where he is");
    Ok(())
}

async fn one_agents_page(page: &Page) -> Result<()> {
    page.press(Press::Home).await?;
    page.step_to("j", STEADY).await?;
    page.press(Press::Enter).await?;
    page.element("agent-page").await?;

    // Its beats: from one stretch to the next, and another range.
    to_tab(page, "beats").await?;
    page.until_text("beats-text", |text| text.contains("beat")).await?;
    page.tab_to("beats-strip").await?;
    page.press(Press::Home).await?;
    let said = page.until_text("beats-said", |text| !text.is_empty()).await?;
    assert!(said.contains("confirmed") && said.contains(':'), "what, from when to when: {said}");
    page.tab_to("beats-range-24").await?;
    page.press(Press::Left).await?;
    page.until_text("beats-text", |text| text.contains("1 h")).await?;
    page.press(Press::Right).await?;
    page.press(Press::Right).await?;
    page.until_text("beats-text", |text| text.contains("30 d")).await?;

    // The tabs, with arrows.
    to_tab(page, "connections").await?;
    page.element("connections-table").await?;
    to_tab(page, "timeline").await?;
    page.element("timeline").await?;
    to_tab(page, "key").await?;
    let presence = page.until_text("key-presence", |text| !text.is_empty()).await?;
    assert!(!presence.contains("absent"), "{presence}");

    // Its labels.
    page.tab_to("tags").await?;
    page.chord(&[Press::Control], "a").await?;
    page.type_here("nightly, demo").await?;
    page.press(Press::Enter).await?;
    until("the tags to be kept", async || {
        let value = page.ask("document.querySelector(asked)?.value ?? ''", "[data-testid=tags]").await?;
        Ok((value == "nightly, demo").then_some(()))
    })
    .await?;

    // Its snooze, its restart, its export.
    page.tab_to("snooze-toggle").await?;
    page.press(Press::Enter).await?;
    page.element("page-snoozed").await?;
    page.press(Press::Enter).await?;
    page.gone("page-snoozed").await?;
    to_tab(page, "connections").await?;
    let before = until("its connections", async || {
        let connections = page.connections().await?;
        Ok((!connections.is_empty()).then_some(connections.len()))
    })
    .await?;
    page.tab_to("restart").await?;
    page.press(Press::Enter).await?;
    until("a new connection", async || Ok((page.connections().await?.len() > before).then_some(()))).await?;
    page.tab_to("more").await?;
    page.press(Press::Enter).await?;
    page.tab_to("export-history").await?;
    page.press(Press::Enter).await?;
    page.element("export-save").await?;
    page.press(Press::Escape).await?;
    page.gone("export-save").await?;
    page.press(Press::Escape).await?;
    page.gone("agent-page").await
}

async fn to_tab(page: &Page, tab: &str) -> Result<()> {
    page.tab_to_first("tab-").await?;
    let wanted = format!("tab-{tab}");
    until(&wanted, async || {
        if page.focused().await? == wanted {
            return Ok(Some(()));
        }
        page.press(Press::Right).await?;
        Ok(None)
    })
    .await
}

/// Columns are sorted, widened, moved, hidden and brought back.
async fn columns(page: &Page) -> Result<()> {
    let before = page.columns().await?;
    to_header(page, "Agent").await?;
    page.press(Press::Enter).await?;
    until("the order of names", async || Ok(sorted(page, "Agent", "ascending").await?.then_some(()))).await?;
    page.chord(&[Press::Alt], &char::from(Press::Right).to_string()).await?;
    let moved = until("the column to move", async || {
        let now = page.columns().await?;
        Ok((now != before).then_some(now))
    })
    .await?;
    assert_eq!(moved.len(), before.len());
    let narrow = page.column_width("Agent").await?;
    page.chord(&[Press::Shift], &char::from(Press::Right).to_string()).await?;
    until("the column to widen", async || Ok((page.column_width("Agent").await? > narrow).then_some(()))).await?;
    page.press(Press::Delete).await?;
    until("the column to hide", async || Ok((page.columns().await?.len() < before.len()).then_some(()))).await?;
    page.by_palette("reset columns").await?;
    until("the usual columns", async || Ok((page.columns().await? == before).then_some(()))).await
}

/// Enters the header from the rows and goes to a column.
async fn to_header(page: &Page, word: &str) -> Result<()> {
    const COLUMN: &str = "document.activeElement?.closest(asked)?.textContent.trim() ?? ''";
    page.type_here("k").await?;
    let column = async || Ok::<_, anyhow::Error>(page.ask(COLUMN, "[role=columnheader]").await?);
    until("the header", async || {
        page.chord(&[Press::Shift], &char::from(Press::Tab).to_string()).await?;
        Ok((column().await? != "").then_some(()))
    })
    .await?;
    page.press(Press::Home).await?;
    for _ in 0..30 {
        if column().await? == word {
            return Ok(());
        }
        page.press(Press::Right).await?;
    }
    anyhow::bail!("no arrow leads to the column {word}")
}

async fn sorted(page: &Page, word: &str, way: &str) -> Result<bool> {
    let script = format!(
        "[...document.querySelectorAll(asked)].some((head) => head.textContent.trim() === '{word}' \
         && head.getAttribute('aria-sort') === '{way}')"
    );
    Ok(page.ask(&script, "[role=columnheader]").await? == true)
}

/// Rows are grouped by each of the four, folded and unfolded.
async fn groups(page: &Page) -> Result<()> {
    for (by, word) in [("state", "active"), ("registry", "demo"), ("project", "no project"), ("tag", "nightly")] {
        page.by_palette(&format!("group by {by}")).await?;
        page.until_group(word).await?;
    }
    page.type_here("j").await?;
    page.press(Press::Home).await?;
    let shown = page.count("row").await?;
    page.press(Press::Left).await?;
    until("the group to fold", async || Ok((page.count("row").await? < shown).then_some(()))).await?;
    page.press(Press::Right).await?;
    page.until_count("row", shown).await?;
    page.by_palette("no groups").await?;
    page.until_count("group", 0).await
}

/// Agents are selected, and snoozed, restarted, paused and resumed together; removing them asks first.
async fn several_at_once(page: &Page) -> Result<()> {
    page.type_here("j").await?;
    page.press(Press::Home).await?;
    page.type_here(" ").await?;
    page.chord(&[Press::Shift], &char::from(Press::Down).to_string()).await?;
    page.until_text("bulk-count", |text| text.starts_with('2')).await?;
    page.type_here("s").await?;
    page.until_text("bulk-sum", |text| text.contains('2')).await?;
    page.press(Press::Escape).await?;
    page.type_here("r").await?;
    page.until_text("bulk-sum", |text| text.contains("restarted")).await?;
    page.press(Press::Escape).await?;
    for (button, done) in [("bulk-pause", "paused"), ("bulk-resume", "resumed")] {
        page.tab_to(button).await?;
        page.press(Press::Enter).await?;
        page.until_text("bulk-sum", |text| text.contains(done)).await?;
        page.press(Press::Escape).await?;
    }
    page.type_here("j").await?;
    page.press(Press::Delete).await?;
    page.element("remove-many-typed").await?;
    page.press(Press::Escape).await?;
    page.gone("remove-many-typed").await?;
    page.press(Press::Escape).await?;
    page.gone("bulk-bar").await
}

async fn add_by_hand(page: &Page, file: &str) -> Result<()> {
    page.by_palette("add agent").await?;
    page.tab_to("import-path").await?;
    page.type_here(file).await?;
    page.tab_to("import-name").await?;
    page.type_here("weather").await?;
    page.tab_to("import-submit").await?;
    page.press(Press::Enter).await?;
    page.gone("add-dialog").await?;
    page.until_count("row", 5).await
}

async fn palette_and_sheet(page: &Page) -> Result<()> {
    page.by_palette("weather").await?;
    until("the agent's page", async || Ok(page.opened().await?)).await?;
    page.type_here("?").await?;
    page.element("shortcut").await?;
    page.press(Press::Escape).await?;
    page.gone("shortcut").await
}

async fn the_end_of_the_demo(page: &Page) -> Result<()> {
    page.by_palette("end the demo").await?;
    let names = page.until_text("end-demo-names", |text| text.contains(STEADY)).await?;
    assert!(!names.contains("weather"), "{names}");
    page.tab_to("end-demo-submit").await?;
    page.press(Press::Enter).await?;
    page.until_count("row", 1).await?;
    page.gone("demo-badge").await
}
