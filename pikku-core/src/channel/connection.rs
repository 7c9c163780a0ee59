//! The life of a connection: one task that reads, calls and writes.

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant, SystemTime},
};

use hyper::upgrade::Upgraded;
use tungstenite::{Error, Message as Frame, error::ProtocolError, protocol::CloseFrame};

use super::{
    ChannelDispatch, Outbound, frame,
    message::{Connected, Handled, Message, Moment, Opened, Received},
    outbound::Next,
    socket::Socket,
};
use crate::{
    alarm::{Alarm, EndSignal},
    app::App,
    error::Problem,
    server::Peer,
    session::{Kept, Standing},
};

/// How long the other side has to answer a goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves a connection until it ends, and cleans up after it.
///
/// Idle connections are many, so what is made here is small, and what is large is on the heap while it lasts.
pub(super) async fn serve<A: App, D: ChannelDispatch<A>>(
    upgraded: Upgraded,
    connected: Box<Connected<A>>,
    peer: Option<Arc<Peer>>,
) {
    // The server waits for as long as this is held.
    let mut end = peer.as_ref().map(|peer| EndSignal::new(peer.stopping.0.clone()));
    // For as long as this is held, the connection ends with its session.
    let kept = connected.sessions.kept();
    let _attached = kept.map(|Kept { sessions, key }| sessions.attach(key, &connected.connection, &connected.sessions));
    let opened = |moment| Opened { connected: &connected, routing: D::ROUTING, moment };
    let config = &connected.runtime.config.channel;
    let mut life = Life::<A, D> {
        line: Line { socket: Socket::new(upgraded, config.message_limit), unflushed: false, closing: false },
        connected: &connected,
        allowance: Allowance::new(config.rate),
        dispatch: std::marker::PhantomData,
    };
    life.run(opened(Moment::Opening), &mut end).await;
    // The function's answer has nowhere to go any more.
    let _ = Box::pin(D::disconnect(opened(Moment::Closed))).await;
    drop((end, peer));
}

/// How a connection ends.
enum Ending {
    /// The other side is gone, or gives no sign of life.
    Lost,
    /// One side has said goodbye, and the other may still answer.
    Closing,
    /// The other side broke the protocol, and is told so.
    Broken(CloseFrame),
}

/// What happens next on a connection.
enum Event {
    /// A message was handled.
    Handled(Handled),
    /// A message came.
    Received(Received),
    /// A sign of life came.
    Alive,
    /// It is time to look at the heartbeat, and who is signed in.
    Due,
    /// The server is about to end.
    Stopping,
    /// That was the last.
    End(Ending),
}

struct Life<'c, A: App, D> {
    line: Line,
    connected: &'c Connected<A>,
    allowance: Allowance,
    dispatch: std::marker::PhantomData<fn() -> D>,
}

impl<A: App, D: ChannelDispatch<A>> Life<'_, A, D> {
    async fn run(&mut self, opened: Opened<'_, A>, end: &mut Option<EndSignal>) {
        let connected = self.connected;
        let config = &connected.runtime.config.channel;
        let outbound = &connected.connection.outbound;
        let mut alarm = Alarm::default();
        let mut heartbeat = Instant::now() + config.heartbeat;
        let mut misses = 0;
        // When somebody has to have signed in, or the session of who has ends.
        let mut look = Instant::now() + config.sign_in;
        // Until when the other side may take its goodbye.
        let mut farewell = None;
        let mut watched = None;
        let mut leaves_again = false;
        let mut pending: VecDeque<Received> = VecDeque::new();
        let mut draining = false;

        let greeting = Box::pin(D::connect(opened)).await;
        self.answer(greeting);
        // One message is handled at a time. Its future is on the heap, since an idle connection has no room for the largest.
        let mut running = None;
        let ending = loop {
            if running.is_none()
                && !pending.is_empty()
                && outbound.is_open()
                && let Some(received) = pending.pop_front()
            {
                running = Some(Box::pin(handle::<A, D>(connected, received)));
            }
            if draining && running.is_none() {
                outbound.close(1012, "the server is about to restart");
            }
            let may_read = !draining && pending.len() < config.pending;
            // What a function has changed is nothing to go by before the function is done.
            let settled = self.settled(running.is_some());
            if let Some(standing) = settled
                && watched != settled
            {
                if D::PUBLIC && watched.is_some() && standing == Standing::Nobody {
                    // Nobody has to sign in anew here, so nothing else ends what they were subscribed to.
                    connected.runtime.hub.leave(&connected.connection);
                    // What is being handled was begun by who was signed in, and may subscribe yet.
                    leaves_again = running.is_some();
                }
                watched = settled;
                look = self.next_look(standing);
            }
            // In this order: what is answered first is written first, and what is written makes room for what is read.
            let event = poll_fn(|cx| {
                if let Poll::Ready(handled) = poll_running(running.as_mut(), outbound, cx) {
                    return Poll::Ready(Event::Handled(handled));
                }
                if let Poll::Ready(event) = self.line.poll_event(outbound, may_read, cx) {
                    return Poll::Ready(event);
                }
                if self.line.socket.is_blocked() && !outbound.is_open() {
                    // Signs of life do not help who does not take it.
                    farewell.get_or_insert_with(|| Instant::now() + FAREWELL);
                }
                let due = if settled.is_some() { heartbeat.min(look) } else { heartbeat };
                if alarm.poll(farewell.map_or(due, |end| due.min(end)), cx).is_ready() {
                    return Poll::Ready(Event::Due);
                }
                if let Some(end) = end.as_mut().filter(|_| !draining)
                    && end.poll(cx).is_ready()
                {
                    return Poll::Ready(Event::Stopping);
                }
                self.line.socket.settle();
                Poll::Pending
            });
            match event.await {
                Event::Handled(handled) => {
                    running = None;
                    if std::mem::take(&mut leaves_again) && self.connected.sessions.standing() == Standing::Nobody {
                        self.connected.runtime.hub.leave(&self.connected.connection);
                    }
                    self.answer(handled);
                    // The next message may change it again before there is time to look.
                    self.close_unless_signed_in(watched, look);
                }
                Event::Received(received) => {
                    misses = 0;
                    if self.allowance.take() {
                        pending.push_back(received);
                    } else {
                        self.answer(too_fast(D::ROUTING));
                    }
                }
                Event::Alive => misses = 0,
                Event::Due => {
                    let now = Instant::now();
                    if farewell.is_some_and(|end| now >= end) {
                        break Ending::Lost;
                    }
                    if now >= heartbeat {
                        if misses >= 2 {
                            tracing::debug!("a connection gives no sign of life");
                            break Ending::Lost;
                        }
                        misses += 1;
                        let _ = outbound.push(Frame::Ping(Vec::new().into()));
                        heartbeat = now + config.heartbeat;
                        self.line.socket.shrink();
                    }
                    // What is being handled may have signed somebody in by now, and then it shows when that is done.
                    if now >= look
                        && let Some(still) = self.settled(running.is_some())
                    {
                        self.close_unless_signed_in(watched, look);
                        look = self.next_look(still);
                    }
                }
                // What has come is still answered, and nothing more is read.
                Event::Stopping => draining = true,
                Event::End(ending) => break ending,
            }
        };
        let closed_here = !outbound.is_open();
        outbound.end();
        connected.runtime.hub.leave(&connected.connection);
        // What was begun is finished, and what had come before the other side went is handled, though nobody hears of it.
        let rest = async {
            if let Some(running) = running {
                running.await;
            }
            for received in pending.into_iter().filter(|_| !closed_here) {
                handle::<A, D>(self.connected, received).await;
            }
        };
        Box::pin(async { tokio::join!(rest, self.line.part(ending)) }).await;
    }

    /// Who is signed in, unless what is being handled has changed it and may yet fail.
    fn settled(&self, is_handling: bool) -> Option<Standing> {
        let sessions = &self.connected.sessions;
        if is_handling { sessions.settled() } else { Some(sessions.standing()) }
    }

    /// Ends a connection on which nobody has signed in by the time to look. The clock is read only where that matters.
    fn close_unless_signed_in(&self, watched: Option<Standing>, look: Instant) {
        let nobody = Standing::Nobody;
        if !D::PUBLIC
            && watched == Some(nobody)
            && self.connected.sessions.standing() == nobody
            && Instant::now() >= look
        {
            self.connected.connection.outbound.close(4401, "nobody has signed in");
        }
    }

    /// When there is something to be done about the session, if nothing happens before: whoever is not signed in, or no
    /// longer, has some time for it.
    fn next_look(&self, standing: Standing) -> Instant {
        const RARELY: Duration = Duration::from_secs(60 * 60);

        let wait = match standing {
            Standing::Nobody if !D::PUBLIC => self.connected.runtime.config.channel.sign_in,
            Standing::Nobody | Standing::SignedIn => RARELY,
            Standing::Until(until) => until.duration_since(SystemTime::now()).unwrap_or_default().min(RARELY),
        };
        Instant::now() + wait
    }

    fn answer(&self, handled: Handled) {
        if let Some(frame) = handled.0 {
            // A connection that is closed by now has nobody to answer.
            let _ = self.connected.connection.outbound.push(frame::text(frame));
        }
    }
}

async fn handle<A: App, D: ChannelDispatch<A>>(connected: &Connected<A>, received: Received) -> Handled {
    match &received {
        Received::Text(text) => D::message(&Message::open(connected, text, D::ROUTING)).await,
        Received::Binary(bytes) => D::binary(&Message::binary(connected, bytes, D::ROUTING)).await,
    }
}

fn poll_running<F: Future<Output = Handled>>(
    running: Option<&mut Pin<Box<F>>>,
    outbound: &Outbound,
    cx: &mut Context<'_>,
) -> Poll<Handled> {
    let Some(future) = running else { return Poll::Pending };
    // What the function sends to its own connection is looked for afterwards in any case, and need not wake it.
    outbound.look_later();
    future.as_mut().poll(cx)
}

fn too_fast(routing: &str) -> Handled {
    let problem =
        Problem::rate_limited(Duration::from_secs(1)).with_detail("messages come faster than this server answers them");
    Handled(Some(frame::failure(routing, None, None, &problem)))
}

/// A socket with what waits for it.
struct Line {
    socket: Socket,
    /// Whether there is something written that is not on its way yet.
    unflushed: bool,
    /// Whether the last word was written.
    closing: bool,
}

impl Line {
    /// Writes what waits, and reads what comes.
    fn poll_event(&mut self, outbound: &Outbound, may_read: bool, cx: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(event) = self.poll_write(outbound, cx) {
            return Poll::Ready(event);
        }
        if !may_read || self.closing || self.socket.owes_much() {
            return Poll::Pending;
        }
        match ready!(self.socket.poll_read(cx)) {
            Ok(Frame::Text(text)) => Poll::Ready(Event::Received(Received::Text(text))),
            Ok(Frame::Binary(bytes)) => Poll::Ready(Event::Received(Received::Binary(bytes))),
            Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_)) => Poll::Ready(Event::Alive),
            Ok(Frame::Close(_)) => Poll::Ready(Event::End(Ending::Closing)),
            Err(error) => Poll::Ready(Event::End(close_frame(&error).map_or(Ending::Lost, Ending::Broken))),
        }
    }

    /// Writes as much as there is and the network takes; messages that wait together go out together.
    fn poll_write(&mut self, outbound: &Outbound, cx: &mut Context<'_>) -> Poll<Event> {
        while !self.closing {
            let Poll::Ready(ready) = self.socket.poll_ready(cx) else {
                // Whoever does not take what it is sent is not waited for once it is closed.
                outbound.look_when_closed(cx);
                return Poll::Pending;
            };
            if ready.is_err() {
                return Poll::Ready(Event::End(Ending::Lost));
            }
            // What is added after this wakes the task.
            let Poll::Ready(next) = outbound.poll_next(cx) else { break };
            let frame = match next {
                Next::Message(message) => message,
                Next::Close(frame) => {
                    self.closing = true;
                    Frame::Close(Some(frame))
                }
            };
            if self.socket.write(frame, cx).is_err() {
                return Poll::Ready(Event::End(Ending::Lost));
            }
            self.unflushed = true;
        }
        if self.unflushed {
            if ready!(self.socket.poll_flush(cx)).is_err() {
                return Poll::Ready(Event::End(Ending::Lost));
            }
            self.unflushed = false;
        }
        if self.closing { Poll::Ready(Event::End(Ending::Closing)) } else { Poll::Pending }
    }

    /// Ends the connection in good order, for as long as the other side cares to.
    ///
    /// A side that goes before it has read everything resets the connection, and the other may never see the goodbye.
    async fn part(&mut self, ending: Ending) {
        let socket = &mut self.socket;
        let parted = async {
            match ending {
                Ending::Lost => {}
                Ending::Closing => while poll_fn(|cx| socket.poll_read(cx)).await.is_ok() {},
                Ending::Broken(frame) => {
                    // Nothing more can be read of what is not understood.
                    let mut goodbye = Some(Frame::Close(Some(frame)));
                    let told = poll_fn(|cx| {
                        ready!(socket.poll_ready(cx))?;
                        if let Some(goodbye) = goodbye.take() {
                            socket.write(goodbye, cx)?;
                        }
                        socket.poll_flush(cx)
                    });
                    // Who is gone has nothing to be told.
                    let _ = told.await;
                }
            }
        };
        let _ = tokio::time::timeout(FAREWELL, parted).await;
    }
}

/// How a client is told what it did wrong.
fn close_frame(error: &Error) -> Option<CloseFrame> {
    let (code, reason) = match error {
        Error::Capacity(_) => (1009, "the message is too large"),
        Error::Utf8(_) => (1007, "the text is not UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return None,
        Error::Protocol(_) => (1002, "that is against the protocol"),
        _ => return None,
    };
    Some(CloseFrame { code: code.into(), reason: reason.into() })
}

/// How many messages may still come right now: a bucket that fills with time.
struct Allowance {
    rate: f64,
    left: f64,
    filled: Instant,
}

impl Allowance {
    fn new(rate: u32) -> Self {
        let rate = f64::from(rate);
        // A client may save up two seconds' worth, as it comes back from a sleep, say.
        Self { rate, left: 2.0 * rate, filled: Instant::now() }
    }

    fn take(&mut self) -> bool {
        if self.left < 1.0 {
            let now = Instant::now();
            let gained = now.duration_since(self.filled).as_secs_f64() * self.rate;
            self.left = (self.left + gained).min(2.0 * self.rate);
            self.filled = now;
            if self.left < 1.0 {
                return false;
            }
        }
        self.left -= 1.0;
        true
    }
}
