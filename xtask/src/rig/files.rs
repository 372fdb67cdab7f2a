//! The private directory and the configuration of the parts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Desktop;

/// Services that the bus may start by itself: the panel's settings, nothing else. The system's own list would start a
/// keychain and a notification server exactly where a test needs their absence.
const ACTIVATABLE: [&str; 1] = ["/usr/share/dbus-1/services/org.xfce.Xfconf.service"];

/// A new directory that only we can read.
pub(super) fn private_dir(name: &str) -> Result<PathBuf> {
    let dir = std::env::temp_dir().join(name);
    create_private(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    Ok(dir)
}

#[cfg(unix)]
fn create_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn create_private(dir: &Path) -> std::io::Result<()> {
    fs::create_dir(dir)
}

pub(super) fn bus_address(dir: &Path) -> String {
    format!("unix:path={}", dir.join("run/bus").display())
}

/// Fills the directory with what the parts expect to find.
pub(super) fn lay_out(dir: &Path) -> Result<()> {
    create_private(&dir.join("run"))?;
    for name in ["logs", "tmp", "services", "home/.cache", "home/.local/share", "home/.local/state"] {
        fs::create_dir_all(dir.join(name))?;
    }
    let settings = dir.join("home/.config/xfce4/xfconf/xfce-perchannel-xml");
    fs::create_dir_all(&settings)?;
    fs::write(settings.join("xfce4-panel.xml"), panel())?;
    fs::write(dir.join("bus.conf"), bus(dir))?;
    fs::write(dir.join("dunstrc"), DUNST)?;
    fs::write(dir.join("openbox.xml"), OPENBOX)?;
    for service in ACTIVATABLE.map(Path::new) {
        // Absent where the panel is: a desktop without a tray host does not need it.
        if let (true, Some(name)) = (service.exists(), service.file_name()) {
            fs::copy(service, dir.join("services").join(name))?;
        }
    }
    Ok(())
}

fn bus(dir: &Path) -> String {
    let (address, services) = (bus_address(dir), dir.join("services"));
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        services.display()
    )
}

/// One bar at the bottom: open windows on the left, tray on the right.
fn panel() -> String {
    let (width, height) = Desktop::SIZE;
    let (middle, bar) = (width / 2, 30);
    let centre = height - bar / 2;
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="true"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=8;x={middle};y={centre}"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="{bar}"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist"/>
    <property name="plugin-2" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-3" type="string" value="systray">
      <property name="icon-size" type="int" value="22"/>
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"#
    )
}

const OPENBOX: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <theme><name>Onyx</name><titleLayout>LIMC</titleLayout></theme>
  <placement><policy>Smart</policy><center>yes</center></placement>
  <desktops><number>1</number></desktops>
</openbox_config>
"#;

const DUNST: &str = r##"[global]
    width = 380
    origin = bottom-right
    offset = 12x42
    font = Sans 10
    frame_width = 1
    frame_color = "#3a3f4b"
    separator_color = frame
    corner_radius = 6
    padding = 10
    horizontal_padding = 12
    # Several notices must all be shown, and written down, as they come.
    stack_duplicates = false
    sort = false
    idle_threshold = 0

[urgency_low]
    background = "#1b1e25"
    foreground = "#c7ccd6"
    timeout = 8

[urgency_normal]
    background = "#1b1e25"
    foreground = "#eef0f4"
    timeout = 12

[urgency_critical]
    background = "#2a1c1c"
    foreground = "#ffffff"
    frame_color = "#f05d5e"
    timeout = 20
"##;
