//! The floor of everything: one read, one write, and next to nothing in between.
//!
//! Every request gets the answer of `hello`, and the frames of a socket come back as they were. Each has to come in one
//! piece, and a connection keeps nothing between them.

use std::io;

use tokio::net::{TcpListener, TcpStream};
use tungstenite::handshake::derive_accept_key;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n\
    content-type: application/json\r\n\
    content-length: 19\r\n\
    date: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n\
    {\"message\":\"hello\"}";

fn main() {
    contract::run(async {
        let listener = TcpListener::bind(contract::addr()).await.expect("the port is free");
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream));
        }
    });
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    let mut is_socket = false;
    loop {
        stream.readable().await?;
        if !answer(&stream, &mut is_socket)? {
            return Ok(());
        }
    }
}

/// Answers what has come, and says whether more may come.
fn answer(stream: &TcpStream, is_socket: &mut bool) -> io::Result<bool> {
    let mut buffer = [0; 2 << 10];
    let came = match stream.try_read(&mut buffer) {
        Ok(0) => return Ok(false),
        Ok(length) => &mut buffer[..length],
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
        Err(error) => return Err(error),
    };
    if *is_socket {
        return send(stream, unmasked(came).ok_or(io::ErrorKind::InvalidData)?);
    }
    let Some(key) = header(came, b"sec-websocket-key: ") else {
        return send(stream, ANSWER);
    };
    *is_socket = true;
    let switching = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {}\r\n\r\n",
        derive_accept_key(key)
    );
    send(stream, switching.as_bytes())
}

fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<bool> {
    match stream.try_write(bytes)? == bytes.len() {
        true => Ok(true),
        false => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// The value of a header, by its name in lower case with all that is before the value.
fn header<'h>(head: &'h [u8], name: &[u8]) -> Option<&'h [u8]> {
    // Nobody upgrades where all requests are the same.
    let head = head.strip_prefix(b"GET /echo ")?;
    let named = |line: &&[u8]| line.len() >= name.len() && line[..name.len()].eq_ignore_ascii_case(name);
    let line = head.split(|byte| *byte == b'\n').find(named)?;
    line[name.len()..].strip_suffix(b"\r")
}

/// A frame as a server sends it, in the place of the one that came.
fn unmasked(frame: &mut [u8]) -> Option<&[u8]> {
    let (head, content) = match frame.get(1)? & 0x7F {
        126 => (4, usize::from(u16::from_be_bytes([*frame.get(2)?, *frame.get(3)?]))),
        short => (2, usize::from(short)),
    };
    let mask: [u8; 4] = frame.get(head..head + 4)?.try_into().ok()?;
    let bytes = frame.get_mut(head + 4..head + 4 + content)?;
    for chunk in bytes.chunks_mut(4) {
        chunk.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
    // The mask is left out, so that the head moves up to the content.
    frame.copy_within(..head, 4);
    frame[5] &= 0x7F;
    frame.get(4..head + 4 + content)
}
