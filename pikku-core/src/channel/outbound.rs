//! What waits to be sent on one connection: a queue that is bounded in bytes.

use std::{
    collections::VecDeque,
    sync::PoisonError,
    task::{Context, Poll, Waker},
};

use tungstenite::{Message, protocol::CloseFrame};

use crate::sync::{Mutex, MutexGuard};

/// What waits to be sent. Whoever has the connection may add to it, and the connection's own task takes from it.
#[derive(Debug)]
pub(crate) struct Outbound {
    queue: Mutex<Queue>,
    limit: usize,
    policy: SlowConsumer,
}

/// For how many messages a queue keeps the room when it is empty.
const FEW: usize = 16;

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    bytes: usize,
    state: State,
    dropped: u64,
    /// Wakes the connection's task, once.
    reader: Option<Waker>,
    /// What wakes it.
    waits_for: WaitsFor,
}

/// What wakes the connection's task.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum WaitsFor {
    #[default]
    Anything,
    /// A close only, since the network takes nothing.
    Close,
    /// Nothing: it looks again by itself.
    Nothing,
}

/// Whether more may be added.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// What is in the queue goes out first, and then this.
    Closing(u16, String),
    /// The connection is gone.
    Closed,
}

/// What happens to a connection that does not take what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SlowConsumer {
    /// It is closed with 1013, so that its client knows to come back and start anew.
    #[default]
    Disconnect,
    /// It loses what has waited longest.
    DropOldest,
}

/// What the connection's task takes out of the queue.
#[derive(Debug)]
pub(crate) enum Next {
    Message(Message),
    /// Nothing comes after this.
    Close(CloseFrame),
}

/// The connection is closed, or about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the channel is closed")]
pub(crate) struct Closed;

impl Outbound {
    pub(crate) fn new(limit: usize, policy: SlowConsumer) -> Self {
        Self { queue: Mutex::default(), limit, policy }
    }

    /// Adds a message.
    pub(crate) fn push(&self, message: Message) -> Result<(), Closed> {
        let mut queue = self.queue();
        if queue.state != State::Open {
            return Err(Closed);
        }
        queue.bytes += size(&message);
        queue.messages.push_back(message);
        while queue.bytes > self.limit {
            match self.policy {
                SlowConsumer::DropOldest if queue.messages.len() > 1 => {
                    let oldest = queue.messages.pop_front();
                    queue.bytes -= oldest.as_ref().map_or(0, size);
                    queue.dropped += 1;
                }
                _ => {
                    // What waits is of no use any more: the client has to start anew.
                    queue.messages.clear();
                    queue.bytes = 0;
                    queue.state = State::Closing(1013, "the connection does not take what it is sent".to_owned());
                    break;
                }
            }
        }
        wake(queue);
        Ok(())
    }

    /// Closes the connection once what waits has been sent. The first reason that is given stays.
    pub(crate) fn close(&self, code: u16, reason: &str) {
        let mut queue = self.queue();
        if queue.state == State::Open {
            queue.state = State::Closing(code, reason.to_owned());
        }
        wake(queue);
    }

    /// Says that the connection is gone.
    pub(crate) fn end(&self) {
        let mut queue = self.queue();
        *queue = Queue { state: State::Closed, dropped: queue.dropped, ..Queue::default() };
    }

    pub(crate) fn is_open(&self) -> bool {
        self.queue().state == State::Open
    }

    /// How many messages were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.queue().dropped
    }

    /// Lets nothing wake the connection's task, until that takes from the queue again.
    pub(crate) fn look_later(&self) {
        self.queue().waits_for = WaitsFor::Nothing;
    }

    /// Lets nothing but a close wake the connection's task, until that takes from the queue again.
    pub(crate) fn look_when_closed(&self, cx: &mut Context<'_>) {
        self.queue().wait(cx, WaitsFor::Close);
    }

    /// Takes what comes next. Nothing comes after a close.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Next> {
        let mut queue = self.queue();
        if let Some(message) = queue.messages.pop_front() {
            queue.bytes -= size(&message);
            return Poll::Ready(Next::Message(message));
        }
        if let State::Closing(code, reason) = &mut queue.state {
            let frame = CloseFrame { code: (*code).into(), reason: std::mem::take(reason).into() };
            queue.state = State::Closed;
            return Poll::Ready(Next::Close(frame));
        }
        if queue.messages.capacity() > FEW {
            // What a burst took is given back.
            queue.messages = VecDeque::new();
        }
        queue.wait(cx, WaitsFor::Anything);
        Poll::Pending
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Has the connection's task woken.
    fn wait(&mut self, cx: &Context<'_>, waits_for: WaitsFor) {
        self.waits_for = waits_for;
        if self.reader.as_ref().is_none_or(|reader| !reader.will_wake(cx.waker())) {
            self.reader = Some(cx.waker().clone());
        }
    }
}

/// Wakes the connection's task if it waits for what has happened, once it can have the lock.
fn wake(mut queue: MutexGuard<'_, Queue>) {
    let is_due = match queue.waits_for {
        WaitsFor::Anything => true,
        WaitsFor::Close => queue.state != State::Open,
        WaitsFor::Nothing => false,
    };
    let reader = queue.reader.take_if(|_| is_due);
    drop(queue);
    if let Some(reader) = reader {
        reader.wake();
    }
}

/// What a message counts for: its content and the place it takes in the queue.
fn size(message: &Message) -> usize {
    let content = match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Frame(frame) => frame.payload().len(),
        Message::Close(_) => 0,
    };
    content + size_of::<Message>()
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
    };

    use super::*;

    fn text(content: &str) -> Message {
        Message::Text(content.to_owned().into())
    }

    fn next(outbound: &Outbound) -> Option<String> {
        match outbound.poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Next::Message(message)) => message.to_text().ok().map(str::to_owned),
            Poll::Ready(Next::Close(frame)) => Some(format!("close {}", frame.code)),
            Poll::Pending => None,
        }
    }

    // Seen to fail with a close that throws away what waits.
    #[test]
    fn c6_what_waits_is_sent_before_the_close_and_nothing_after() {
        let outbound = Outbound::new(1000, SlowConsumer::Disconnect);
        outbound.push(text("a")).expect("it is open");
        outbound.close(4000, "enough");
        outbound.close(4001, "too late");
        assert_eq!(outbound.push(text("b")), Err(Closed));
        assert_eq!(
            [next(&outbound), next(&outbound), next(&outbound)],
            [Some("a".into()), Some("close 4000".into()), None]
        );
    }

    #[test]
    fn c8_a_slow_consumer_is_disconnected() {
        let outbound = Outbound::new(100, SlowConsumer::Disconnect);
        for _ in 0..10 {
            let _ = outbound.push(text("0123456789"));
        }
        assert_eq!([next(&outbound), next(&outbound)], [Some("close 1013".into()), None]);
    }

    #[test]
    fn who_waits_is_woken_once_and_not_by_what_it_sends_itself() {
        #[derive(Default)]
        struct Count(AtomicUsize);

        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }

        let (outbound, count) = (Outbound::new(1 << 20, SlowConsumer::Disconnect), Arc::<Count>::default());
        let waker = Waker::from(Arc::clone(&count));
        let woken = |after: &dyn Fn()| {
            while outbound.poll_next(&mut Context::from_waker(&waker)).is_ready() {}
            let before = count.0.load(Ordering::Relaxed);
            after();
            count.0.load(Ordering::Relaxed) - before
        };
        let push = || outbound.push(text("a")).expect("it is open");
        assert_eq!(woken(&|| (0..FEW * 2).for_each(|_| push())), 1);
        assert_eq!(woken(&|| (outbound.look_later(), push()).1), 0);
        assert_eq!(woken(&|| outbound.close(1000, "")), 1);
    }

    // Seen to fail with a task that nothing wakes while the network takes nothing.
    #[test]
    fn c8_who_is_stalled_is_woken_by_a_close_and_by_nothing_else() {
        #[derive(Default)]
        struct Count(AtomicUsize);

        impl Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }

        for overflows in [false, true] {
            let (outbound, count) = (Outbound::new(1000, SlowConsumer::Disconnect), Arc::<Count>::default());
            let waker = Waker::from(Arc::clone(&count));
            let woken = || count.0.load(Ordering::Relaxed);
            outbound.look_when_closed(&mut Context::from_waker(&waker));
            outbound.push(text("a")).expect("it is open");
            assert_eq!(woken(), 0);
            if overflows {
                let _ = outbound.push(text(&"a".repeat(1000)));
            } else {
                outbound.close(1000, "");
            }
            assert_eq!(woken(), 1);
        }
    }

    #[test]
    fn what_a_burst_took_is_given_back() {
        let outbound = Outbound::new(1 << 20, SlowConsumer::Disconnect);
        (0..1000).for_each(|_| outbound.push(text("a")).expect("it is open"));
        while next(&outbound).is_some() {}
        assert!(outbound.queue().messages.capacity() <= FEW);
    }

    #[test]
    fn c8_or_loses_what_is_oldest() {
        let each = size(&text("0"));
        let outbound = Outbound::new(3 * each, SlowConsumer::DropOldest);
        for number in 0..10 {
            outbound.push(text(&number.to_string())).expect("it stays open");
        }
        let left: Vec<_> = std::iter::from_fn(|| next(&outbound)).collect();
        assert_eq!((left, outbound.dropped()), (vec!["7".into(), "8".into(), "9".into()], 7));
    }
}
