//! `WebKitGTK`'s own small browser: the engine of the window on Linux, with the page in it and nothing else.

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use xtask::paths;
use xtask::rig::Desktop;

use crate::page::free_port;
use crate::pictures::{Picture, Site};
use crate::until;

const DRIVER: &str = "WebKitWebDriver";
/// Where distributions put a program that nobody starts by hand.
const PLACES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/libexec/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/webkit2gtk-4.1/MiniBrowser",
];

/// What a desktop may ask of its programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark, and as little motion as can be.
    Dark,
}

impl Theme {
    /// In names of pictures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Letters drawn in shades of their colour, whatever screen this machine has; and motion, or none.
    fn settings(self) -> String {
        format!(
            "[Settings]\ngtk-xft-antialias=1\ngtk-xft-hinting=1\ngtk-xft-hintstyle=hintslight\ngtk-xft-rgba=none\n\
             gtk-xft-dpi=98304\ngtk-enable-animations={}\n",
            u8::from(self == Self::Light)
        )
    }

    const fn gtk(self) -> &'static str {
        match self {
            Self::Light => "Adwaita",
            Self::Dark => "Adwaita:dark",
        }
    }
}

/// A browser with one page.
pub struct Browser {
    client: Client,
    site: Site,
}

impl Browser {
    /// The inside of the window, at a scale of 1.
    pub const SIZE: (u32, u32) = (1124, 640);

    /// Starts it on a desktop.
    pub async fn open(desktop: &mut Desktop, theme: Theme) -> Result<Self> {
        let site = Site::start().await?;
        let program = PLACES.into_iter().map(PathBuf::from).find(|place| place.is_file());
        let program =
            program.with_context(|| format!("WebKitGTK came without MiniBrowser; it is none of {PLACES:?}"))?;
        let settings = desktop.dir().join("home/.config/gtk-3.0");
        std::fs::create_dir_all(&settings)?;
        std::fs::write(settings.join("settings.ini"), theme.settings())?;
        let port = start_driver(desktop, theme).await?;
        let options = json!({ "binary": program, "args": ["--automation"] });
        let capabilities = [("webkitgtk:browserOptions".to_owned(), options)].into_iter().collect();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities);
        let client = Box::pin(builder.connect(&format!("http://127.0.0.1:{port}"))).await;
        let client = client.with_context(|| format!("no browser; the driver said:\n{}", desktop.log(DRIVER)))?;
        let browser = Self { client, site };
        browser.resize(Self::SIZE).await?;
        Ok(browser)
    }

    /// Gives the page this size.
    pub async fn resize(&self, wanted: (u32, u32)) -> Result<()> {
        until(&format!("a page of {wanted:?}"), async || {
            let found = self.ask("[innerWidth, innerHeight]").await?;
            let side = |at: usize| found[at].as_u64().and_then(|side| u32::try_from(side).ok()).unwrap_or_default();
            if (side(0), side(1)) == wanted {
                return Ok(Some(()));
            }
            let (outer_width, outer_height) = Box::pin(self.client.get_window_size()).await?;
            let (width, height) =
                (wanted.0 + u32::try_from(outer_width)? - side(0), wanted.1 + u32::try_from(outer_height)? - side(1));
            Box::pin(self.client.set_window_size(width, height)).await?;
            Ok(None)
        })
        .await
    }

    /// Opens the page with this in its address, and waits until it shows something and nothing is still on its way.
    pub async fn show(&self, asked: &str) -> Result<()> {
        const READY: &str = "document.fonts.status === 'loaded' && document.querySelector('h1') !== null
            && document.querySelector('[aria-label=loading], .wait') === null";
        Box::pin(self.client.goto(&format!("{}?{asked}", self.site.url()))).await?;
        until(&format!("the page of {asked}"), async || Ok((self.ask(READY).await? == true).then_some(()))).await
    }

    /// What the page looks like when it no longer changes.
    pub async fn picture(&self) -> Result<Picture> {
        // The driver waits for the next time that the page is drawn. One that rests is never drawn again, so a pixel of it
        // is kept from resting, in a colour that nobody can see.
        const STIR: &str = "if (!document.getElementById('stir')) {
            const pixel = document.body.appendChild(document.createElement('i'));
            pixel.id = 'stir';
            pixel.style.cssText = 'position: fixed; right: 0; bottom: 0; width: 1px; height: 1px';
            let n = 0;
            const stir = () => {
                pixel.style.background = `rgb(0 0 0 / .00${1 + (n++ % 2)})`;
                requestAnimationFrame(stir);
            };
            stir();
        }";
        Box::pin(self.client.execute(STIR, vec![])).await?;
        let mut last = Vec::new();
        let png = until("the page to be at rest", async || {
            let png = Box::pin(self.client.screenshot()).await?;
            let before = std::mem::replace(&mut last, png);
            Ok((before == last).then_some(before))
        })
        .await?;
        let picture = Picture::decode(&png)?;
        picture.not_blank()?;
        Ok(picture)
    }

    /// The value of an expression in the page.
    pub async fn ask(&self, expression: &str) -> Result<Value> {
        Ok(Box::pin(self.client.execute(&format!("return {expression};"), vec![])).await?)
    }

    /// Clicks what has this `data-testid`.
    pub async fn click(&self, testid: &str) -> Result<()> {
        let element = Box::pin(self.client.find(Locator::Css(&format!("[data-testid={testid}]")))).await?;
        Ok(Box::pin(element.click()).await?)
    }

    /// What axe finds wrong, contrast included.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        const RUN: &str = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] }).then(
                ({ violations }) => done(violations.flatMap(({ id, nodes }) =>
                    nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`))),
                (error) => done([String(error)]));";
        if self.ask("typeof axe").await? == "undefined" {
            let axe = std::fs::read_to_string(paths::ui().join("node_modules/axe-core/axe.min.js"))?;
            Box::pin(self.client.execute(&axe, vec![])).await?;
        }
        let found = Box::pin(self.client.execute_async(RUN, vec![])).await?;
        let found = found.as_array().context("axe did not answer")?;
        Ok(found.iter().map(|line| line.as_str().unwrap_or_default().to_owned()).collect())
    }

    /// What a screen reader is given for each element that fits: its role, and its name.
    pub async fn heard(&self, css: &str) -> Result<Vec<(String, String)>> {
        let mut heard = Vec::new();
        for element in Box::pin(self.client.find_all(Locator::Css(css))).await? {
            let id = element.element_id().to_string();
            let ask = |what: &'static str| Box::pin(self.client.issue_cmd(Computed { element: id.clone(), what }));
            let word = |answer: Value| answer.as_str().unwrap_or_default().to_owned();
            heard.push((word(ask("computedrole").await?), word(ask("computedlabel").await?)));
        }
        Ok(heard)
    }
}

/// A question of the WebDriver protocol about an element that the client has no method for.
#[derive(Debug)]
struct Computed {
    element: String,
    what: &'static str,
}

impl WebDriverCompatibleCommand for Computed {
    fn endpoint(&self, base_url: &url::Url, session_id: Option<&str>) -> Result<url::Url, url::ParseError> {
        let session = session_id.unwrap_or_default();
        base_url.join(&format!("session/{session}/element/{}/{}", self.element, self.what))
    }

    fn method_and_body(&self, _request_url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::GET, None)
    }
}

/// Starts the driver and answers its port.
async fn start_driver(desktop: &mut Desktop, theme: Theme) -> Result<u16> {
    let port = free_port()?;
    let mut command = desktop.command(DRIVER);
    command.arg(format!("--port={port}"));
    // Words and hours as everywhere, whatever this machine speaks.
    command.envs([("GTK_THEME", theme.gtk()), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("GDK_SCALE", "1")]);
    desktop.spawn(DRIVER, command)?;
    until("the driver", async || {
        if let Some(status) = desktop.children().ended(DRIVER)? {
            bail!("it ended early: {status}; it said:\n{}", desktop.log(DRIVER));
        }
        Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(()))
    })
    .await?;
    Ok(port)
}
