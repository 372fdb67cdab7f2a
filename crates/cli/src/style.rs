//! Colours, which only ever repeat what shapes and words say.

use std::io::{self, IsTerminal as _};

/// Where the output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    /// A person's terminal, which can be drawn on.
    pub(crate) terminal: bool,
    pub(crate) colour: bool,
    /// Columns; a file has as many as it takes.
    pub(crate) width: Option<usize>,
    /// Lines.
    pub(crate) height: Option<usize>,
}

impl Screen {
    /// That of stdout, now.
    pub(crate) fn of_stdout() -> Self {
        let terminal = io::stdout().is_terminal();
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let size = terminal_size::terminal_size().filter(|_| terminal);
        Self {
            terminal: terminal && !dumb,
            colour: terminal && !dumb && !set("NO_COLOR"),
            width: size.map(|(width, _)| usize::from(width.0)),
            height: size.map(|(_, height)| usize::from(height.0)),
        }
    }
}

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Quiet,
    Strong,
    Good,
    Warning,
    Bad,
}

impl Tone {
    pub(crate) fn paint(self, text: &str, colour: bool) -> String {
        let code = match self {
            Self::Quiet => "2",
            Self::Strong => "1",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "31",
            Self::Plain => return text.to_owned(),
        };
        if colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
