//! The socket of a connection: frames of RFC 6455, read and written by one task.

use std::{
    io::{self, Read, Write},
    mem::{self, MaybeUninit},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use hyper::upgrade::{Parts, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tungstenite::{
    Error, Message,
    error::CapacityError,
    protocol::{Role, WebSocketConfig, WebSocketContext},
};

use crate::server::Watched;

/// How much is read at once, onto the stack.
const MOST_READ: usize = 4 << 10;

/// What a connection keeps to put a message together in. Most fit, and it grows for those that do not.
const READ_BUFFER: usize = 512;

/// How much is put together before it is written.
const WRITE_BUFFER: usize = 4 << 10;

/// How much of the answers to pings waits for the network before no more pings are read.
const MOST_OWED: usize = 4 << 10;

/// A socket that a request was upgraded to.
///
/// tungstenite speaks the protocol. It is handed what was read, and the stream to write to, for each call: who reads and who
/// writes is always the same task, so there is nobody else to be woken.
pub(super) struct Socket {
    stream: Stream,
    protocol: WebSocketContext,
    /// What was read and not taken yet; at first, what came right behind the request.
    ahead: Bytes,
    /// How much was taken that no message has accounted for, at most. A message may have taken more than is known of it,
    /// if it came in fragments or if its lengths are written longer than they need be; what is left of that is in here.
    taken: usize,
    /// Whether there is no whole message in what was taken.
    is_dry: bool,
    /// Whether the network did not take what it was last given.
    is_blocked: bool,
    /// How much of the answers to pings was written since the network took everything.
    owed: usize,
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
        let (stream, ahead) = match upgraded.downcast::<TokioIo<Watched>>() {
            Ok(Parts { io, read_buf, .. }) => (Stream::Tcp(io.into_inner().into_inner()), read_buf),
            Err(upgraded) => (Stream::Other(TokioIo::new(upgraded)), Bytes::new()),
        };
        let protocol = WebSocketContext::new(Role::Server, Some(config));
        Self { stream, protocol, ahead, taken: 0, is_dry: false, is_blocked: false, owed: 0 }
    }

    /// Says that the connection has all that it needs to be idle.
    ///
    /// Only now the buffer of its request is freed, so that the next request can have it: what stays of this connection
    /// would have been put into it before, and each request would take another one from the system.
    pub(super) fn settle(&mut self) {
        if self.ahead.is_empty() {
            self.ahead = Bytes::new();
        }
    }

    /// Gives back what large messages took, unless there is something left of one, or may be.
    pub(super) fn shrink(&mut self) {
        if self.taken == 0 && self.is_dry && !self.is_blocked {
            self.protocol = WebSocketContext::new(Role::Server, Some(*self.protocol.get_config()));
        }
    }

    /// Whether the network takes nothing more for now.
    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// Whether so many pings came since the network has taken nothing that no more may be read.
    pub(super) fn owes_much(&self) -> bool {
        self.is_blocked && self.owed > MOST_OWED
    }

    /// Reads a message. There is none after an error.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        loop {
            // What is ahead goes first, whatever there is in what was taken, and nothing is put over it.
            if !self.is_dry || !self.ahead.is_empty() {
                let mut ahead = mem::take(&mut self.ahead);
                let mut left = &*ahead;
                let read = self.poll_take(&mut left, None, cx);
                ahead.advance(ahead.len() - left.len());
                self.ahead = ahead;
                if read.is_ready() {
                    return read;
                }
            }
            let mut space = [MaybeUninit::uninit(); MOST_READ];
            let mut buffer = ReadBuf::uninit(&mut space);
            let end = match ready!(self.stream.poll_read(cx, &mut buffer)) {
                Ok(()) => buffer.filled().is_empty().then_some(Ok(0)),
                Err(error) => Some(Err(error)),
            };
            let mut left = buffer.filled();
            let read = self.poll_take(&mut left, end, cx);
            if !left.is_empty() {
                self.ahead = Bytes::copy_from_slice(left);
            }
            if read.is_ready() {
                return read;
            }
        }
    }

    /// Takes a message from what was read, which ends with `end` where that was the last.
    fn poll_take(
        &mut self,
        came: &mut &[u8],
        end: Option<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Message, Error>> {
        let Self { stream, protocol, is_blocked, .. } = self;
        let before = came.len();
        let mut read = unless_blocked(protocol.read(&mut Polled { stream, is_blocked, came, end, cx }));
        self.taken += before - came.len();
        if read.is_pending() && self.taken > self.longest_message() {
            let max_size = self.longest_message();
            read = Poll::Ready(Err(CapacityError::MessageTooLong { size: self.taken, max_size }.into()));
        }
        self.is_dry = match &read {
            Poll::Pending => true,
            Poll::Ready(Ok(message)) if !message.is_close() => {
                self.taken -= shortest_frame(message.len());
                match message {
                    Message::Ping(content) if self.is_blocked => self.owed += shortest_frame(content.len()),
                    // There may be fragments of a message around it.
                    Message::Ping(_) | Message::Pong(_) => {}
                    // Its last bytes came with what was taken last, so no more than that is left.
                    _ => self.taken = self.taken.min(READ_BUFFER),
                }
                // The answer to a ping has yet to be sent.
                self.taken == 0 && !message.is_ping()
            }
            Poll::Ready(_) => false,
        };
        // What the network did not take, such as the answer to a ping, is tried again the next time.
        self.is_dry &= !self.is_blocked;
        read
    }

    /// How long the frames of a message may be together: as if each byte came in a fragment of its own.
    fn longest_message(&self) -> usize {
        let limit = self.protocol.get_config().max_message_size.unwrap_or(usize::MAX);
        limit.saturating_mul(shortest_frame(1)).saturating_add(MOST_READ)
    }

    /// Ready when the network takes more.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.is_blocked { self.poll_flush(cx) } else { Poll::Ready(Ok(())) }
    }

    /// Writes a message, or keeps it where the network does not take it.
    pub(super) fn write(&mut self, message: Message, cx: &mut Context<'_>) -> Result<(), Error> {
        match self.poll_write(cx, |protocol, stream| protocol.write(stream, message)) {
            Poll::Ready(written) => written,
            Poll::Pending => Ok(()),
        }
    }

    /// Sends what was written on its way.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match ready!(self.poll_write(cx, |protocol, stream| protocol.flush(stream))) {
            // The goodbyes have been said, so all of it is on its way.
            Ok(()) | Err(Error::ConnectionClosed) => {
                self.owed = 0;
                Poll::Ready(Ok(()))
            }
            failed => Poll::Ready(failed),
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut WebSocketContext, &mut Polled<'_, '_, '_>) -> Result<(), Error>,
    ) -> Poll<Result<(), Error>> {
        self.is_blocked = false;
        let Self { stream, protocol, is_blocked, .. } = self;
        unless_blocked(write(protocol, &mut Polled { stream, is_blocked, came: &mut &[][..], end: None, cx }))
    }
}

/// How long the frame of a client is with this much in it. A message takes no less, whatever the frames are that it came in.
fn shortest_frame(content: usize) -> usize {
    let length = match content {
        0..126 => 0,
        126..0x1_0000 => 2,
        _ => 8,
    };
    2 + length + 4 + content
}

fn unless_blocked<T>(done: Result<T, Error>) -> Poll<Result<T, Error>> {
    match done {
        Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        done => Poll::Ready(done),
    }
}

impl Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Other(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Other(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Other(stream) => Pin::new(stream).poll_flush(cx),
        }
    }
}

/// A socket while its task is polled, as tungstenite reads and writes it.
struct Polled<'p, 'b, 'c> {
    stream: &'p mut Stream,
    is_blocked: &'p mut bool,
    /// What was read.
    came: &'p mut &'b [u8],
    /// What comes after it, if it was the last.
    end: Option<io::Result<usize>>,
    cx: &'p mut Context<'c>,
}

impl Polled<'_, '_, '_> {
    fn written<T>(&mut self, written: Poll<io::Result<T>>) -> io::Result<T> {
        match written {
            Poll::Ready(written) => written,
            Poll::Pending => {
                *self.is_blocked = true;
                Err(io::ErrorKind::WouldBlock.into())
            }
        }
    }
}

impl Read for Polled<'_, '_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.came.is_empty() {
            return self.end.take().unwrap_or_else(|| Err(io::ErrorKind::WouldBlock.into()));
        }
        self.came.read(buffer)
    }
}

impl Write for Polled<'_, '_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.poll_write(self.cx, bytes);
        self.written(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.stream.poll_flush(self.cx);
        self.written(flushed)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        future::poll_fn,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use axum::body::Body;
    use http::{Request, Response, StatusCode, header};
    use hyper::{body::Incoming, server::conn::http1, service::service_fn};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
        net::TcpListener,
    };

    use super::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

    /// The socket that the first request over a stream is upgraded to.
    async fn upgrade(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Socket {
        let on_upgrade = Arc::new(Mutex::new(None));
        let service = service_fn(|request: Request<Incoming>| {
            *on_upgrade.lock().expect("no test panics with it") = Some(hyper::upgrade::on(request));
            let switching = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
            let switching = switching.header(header::CONNECTION, "upgrade").header(header::UPGRADE, "websocket");
            std::future::ready(Ok::<_, Infallible>(switching.body(Body::empty()).expect("a response")))
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        connection.with_upgrades().await.expect("it is served");
        let on_upgrade = on_upgrade.lock().expect("no test panics with it").take().expect("there was a request");
        Socket::new(on_upgrade.await.expect("it is upgraded"), 1 << 20)
    }

    /// A frame as a client sends it. Its mask is all zeros, which is a mask like any other.
    fn frame(opcode: u8, content: &[u8]) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(content.len()).expect("a length of two bytes") {
            short @ 0..126 => frame.push(0x80 | u8::try_from(short).expect("it is short")),
            long => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&long.to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(content);
        frame
    }

    async fn read(socket: &mut Socket) -> Message {
        let message = poll_fn(|cx| socket.poll_read(cx)).await.expect("a message");
        socket.settle();
        message
    }

    /// Sends a request and messages right behind it, in pieces of a size, and reads them.
    async fn check_reading(
        near: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        mut far: impl AsyncWrite + Unpin,
        size: usize,
    ) {
        let texts =
            ["a".to_owned(), "b".repeat(700), String::new(), "c".repeat(20_000), "d".to_owned(), "e".repeat(125)];
        let frames = texts.iter().flat_map(|text| frame(1, text.as_bytes()));
        let bytes: Vec<u8> = REQUEST.iter().copied().chain(frames).collect();
        let send = async {
            for piece in bytes.chunks(size) {
                far.write_all(piece).await.expect("it is sent");
                tokio::task::yield_now().await;
            }
        };
        let receive = async {
            let mut socket = upgrade(near).await;
            for text in &texts {
                assert_eq!(read(&mut socket).await, Message::text(text), "in pieces of {size}");
            }
        };
        tokio::join!(send, receive);
    }

    #[tokio::test]
    async fn c4_messages_come_in_order_however_the_network_cuts_them() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address");
        let address = listener.local_addr().expect("an address");
        for size in [1, 7, 500, usize::MAX] {
            let (near, far) = duplex(1 << 10);
            check_reading(near, far, size).await;
            let (far, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
            let (near, _) = Watched::new(accepted.expect("a connection").0);
            check_reading(near, far.expect("a connection"), size).await;
        }
    }
    #[tokio::test]
    async fn c8_what_the_network_does_not_take_is_kept_and_so_is_the_answer_to_a_ping() {
        let (near, mut far) = duplex(256);
        far.write_all(REQUEST).await.expect("it is sent");
        let mut socket = upgrade(near).await;
        let written = poll_fn(|cx| Poll::Ready(socket.write(Message::text("x".repeat(10_000)), cx))).await;
        assert!(written.is_ok() && socket.is_blocked());

        far.write_all(&frame(9, b"p")).await.expect("it is sent");
        assert_eq!(read(&mut socket).await, Message::Ping("p".into()));
        assert!(poll_fn(|cx| Poll::Ready(socket.poll_read(cx))).await.is_pending());
        let take = async {
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"\x8a\x01p") {
                bytes.push(far.read_u8().await.expect("there is more"));
            }
            bytes
        };
        let (bytes, flushed) = tokio::join!(take, poll_fn(|cx| socket.poll_ready(cx)));
        assert!(flushed.is_ok() && !socket.is_blocked());
        assert_eq!(bytes.iter().filter(|byte| **byte == b'x').count(), 10_000);
    }

    #[tokio::test]
    async fn what_has_begun_is_finished_though_the_socket_shrinks() {
        let (near, mut far) = duplex(1 << 10);
        far.write_all(REQUEST).await.expect("it is sent");
        let mut socket = upgrade(near).await;
        let text = frame(1, b"hello");
        let (begin, rest) = text.split_at(8);
        let mut fragment = frame(1, b"frag");
        fragment[0] = 1;
        let check = async |socket: &mut Socket, far: &mut DuplexStream, bytes: &[u8], expect: Option<Message>| {
            far.write_all(bytes).await.expect("it is sent");
            let read = match poll_fn(|cx| Poll::Ready(socket.poll_read(cx))).await {
                Poll::Ready(read) => Some(read.expect("a message")),
                Poll::Pending => None,
            };
            assert_eq!(read, expect);
            socket.shrink();
        };
        check(&mut socket, &mut far, begin, None).await;
        check(&mut socket, &mut far, rest, Some(Message::text("hello"))).await;
        check(&mut socket, &mut far, &frame(9, b"p"), Some(Message::Ping("p".into()))).await;
        check(&mut socket, &mut far, &fragment, None).await;
        check(&mut socket, &mut far, &frame(0, b"ment"), Some(Message::text("fragment"))).await;
        check(&mut socket, &mut far, &text.repeat(2), Some(Message::text("hello"))).await;
        check(&mut socket, &mut far, &[], Some(Message::text("hello"))).await;
        drop(socket);
        let mut bytes = Vec::new();
        far.read_to_end(&mut bytes).await.expect("it ends");
        assert!(bytes.ends_with(b"\x8a\x01p"), "the ping is answered");
    }

    #[tokio::test]
    async fn c5_a_goodbye_is_answered_by_reading_on_also_where_the_network_takes_nothing_at_first() {
        let (near, mut far) = duplex(256);
        far.write_all(REQUEST).await.expect("it is sent");
        let mut socket = upgrade(near).await;
        let written = poll_fn(|cx| Poll::Ready(socket.write(Message::text("x".repeat(10_000)), cx))).await;
        assert!(written.is_ok() && socket.is_blocked());

        far.write_all(&frame(8, &1000_u16.to_be_bytes())).await.expect("it is sent");
        assert!(read(&mut socket).await.is_close());
        let take = async {
            let mut bytes = Vec::new();
            while !bytes.ends_with(b"\x88\x02\x03\xe8") {
                bytes.push(far.read_u8().await.expect("there is more"));
            }
        };
        let end = async { tokio::join!(take, poll_fn(|cx| socket.poll_read(cx))).1 };
        let end = tokio::time::timeout(Duration::from_secs(5), end).await.expect("it is answered");
        assert!(matches!(end, Err(Error::ConnectionClosed)), "{end:?}");
    }

    #[tokio::test]
    async fn c8_a_stream_that_ends_and_one_that_breaks_the_protocol_are_told_apart() {
        let check = async |bytes: &[u8], expect: &str| {
            let (near, mut far) = duplex(1 << 10);
            far.write_all(REQUEST).await.expect("it is sent");
            let mut socket = upgrade(near).await;
            far.write_all(bytes).await.expect("it is sent");
            drop(far);
            let error = poll_fn(|cx| socket.poll_read(cx)).await.expect_err("there is no message");
            assert_eq!(error.to_string(), expect);
        };
        let cut = "WebSocket protocol error: Connection reset without closing handshake";
        check(&[], cut).await;
        check(&frame(1, b"cut short")[..10], cut).await;
        check(&[0x83, 0x80, 0, 0, 0, 0], "WebSocket protocol error: Encountered invalid opcode: 3").await;
    }

    // Seen to fail with bytes that were read and not taken yet left behind newer ones.
    #[tokio::test]
    async fn c4_what_fills_the_buffer_of_the_protocol_to_the_byte_is_not_overtaken() {
        let (near, mut far) = duplex(1 << 16);
        far.write_all(REQUEST).await.expect("it is sent");
        let mut socket = upgrade(near).await;
        let full = "f".repeat(READ_BUFFER - shortest_frame(0) - 2);
        let texts: Vec<_> = (0..4).flat_map(|number| [full.clone(), number.to_string()]).collect();
        for texts in texts.chunks(4) {
            let frames: Vec<u8> = texts.iter().flat_map(|text| frame(1, text.as_bytes())).collect();
            far.write_all(&frames).await.expect("it is sent");
            assert_eq!(read(&mut socket).await, Message::text(texts[0].as_str()));
            // More comes before the rest is asked for.
            far.write_all(&frame(1, b"newer")).await.expect("it is sent");
            for text in texts[1..].iter().map(String::as_str).chain(["newer"]) {
                assert_eq!(read(&mut socket).await, Message::text(text));
            }
        }
    }

    // Seen to hang, with messages lost in the same way.
    #[tokio::test]
    async fn c4_bursts_of_any_sizes_come_whole_and_in_order() {
        // A generator of numbers that are the same each time (Knuth's MMIX).
        let mut state = 7_u64;
        let mut below = move |bound: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).expect("it is small") % bound
        };
        let (near, mut far) = duplex(1 << 20);
        far.write_all(REQUEST).await.expect("it is sent");
        let mut socket = upgrade(near).await;
        for burst in (0..=u8::MAX).cycle().take(2000) {
            let sizes: Vec<_> = (0..1 + below(8)).map(|_| [below(20), below(130), below(1100)][below(3)]).collect();
            let frames: Vec<u8> = sizes.iter().flat_map(|size| frame(2, &vec![burst; *size])).collect();
            let (first, second) = frames.split_at(below(frames.len()));
            far.write_all(first).await.expect("it is sent");
            let early = poll_fn(|cx| Poll::Ready(socket.poll_read(cx))).await;
            far.write_all(second).await.expect("it is sent");
            let mut next = match early {
                Poll::Ready(message) => Some(message.expect("a message")),
                Poll::Pending => None,
            };
            for size in sizes {
                let message = match next.take() {
                    Some(message) => message,
                    None => read(&mut socket).await,
                };
                assert_eq!(message, Message::binary(vec![burst; size]), "in burst {burst}");
            }
        }
    }

    // Seen to fail with fragments that nothing counts, and with what they took counted for the messages after them.
    #[tokio::test]
    async fn z5_fragments_without_content_are_too_much_and_those_with_little_are_not() {
        let (near, mut far) = duplex(1 << 12);
        far.write_all(REQUEST).await.expect("it is sent");
        let mut socket = upgrade(near).await;
        socket.protocol.set_config(|config| config.max_message_size = Some(1000));
        let fragment = |first: u8, content: &[u8]| {
            let mut fragment = frame(0, content);
            fragment[0] = first;
            fragment
        };
        let send = async {
            let bytes = (1..999).flat_map(|_| fragment(0, b"x"));
            let bytes: Vec<u8> = fragment(2, b"x").into_iter().chain(bytes).chain(fragment(0x80, b"x")).collect();
            for _ in 0..20 {
                far.write_all(&bytes).await.expect("it is sent");
            }
            far.write_all(&fragment(2, b"")).await.expect("it is sent");
            for _ in 0..10_000 {
                if far.write_all(&fragment(0, b"")).await.is_err() {
                    break;
                }
            }
        };
        let receive = async {
            for _ in 0..20 {
                assert_eq!(read(&mut socket).await.len(), 1000);
            }
            let error = tokio::time::timeout(Duration::from_secs(5), poll_fn(|cx| socket.poll_read(cx))).await;
            drop(socket);
            error
        };
        let error = tokio::join!(send, receive).1.expect("it ends");
        assert!(matches!(error, Err(Error::Capacity(_))), "{error:?}");
    }

    // Seen to fail with nothing that bounds them.
    #[tokio::test]
    async fn c8_answers_that_nobody_takes_are_only_so_many() {
        let (near, mut far) = duplex(1 << 10);
        far.write_all(REQUEST).await.expect("it is sent");
        let mut socket = upgrade(near).await;
        let written = poll_fn(|cx| Poll::Ready(socket.write(Message::text("x".repeat(10_000)), cx))).await;
        assert!(written.is_ok() && socket.is_blocked());
        let mut pings = 0;
        while !socket.owes_much() {
            far.write_all(&frame(9, &[b'p'; 125])).await.expect("it is sent");
            assert!(read(&mut socket).await.is_ping());
            pings += 1;
            assert!(pings < 100, "the answers are without bound");
        }
        let take = async {
            let (mut bytes, mut taken) = ([0; 1 << 10], 0);
            while taken < 10_000 + pings * 127 {
                taken += far.read(&mut bytes).await.expect("there is more");
            }
        };
        let (_, flushed) = tokio::join!(take, poll_fn(|cx| socket.poll_ready(cx)));
        assert!(flushed.is_ok() && !socket.owes_much());
    }
}
