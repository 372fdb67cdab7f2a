//! Witnesses on loopback: these hold on every system. Routes need a network of one's own.

mod routes;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::*;

/// Far more than any of this takes; what comes later does not come.
const GIVE_UP: Duration = Duration::from_secs(60);
const NEVER: Duration = Duration::from_secs(3600);

/// Looks once, tries once.
const ONCE: Pace = Pace { look: NEVER, settle: Duration::ZERO, witness: NEVER, within: GIVE_UP };

async fn next(readings: &mut mpsc::Receiver<NetworkReading>) -> NetworkReading {
    timeout(GIVE_UP, readings.recv()).await.unwrap().unwrap()
}

/// The next reading with another word of the witness.
async fn next_word(readings: &mut mpsc::Receiver<NetworkReading>, before: Option<bool>) -> Option<bool> {
    loop {
        let reading = next(readings).await;
        if reading.witness != before {
            return reading.witness;
        }
    }
}

fn begin(pace: Pace, witness: &str) -> (Handle, mpsc::Receiver<NetworkReading>) {
    begin_with(pace, witness, Changes::open())
}

fn begin_with(pace: Pace, witness: &str, changes: Changes) -> (Handle, mpsc::Receiver<NetworkReading>) {
    let (outlet, readings) = mpsc::channel(16);
    let config = Config { witness: Witness::parse(witness).unwrap(), tls: crate::tls::client_config().unwrap() };
    (start_at(pace, config, changes, outlet).unwrap(), readings)
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// The head of the next request.
async fn request(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = timeout(GIVE_UP, listener.accept()).await.unwrap().unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(GIVE_UP, stream.read_u8()).await.unwrap().unwrap());
    }
    (stream, String::from_utf8(head).unwrap())
}

async fn answer(mut stream: TcpStream, answer: &str) {
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\nset-cookie: who=you\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn nobody_is_asked_before_it_is_wanted_and_any_answer_counts() {
    let (listener, url) = listener().await;
    let (handle, mut readings) = begin(Pace { witness: Duration::ZERO, ..ONCE }, &url);
    assert_eq!(next(&mut readings).await.witness, None);
    tokio::select! {
        biased;
        _ = listener.accept() => panic!("it was asked"),
        () = tokio::task::yield_now() => handle.ask_witness(true),
    }
    let (stream, head) = request(&listener).await;
    answer(stream, UNAVAILABLE).await;
    assert_eq!(next_word(&mut readings, None).await, Some(true));

    // Nothing tells who asks, and nothing is kept from one time to the next.
    let mut names: Vec<&str> = head.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "host", "user-agent"]);
    let (stream, again) = request(&listener).await;
    assert_eq!(again, head);
    // Where it sends people on to is not followed.
    answer(stream, "HTTP/1.1 301 Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n").await;
    let (_stream, again) = request(&listener).await;
    assert_eq!(again, head);

    handle.ask_witness(false);
    assert_eq!(next_word(&mut readings, Some(true)).await, None);
}

#[tokio::test]
async fn a_witness_that_refuses_or_says_no_http_is_not_reached() {
    let (refusing, url) = listener().await;
    drop(refusing);
    let (handle, mut readings) = begin(ONCE, &url);
    handle.ask_witness(true);
    assert_eq!(next_word(&mut readings, None).await, Some(false));

    let (listener, url) = listener().await;
    let (handle, mut readings) = begin(ONCE, &url);
    handle.ask_witness(true);
    let (stream, _) = request(&listener).await;
    answer(stream, "SSH-2.0-no\r\n").await;
    assert_eq!(next_word(&mut readings, None).await, Some(false));
}

#[tokio::test]
async fn a_witness_that_hangs_is_not_reached() {
    let (listener, url) = listener().await;
    let (handle, mut readings) = begin(Pace { within: Duration::from_millis(200), ..ONCE }, &url);
    handle.ask_witness(true);
    let (_held, _) = request(&listener).await;
    assert_eq!(next_word(&mut readings, None).await, Some(false));
}

#[tokio::test]
async fn a_witness_that_comes_back_is_noticed_by_the_next_try() {
    let (listener, url) = listener().await;
    let (handle, mut readings) = begin(Pace { witness: Duration::ZERO, ..ONCE }, &url);
    handle.ask_witness(true);
    drop(request(&listener).await);
    assert_eq!(next_word(&mut readings, None).await, Some(false));
    loop {
        // reqwest may try a connection that broke without an answer once more.
        let (stream, _) = request(&listener).await;
        answer(stream, UNAVAILABLE).await;
        if next_word(&mut readings, Some(false)).await == Some(true) {
            break;
        }
    }
}

#[tokio::test]
async fn asking_again_and_again_is_no_way_to_ask_more_often() {
    let (listener, url) = listener().await;
    let (handle, mut readings) = begin(ONCE, &url);
    handle.ask_witness(true);
    let (stream, _) = request(&listener).await;
    answer(stream, UNAVAILABLE).await;
    assert_eq!(next_word(&mut readings, None).await, Some(true));
    handle.ask_witness(false);
    assert_eq!(next_word(&mut readings, Some(true)).await, None);
    handle.ask_witness(true);
    handle.look_again();

    // Another task, with the same witness and later: when its request is here, the first one's would be, too.
    let (other, mut other_readings) = begin(ONCE, &format!("{url}other"));
    other.ask_witness(true);
    let (stream, head) = request(&listener).await;
    assert!(head.starts_with("HEAD /other "), "{head}");
    answer(stream, UNAVAILABLE).await;
    assert_eq!(next_word(&mut other_readings, None).await, Some(true));
}

#[tokio::test]
async fn a_fresh_look_forgets_the_witness() {
    let (listener, url) = listener().await;
    let (handle, mut readings) = begin(ONCE, &url);
    handle.ask_witness(true);
    let (stream, _) = request(&listener).await;
    answer(stream, UNAVAILABLE).await;
    assert_eq!(next_word(&mut readings, None).await, Some(true));
    handle.look_again();
    assert_eq!(next_word(&mut readings, Some(true)).await, None);
}

#[tokio::test]
async fn without_a_witness_nothing_is_said_until_there_is_one() {
    let (listener, url) = listener().await;
    let (handle, mut readings) = begin(ONCE, "");
    handle.ask_witness(true);
    assert_eq!(next(&mut readings).await.witness, None);
    handle.set_witness(Witness::parse(&url).unwrap());
    let (stream, _) = request(&listener).await;
    answer(stream, UNAVAILABLE).await;
    assert_eq!(next_word(&mut readings, None).await, Some(true));
    handle.set_witness(None);
    assert_eq!(next_word(&mut readings, Some(true)).await, None);
}

#[tokio::test]
async fn it_ends_with_its_handle_or_its_reader() {
    let (handle, mut readings) = begin(ONCE, "");
    next(&mut readings).await;
    drop(handle);
    assert_eq!(timeout(GIVE_UP, readings.recv()).await.unwrap(), None);

    let (handle, mut readings) = begin(ONCE, "");
    next(&mut readings).await;
    drop(readings);
    timeout(GIVE_UP, handle.wishes.closed()).await.unwrap();
}

#[test]
fn the_witness_is_tried_every_ten_seconds_at_most() {
    assert_eq!(
        (PACE.witness, PACE.within, PACE.look),
        (Duration::from_secs(10), Duration::from_secs(5), Duration::from_secs(5))
    );
}
