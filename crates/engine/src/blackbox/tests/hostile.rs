//! Names and sentences of others cannot become anything but text.

use beatkeeper_core::supervise::Probed;
use beatkeeper_runner::log::Stream;
use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::{NOW, facts};
use crate::blackbox::{AgentThen, Check, Clean, Frozen, LogThen, OutputLine, OutputThen, TransitionThen, markdown};

/// What a renderer makes of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape {
    headings: usize,
    tables: usize,
    rows: usize,
    cells: usize,
    fences: usize,
    /// Links, pictures, HTML, mathematics and everything else that nobody wrote here.
    strange: Vec<String>,
}

fn shape(markdown: &str) -> Shape {
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.autolink = true;
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.math_dollars = true;
    options.extension.footnotes = true;
    let mut shape = Shape::default();
    for node in parse_document(&arena, markdown, &options).descendants() {
        use NodeValue::{
            Code, CodeBlock, Document, Heading, Paragraph, SoftBreak, Strong, Table, TableCell, TableRow, Text,
        };
        let value = &node.data.borrow().value;
        shape.headings += usize::from(matches!(value, Heading(_)));
        shape.tables += usize::from(matches!(value, Table(_)));
        shape.rows += usize::from(matches!(value, TableRow(_)));
        shape.cells += usize::from(matches!(value, TableCell));
        shape.fences += usize::from(matches!(value, CodeBlock(_)));
        let counted = matches!(value, Heading(_) | Table(_) | TableRow(_) | TableCell | CodeBlock(_));
        let plain = matches!(value, Document | Paragraph | Text(_) | Code(_) | Strong | SoftBreak);
        if !counted && !plain {
            shape.strange.push(format!("{value:?}"));
        }
    }
    shape
}

fn frozen_with(text: &str) -> Frozen {
    let mut frozen = super::whole::frozen();
    let clean = Clean::new(text);
    let mut row = facts().row;
    row.name = text.into();
    row.verdict.sentence = text.into();
    row.verdict.remedy = text.into();
    let mut run = super::run();
    (run.exit.as_mut().unwrap().sentence, run.drift.as_mut().unwrap().sentence) = (text.into(), text.into());
    let ladder = run.ladder.as_mut().unwrap();
    ladder.sentence = text.into();
    ladder.rungs.iter_mut().for_each(|rung| rung.label = text.into());
    (row.process.run, row.process.detail) = (Some(Box::new(run)), text.into());
    frozen.agent = AgentThen::of(&row, Some(&(NOW, Probed::Unwell(text.into()))));
    let line = OutputLine { at: NOW, stream: Stream::Out, text: clean.clone() };
    frozen.output = Some(OutputThen { lines: vec![line; 2], more: true, note: None });
    frozen.agent.verdict.code = clean.clone();
    let registry = frozen.registry.as_mut().unwrap();
    (registry.name, registry.url) = (clean.clone(), clean.clone());
    frozen.checks = frozen.checks.into_iter().map(|check| Check { evidence: clean.clone(), ..check }).collect();
    for connection in &mut frozen.connections {
        connection.sentence = Some(clean.clone());
    }
    frozen.transitions =
        frozen.transitions.into_iter().map(|row| TransitionThen { sentence: clean.clone(), ..row }).collect();
    frozen.log = LogThen { lines: vec![clean.clone(), clean], left_out: 0, note: None };
    frozen
}

#[track_caller]
fn stays_text(text: &str) {
    let tame = shape(&markdown(&frozen_with("tame"), &TimeZone::UTC));
    assert_eq!((tame.tables, tame.fences, tame.strange.len()), (4, 2, 0), "{tame:?}");
    let whole = markdown(&frozen_with(text), &TimeZone::UTC);
    assert_eq!(shape(&whole), tame, "{text:?} in\n{whole}");
}

#[test]
fn known_ways_out_are_closed() {
    for text in [
        "| a | b |",
        r"a\| b",
        r"a\\| b",
        "`a` | ``b``",
        "``` \n# out",
        "````",
        "[click](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "https://evil.example/|`x`",
        "www.evil.example",
        "<img src=x onerror=alert(1)>",
        "<https://evil.example>",
        "&lt;script&gt; &#60;b&#62;",
        "*a* _b_ ~~c~~ **d**",
        "# heading",
        "$x$ $$y$$",
        "[^1]",
        "a\n\n# b",
        "@everyone",
        "ftp://x mailto:a@b.example xmpp:a",
        "HTTPS://EVIL.EXAMPLE",
        "\\",
        "http\\://evil.example",
        "-",
        "1.",
        "---",
        "===",
        "    code",
    ] {
        stays_text(text);
    }
}

proptest! {
    #[test]
    fn nothing_gets_out(parts in prop::collection::vec(prop::sample::select(vec![
        "|", "\\", "`", "``", "```", "[", "]", "(", ")", "<", ">", "!", "*", "_", "~", "#", "$", "&", ";", ":", "//", "http", "https://", "www.", "a",
        "b.example", " ", "\n", "\n\n", "-", "=", "@", "img", "/", "^", "é", "\u{202e}", "amp", "lt",
    ]), 0..16)) {
        stays_text(&parts.concat());
    }
}
