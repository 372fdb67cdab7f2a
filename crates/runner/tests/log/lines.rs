//! What becomes of the bytes that an agent writes.

use beatkeeper_runner::log::{Cursor, LINE_BYTES, Stream};
use proptest::prelude::*;

use crate::scene::{Scene, at, texts};

fn one_line(bytes: &[u8]) -> (String, Option<u64>) {
    let scene = Scene::new();
    let mut writer = scene.writer();
    // In pieces of a pipe.
    bytes.chunks(4096).for_each(|chunk| writer.append(Stream::Out, chunk, at(0)));
    writer.append(Stream::Out, b"\nnext\n", at(0));
    writer.end(at(0));
    let lines = scene.all();
    assert_eq!(lines.len(), 2, "one line and the next");
    assert_eq!(lines[1].text, "next");
    (lines[0].text.clone(), lines[0].cut)
}

#[test]
fn streams_are_interleaved_as_they_arrive_and_each_line_knows_its_time() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    writer.append(Stream::Out, b"out be", at(0));
    writer.append(Stream::Err, b"err\n", at(1));
    writer.append(Stream::Out, b"gun\nand more\n", at(2));
    writer.note("exit 0", at(3));
    let lines = scene.all();
    let seen: Vec<_> = lines.iter().map(|line| (line.stream, line.text.as_str(), line.at.as_millis() % 1000)).collect();
    assert_eq!(
        seen,
        [
            (Stream::Err, "err", 1),
            (Stream::Out, "out begun", 2),
            (Stream::Out, "and more", 2),
            (Stream::Note, "exit 0", 3),
        ]
    );
}

#[test]
fn a_file_is_text_that_a_person_can_read() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    writer.append(Stream::Out, b"\x1B[31mred\x1B[0m\r\n", at(0));
    writer.append(Stream::Err, &[b"x".repeat(LINE_BYTES + 5), b"\n".to_vec()].concat(), at(1));
    writer.mark("here\nand here", at(2));
    let text = std::fs::read_to_string(&scene.files()[0]).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "2026-11-22T15:04:05.000000Z O \x1B[31mred\x1B[0m");
    assert!(lines[1].starts_with("2026-11-22T15:04:05.001000Z e+5 xxx"));
    assert_eq!(lines[2], "2026-11-22T15:04:05.002000Z N mark here and here");
}

#[test]
fn a_line_without_its_end_is_shown_after_200_ms_of_silence() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    writer.append(Stream::Out, b"Password: ", at(0));
    writer.tick(at(199));
    assert_eq!(scene.texts(), [""; 0]);
    assert_eq!(writer.due(), Some(at(200)));
    writer.tick(at(200));
    let due = writer.due().expect("the batch is to be written");
    writer.tick(due);
    assert_eq!(scene.texts(), ["Password: "]);
    assert_eq!(writer.due(), None);
    // The end of that line is no line, what follows it is.
    writer.append(Stream::Out, b"\nwelcome\n\nafter an empty line\n", at(900));
    writer.end(at(900));
    assert_eq!(scene.texts(), ["Password: ", "welcome", "", "after an empty line"]);
}

#[test]
fn silence_cuts_no_character_in_two() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    let text = "grün".as_bytes();
    writer.append(Stream::Out, &text[..3], at(0));
    writer.tick(at(200));
    writer.tick(at(500));
    assert_eq!(scene.texts(), ["gr"]);
    assert_eq!(writer.due(), None, "half a character waits for its other half");
    writer.append(Stream::Out, &text[3..], at(600));
    writer.append(Stream::Out, b"\n", at(601));
    writer.end(at(602));
    assert_eq!(scene.texts(), ["gr", "ün"]);
}

#[test]
fn a_bar_that_is_drawn_over_itself_is_shown_while_it_grows() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    for (step, text) in [&b"10 %\r"[..], b"20 %\r", b"100 %\r"].into_iter().enumerate() {
        writer.append(Stream::Err, text, at(step as u64 * 1000));
        writer.tick(at(step as u64 * 1000 + 200));
    }
    writer.append(Stream::Err, b"\n\n", at(4000));
    writer.end(at(4000));
    assert_eq!(scene.texts(), ["10 %", "20 %", "100 %", ""]);
}

#[test]
fn a_clock_that_is_set_back_hides_nothing() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    writer.append(Stream::Out, b"whole\npart", at(10_000_000));
    writer.tick(at(0));
    writer.tick(at(60));
    assert_eq!(scene.texts(), ["whole", "part"]);
}

#[test]
fn the_last_line_needs_no_end() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    writer.append(Stream::Out, b"one\ntwo", at(0));
    writer.append(Stream::Err, b"three\r", at(0));
    drop(writer);
    assert_eq!(scene.texts(), ["one", "two", "three"]);
}

#[test]
fn a_long_line_is_cut_and_says_how_much_is_missing() {
    let (text, cut) = one_line(&b"x".repeat(65_536));
    assert_eq!((text.len(), cut), (65_536, None));
    let (text, cut) = one_line(&[b"x".repeat(65_536), b"\r".to_vec()].concat());
    assert_eq!((text.len(), cut), (65_536, None), "the CR belongs to its end");
    let (text, cut) = one_line(&b"x".repeat(65_537));
    assert_eq!((text.len(), cut), (65_536, Some(1)));
    let (text, cut) = one_line(&[b"x".repeat(65_537), b"\r".to_vec()].concat());
    assert_eq!((text.len(), cut), (65_536, Some(1)));
    let (text, cut) = one_line(&b"x".repeat(10 * 1024 * 1024));
    assert_eq!((text.len(), cut), (65_536, Some(10 * 1024 * 1024 - 65_536)));
    let (text, cut) = one_line("é".repeat(40_000).as_bytes());
    assert_eq!((text.len(), cut), (65_536, Some(80_000 - 65_536)));
    let (text, cut) = one_line(format!("x{}", "é".repeat(40_000)).as_bytes());
    assert_eq!((text.len(), cut), (65_535, Some(80_001 - 65_535)), "no half character");
}

#[test]
fn what_is_no_text_is_replaced_also_in_the_longest_line() {
    assert_eq!(one_line(b"a\xFFb\xC3").0, "a\u{FFFD}b\u{FFFD}");
    assert_eq!(one_line(b"a\0b").0, "a\0b");
    let (text, cut) = one_line(&[0xFF; 70_000]);
    assert_eq!((text.chars().count(), cut), (65_536, Some(70_000 - 65_536)));
}

#[test]
fn no_text_forges_a_line() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    let forged = "2026-11-22T15:04:05.000000Z N start 7";
    writer.append(Stream::Out, format!("{forged}\n+9 x\nx\r{forged}\n").as_bytes(), at(0));
    writer.note(&format!("mark\n{forged}"), at(0));
    let lines = scene.all();
    assert_eq!(scene.reader.starts().unwrap(), []);
    assert!(lines[..3].iter().all(|line| line.stream == Stream::Out && line.cut.is_none()));
    // A cursor from elsewhere points into the middle, where the forged head begins.
    let inside = (lines[0].cursor.bytes() + 30).to_string().parse::<Cursor>().unwrap();
    let page = scene.reader.after(inside, 10).unwrap();
    assert_eq!(page.lines, lines[1..]);
    let page = scene.reader.before(inside, 10).unwrap();
    assert_eq!(texts(&page), [""; 0], "the line is not whole before it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_pieces_of_the_same_bytes_are_the_same_lines(
        text in proptest::collection::vec(
            prop_oneof![
                4 => proptest::collection::vec(any::<u8>(), 0..40),
                4 => "[a-zé ]{0,30}".prop_map(String::into_bytes),
                3 => Just(b"\n".to_vec()),
                2 => Just(b"\r\n".to_vec()),
                1 => (65_530_usize..65_545).prop_map(|length| vec![b'x'; length]),
            ],
            0..30,
        ),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let bytes = text.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();

        let whole = Scene::new();
        whole.writer().append(Stream::Out, &bytes, at(0));
        let pieces = Scene::new();
        let mut writer = pieces.writer();
        for (index, cut) in cuts.windows(2).enumerate() {
            writer.append(Stream::Out, &bytes[cut[0]..cut[1]], at(0));
            writer.append(Stream::Err, format!("{index}\n").as_bytes(), at(0));
        }
        drop(writer);
        let of = |scene: &Scene, stream| -> Vec<_> {
            let lines = scene.all().into_iter().filter(move |line| line.stream == stream);
            lines.map(|line| (line.text, line.cut)).collect()
        };
        prop_assert_eq!(of(&whole, Stream::Out), of(&pieces, Stream::Out));
        let numbers: Vec<_> = (0..cuts.len() - 1).map(|index| (index.to_string(), None)).collect();
        prop_assert_eq!(of(&pieces, Stream::Err), numbers);

        // What a reader of the bytes alone would say.
        let mut expected: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        if expected.last().is_some_and(|last| last.is_empty()) {
            expected.pop();
        }
        let expected: Vec<usize> = expected
            .iter()
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .map(|line| if line.len() > LINE_BYTES { line.len() } else { 0 })
            .collect();
        let seen: Vec<usize> = whole
            .all()
            .iter()
            .map(|line| line.cut.is_some())
            .zip(&expected)
            .map(|(cut, length)| if cut { *length } else { 0 })
            .collect();
        prop_assert_eq!(seen, expected);
    }
}
