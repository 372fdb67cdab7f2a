//! The window's page, driven through WebDriver as a person would with mouse and keyboard.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use beatkeeper_core::identity::EntityId;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
pub use fantoccini::key::Key as Press;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use xtask::paths;
use xtask::rig::Desktop;

use crate::{App, Key, program, until};

const DRIVER: &str = "tauri-driver";

/// The page of an app that runs under the driver.
pub struct Page {
    client: Client,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Our word.
    pub liveness: String,
    /// The verdict's sentence.
    pub verdict: String,
    /// The registry's word.
    pub registry: String,
}

impl Page {
    /// Starts the app, and waits for its page.
    pub async fn open(desktop: &mut Desktop, app: &App) -> Result<Self> {
        Self::open_program(desktop, &program("beatkeeper-desktop")?, app).await
    }

    /// As [`open`](Self::open), with another build of the app.
    pub async fn open_program(desktop: &mut Desktop, program: &Path, app: &App) -> Result<Self> {
        let port = start_driver(desktop).await?;
        let options = json!({ "application": program, "args": app.options() });
        let capabilities = [("tauri:options".to_owned(), options)].into_iter().collect();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let url = format!("http://127.0.0.1:{port}");
        let client = Box::pin(builder.connect(&url)).await;
        let client = client.with_context(|| format!("the window does not open; it said:\n{}", desktop.log(DRIVER)))?;
        let page = Self { client };
        page.element("fleet-sentence").await?;
        Ok(page)
    }

    /// Ends the app, as the driver does.
    pub async fn close(self) -> Result<()> {
        Ok(Box::pin(self.client.close()).await?)
    }

    /// What has this `data-testid`, as soon as it is there.
    pub async fn element(&self, testid: &str) -> Result<Element> {
        until(testid, async || self.find(&by_id(testid)).await).await
    }

    /// Waits until nothing has this `data-testid`.
    pub async fn gone(&self, testid: &str) -> Result<()> {
        until(&format!("{testid} to go"), async || Ok(self.find(&by_id(testid)).await?.is_none().then_some(()))).await
    }

    async fn find(&self, css: &str) -> Result<Option<Element>> {
        match Box::pin(self.client.find(Locator::Css(css))).await {
            Ok(element) => Ok(Some(element)),
            Err(error) => no_such_element(error),
        }
    }

    /// Clicks it.
    pub async fn click(&self, testid: &str) -> Result<()> {
        let element = self.element(testid).await?;
        Box::pin(element.click()).await.with_context(|| format!("clicking {testid}"))
    }

    /// Types into it.
    pub async fn type_into(&self, testid: &str, text: &str) -> Result<()> {
        let element = self.element(testid).await?;
        Box::pin(element.send_keys(text)).await.with_context(|| format!("typing into {testid}"))
    }

    /// Its text.
    pub async fn text(&self, testid: &str) -> Result<String> {
        let found = self.ask("document.querySelector(asked)?.textContent ?? null", &by_id(testid)).await?;
        Ok(found.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Waits until its text is as described.
    pub async fn until_text(&self, testid: &str, is: impl Fn(&str) -> bool) -> Result<String> {
        let mut last = String::new();
        let found = until(&format!("the text of {testid}"), async || {
            last = self.text(testid).await?;
            Ok(is(&last).then(|| last.clone()))
        })
        .await;
        found.with_context(|| format!("the last text was: {last}"))
    }

    /// An agent's row, if the table has it.
    pub async fn row(&self, id: &EntityId) -> Result<Option<Row>> {
        const SCRIPT: &str = "(row => {
            const text = (name) => row?.querySelector(`[data-testid=${name}]`)?.textContent.trim();
            return row && [row.dataset.liveness, text('row-verdict'), text('row-registry')];
        })(document.querySelector(asked))";
        let found = self.ask(SCRIPT, &format!("{}[data-id='{id}']", by_id("row"))).await?;
        let word = |at: usize| found[at].as_str().unwrap_or_default().to_owned();
        Ok((!found.is_null()).then(|| Row { liveness: word(0), verdict: word(1), registry: word(2) }))
    }

    /// Waits until an agent's row is as described.
    pub async fn until_row(&self, id: &EntityId, what: &str, is: impl Fn(&Row) -> bool) -> Result<Row> {
        let mut last = None;
        let found = until(what, async || {
            last = self.row(id).await?;
            Ok(last.clone().filter(&is))
        })
        .await;
        found.with_context(|| format!("the last row was {last:?}"))
    }

    /// Whether all of its content can be seen without scrolling.
    pub async fn fits(&self, testid: &str) -> Result<bool> {
        const SCRIPT: &str = "(element => element && element.scrollHeight <= element.clientHeight)(
            document.querySelector(asked))";
        self.ask(SCRIPT, &by_id(testid)).await?.as_bool().with_context(|| format!("there is no {testid}"))
    }

    /// Whether what has the focus shows a ring.
    pub async fn focus_ring(&self) -> Result<bool> {
        let style = self.ask("getComputedStyle(document.activeElement).outlineStyle + asked", "").await?;
        Ok(style != "none")
    }

    /// Presses a key where the focus is.
    pub async fn press(&self, key: Press) -> Result<()> {
        self.send(&char::from(key).to_string()).await
    }

    /// Sends keys to where the focus is.
    pub(crate) async fn send(&self, keys: &str) -> Result<()> {
        let element = Box::pin(self.client.active_element()).await?;
        Ok(Box::pin(element.send_keys(keys)).await?)
    }

    /// The agent whose page is open.
    pub async fn opened(&self) -> Result<Option<String>> {
        let found = self.ask("document.querySelector(asked)?.dataset.id ?? null", &by_id("agent-page")).await?;
        Ok(found.as_str().map(str::to_owned))
    }

    /// The connections of the agent whose page is open, newest first: the word on how each ended.
    pub async fn connections(&self) -> Result<Vec<String>> {
        const SCRIPT: &str = "[...document.querySelectorAll(asked)].map((row) => row.cells[4].textContent.trim())";
        let found = self.ask(SCRIPT, &format!("{} tbody tr", by_id("connections-table"))).await?;
        let words = found.as_array().context("no list of connections")?;
        Ok(words.iter().map(|word| word.as_str().unwrap_or_default().to_owned()).collect())
    }

    /// Fails if the seed is in the page or in what it stores.
    pub async fn keeps_secret(&self, key: &Key) -> Result<()> {
        const SCRIPT: &str = "document.documentElement.outerHTML + JSON.stringify({ ...localStorage })
            + [...document.querySelectorAll('input')].map((input) => input.value).join() + asked";
        let all = self.ask(SCRIPT, "").await?;
        let all = all.as_str().unwrap_or_default();
        ensure!(all.len() > 1000, "there is no page to search");
        match key.traces().iter().find(|trace| all.contains(*trace)) {
            Some(_) => bail!("the seed is in the page"),
            None => Ok(()),
        }
    }

    /// The value of an expression in the page, with `asked` as a variable.
    pub async fn ask(&self, expression: &str, asked: &str) -> Result<Value> {
        let script = format!("const asked = arguments[0]; return {expression};");
        Ok(Box::pin(self.client.execute(&script, vec![asked.into()])).await?)
    }
}

fn by_id(testid: &str) -> String {
    format!("[data-testid={testid}]")
}

fn no_such_element<T>(error: CmdError) -> Result<Option<T>> {
    if error.is_no_such_element() || error.is_stale_element_reference() { Ok(None) } else { Err(error.into()) }
}

/// Starts the driver and answers its port.
async fn start_driver(desktop: &mut Desktop) -> Result<u16> {
    let driver = paths::tool(DRIVER);
    ensure!(driver.is_file(), "{} is not installed yet: run `cargo xtask test e2e`", driver.display());
    let (port, native) = (free_port()?, free_port()?);
    let mut command = desktop.command(driver);
    command.args(["--port", &port.to_string(), "--native-port", &native.to_string()]);
    desktop.spawn(DRIVER, command)?;
    until("the driver", async || {
        if let Some(status) = desktop.children().ended(DRIVER)? {
            bail!("it ended early: {status}; it said:\n{}", desktop.log(DRIVER));
        }
        // Both must listen: the first passes everything on to the second.
        let listening = [port, native].iter().all(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).is_ok());
        Ok(listening.then_some(()))
    })
    .await?;
    Ok(port)
}

pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
