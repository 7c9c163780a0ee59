//! The other side: it asks one thing at a time, and is not counted itself.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream as Blocking},
    process::{Child, Command, Stdio},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::cases::Exchange;

/// One connection, and what it says again and again.
pub(crate) struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    expected: Expected,
}

/// What has to come back.
enum Expected {
    Response,
    Reply,
    /// Besides the reply, the event at the last of those who were subscribed. The others are in a process of their own.
    Delivery {
        last: TcpStream,
        _others: Others,
    },
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, exchange: &Exchange) -> io::Result<Self> {
        let (stream, request, expected) = match exchange {
            Exchange::Http(request) => (TcpStream::connect(address).await?, request.clone(), Expected::Response),
            Exchange::Message { path, text } => (open(address, path).await?, frame(text), Expected::Reply),
            Exchange::Publish { subscribers, other_topics } => {
                let (subscribers, other_topics) = (*subscribers, *other_topics);
                let others = tokio::task::spawn_blocking(move || Others::start(address, subscribers - 1, other_topics));
                // They are served meanwhile.
                let others = others.await??;
                let mut last = open(address, "/events").await?;
                last.write_all(&frame(&subscribe_to("t"))).await?;
                read_frame(&mut last).await?;
                let publish = r#"{"action":"emit","id":"1","data":{"name":"t","n":1,"text":"the quick brown fox"}}"#;
                let expected = Expected::Delivery { last, _others: others };
                (open(address, "/events").await?, frame(publish), expected)
            }
        };
        Ok(Self { stream, request, expected })
    }

    /// Asks so many times, and waits for the answer each time.
    pub(crate) async fn turns(&mut self, turns: u64) -> io::Result<()> {
        for _ in 0..turns {
            self.stream.write_all(&self.request).await?;
            match &mut self.expected {
                Expected::Response => read_response(&mut self.stream).await?,
                Expected::Reply => read_frame(&mut self.stream).await?,
                Expected::Delivery { last, .. } => {
                    read_frame(&mut self.stream).await?;
                    read_frame(last).await?;
                }
            }
        }
        Ok(())
    }
}

fn subscribe_to(topic: &str) -> String {
    format!(r#"{{"action":"subscribe","id":"1","data":{{"name":"{topic}"}}}}"#)
}

fn upgrade(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// Opens a channel.
async fn open(address: SocketAddr, path: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(upgrade(path).as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    check_status(&head, "101")?;
    Ok(stream)
}

/// A text frame of a client, whose mask of zeros leaves the text as it is.
fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("messages are short");
    let mut frame = vec![0x81];
    match length {
        0..126 => frame.push(0x80 | length.to_le_bytes()[0]),
        _ => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

async fn read_frame(stream: &mut TcpStream) -> io::Result<()> {
    let head = [stream.read_u8().await?, stream.read_u8().await?];
    let length = match head[1] {
        126 => usize::from(stream.read_u16().await?),
        length => usize::from(length),
    };
    let mut text = vec![0; length];
    stream.read_exact(&mut text).await?;
    check_text(head[0], &text)
}

/// Whether a frame is text that tells of no error.
fn check_text(opcode: u8, text: &[u8]) -> io::Result<()> {
    let text = String::from_utf8_lossy(text);
    if opcode == 0x81 && !text.contains(r#""error""#) { Ok(()) } else { Err(io::Error::other(text)) }
}

async fn read_response(stream: &mut TcpStream) -> io::Result<()> {
    let mut response = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut response).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = response.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&response[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
        if response.len() >= end + 4 + length.unwrap_or(0) {
            return check_status(&response, "200");
        }
    }
}

fn check_status(response: &[u8], status: &str) -> io::Result<()> {
    let response = String::from_utf8_lossy(response);
    if response.split(' ').nth(1) == Some(status) { Ok(()) } else { Err(io::Error::other(response)) }
}

/// Whoever else is connected: this program once more, not under callgrind, so that they cost no time.
struct Others(Child);

impl Others {
    /// Waits until they are all subscribed.
    fn start(address: SocketAddr, subscribers: usize, other_topics: usize) -> io::Result<Self> {
        let arguments = [address.to_string(), subscribers.to_string(), other_topics.to_string()];
        let mut command = Command::new(std::env::current_exe()?);
        let mut others =
            Self(command.arg("subscribe").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?);
        let mut line = String::new();
        BufReader::new(others.0.stdout.take().expect("it is piped")).read_line(&mut line)?;
        if line == "subscribed\n" { Ok(others) } else { Err(io::Error::other("the subscribers failed")) }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        // They end when nobody is left to write to them.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// How many topics a connection may be on.
const TOPICS_PER_CONNECTION: usize = 1000;

/// Subscribes so many connections to the topic that is published to, and some to so many other topics; says so, and holds
/// them until the input ends. What comes for them waits in the sockets.
pub(crate) fn subscribe(address: SocketAddr, subscribers: usize, other_topics: usize) -> io::Result<()> {
    let mut streams = Vec::new();
    for _ in 0..subscribers {
        let mut stream = open_blocking(address)?;
        subscribe_blocking(&mut stream, "t")?;
        streams.push(stream);
    }
    for topic in 0..other_topics {
        if topic % TOPICS_PER_CONNECTION == 0 {
            streams.push(open_blocking(address)?);
        }
        let stream = streams.last_mut().expect("one was opened for the first topic");
        subscribe_blocking(stream, &format!("topic-{topic}"))?;
    }
    writeln!(io::stdout(), "subscribed")?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn open_blocking(address: SocketAddr) -> io::Result<Blocking> {
    let mut stream = Blocking::connect(address)?;
    stream.write_all(upgrade("/events").as_bytes())?;
    let mut head = [0; 1024];
    let read = stream.read(&mut head)?;
    check_status(&head[..read], "101")?;
    Ok(stream)
}

fn subscribe_blocking(stream: &mut Blocking, topic: &str) -> io::Result<()> {
    stream.write_all(&frame(&subscribe_to(topic)))?;
    let mut reply = [0; 1024];
    let read = stream.read(&mut reply)?;
    check_text(reply[0], &reply[2..read.max(2)])
}
