//! The tray's glyphs: a shape for each state, in colours that suit the panel.

use beatkeeper_core::view::Glyph;
use tauri::image::Image;
use tauri::{Theme, include_image};

/// The colours of the glyphs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Colours {
    /// For dark panels.
    #[default]
    Dark,
    /// For light panels.
    Light,
    /// Black alone, and the system tints it.
    #[cfg(target_os = "macos")]
    Template,
}

impl Colours {
    /// The colours for the panel of a desktop with this theme.
    #[cfg(target_os = "macos")]
    pub(crate) const fn on(_: Theme) -> Self {
        Self::Template
    }

    /// The colours for the panel of a desktop with this theme.
    #[cfg(not(target_os = "macos"))]
    pub(crate) fn on(theme: Theme) -> Self {
        if theme == Theme::Light && !panel_is_always_dark() { Self::Light } else { Self::Dark }
    }

    /// Whether the system tints the glyphs.
    pub(crate) const fn tinted(self) -> bool {
        match self {
            Self::Dark | Self::Light => false,
            #[cfg(target_os = "macos")]
            Self::Template => true,
        }
    }
}

/// Some desktops keep a dark panel in their light theme.
#[cfg(not(target_os = "macos"))]
fn panel_is_always_dark() -> bool {
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default();
    desktop.split(':').any(|name| ["GNOME", "Unity", "Budgie", "Pantheon", "XFCE", "X-Cinnamon"].contains(&name))
}

/// The glyph of a state.
pub(crate) fn icon(colours: Colours, glyph: Glyph) -> Image<'static> {
    match colours {
        Colours::Dark => match glyph {
            Glyph::Ok => include_image!("../icons/tray/dark/ok@2x.png"),
            Glyph::Attention => include_image!("../icons/tray/dark/attention@2x.png"),
            Glyph::Offline => include_image!("../icons/tray/dark/offline@2x.png"),
            Glyph::Acknowledged => include_image!("../icons/tray/dark/acknowledged@2x.png"),
            Glyph::Paused => include_image!("../icons/tray/dark/paused@2x.png"),
            Glyph::Unknown => include_image!("../icons/tray/dark/unknown@2x.png"),
        },
        Colours::Light => match glyph {
            Glyph::Ok => include_image!("../icons/tray/light/ok@2x.png"),
            Glyph::Attention => include_image!("../icons/tray/light/attention@2x.png"),
            Glyph::Offline => include_image!("../icons/tray/light/offline@2x.png"),
            Glyph::Acknowledged => include_image!("../icons/tray/light/acknowledged@2x.png"),
            Glyph::Paused => include_image!("../icons/tray/light/paused@2x.png"),
            Glyph::Unknown => include_image!("../icons/tray/light/unknown@2x.png"),
        },
        #[cfg(target_os = "macos")]
        Colours::Template => match glyph {
            Glyph::Ok => include_image!("../icons/tray/mono/ok@2x.png"),
            Glyph::Attention => include_image!("../icons/tray/mono/attention@2x.png"),
            Glyph::Offline => include_image!("../icons/tray/mono/offline@2x.png"),
            Glyph::Acknowledged => include_image!("../icons/tray/mono/acknowledged@2x.png"),
            Glyph::Paused => include_image!("../icons/tray/mono/paused@2x.png"),
            Glyph::Unknown => include_image!("../icons/tray/mono/unknown@2x.png"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_state_has_a_glyph_of_its_own_in_every_set() {
        let glyphs = [Glyph::Ok, Glyph::Attention, Glyph::Offline, Glyph::Acknowledged, Glyph::Paused, Glyph::Unknown];
        let pictures = [Colours::Dark, Colours::Light].map(|set| glyphs.map(|glyph| icon(set, glyph).rgba().to_vec()));
        let different: HashSet<_> = pictures.iter().flatten().collect();
        assert_eq!(different.len(), 12);
    }
}
