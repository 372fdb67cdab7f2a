//! Against proxies on loopback, of which each test says what they answer.

use std::net::{Ipv4Addr, SocketAddr};

use beatkeeper_core::failure::{Failure, ProxyTrouble, Transient};
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use super::{Proxy, Way};

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn by(rules: &Matcher, text: &str) -> Option<String> {
    Proxy::by(rules, &url(text)).map(|proxy| proxy.name())
}

#[test]
fn sockets_have_the_rules_of_requests() {
    let rules = Matcher::builder()
        .http("http://plain:3128")
        .https("socks5h://me:s3cret@secure")
        .no("near.example,10.0.0.0/8")
        .build();
    assert_eq!(by(&rules, "ws://registry.example:8080/x"), Some("http://plain:3128".into()));
    // A login is never part of the name.
    assert_eq!(by(&rules, "wss://registry.example/x"), Some("socks5h://secure".into()));
    let odd = Matcher::builder().all("http://me:p@ss@proxy:3128").build();
    assert_eq!(by(&odd, "ws://registry.example"), Some("http://proxy:3128".into()));
    assert_eq!(by(&rules, "https://registry.example"), by(&rules, "wss://registry.example"));
    assert_eq!(by(&rules, "wss://a.near.example"), None);
    assert_eq!(by(&rules, "ws://10.1.2.3:80"), None);
    assert_eq!(by(&Matcher::builder().all("gopher://proxy").build(), "ws://registry.example"), None);
}

/// Where a proxy listens, and what it heard once it was done.
struct Heard {
    address: SocketAddr,
    heard: JoinHandle<Vec<Vec<u8>>>,
}

/// For each answer: hears out a message of so many bytes, or up to an empty line, and gives it. What comes after is echoed.
async fn answering(script: Vec<(Option<usize>, Vec<u8>)>) -> Heard {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        for (length, answer) in script {
            let mut message = Vec::new();
            while length.map_or(!message.ends_with(b"\r\n\r\n"), |length| message.len() < length) {
                message.push(stream.read_u8().await.unwrap());
            }
            heard.push(message);
            stream.write_all(&answer).await.unwrap();
        }
        let (mut from, mut to) = stream.split();
        let _ = tokio::io::copy(&mut from, &mut to).await;
        heard
    });
    Heard { address, heard }
}

async fn tunnel(scheme: &str, address: SocketAddr, to: &str) -> Result<Way, Failure> {
    let rules = Matcher::builder().all(format!("{scheme}{address}")).build();
    let tls = crate::tls::client_config().unwrap();
    Proxy::by(&rules, &url(to)).expect("a proxy").tunnel(&url(to), &tls).await
}

/// What is sent comes back, since nobody but the far end hears it.
async fn echoes(mut way: Way) {
    way.write_all(b"beat").await.unwrap();
    let mut back = [0; 4];
    way.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"beat");
}

async fn asked(answer: &str) -> Result<Way, Failure> {
    let proxy = answering(vec![(None, answer.as_bytes().to_vec())]).await;
    tunnel("http://", proxy.address, "wss://registry.example/v1/x").await
}

fn trouble(said: Result<Way, Failure>) -> ProxyTrouble {
    match said {
        Err(Failure::Transient(Transient::Proxy { trouble, proxy })) => {
            assert!(proxy.contains("://127.0.0.1:") && !proxy.contains('@'), "{proxy}");
            trouble
        }
        Err(failure) => panic!("no proxy's trouble: {failure:?}"),
        Ok(_) => panic!("it opened a tunnel"),
    }
}

fn refused(words: &str) -> ProxyTrouble {
    ProxyTrouble::Refused { words: words.into() }
}

#[tokio::test]
async fn a_tunnel_is_asked_for_with_the_login_and_then_carries_all() {
    let proxy = answering(vec![(None, b"HTTP/1.1 200 Connection established\r\nVia: office\r\n\r\n".to_vec())]).await;
    echoes(tunnel("http://me:s3cret@", proxy.address, "wss://registry.example/v1/x").await.unwrap()).await;
    let heard = proxy.heard.await.unwrap().concat();
    let lines = [
        "CONNECT registry.example:443 HTTP/1.1",
        "Host: registry.example:443",
        "Proxy-Authorization: Basic bWU6czNjcmV0",
        "\r\n",
    ];
    assert_eq!(String::from_utf8(heard).unwrap(), lines.join("\r\n"));
}

#[tokio::test]
async fn an_address_of_ipv6_keeps_its_brackets() {
    let proxy = answering(vec![(None, b"HTTP/1.1 200 OK\r\n\r\n".to_vec())]).await;
    drop(tunnel("http://", proxy.address, "ws://[2001:db8::1]:8080/").await.unwrap());
    let heard = String::from_utf8(proxy.heard.await.unwrap().concat()).unwrap();
    assert!(heard.starts_with("CONNECT [2001:db8::1]:8080 HTTP/1.1\r\n"), "{heard}");
}

#[tokio::test]
async fn what_a_proxy_says_instead_is_sorted() {
    assert_eq!(trouble(asked("HTTP/1.1 407 Who are you?\r\n\r\n").await), ProxyTrouble::Login);
    assert_eq!(trouble(asked("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await), refused("403"));
    assert_eq!(trouble(asked("SSH-2.0-OpenSSH_9.2\r\n").await), refused("it does not speak HTTP"));
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(20_000));
    assert_eq!(trouble(asked(&endless).await), refused("it does not speak HTTP"));
}

#[tokio::test]
async fn a_proxy_that_hangs_up_or_is_not_there() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let hanging_up = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
    });
    assert_eq!(trouble(tunnel("http://", address, "ws://registry.example").await), refused("it hangs up"));
    hanging_up.await.unwrap();
    let gone = ProxyTrouble::Unreachable { detail: Transient::Refused.to_string() };
    assert_eq!(trouble(tunnel("http://", address, "ws://registry.example").await), gone);
    assert_eq!(trouble(tunnel("https://", address, "ws://registry.example").await), gone);
    assert_eq!(trouble(tunnel("socks5://", address, "ws://192.0.2.1:80").await), gone);
}

#[tokio::test]
async fn an_encrypted_proxy_shows_a_certificate() {
    let proxy = answering(vec![(Some(1), b"no TLS".to_vec())]).await;
    let said = trouble(tunnel("https://", proxy.address, "ws://registry.example").await);
    assert!(matches!(&said, ProxyTrouble::Unreachable { detail } if detail.contains("TLS")), "{said:?}");
}

/// What SOCKS 5 says when all is well: no login is wanted, or one is; and the tunnel is open (RFC 1928, RFC 1929).
const NO_LOGIN: &[u8] = &[5, 0];
const WITH_LOGIN: &[u8] = &[5, 2];
const WELCOME: &[u8] = &[1, 0];
const OPEN: &[u8] = &[5, 0, 0, 1, 127, 0, 0, 1, 0, 80];

/// The request for a tunnel to a name, or an address of IPv4.
fn request(address: &[u8], port: u16) -> Vec<u8> {
    [&[5, 1, 0], address, &port.to_be_bytes()].concat()
}

#[tokio::test]
async fn socks_may_look_names_up_and_want_a_login() {
    let named = request(&[&[3, 16], b"registry.example".as_slice()].concat(), 443);
    let proxy = answering(vec![
        (Some(4), WITH_LOGIN.to_vec()),
        (Some(11), WELCOME.to_vec()),
        (Some(named.len()), OPEN.to_vec()),
    ])
    .await;
    echoes(tunnel("socks5h://me:s3cret@", proxy.address, "wss://registry.example/").await.unwrap()).await;
    let heard = proxy.heard.await.unwrap();
    assert_eq!(heard[1], [&[1, 2], b"me".as_slice(), &[6], b"s3cret"].concat());
    assert_eq!(heard[2], named);

    let numbered = request(&[1, 192, 0, 2, 1], 8080);
    let proxy = answering(vec![(Some(3), NO_LOGIN.to_vec()), (Some(numbered.len()), OPEN.to_vec())]).await;
    echoes(tunnel("socks5://", proxy.address, "ws://192.0.2.1:8080/").await.unwrap()).await;
    assert_eq!(proxy.heard.await.unwrap()[1], numbered);
}

#[tokio::test]
async fn socks_says_why_not() {
    let wants = answering(vec![(Some(3), vec![5, 0xff])]).await;
    assert_eq!(trouble(tunnel("socks5h://", wants.address, "ws://a.example").await), ProxyTrouble::Login);
    let forbids = answering(vec![(Some(3), NO_LOGIN.to_vec()), (Some(7), vec![5, 2, 0, 1, 0, 0, 0, 0, 0, 0])]).await;
    let said = trouble(tunnel("socks5h://", forbids.address, "ws://a.example").await);
    assert!(matches!(&said, ProxyTrouble::Refused { words } if words.contains("ruleset")), "{said:?}");
}

#[tokio::test]
async fn socks_of_the_fourth_version_knows_addresses_alone() {
    let request = [&[4, 1, 0, 80, 192, 0, 2, 1], b"me\0".as_slice()].concat();
    let proxy = answering(vec![(Some(request.len()), vec![0, 90, 0, 0, 0, 0, 0, 0])]).await;
    echoes(tunnel("socks4://me@", proxy.address, "ws://192.0.2.1").await.unwrap()).await;
    assert_eq!(proxy.heard.await.unwrap(), [request]);
}
