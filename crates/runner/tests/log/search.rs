//! Finding things again.

use beatkeeper_runner::log::{Case, Cursor, Direction, LogReader, Pattern, SEARCH_BYTES, Stream, note};

use crate::scene::{Scene, at, number, texts, write_numbers};

/// Everything that is found, page by page, and how many pages it took.
fn found(reader: &LogReader, pattern: &Pattern, direction: Direction, n: usize) -> (Vec<u64>, usize) {
    let mut cursor = if direction == Direction::Forward { Cursor::BEGIN } else { Cursor::END };
    let (mut numbers, mut pages) = (Vec::new(), 0);
    loop {
        let page = reader.search(pattern, cursor, direction, n).expect("a page");
        pages += 1;
        assert!(page.lines.len() <= n);
        let (next, done) = match direction {
            Direction::Forward => (page.to, page.at_end),
            Direction::Back => (page.from, page.at_begin),
        };
        match direction {
            Direction::Forward => numbers.extend(page.lines.iter().map(number)),
            Direction::Back => numbers.extend(page.lines.iter().rev().map(number)),
        }
        if done {
            return (numbers, pages);
        }
        assert_ne!(next, cursor, "it goes on");
        cursor = next;
    }
}

#[test]
fn a_search_goes_over_files_in_both_directions() {
    let scene = Scene::with(2000, 100);
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..1000);
    drop(writer);
    let pattern = Pattern::regex("0[24]2$", Case::Sensitive).unwrap();
    let mut expected: Vec<u64> = vec![42];
    assert_eq!(
        found(&scene.reader, &Pattern::text("line 000042", Case::Sensitive).unwrap(), Direction::Forward, 5).0,
        expected
    );
    expected = (0..1000).filter(|n| n % 1000 == 22 || n % 1000 == 42).collect();
    for n in [1, 2, 100] {
        assert_eq!(found(&scene.reader, &pattern, Direction::Forward, n).0, expected);
        let mut back = found(&scene.reader, &pattern, Direction::Back, n).0;
        back.reverse();
        assert_eq!(back, expected);
    }
    let page = scene.reader.search(&pattern, Cursor::BEGIN, Direction::Forward, 1).unwrap();
    let line = &page.lines[0];
    let here = scene.reader.after(line.cursor, 1).unwrap();
    assert_eq!(here.lines[0], *line, "a line that was found is where it says");
    let before = scene.reader.before(line.cursor, 1).unwrap();
    assert_eq!(texts(&before), ["line 000021"]);
}

#[test]
fn one_call_searches_a_bounded_part_and_says_where_to_go_on() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    let filler = [b"x".repeat(2000), b"\n".to_vec()].concat();
    for number in 0..5 {
        write_numbers(&mut writer, number..number + 1);
        (0..SEARCH_BYTES / 2000).for_each(|_| writer.append(Stream::Err, &filler, at(0)));
    }
    drop(writer);
    let pattern = Pattern::text("line ", Case::Sensitive).unwrap();
    for direction in [Direction::Forward, Direction::Back] {
        let (mut numbers, pages) = found(&scene.reader, &pattern, direction, 100);
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        assert!((5..=7).contains(&pages), "{pages}");
    }
}

#[test]
fn heads_and_colours_are_not_searched_and_notes_are() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    writer.append(Stream::Out, b"\x1B[32mgr\x1B[0meen 7\n", at(0));
    writer.mark("green too", at(0));
    let search = |text: &str| {
        let pattern = Pattern::text(text, Case::Ignore).unwrap();
        scene.reader.search(&pattern, Cursor::BEGIN, Direction::Forward, 10).unwrap().lines.len()
    };
    assert_eq!((search("GREEN"), search("2026"), search("[32m"), search(" O ")), (2, 0, 0, 0));
}

#[test]
fn starts_are_found_and_only_those() {
    let scene = Scene::with(2000, 4);
    let mut writer = scene.writer();
    for run in 0..6 {
        writer.note(&format!("{} pid {run}", note::START), at(run));
        writer.append(Stream::Out, b"N start pid 9\nstart\n", at(run));
        write_numbers(&mut writer, 0..20);
        writer.note("exit 0", at(run));
        writer.note("started by hand", at(run));
    }
    drop(writer);
    let starts = scene.reader.starts().unwrap();
    let seen: Vec<&str> = starts.iter().map(|start| start.text.as_str()).collect();
    assert_eq!(seen, ["start pid 0", "start pid 1", "start pid 2", "start pid 3", "start pid 4", "start pid 5"]);
    let page = scene.reader.after(starts[3].cursor, 1).unwrap();
    assert_eq!((texts(&page), page.lines[0].at), (vec!["start pid 3"], starts[3].at));
}
