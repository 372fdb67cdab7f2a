//! The icon sets, drawn from their SVG sources. What this writes is committed: building the app needs no drawing tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::setup::{self, Need};
use crate::{paths, say};

/// Colours of the tray glyphs: for dark panels, for light panels, and one colour for either.
const TRAY_SETS: [&str; 4] = ["dark", "light", "mono", "mono-inverse"];
const TRAY_SIZES: [(u32, &str); 2] = [(32, ""), (64, "@2x")];
const APP_SIZES: [(u32, &str); 4] = [(32, "32x32"), (128, "128x128"), (256, "128x128@2x"), (512, "icon")];
const ICO_SIZES: [u32; 5] = [16, 24, 32, 48, 256];
/// Kinds of PNG in an Apple icon, by size.
const ICNS_KINDS: [(&[u8; 4], u32); 7] =
    [(b"ic11", 32), (b"ic12", 64), (b"ic07", 128), (b"ic13", 256), (b"ic08", 256), (b"ic09", 512), (b"ic10", 1024)];

/// Draws them all.
pub fn icons() -> Result<()> {
    setup::ensure(&[Need::Icons])?;
    let icons = paths::root().join("icons");
    let glyphs = sources(&icons.join("tray/source"))?;
    for set in TRAY_SETS {
        let style = icons.join("tray/source").join(format!("{set}.css"));
        fs::create_dir_all(icons.join("tray").join(set))?;
        for glyph in &glyphs {
            let name = glyph.file_stem().unwrap_or_default().to_string_lossy();
            for (size, suffix) in TRAY_SIZES {
                let target = icons.join("tray").join(set).join(format!("{name}{suffix}.png"));
                fs::write(target, draw(glyph, size, Some(&style))?)?;
            }
        }
        say::line(&format!("icons/tray/{set}: {} glyphs", glyphs.len()));
    }
    let app = |size| draw(&icons.join(if size <= 32 { "app-small.svg" } else { "app.svg" }), size, None);
    for (size, name) in APP_SIZES {
        fs::write(icons.join(format!("{name}.png")), app(size)?)?;
    }
    let pictures = |sizes: &[u32]| sizes.iter().map(|size| Ok((*size, app(*size)?))).collect::<Result<Vec<_>>>();
    fs::write(icons.join("icon.ico"), ico(&pictures(&ICO_SIZES)?)?)?;
    let kinds: Vec<u32> = ICNS_KINDS.iter().map(|(_, size)| *size).collect();
    fs::write(icons.join("icon.icns"), icns(&pictures(&kinds)?)?)?;
    say::line("icons: the app, as PNG, ICO and ICNS");
    Ok(())
}

fn sources(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn draw(source: &Path, size: u32, style: Option<&Path>) -> Result<Vec<u8>> {
    let size = size.to_string();
    let mut command = Command::new("rsvg-convert");
    command.args(["--format", "png", "--width", &size, "--height", &size]);
    if let Some(style) = style {
        command.arg("--stylesheet").arg(style);
    }
    let output = command.arg(source).output().context("cannot start rsvg-convert")?;
    if !output.status.success() {
        anyhow::bail!("cannot draw {}: {}", source.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// A Windows icon: a directory of entries, then the pictures, each a PNG.
fn ico(pictures: &[(u32, Vec<u8>)]) -> Result<Vec<u8>> {
    let count = u16::try_from(pictures.len())?;
    let mut file = [0_u16, 1, count].map(u16::to_le_bytes).concat();
    let mut offset = u32::try_from(file.len() + 16 * pictures.len())?;
    for (size, png) in pictures {
        // One byte for the size: 256 is written as 0.
        let side = u8::try_from(*size).unwrap_or(0);
        let length = u32::try_from(png.len())?;
        file.extend([side, side, 0, 0]);
        file.extend([1_u16, 32].map(u16::to_le_bytes).concat());
        file.extend([length, offset].map(u32::to_le_bytes).concat());
        offset += length;
    }
    file.extend(pictures.iter().flat_map(|(_, png)| png));
    Ok(file)
}

/// An Apple icon: each picture behind its kind and length.
fn icns(pictures: &[(u32, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut entries = Vec::new();
    for ((kind, _), (_, png)) in ICNS_KINDS.iter().zip(pictures) {
        entries.extend_from_slice(*kind);
        entries.extend_from_slice(&u32::try_from(png.len() + 8)?.to_be_bytes());
        entries.extend_from_slice(png);
    }
    let mut file = b"icns".to_vec();
    file.extend_from_slice(&u32::try_from(entries.len() + 8)?.to_be_bytes());
    file.extend(entries);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ico_points_at_its_pictures() {
        let file = ico(&[(16, vec![7; 5]), (256, vec![9; 3])]).unwrap();
        assert_eq!(file[..6], [0, 0, 1, 0, 2, 0]);
        assert_eq!(file[6], 16);
        assert_eq!(file[22], 0, "256");
        let offset = u32::from_le_bytes(file[34..38].try_into().unwrap()) as usize;
        assert_eq!(file[offset..], [9; 3]);
    }

    #[test]
    fn an_icns_counts_its_bytes() {
        let file = icns(&[(32, vec![1; 4])]).unwrap();
        assert_eq!(u32::from_be_bytes(file[4..8].try_into().unwrap()) as usize, file.len());
        assert_eq!(&file[8..12], b"ic11");
    }
}
