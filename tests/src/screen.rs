//! What a person sees and does without WebDriver: the app's window among others, and the pointer.

use std::path::Path;

use anyhow::{Context, Result, bail};
use xtask::exec;
use xtask::rig::Desktop;

use crate::until;

const TITLE: &str = "^Beatkeeper$";

/// How the window is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowState {
    /// Not on the screen and not in the list of windows.
    Gone,
    /// In the list of windows only.
    Minimised,
    /// On the screen.
    Shown,
}

/// The screen of a desktop.
pub struct Screen;

impl Screen {
    /// How the app's window is there.
    pub fn state(desktop: &Desktop) -> Result<WindowState> {
        let Some(window) = find(desktop) else { return Ok(WindowState::Gone) };
        let said = property(desktop, &window, "WM_STATE")?;
        Ok(if said.contains("window state: Normal") {
            WindowState::Shown
        } else if said.contains("window state: Iconic") {
            WindowState::Minimised
        } else {
            WindowState::Gone
        })
    }

    /// Waits until the window is there in this way.
    pub async fn until(desktop: &Desktop, wanted: WindowState) -> Result<()> {
        until(&format!("the window to be {wanted:?}"), async || Ok((Self::state(desktop)? == wanted).then_some(())))
            .await
    }

    /// Whether the window has the keyboard.
    pub fn is_active(desktop: &Desktop) -> Result<bool> {
        let active = exec::output(desktop.command("xprop").args(["-root", "_NET_ACTIVE_WINDOW"]))?;
        let Some(window) = find(desktop) else { return Ok(false) };
        let number: u64 = window.parse()?;
        Ok(active.trim().ends_with(&format!("{number:#x}")))
    }

    /// The process whose window it is.
    pub fn pid(desktop: &Desktop) -> Result<u32> {
        let window = find(desktop).context("there is no window")?;
        let said = property(desktop, &window, "_NET_WM_PID")?;
        let number = said.rsplit('=').next().unwrap_or_default().trim();
        number.parse().with_context(|| format!("the window names no process: {said}"))
    }

    /// Clicks the cross in the title bar. A window that was just restored is still being placed, and the click of a moment
    /// ago missed it.
    pub async fn close(desktop: &Desktop) -> Result<()> {
        until("the window to hold still under a click", async || {
            let before = place(desktop)?;
            click_cross(desktop)?;
            // One that is gone was hit.
            Ok(place(desktop).map_or(Some(()), |after| (after == before).then_some(())))
        })
        .await
    }

    /// Presses keys where the keyboard is, such as `Page_Down` or `shift+Down`.
    pub fn press(desktop: &Desktop, keys: &[&str]) -> Result<()> {
        exec::output(desktop.command("xdotool").args(["key", "--delay", "40"]).args(keys)).map(drop)
    }

    /// Puts the pointer where it is over no window.
    pub fn park(desktop: &Desktop) -> Result<()> {
        let (width, height) = Desktop::SIZE;
        let (x, y) = ((width - 1).to_string(), (height - 1).to_string());
        exec::output(desktop.command("xdotool").args(["mousemove", &x, &y])).map(drop)
    }

    /// Gives the window another place and size.
    pub fn put(desktop: &Desktop, (x, y): (i32, i32), (width, height): (u32, u32)) -> Result<()> {
        let window = find(desktop).context("there is no window to move")?;
        let words = [x.to_string(), y.to_string(), width.to_string(), height.to_string()];
        let mut tool = desktop.command("xdotool");
        tool.args(["windowsize", &window, &words[2], &words[3], "windowmove", &window, &words[0], &words[1]]);
        exec::output(&mut tool).map(drop)
    }

    /// Where the window is, and how large.
    pub fn place(desktop: &Desktop) -> Result<String> {
        let said = place(desktop)?;
        // The first line is its number, which is another one for another window.
        Ok(said.lines().skip(1).collect::<Vec<_>>().join(" "))
    }

    /// Takes a picture of the window between two heights from its top.
    pub fn picture(desktop: &Desktop, from: u32, to: u32, file: &Path) -> Result<()> {
        let window = find(desktop).context("there is no window to look at")?;
        let crop = format!("9999x{}+0+{from}", to - from);
        exec::run(desktop.command("import").args(["-silent", "-window", &window, "-crop", &crop]).arg(file))
    }

    /// How many pixels of two pictures differ so that a person could see it.
    pub fn difference(desktop: &Desktop, one: &Path, other: &Path) -> Result<u64> {
        let mut compare = desktop.command("convert");
        compare.args([one, other]).args(["+repage", "-compose", "difference", "-composite", "-colorspace", "gray"]);
        compare.args(["-threshold", "2%", "-format", "%[fx:round(mean*w*h)]", "info:"]);
        let said = exec::output(&mut compare)?;
        said.trim().parse().with_context(|| format!("no number of pixels: {said}"))
    }

    /// Brings a minimised window back, as the list of windows does.
    pub fn restore(desktop: &Desktop) -> Result<()> {
        let window = find(desktop).context("there is no window to restore")?;
        exec::output(desktop.command("xdotool").args(["windowactivate", &window])).map(drop)
    }
}

/// The window that the window manager knows by the app's title.
fn find(desktop: &Desktop) -> Option<String> {
    // The search fails when it finds nothing.
    let found = exec::output(desktop.command("xdotool").args(["search", "--name", TITLE])).ok()?;
    found
        .lines()
        .find(|window| property(desktop, window, "WM_STATE").is_ok_and(|said| said.contains("window state")))
        .map(str::to_owned)
}

fn property(desktop: &Desktop, window: &str, name: &str) -> Result<String> {
    exec::output(desktop.command("xprop").args(["-id", window, name]))
}

/// Where the window is, and how large.
fn place(desktop: &Desktop) -> Result<String> {
    let window = find(desktop).context("there is no window")?;
    exec::output(desktop.command("xdotool").args(["getwindowgeometry", "--shell", &window]))
}

fn click_cross(desktop: &Desktop) -> Result<()> {
    let window = find(desktop).context("there is no window to close")?;
    let extents = property(desktop, &window, "_NET_FRAME_EXTENTS")?;
    let extents: Vec<i32> =
        extents.rsplit('=').next().unwrap_or_default().split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let [_, right, top, _] = extents.as_slice() else { bail!("the window has no frame") };
    let geometry = place(desktop)?;
    let width = geometry.lines().find_map(|line| line.strip_prefix("WIDTH="));
    let width: i32 = width.with_context(|| format!("no width in {geometry}"))?.parse()?;
    // The cross is a square at the right end of the bar above the window.
    let (x, y) = (width + right - top / 2 - 2, -top / 2);
    let mut pointer = desktop.command("xdotool");
    pointer.args(["mousemove", "--window", &window, "--", &x.to_string(), &y.to_string(), "click", "1"]);
    exec::output(&mut pointer).map(drop)
}
