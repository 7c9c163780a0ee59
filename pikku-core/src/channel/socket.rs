//! The socket of a connection: frames of RFC 6455, read and written by one task.

use std::{
    io::{self, Read, Write},
    pin::Pin,
    task::{Context, Poll},
};

use hyper::upgrade::{Parts, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tungstenite::{
    Error, Message,
    protocol::{Role, WebSocketConfig, WebSocketContext},
};

/// How much is read at once. Most messages fit, and an idle connection keeps no more than this; much larger ones take a few
/// reads more.
const READ_BUFFER: usize = 1536;

/// How much is put together before it is written.
const WRITE_BUFFER: usize = 4 << 10;

/// A socket that a request was upgraded to.
///
/// tungstenite speaks the protocol, and is handed the stream and the task for each call: who reads and who writes is always
/// the same task, so there is nobody else to be woken.
pub(super) struct Socket {
    stream: Stream,
    protocol: WebSocketContext,
    /// Whether the network did not take what it was last given.
    blocked: bool,
}

/// What the bytes go over.
enum Stream {
    /// The connection of a client, as our own server accepts it.
    Tcp(TcpStream),
    /// Whatever another server has upgraded.
    Other(TokioIo<Upgraded>),
}

impl Socket {
    pub(super) fn new(upgraded: Upgraded, message_limit: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(message_limit))
            .max_frame_size(Some(message_limit));
        let (stream, begun) = match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(Parts { io, read_buf, .. }) => (Stream::Tcp(io.into_inner()), read_buf.into()),
            Err(upgraded) => (Stream::Other(TokioIo::new(upgraded)), Vec::new()),
        };
        let protocol = WebSocketContext::from_partially_read(begun, Role::Server, Some(config));
        Self { stream, protocol, blocked: false }
    }

    /// Reads a message. There is none after an error.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        unless_blocked(self.protocol.read(&mut Polled { stream: &mut self.stream, cx }))
    }

    /// Whether the network takes nothing more for now.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Ready when the network takes more.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.blocked { self.poll_flush(cx) } else { Poll::Ready(Ok(())) }
    }

    /// Writes a message, or keeps it where the network does not take it.
    pub(super) fn write(&mut self, message: Message, cx: &mut Context<'_>) -> Result<(), Error> {
        match unless_blocked(self.protocol.write(&mut Polled { stream: &mut self.stream, cx }, message)) {
            Poll::Ready(written) => written,
            Poll::Pending => {
                self.blocked = true;
                Ok(())
            }
        }
    }

    /// Sends what was written on its way.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let flushed = unless_blocked(self.protocol.flush(&mut Polled { stream: &mut self.stream, cx }));
        self.blocked = flushed.is_pending();
        match flushed {
            // The goodbyes have been said, so all of it is on its way.
            Poll::Ready(Err(Error::ConnectionClosed)) => Poll::Ready(Ok(())),
            flushed => flushed,
        }
    }
}

fn unless_blocked<T>(done: Result<T, Error>) -> Poll<Result<T, Error>> {
    match done {
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        done => Poll::Ready(done),
    }
}

/// A stream while its task is polled, as tungstenite reads and writes it.
struct Polled<'p, 'c> {
    stream: &'p mut Stream,
    cx: &'p mut Context<'c>,
}

impl Read for Polled<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        let read = match self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(self.cx, &mut buffer),
            Stream::Other(stream) => Pin::new(stream).poll_read(self.cx, &mut buffer),
        };
        done(read).map(|()| buffer.filled().len())
    }
}

impl Write for Polled<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        done(match self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(self.cx, bytes),
            Stream::Other(stream) => Pin::new(stream).poll_write(self.cx, bytes),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        done(match self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(self.cx),
            Stream::Other(stream) => Pin::new(stream).poll_flush(self.cx),
        })
    }
}

fn done<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
