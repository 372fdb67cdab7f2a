//! A running bridge, and requests as they are on the wire.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const PAGE: &str = "<!doctype html><title>Beatkeeper</title>";
const WITHIN: Duration = Duration::from_secs(30);

pub struct Stage {
    bridge: Child,
    folder: Arc<tempfile::TempDir>,
    pub port: u16,
    pub token: String,
}

pub struct Answer {
    pub status: u16,
    pub body: String,
    headers: Vec<(String, String)>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Stage {
    /// A bridge with an engine of its own, which knows a registry that nobody answers for.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("written");
        };
        write("dist/index.html", PAGE);
        write("dist/assets/a.js", "export {};");
        write("beatkeeper.toml", "[[registry]]\nname = \"nowhere\"\nurl = \"http://127.0.0.1:9\"\n");
        Self::on(Arc::new(folder))
    }

    /// Another bridge on the same data.
    pub fn beside(other: &Self) -> Self {
        Self::on(Arc::clone(&other.folder))
    }

    fn on(folder: Arc<tempfile::TempDir>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beatkeeper-bridge"));
        for (option, name) in [("--dist", "dist"), ("--config", "beatkeeper.toml"), ("--data", "data")] {
            command.arg(option).arg(folder.path().join(name));
        }
        command.args(["--vault", "file"]).env("BEATKEEPER_PASSPHRASE", "correct horse");
        // Notices are none of the test's.
        command.env_remove("DBUS_SESSION_BUS_ADDRESS");
        let mut bridge = command.stdout(Stdio::piped()).spawn().expect("the bridge starts");
        let mut line = String::new();
        BufReader::new(bridge.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let link = line.trim().strip_prefix("http://127.0.0.1:").unwrap_or_else(|| panic!("no link: {line:?}"));
        let (port, token) = link.split_once("/enter?token=").expect("a token");
        Self { port: port.parse().expect("a port"), token: token.to_owned(), bridge, folder }
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn link(&self) -> String {
        format!("/enter?token={}", self.token)
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, &self.host(), headers, "")
    }

    /// As the page does it.
    pub fn post(&self, body: &str, cookie: &str) -> Answer {
        let origin = format!("http://{}", self.host());
        let headers = [("Cookie", cookie), ("Origin", &origin), ("Content-Type", "application/json")];
        self.ask("POST", "/command", &self.host(), &headers, body)
    }

    pub fn ask(&self, method: &str, path: &str, host: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = self.send(method, path, host, headers, body);
        let mut text = Vec::new();
        // A body that is refused half-way may end in a reset.
        let _ = stream.read_to_end(&mut text);
        let text = String::from_utf8(text).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_owned()));
        Answer { status: status.expect("a status"), headers: headers.collect(), body: body.to_owned() }
    }

    /// The stream of events.
    pub fn events(&self, cookie: &str) -> BufReader<TcpStream> {
        BufReader::new(self.send("GET", "/events", &self.host(), &[("Cookie", cookie)], ""))
    }

    fn send(&self, method: &str, path: &str, host: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("connected");
        stream.set_read_timeout(Some(WITHIN)).expect("a deadline");
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).expect("sent");
        stream
    }

    /// Whether nothing listens at this computer's address in its network, if it has one.
    pub fn refuses_other_addresses(&self) -> bool {
        let probe = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a socket");
        // Nothing is sent: this only asks which address would be the sender's.
        let _ = probe.connect((Ipv4Addr::new(192, 0, 2, 1), 9));
        let own = probe.local_addr().expect("an address").ip();
        if own.is_unspecified() || own.is_loopback() {
            // Without a network there is another address of the loopback.
            let other = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), self.port));
            return TcpStream::connect_timeout(&other, WITHIN).is_err();
        }
        TcpStream::connect_timeout(&SocketAddr::from((own, self.port)), WITHIN).is_err()
    }

    /// Whether no engine has the data any more: the first that starts would take it.
    pub fn nobody_runs(&self) -> bool {
        let lock = std::fs::File::options().write(true).open(self.folder.path().join("data/engine.lock"));
        lock.expect("the lock's file").try_lock().is_ok()
    }

    /// Asks it to end, and waits.
    pub fn end(&mut self) -> ExitStatus {
        #[cfg(unix)]
        Command::new("kill").arg(self.bridge.id().to_string()).status().expect("asked");
        #[cfg(not(unix))]
        self.bridge.kill().expect("ended");
        let deadline = Instant::now() + WITHIN;
        loop {
            match self.bridge.try_wait().expect("a child") {
                Some(status) => return status,
                None => assert!(Instant::now() < deadline, "it does not end"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // One that has ended already needs no end.
        let _ = self.bridge.kill();
        let _ = self.bridge.wait();
    }
}

/// The cookie that an answer sets, as a browser sends it back.
pub fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    set.split(';').next().unwrap_or_default().to_owned()
}

/// Reads lines until one begins like this.
pub fn read_until(events: &mut BufReader<TcpStream>, start: &str) {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(events.read_line(&mut line).expect("an event in time") > 0, "it ended before {start}");
        if line.starts_with(start) {
            return;
        }
    }
}
