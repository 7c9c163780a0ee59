//! The floor of a request and a message: one read, one write, and next to nothing in between.
//!
//! Every request gets the answer of `hello`, the frames of a socket come back as they were, and each subscriber has an event
//! written to it at once. What comes has to come in one piece, and a connection keeps nothing of it.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use tokio::net::{TcpListener, TcpStream};
use tungstenite::handshake::derive_accept_key;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 19\r\n\
    date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n\
    {\"message\":\"hello\"}";

/// Who is on each topic.
static TOPICS: LazyLock<Mutex<HashMap<Vec<u8>, Vec<Arc<TcpStream>>>>> = LazyLock::new(Mutex::default);

#[derive(Clone, Copy)]
enum Speaks {
    Http,
    Echo,
    Events,
}

fn main() {
    contract::run(async {
        let listener = TcpListener::bind(contract::addr()).await.expect("the port is free");
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(Arc::new(stream)));
        }
    });
}

async fn serve(stream: Arc<TcpStream>) -> io::Result<()> {
    let mut speaks = Speaks::Http;
    loop {
        stream.readable().await?;
        if !answer(&stream, &mut speaks)? {
            return Ok(());
        }
    }
}

/// Answers what has come, and says whether more may come.
fn answer(stream: &Arc<TcpStream>, speaks: &mut Speaks) -> io::Result<bool> {
    let mut buffer = [0; 2 << 10];
    let came = match stream.try_read(&mut buffer) {
        Ok(0) => return Ok(false),
        Ok(length) => &mut buffer[..length],
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
        Err(error) => return Err(error),
    };
    match speaks {
        Speaks::Http if came.starts_with(b"GET /echo ") => {
            *speaks = Speaks::Echo;
            upgrade(stream, came)?;
        }
        Speaks::Http if came.starts_with(b"GET /events ") => {
            *speaks = Speaks::Events;
            upgrade(stream, came)?;
        }
        Speaks::Http => send(stream, ANSWER)?,
        Speaks::Echo => each_frame(came, |frame| send(stream, frame))?,
        Speaks::Events => each_frame(came, |frame| event(stream, frame))?,
    }
    Ok(true)
}

fn upgrade(stream: &TcpStream, request: &[u8]) -> io::Result<()> {
    let name = b"sec-websocket-key: ";
    let named = |line: &&[u8]| line.len() >= name.len() && line[..name.len()].eq_ignore_ascii_case(name);
    let line = request.split(|byte| *byte == b'\n').find(named);
    let key = line.and_then(|line| line[name.len()..].strip_suffix(b"\r")).ok_or(io::ErrorKind::InvalidData)?;
    let switching = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {}\r\n\r\n",
        derive_accept_key(key)
    );
    send(stream, switching.as_bytes())
}

/// Subscribes, or sends an event to everyone on its topic but the sender.
fn event(stream: &Arc<TcpStream>, frame: &[u8]) -> io::Result<()> {
    let after = |text: &[u8]| frame.windows(text.len()).position(|window| window == text).map(|at| at + text.len());
    let name = after(br#""name":""#).and_then(|at| frame[at..].split(|byte| *byte == b'"').next());
    let name = name.ok_or(io::ErrorKind::InvalidData)?;
    let mut topics = TOPICS.lock().unwrap_or_else(PoisonError::into_inner);
    if after(br#""action":"subscribe""#).is_some() {
        topics.entry(name.to_vec()).or_default().push(Arc::clone(stream));
        return Ok(());
    }
    if let Some(subscribers) = topics.get_mut(name) {
        // Who is gone is forgotten, and so is who is slow.
        subscribers.retain(|subscriber| Arc::ptr_eq(subscriber, stream) || send(subscriber, frame).is_ok());
    }
    Ok(())
}

fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    match stream.try_write(bytes)? == bytes.len() {
        true => Ok(()),
        false => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// Hands on each of the frames that came, as a server sends it.
fn each_frame(came: &mut [u8], mut handle: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut rest = came;
    while !rest.is_empty() {
        let length = frame_length(rest).filter(|length| *length <= rest.len()).ok_or(io::ErrorKind::InvalidData)?;
        let (frame, left) = rest.split_at_mut(length);
        handle(unmasked(frame))?;
        rest = left;
    }
    Ok(())
}

fn frame_length(frame: &[u8]) -> Option<usize> {
    Some(match frame.get(1)? & 0x7F {
        126 => 8 + usize::from(u16::from_be_bytes([*frame.get(2)?, *frame.get(3)?])),
        short => 6 + usize::from(short),
    })
}

/// A frame without its mask, in the place of the one with it.
fn unmasked(frame: &mut [u8]) -> &[u8] {
    let head = if frame[1] & 0x7F == 126 { 4 } else { 2 };
    let (start, content) = frame.split_at_mut(head + 4);
    let mask = [start[head], start[head + 1], start[head + 2], start[head + 3]];
    for chunk in content.chunks_mut(4) {
        chunk.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
    // The mask is left out, so that the head moves up to the content.
    frame.copy_within(..head, 4);
    frame[5] &= 0x7F;
    &frame[4..]
}
