//! A picture as pixels: decoded, compared, and encoded small.

use std::collections::HashMap;

use anyhow::{Result, bail, ensure};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Transformations};

type Colour = [u8; 3];

/// How far apart two channels may be and still look the same.
const TOLERANCE: u8 = 6;
/// One pixel of so many may look different.
const ALLOWED: usize = 5_000;
const PALETTE: usize = 256;
/// The surfaces: each keeps its own colour.
const EXACT: usize = 48;
/// As far may a rare colour be, which is the edge of a letter: what is around it spans more than that.
const EDGE: u8 = 16;

/// Rows of colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    pixels: Vec<Colour>,
}

/// Where two pictures differ.
#[derive(Debug)]
pub struct Difference {
    /// How many pixels, and where.
    pub words: String,
    /// The first picture, faded, with those pixels in red.
    pub marked: Picture,
}

impl Picture {
    /// From a PNG.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut decoder = Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info()?;
        let mut data = vec![0; reader.output_buffer_size().unwrap_or_default()];
        let info = reader.next_frame(&mut data)?;
        let samples = match info.color_type {
            ColorType::Rgb => 3,
            ColorType::Rgba => 4,
            other @ (ColorType::Grayscale | ColorType::GrayscaleAlpha | ColorType::Indexed) => {
                bail!("a picture in colours was expected, not {other:?}")
            }
        };
        let pixels = data.chunks_exact(samples).filter_map(|pixel| pixel[..3].try_into().ok()).collect();
        Ok(Self { width: usize::try_from(info.width)?, pixels })
    }

    /// As a PNG with a palette where that can be done without anybody seeing it.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let height = self.pixels.len() / self.width;
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, u32::try_from(self.width)?, u32::try_from(height)?);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::High);
        match self.palette() {
            Some((palette, indices)) => {
                encoder.set_color(ColorType::Indexed);
                encoder.set_palette(palette.concat());
                encoder.set_filter(Filter::NoFilter);
                encoder.write_header()?.write_image_data(&indices)?;
            }
            None => {
                encoder.set_color(ColorType::Rgb);
                encoder.write_header()?.write_image_data(&self.pixels.concat())?;
            }
        }
        Ok(bytes)
    }

    /// The colours that are seen most, as they are, and for each of the others one that cannot be told from it.
    fn palette(&self) -> Option<(Vec<Colour>, Vec<u8>)> {
        let mut counts: HashMap<Colour, usize> = HashMap::new();
        for pixel in &self.pixels {
            *counts.entry(*pixel).or_default() += 1;
        }
        let mut colours: Vec<(Colour, usize)> = counts.into_iter().collect();
        colours.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut palette: Vec<Colour> = Vec::new();
        let mut index: HashMap<Colour, u8> = HashMap::new();
        for (rank, (colour, _)) in colours.into_iter().enumerate() {
            let near = (0..palette.len()).min_by_key(|at| distance(palette[*at], colour));
            let at = match near.filter(|at| rank >= EXACT && distance(palette[*at], colour) <= TOLERANCE) {
                Some(at) => at,
                None if palette.len() < PALETTE => {
                    palette.push(colour);
                    palette.len() - 1
                }
                None => near.filter(|at| distance(palette[*at], colour) <= EDGE)?,
            };
            index.insert(colour, u8::try_from(at).ok()?);
        }
        let indices = self.pixels.iter().filter_map(|pixel| index.get(pixel).copied()).collect();
        Some((palette, indices))
    }

    /// Where another picture looks different, unless it looks the same.
    ///
    /// A pixel looks the same when its colour lies between those around its place in the other picture: letters may be
    /// drawn a little smoother or rougher, while a surface of another colour, or a line that moved, is seen.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        if (self.width, self.pixels.len()) != (other.width, other.pixels.len()) {
            let size = |picture: &Self| format!("{} x {}", picture.width, picture.pixels.len() / picture.width);
            let words = format!("it is {} and not {}", size(other), size(self));
            return Some(Difference { words, marked: other.clone() });
        }
        let differ: Vec<usize> = (0..self.pixels.len())
            .filter(|at| distance(self.pixels[*at], other.pixels[*at]) > TOLERANCE)
            .filter(|at| !self.has_around(*at, other.pixels[*at]) || !other.has_around(*at, self.pixels[*at]))
            .collect();
        if differ.len() <= self.pixels.len() / ALLOWED {
            return None;
        }
        let rows = differ.iter().map(|at| at / self.width);
        let columns = differ.iter().map(|at| at % self.width);
        let words = format!(
            "{} of {} pixels differ, from {},{} to {},{}",
            differ.len(),
            self.pixels.len(),
            columns.clone().min().unwrap_or_default(),
            rows.clone().min().unwrap_or_default(),
            columns.max().unwrap_or_default(),
            rows.max().unwrap_or_default()
        );
        let mut marked = self.clone();
        for pixel in &mut marked.pixels {
            *pixel = pixel.map(|channel| 128 + channel / 4);
        }
        for at in differ {
            marked.pixels[at] = [220, 0, 0];
        }
        Some(Difference { words, marked })
    }

    /// Whether a colour lies between those at a place and around it.
    fn has_around(&self, at: usize, colour: Colour) -> bool {
        let (x, y, height) = (at % self.width, at / self.width, self.pixels.len() / self.width);
        let (mut low, mut high) = ([u8::MAX; 3], [u8::MIN; 3]);
        for y in y.saturating_sub(1)..=(y + 1).min(height - 1) {
            for x in x.saturating_sub(1)..=(x + 1).min(self.width - 1) {
                for (channel, value) in self.pixels[y * self.width + x].into_iter().enumerate() {
                    low[channel] = low[channel].min(value);
                    high[channel] = high[channel].max(value);
                }
            }
        }
        colour.into_iter().enumerate().all(|(channel, value)| {
            value >= low[channel].saturating_sub(TOLERANCE) && value <= high[channel].saturating_add(TOLERANCE)
        })
    }

    /// Fails unless there is something to see in it.
    pub fn not_blank(&self) -> Result<()> {
        let first = self.pixels.first().copied().unwrap_or_default();
        ensure!(self.pixels.iter().any(|pixel| distance(*pixel, first) > TOLERANCE), "the picture is of one colour");
        Ok(())
    }
}

/// The largest difference of a channel.
fn distance(a: Colour, b: Colour) -> u8 {
    a.into_iter().zip(b).map(|(a, b)| a.abs_diff(b)).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 400;
    const ROW: usize = 36;
    const GROUND: Colour = [252, 252, 250];
    const ATTENTION: Colour = [253, 243, 242];
    const TEXT: Colour = [22, 24, 28];

    /// Ten rows, some of them with a word of strokes.
    fn table(grounds: [Colour; 10], words: &[usize]) -> Picture {
        let pixel = |at: usize| {
            let (x, y) = (at % WIDTH, at / WIDTH);
            let word = (40..120).contains(&x) && (14..24).contains(&(y % ROW)) && x % 4 == 0;
            if word && words.contains(&(y / ROW)) { TEXT } else { grounds[y / ROW] }
        };
        Picture { width: WIDTH, pixels: (0..WIDTH * ROW * 10).map(pixel).collect() }
    }

    #[test]
    fn a_row_on_another_ground_is_seen() {
        let mut grounds = [GROUND; 10];
        grounds[3] = ATTENTION;
        let (before, after) = (table([GROUND; 10], &[1, 3]), table(grounds, &[1, 3]));
        let found = before.difference(&after).unwrap();
        assert!(
            found.words.contains(&format!("from 0,{} to {},{}", 3 * ROW, WIDTH - 1, 4 * ROW - 1)),
            "{}",
            found.words
        );
        assert_eq!(found.marked.pixels[3 * ROW * WIDTH], [220, 0, 0]);
    }

    #[test]
    fn a_row_that_moved_is_seen() {
        assert!(table([GROUND; 10], &[1, 3]).difference(&table([GROUND; 10], &[1, 4])).is_some());
        assert!(table([GROUND; 10], &[1, 4]).difference(&table([GROUND; 10], &[1, 3, 4])).is_some(), "one more");
    }

    #[test]
    fn another_size_is_seen() {
        let whole = table([GROUND; 10], &[]);
        let cut = Picture { width: WIDTH, pixels: whole.pixels[..WIDTH * ROW].to_vec() };
        assert!(whole.difference(&cut).unwrap().words.contains("400 x 36 and not 400 x 360"));
    }

    #[test]
    fn letters_that_are_drawn_a_little_smoother_are_not() {
        let sharp = table([GROUND; 10], &[1, 3]);
        let mut smooth = sharp.clone();
        for at in 1..sharp.pixels.len() {
            if sharp.pixels[at - 1] == TEXT {
                smooth.pixels[at] = [140, 140, 140];
            }
        }
        assert!(sharp.difference(&smooth).is_none());
    }

    #[test]
    fn what_is_encoded_looks_as_before() {
        let drawn = table([GROUND; 10], &[1, 3]);
        assert_eq!(Picture::decode(&drawn.encode().unwrap()).unwrap(), drawn, "few colours are kept as they are");
        // Smooth in two directions: far more colours than a palette holds.
        let pixel = |at: usize| [u8::try_from(at % 256).unwrap(), u8::try_from(at / 256).unwrap(), 0];
        let smooth = Picture { width: 256, pixels: (0..256 * 256).map(pixel).collect() };
        let again = Picture::decode(&smooth.encode().unwrap()).unwrap();
        assert!(smooth.pixels.iter().zip(&again.pixels).all(|(a, b)| distance(*a, *b) <= EDGE));
    }
}
