//! Reading while it is written, over files that come and go.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use beatkeeper_runner::log::{Cursor, LogPlace, LogReader, MOST_LINES, PAGE_BYTES, Stream};

use crate::scene::{Scene, at, number, texts, write_numbers};

#[test]
fn a_log_that_is_not_there_is_an_empty_one() {
    let scene = Scene::new();
    for page in [
        scene.reader.last(10).unwrap(),
        scene.reader.after(Cursor::BEGIN, 10).unwrap(),
        scene.reader.after(Cursor::END, 10).unwrap(),
        scene.reader.before(Cursor::END, 10).unwrap(),
    ] {
        assert_eq!((page.lines.len(), page.to, page.skipped), (0, Cursor::BEGIN, 0));
        assert!(page.at_begin && page.at_end);
    }
    assert_eq!(scene.reader.starts().unwrap(), []);
    // Nor does one that has no line yet differ.
    let _writer = scene.writer();
    let page = scene.reader.last(10).unwrap();
    assert!(page.lines.is_empty() && page.at_begin && page.at_end);
}

#[test]
fn pages_forwards_and_backwards_are_the_whole_log_once() {
    let scene = Scene::with(2000, 100);
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..1000);
    writer.end(at(0));
    assert!(scene.files().len() > 10);
    for n in [1, 7, 48, 49, 1000, 5000] {
        let (mut cursor, mut seen) = (Cursor::BEGIN, Vec::new());
        loop {
            let page = scene.reader.after(cursor, n).unwrap();
            assert_eq!((page.from, page.skipped), (cursor, 0));
            assert_eq!(page.at_begin, cursor == Cursor::BEGIN);
            seen.extend(page.lines.iter().map(number));
            cursor = page.to;
            if page.at_end {
                break;
            }
            assert_eq!(page.lines.len(), n);
        }
        assert_eq!(seen, (0..1000).collect::<Vec<_>>(), "{n} a page");

        let end = cursor;
        let (mut cursor, mut seen) = (Cursor::END, Vec::new());
        loop {
            let page = scene.reader.before(cursor, n).unwrap();
            assert_eq!(page.to, cursor.min(end));
            assert_eq!((page.skipped, page.at_end), (0, cursor == Cursor::END));
            seen.extend(page.lines.iter().rev().map(number));
            cursor = page.from;
            if page.at_begin {
                break;
            }
            assert_eq!(page.lines.len(), n);
        }
        assert_eq!(seen, (0..1000).rev().collect::<Vec<_>>(), "{n} a page");
    }
    let page = scene.reader.last(3).unwrap();
    assert_eq!(texts(&page), ["line 000997", "line 000998", "line 000999"]);
}

#[test]
fn a_page_is_bounded_in_lines_and_bytes() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    let long = [b"x".repeat(60_000), b"\n".to_vec()].concat();
    (0..50).for_each(|_| writer.append(Stream::Out, &long, at(0)));
    (0..MOST_LINES + 1).for_each(|_| writer.append(Stream::Out, b"x\n", at(0)));
    writer.end(at(0));
    let page = scene.reader.after(Cursor::BEGIN, usize::MAX).unwrap();
    assert_eq!(page.lines.len(), PAGE_BYTES / 60_030);
    assert!(!page.at_end);
    let page = scene.reader.last(usize::MAX).unwrap();
    assert_eq!(page.lines.len(), MOST_LINES);
    assert!(!page.at_begin && page.at_end);
    assert_eq!(scene.reader.last(0).unwrap().lines.len(), 1, "no page is of no use");
}

#[test]
fn a_reader_beside_the_writer_gets_every_line_once_over_many_files() {
    const LINES: u64 = 60_000;
    let scene = Scene::with(50_000, 100);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = scene.writer();
            for begin in (0..LINES).step_by(13) {
                write_numbers(&mut writer, begin..(begin + 13).min(LINES));
                writer.tick(at(begin));
            }
            drop(writer);
            done.store(true, Ordering::Release);
        });
        let (mut cursor, mut next) = (Cursor::BEGIN, 0);
        loop {
            let ended = done.load(Ordering::Acquire);
            let page = scene.reader.after(cursor, 500).unwrap();
            assert_eq!(page.skipped, 0);
            for line in &page.lines {
                assert_eq!(number(line), next);
                next += 1;
            }
            cursor = page.to;
            if ended && page.at_end {
                break;
            }
        }
        assert_eq!(next, LINES);
    });
}

#[test]
fn a_reader_that_is_too_slow_is_told_exactly_what_it_missed() {
    // 42 bytes a line.
    const LINE: u64 = 42;
    let scene = Scene::with(LINE * 10, 3);
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..5);
    writer.end(at(0));
    let read = scene.reader.after(Cursor::BEGIN, 2).unwrap();
    write_numbers(&mut writer, 5..100);
    writer.end(at(0));
    assert_eq!(scene.files().len(), 3);
    let page = scene.reader.after(read.to, 1000).unwrap();
    assert_eq!(page.lines.iter().map(number).collect::<Vec<_>>(), (70..100).collect::<Vec<_>>());
    assert_eq!(page.skipped, LINE * 68, "lines 2 to 69");
    assert_eq!((page.from.bytes(), page.oldest), (LINE * 70, page.from));
    assert!(page.at_begin && page.at_end);
    // Nothing is left before a cursor that was rotated away.
    let page = scene.reader.before(read.to, 1000).unwrap();
    assert!(page.lines.is_empty() && page.at_begin && !page.at_end);
    assert_eq!(page.to.bytes(), LINE * 70);
}

#[test]
fn a_slow_reader_beside_a_fast_writer_sees_lines_in_order_or_is_told_that_some_are_gone() {
    const LINE: u64 = 42;
    const LINES: u64 = 100_000;
    let scene = Scene::with(LINE * 50, 2);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = scene.writer();
            write_numbers(&mut writer, 0..LINES);
            drop(writer);
            done.store(true, Ordering::Release);
        });
        let (mut cursor, mut next) = (Cursor::BEGIN, 0);
        loop {
            let ended = done.load(Ordering::Acquire);
            let page = scene.reader.after(cursor, 20).unwrap();
            assert_eq!(page.skipped % LINE, 0);
            next += page.skipped / LINE;
            for line in &page.lines {
                assert_eq!(number(line), next);
                next += 1;
            }
            cursor = page.to;
            if ended && page.at_end {
                break;
            }
        }
        assert_eq!(next, LINES);
    });
}

#[test]
fn following_costs_a_look_and_still_sees_the_next_file() {
    let scene = Scene::with(420, 3);
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..10);
    writer.end(at(0));
    let end = scene.reader.last(1).unwrap().to;
    for _ in 0..3 {
        let page = scene.reader.after(end, 10).unwrap();
        assert!(page.lines.is_empty() && page.at_end && page.to == end);
    }
    // The file is exactly full: what comes is in the next one.
    write_numbers(&mut writer, 10..11);
    writer.end(at(0));
    assert_eq!(scene.files().len(), 2);
    let page = scene.reader.after(end, 10).unwrap();
    assert_eq!(texts(&page), ["line 000010"]);
}

#[test]
fn after_clearing_cursors_go_on() {
    let scene = Scene::with(420, 5);
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..25);
    writer.end(at(0));
    let follower = scene.reader.after(Cursor::BEGIN, 1000).unwrap().to;
    writer.append(Stream::Out, b"line 000025\nline 00", at(0));
    writer.clear().unwrap();
    let page = scene.reader.last(10).unwrap();
    assert!(page.lines.is_empty() && page.at_begin && page.at_end);
    assert_eq!(page.oldest, follower, "a window sees that what it shows is gone");
    assert_eq!(scene.reader.after(Cursor::BEGIN, 10).unwrap().skipped, follower.bytes());
    let page = scene.reader.after(follower, 10).unwrap();
    assert_eq!((page.skipped, page.from, page.to), (0, follower, follower));
    // The line that was begun goes on.
    writer.append(Stream::Out, b"0026\n", at(0));
    writer.end(at(0));
    let page = scene.reader.after(follower, 10).unwrap();
    assert_eq!((texts(&page), page.skipped), (vec!["line 000026"], 0));
    // Twice in a row is no trouble, nor is what was never written.
    writer.clear().unwrap();
    writer.clear().unwrap();
    drop(writer);
    let page = scene.reader.after(page.to, 10).unwrap();
    assert!(page.lines.is_empty() && page.skipped == 0);
    assert_eq!(scene.files().len(), 1);
}

#[test]
fn a_line_that_a_crash_tore_is_not_shown_and_the_next_writer_goes_on_cleanly() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..3);
    drop(writer);
    let file = &scene.files()[0];
    let whole = fs::read(file).unwrap();
    for torn in 1..whole.len() / 3 + 1 {
        fs::write(file, &whole[..whole.len() - torn]).unwrap();
        assert_eq!(scene.texts(), ["line 000000", "line 000001"]);
        let page = scene.reader.last(10).unwrap();
        assert_eq!((texts(&page), page.skipped), (vec!["line 000000", "line 000001"], 0));
        assert!(page.at_end, "half a line is nothing");
        let follower = page.to;
        assert_eq!(scene.reader.after(follower, 10).unwrap().lines, []);
        let mut writer = scene.writer();
        write_numbers(&mut writer, 9..10);
        drop(writer);
        let page = scene.reader.after(follower, 10).unwrap();
        assert_eq!((texts(&page), page.skipped), (vec!["line 000009"], 0));
        assert_eq!(scene.texts(), ["line 000000", "line 000001", "line 000009"]);
    }
    fs::write(file, &whole[..5]).unwrap();
    drop(scene.writer());
    assert_eq!(fs::metadata(file).unwrap().len(), 0, "a first line that was torn");
}

#[test]
fn damage_is_counted_and_everything_else_is_read() {
    let scene = Scene::with(420, 9);
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..30);
    drop(writer);
    let files = scene.files();
    // The second file lost its last line and a half, a line of the first became zeros.
    let second = fs::OpenOptions::new().write(true).open(&files[1]).unwrap();
    second.set_len(420 - 63).unwrap();
    let mut first = fs::read(&files[0]).unwrap();
    first[42..83].fill(0);
    fs::write(&files[0], first).unwrap();
    let expected: Vec<u64> = (0..30).filter(|number| ![1, 18, 19].contains(number)).collect();
    for page in [scene.reader.after(Cursor::BEGIN, 100).unwrap(), scene.reader.last(100).unwrap()] {
        assert_eq!(page.lines.iter().map(number).collect::<Vec<_>>(), expected);
        assert_eq!(page.skipped, 3 * 42);
        assert!(page.at_begin && page.at_end);
    }
}

#[test]
fn a_file_without_any_line_is_passed_and_not_removed() {
    let scene = Scene::new();
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..2);
    drop(writer);
    let file = scene.files().remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let whole = bytes.len();
    bytes.resize(whole + 1_000_000, b'x');
    fs::write(&file, &bytes).unwrap();
    let mut writer = scene.writer();
    write_numbers(&mut writer, 2..4);
    drop(writer);
    for page in [scene.reader.after(Cursor::BEGIN, 100).unwrap(), scene.reader.last(100).unwrap()] {
        assert_eq!(page.lines.iter().map(number).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(page.skipped, 1_000_000);
    }
    assert_eq!(fs::metadata(&file).unwrap().len(), bytes.len() as u64);
}

#[test]
fn files_that_are_not_the_logs_are_neither_read_nor_removed() {
    let scene = Scene::with(420, 2);
    fs::create_dir_all(&scene.place.folder).unwrap();
    let foreign = ["notes.log", "0.log", "00000000000000000000.log.bak", "99999999999999999999.log"];
    for name in foreign {
        fs::write(scene.place.folder.join(name), "not ours\n").unwrap();
    }
    fs::create_dir(scene.place.folder.join("00000000000000000009.log")).unwrap();
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..50);
    writer.clear().unwrap();
    write_numbers(&mut writer, 50..52);
    drop(writer);
    assert_eq!(scene.texts(), ["line 000050", "line 000051"]);
    for name in foreign {
        assert_eq!(fs::read(scene.place.folder.join(name)).unwrap(), b"not ours\n");
    }
    assert!(scene.place.folder.join("00000000000000000009.log").is_dir());
}

#[test]
fn a_folder_that_is_removed_while_it_is_written_comes_back_with_the_next_file() {
    let scene = Scene::with(420, 3);
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..5);
    writer.end(at(0));
    fs::remove_dir_all(&scene.place.folder).unwrap();
    write_numbers(&mut writer, 5..15);
    writer.end(at(0));
    assert_eq!(scene.texts().last().map(String::as_str), Some("line 000014"));
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let place = LogPlace { folder: folder.path().join("file").join("log"), ..Scene::new().place.clone() };
    assert!(beatkeeper_runner::log::LogWriter::open(&place).is_err());
    assert!(LogReader::open(&place).last(1).is_err());
}

#[cfg(unix)]
#[test]
fn what_an_agent_says_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let scene = Scene::with(420, 3);
    let mut writer = scene.writer();
    write_numbers(&mut writer, 0..25);
    drop(writer);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&scene.place.folder), 0o700);
    assert_eq!(mode(scene.place.folder.parent().unwrap()), 0o700);
    let files = scene.files();
    assert_eq!(files.len(), 3);
    files.iter().for_each(|file| assert_eq!(mode(file), 0o600));
}
