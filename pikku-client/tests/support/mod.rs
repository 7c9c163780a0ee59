//! A small HTTP server that answers from a script and remembers what it was asked.

#![allow(dead_code, reason = "each test uses what it needs of this")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A request, as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// `GET /path?query`.
    pub(crate) line: String,
    /// The header lines, in lower case up to the colon.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// What the server does with one request.
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: &'static str,
        body: String,
    },
    /// Parts of a chunked body, with a pause before each.
    Stream(Vec<&'static [u8]>),
    /// Closes the connection without a word.
    HangUp,
    /// Never answers.
    Silence,
}

pub(crate) fn json(status: u16, body: &str) -> Reply {
    Reply::Answer { status, headers: "content-type: application/json\r\n", body: body.to_owned() }
}

pub(crate) fn problem(status: u16, code: &str, more: &str) -> Reply {
    let body = format!(
        r#"{{"type":"about:blank","title":"Title","status":{status},"code":"{code}"{more},"request_id":"r1"}}"#
    );
    Reply::Answer { status, headers: "content-type: application/problem+json\r\n", body }
}

pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server that answers with what the script makes of the number of the request, from 0, and of the request.
    pub(crate) async fn new(script: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (script, count, log) = (Arc::new(script), Arc::new(AtomicUsize::new(0)), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (script, count, log) = (Arc::clone(&script), Arc::clone(&count), Arc::clone(&log));
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else { return };
                    let reply = script(count.fetch_add(1, Ordering::SeqCst), &request);
                    log.lock().expect("no test panics with it").push(request);
                    write(&mut stream, reply).await;
                });
            }
        });
        Self { url, seen }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panics with it").clone()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let mut seen = Seen { line, headers: lines.collect(), body: String::new() };
    let length = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        stream.read_buf(&mut body).await.ok()?;
    }
    seen.body = String::from_utf8_lossy(&body).into_owned();
    Some(seen)
}

async fn write(stream: &mut TcpStream, reply: Reply) {
    // Whether the client still listens is for the test to find out.
    match reply {
        Reply::Answer { status, headers, body } => {
            let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
            let text = format!("HTTP/1.1 {status} Whatever\r\nconnection: close\r\n{length}{headers}\r\n{body}");
            let _ = stream.write_all(text.as_bytes()).await;
        }
        Reply::Stream(parts) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            for part in parts {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let _ = stream.write_all(format!("{:x}\r\n", part.len()).as_bytes()).await;
                let _ = stream.write_all(part).await;
                let _ = stream.write_all(b"\r\n").await;
            }
            let _ = stream.write_all(b"0\r\n\r\n").await;
        }
        Reply::HangUp => {}
        Reply::Silence => tokio::time::sleep(Duration::from_secs(60)).await,
    }
}
