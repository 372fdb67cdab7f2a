//! What stands between Beatkeeper and the registry, and swallows answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What it does with registrations of entities.
#[derive(Clone, Copy)]
pub(super) enum Mood {
    /// Passes all on.
    Honest,
    /// Passes them on, and answers itself.
    Garbles,
    /// Answers them itself.
    Withholds,
    /// Passes them on, and from then on answers nobody.
    Dies,
    /// Answers nobody.
    Dead,
}

impl Mood {
    const ALL: [Self; 5] = [Self::Honest, Self::Garbles, Self::Withholds, Self::Dies, Self::Dead];
}

pub(super) struct Middleman {
    pub(super) url: String,
    mood: Arc<AtomicU8>,
}

impl Middleman {
    pub(super) async fn before(registry: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mood = Arc::new(AtomicU8::new(Mood::Honest as u8));
        let upstream = registry.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let shared = Arc::clone(&mood);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, upstream.clone(), Arc::clone(&shared)));
            }
        });
        Self { url, mood }
    }

    pub(super) fn is(&self, mood: Mood) {
        self.mood.store(mood as u8, Ordering::SeqCst);
    }
}

/// One request, and the connection is closed.
async fn serve(mut near: TcpStream, upstream: String, shared: Arc<AtomicU8>) {
    let request = read_request(&mut near).await;
    let is_registration = request.starts_with(b"POST /v1/entities ");
    let mood = Mood::ALL[usize::from(shared.load(Ordering::SeqCst))];
    let (passes, answers) = match mood {
        Mood::Dead => (false, false),
        Mood::Honest => (true, true),
        Mood::Garbles | Mood::Withholds | Mood::Dies if !is_registration => (true, true),
        Mood::Garbles => (true, false),
        Mood::Withholds => (false, false),
        Mood::Dies => {
            shared.store(Mood::Dead as u8, Ordering::SeqCst);
            (true, false)
        }
    };
    let mut answer = Vec::new();
    if passes {
        let mut far = TcpStream::connect(&upstream).await.unwrap();
        let text = String::from_utf8(request).unwrap().replacen("\r\n", "\r\nconnection: close\r\n", 1);
        far.write_all(text.as_bytes()).await.unwrap();
        far.read_to_end(&mut answer).await.unwrap();
    }
    if !answers {
        answer = match mood {
            Mood::Garbles | Mood::Withholds => {
                b"HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_vec()
            }
            Mood::Honest | Mood::Dies | Mood::Dead => Vec::new(),
        };
    }
    let _ = near.write_all(&answer).await;
    let _ = near.shutdown().await;
}

async fn read_request(near: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            if request.len() >= head.len() + 4 + length {
                return request;
            }
        }
        if near.read_buf(&mut request).await.unwrap_or_default() == 0 {
            return request;
        }
    }
}
