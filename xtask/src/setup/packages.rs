//! Which packages, under which names, and what for.

use std::process::Command;

use crate::{exec, paths};

/// What a package is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// To compile the app.
    Build,
    /// To build a private desktop.
    Desktop,
    /// To drive the app from outside.
    Tests,
    /// To draw the icon sets.
    Icons,
}

/// How to tell that a package is there, where there is no dpkg to ask.
#[derive(Clone, Copy, Debug)]
pub enum Probe {
    /// A program on the PATH.
    Program(&'static str),
    /// A library that pkg-config knows.
    Library(&'static str),
}

impl Probe {
    /// Whether it is there.
    #[must_use]
    pub fn finds(self) -> bool {
        match self {
            Self::Program(name) => paths::program(name).is_some(),
            Self::Library(name) => exec::succeeds(Command::new("pkg-config").args(["--exists", name])),
        }
    }
}

/// A package of the distribution.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Why it is needed, in a line.
    pub purpose: &'static str,
    /// For which chores.
    pub need: Need,
    /// Debian, Ubuntu.
    pub apt: &'static str,
    /// Fedora.
    pub dnf: Option<&'static str>,
    /// Arch.
    pub pacman: Option<&'static str>,
    /// macOS.
    pub brew: Option<&'static str>,
    /// How to tell that it is there.
    pub probe: Option<Probe>,
}

const fn package(need: Need, apt: &'static str, purpose: &'static str) -> Package {
    Package { purpose, need, apt, dnf: None, pacman: None, brew: None, probe: None }
}

impl Package {
    const fn elsewhere(self, dnf: &'static str, pacman: &'static str, probe: Probe) -> Self {
        Self { dnf: Some(dnf), pacman: Some(pacman), probe: Some(probe), ..self }
    }

    const fn brew(self, name: &'static str) -> Self {
        Self { brew: Some(name), ..self }
    }
}

use Need::{Build, Desktop, Icons, Tests};
use Probe::{Library, Program};

/// All of them.
pub const PACKAGES: &[Package] = &[
    package(Build, "build-essential", "compiler and linker").elsewhere("gcc-c++ make", "base-devel", Program("cc")),
    package(Build, "pkg-config", "finds the system libraries below").elsewhere(
        "pkgconf-pkg-config",
        "pkgconf",
        Program("pkg-config"),
    ),
    package(Build, "libwebkit2gtk-4.1-dev", "the window is a WebKit view").elsewhere(
        "webkit2gtk4.1-devel",
        "webkit2gtk-4.1",
        Library("webkit2gtk-4.1"),
    ),
    package(Build, "librsvg2-dev", "the window toolkit draws SVG icons with it").elsewhere(
        "librsvg2-devel",
        "librsvg",
        Library("librsvg-2.0"),
    ),
    package(Build, "libxdo-dev", "keyboard shortcuts of menus under X11").elsewhere(
        "libxdo-devel",
        "xdotool",
        Library("libxdo"),
    ),
    package(Desktop, "xvfb", "a display without a screen").elsewhere(
        "xorg-x11-server-Xvfb",
        "xorg-server-xvfb",
        Program("Xvfb"),
    ),
    package(Desktop, "openbox", "window manager on that display").elsewhere("openbox", "openbox", Program("openbox")),
    package(Desktop, "x11-utils", "asks the display whether it is ready").elsewhere(
        "xprop",
        "xorg-xprop",
        Program("xprop"),
    ),
    package(Desktop, "dbus", "a session bus of its own").elsewhere(
        "dbus-daemon dbus-tools",
        "dbus",
        Program("dbus-daemon"),
    ),
    package(Desktop, "gnome-keyring", "a keychain of its own").elsewhere(
        "gnome-keyring",
        "gnome-keyring",
        Program("gnome-keyring-daemon"),
    ),
    package(Desktop, "dunst", "shows the notifications, and writes them down").elsewhere(
        "dunst",
        "dunst",
        Program("dunst"),
    ),
    package(Desktop, "xfce4-panel", "shows the tray icon").elsewhere(
        "xfce4-panel",
        "xfce4-panel",
        Program("xfce4-panel"),
    ),
    package(Desktop, "imagemagick", "takes the screenshots").elsewhere("ImageMagick", "imagemagick", Program("import")),
    package(Desktop, "fonts-inter", "the typeface of the screenshots"),
    package(Tests, "libsecret-tools", "reads the keychain from outside the app").elsewhere(
        "libsecret",
        "libsecret",
        Program("secret-tool"),
    ),
    package(Tests, "libglib2.0-bin", "speaks to the session bus from outside the app").elsewhere(
        "glib2",
        "glib2",
        Program("gdbus"),
    ),
    package(Tests, "redis-server", "a heartbeat bus of its own")
        .elsewhere("redis", "valkey", Program("redis-server"))
        .brew("redis"),
    package(Tests, "webkit2gtk-driver", "drives the window from outside the app").elsewhere(
        "webkitgtk6.0",
        "webkit2gtk-4.1",
        Program("WebKitWebDriver"),
    ),
    package(Tests, "fonts-dejavu-core", "the typeface of what Inter has not, in pictures that are compared"),
    package(Tests, "git", "has the projects whose code drifts from what runs").elsewhere("git", "git", Program("git")),
    package(Tests, "python3", "runs agents that have families").elsewhere("python3", "python", Program("python3")),
    package(Tests, "python3-venv", "keeps the registry's own Python kit apart"),
    package(Tests, "procps", "ends what a test started, by its number").elsewhere(
        "util-linux",
        "util-linux",
        Program("kill"),
    ),
    package(Tests, "iproute2", "gives a test a network of its own").elsewhere("iproute", "iproute2", Program("ip")),
    package(Tests, "util-linux", "parts tests from this computer's network, and processes from their sessions")
        .elsewhere("util-linux", "util-linux", Program("unshare")),
    package(Tests, "xdotool", "keyboard and pointer for the window and the tray").elsewhere(
        "xdotool",
        "xdotool",
        Program("xdotool"),
    ),
    package(Icons, "librsvg2-bin", "draws the PNG sets from the SVG sources")
        .elsewhere("librsvg2-tools", "librsvg", Program("rsvg-convert"))
        .brew("librsvg"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_listed_once_and_says_why() {
        for (at, package) in PACKAGES.iter().enumerate() {
            assert!(!package.purpose.is_empty(), "{} has no purpose", package.apt);
            assert!(PACKAGES[..at].iter().all(|before| before.apt != package.apt), "{} twice", package.apt);
        }
    }
}
