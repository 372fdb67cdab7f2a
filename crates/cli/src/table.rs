//! Columns that fit a width: long texts are cut first, then whole columns are left out.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::style::{Screen, Tone};

const GAP: usize = 2;

/// How a column behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) right: bool,
    /// May be cut to this width when room is short; those further to the right are cut first.
    pub(crate) cut_to: Option<usize>,
    /// Left out when room is still short, the highest first.
    pub(crate) leave_out: Option<u8>,
}

impl Column {
    pub(crate) const fn left(title: &'static str) -> Self {
        Self { title, right: false, cut_to: None, leave_out: None }
    }

    pub(crate) const fn right(title: &'static str) -> Self {
        Self { title, right: true, cut_to: None, leave_out: None }
    }

    pub(crate) const fn cut_to(self, width: usize) -> Self {
        Self { cut_to: Some(width), ..self }
    }

    pub(crate) const fn leave_out(self, when: u8) -> Self {
        Self { leave_out: Some(when), ..self }
    }
}

/// A text and what it means.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// The table as lines, titles first. Every row has a cell for each column.
pub(crate) fn lay_out(columns: &[Column], rows: &[Vec<Cell>], screen: Screen) -> Vec<String> {
    let natural: Vec<usize> = (0..columns.len())
        .map(|column| {
            let widest = rows.iter().map(|row| row[column].text.width()).max();
            widest.unwrap_or(0).max(columns[column].title.width())
        })
        .collect();
    let widths = fit(columns, &natural, screen.width);
    let titles = columns.iter().map(|column| Cell::new(column.title, Tone::Quiet)).collect();
    std::iter::once(&titles).chain(rows).map(|row| line(columns, row, &widths, screen.colour)).collect()
}

/// Each column's width, or nothing for one that is left out.
fn fit(columns: &[Column], natural: &[usize], room: Option<usize>) -> Vec<Option<usize>> {
    let mut widths: Vec<Option<usize>> = natural.iter().copied().map(Some).collect();
    let Some(room) = room else { return widths };
    loop {
        for (width, natural) in widths.iter_mut().zip(natural) {
            *width = width.map(|_| *natural);
        }
        let shown = widths.iter().flatten().count();
        let total = widths.iter().flatten().sum::<usize>() + GAP * shown.saturating_sub(1);
        let mut excess = total.saturating_sub(room);
        for (column, width) in columns.iter().zip(&mut widths).rev() {
            if let (Some(least), Some(width)) = (column.cut_to, width) {
                let cut = excess.min(width.saturating_sub(least.max(column.title.width())));
                *width -= cut;
                excess -= cut;
            }
        }
        let candidates = (0..columns.len()).filter(|column| widths[*column].is_some());
        let next = candidates.filter_map(|column| Some((columns[column].leave_out?, column))).max();
        match next {
            Some((_, column)) if excess > 0 => widths[column] = None,
            _ => return widths,
        }
    }
}

fn line(columns: &[Column], row: &[Cell], widths: &[Option<usize>], colour: bool) -> String {
    let mut line = String::new();
    let mut owed = 0;
    let mut first = true;
    for ((column, cell), width) in columns.iter().zip(row).zip(widths) {
        let Some(width) = *width else { continue };
        if !first {
            owed += GAP;
        }
        first = false;
        let text = cut(&cell.text, width);
        let blank = width.saturating_sub(text.width());
        if column.right {
            owed += blank;
        }
        // Blanks are written when something follows them: no line ends in them.
        if !text.is_empty() {
            line.extend(std::iter::repeat_n(' ', std::mem::take(&mut owed)));
            line.push_str(&cell.tone.paint(&text, colour));
        } else {
            owed += if column.right { 0 } else { width };
            continue;
        }
        if !column.right {
            owed += blank;
        }
    }
    line
}

/// The text in at most `width` columns, with a mark where it was cut.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= width
    });
    let mut kept: String = kept.collect();
    kept.truncate(kept.trim_end().len());
    if width > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::left("NAME").cut_to(6),
        Column::left("VERDICT").cut_to(10),
        Column::right("LAST"),
        Column::right("N").leave_out(1),
    ];

    fn table(width: Option<usize>) -> Vec<String> {
        let row = |cells: [&str; 4]| cells.map(|text| Cell::from(text.to_owned())).to_vec();
        let rows = [
            row(["weather-agent", "Beating, confirmed by the registry", "4 s ago", "0"]),
            row(["天気", "Reconnecting", "never", ""]),
        ];
        lay_out(&COLUMNS, &rows, Screen { terminal: false, colour: false, width, height: None })
    }

    #[test]
    fn a_file_gets_the_whole_text() {
        assert_eq!(
            table(None),
            [
                "NAME           VERDICT                                LAST  N",
                "weather-agent  Beating, confirmed by the registry  4 s ago  0",
                "天気           Reconnecting                          never",
            ]
        );
    }

    #[test]
    fn the_longest_text_is_cut_first_then_columns_go() {
        assert_eq!(table(Some(52))[1], "weather-agent  Beating, confirmed by th…  4 s ago  0");
        assert_eq!(table(Some(33))[1], "weather-…  Beating,…   4 s ago  0");
        let narrow = table(Some(27));
        assert_eq!(narrow[1], "weath…  Beating,…   4 s ago");
        for width in 27..70 {
            assert!(table(Some(width)).iter().all(|line| line.width() <= width), "{width}");
        }
    }

    #[test]
    fn wide_characters_count_as_what_they_take() {
        assert_eq!(cut("天気予報", 8), "天気予報");
        assert_eq!(cut("天気予報", 7), "天気予…");
        assert_eq!(cut("天気予報", 6), "天気…");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn colours_do_not_move_columns() {
        let screen = Screen { terminal: true, colour: true, width: None, height: None };
        let rows = [vec![Cell::new("a", Tone::Bad), Cell::new("b", Tone::Plain)]];
        let lines = lay_out(&[Column::left("NAME"), Column::left("X")], &rows, screen);
        assert_eq!(lines[1], "\u{1b}[31ma\u{1b}[0m     b");
    }
}
