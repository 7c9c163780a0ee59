//! What the handles of a socket and its task have in common: what waits to be sent, and who waits for what.

mod incoming;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::value::RawValue;
use tokio::sync::{Notify, oneshot};

use super::{
    state::{Closed, State},
    subscription::{Listeners, Notice, Source, Subscription},
    transport::Message,
};
use crate::error::{Failure, TransportError};

/// How a request ended: with the output as JSON, or not.
pub(super) type Outcome = Result<Arc<RawValue>, Failure>;

/// What the handles and the task share.
#[derive(Debug)]
pub(super) struct Shared {
    /// The key of a message whose value picks the function.
    pub(super) routing: String,
    /// The actions whose data has a member `id`.
    pub(super) own_ids: Vec<String>,
    /// How long a request may take.
    pub(super) timeout: Option<Duration>,
    /// How many messages may wait.
    room: usize,
    inner: Mutex<Inner>,
    /// There is something for the task to send.
    to_send: Notify,
    /// Something was taken out of the queue, or the state is another.
    changed: Notify,
}

#[derive(Debug)]
struct Inner {
    state: State,
    /// The number of the present connection, or of the next.
    connection: u64,
    /// What goes out over the present connection and no other, before all else.
    lane: VecDeque<Outgoing>,
    queue: VecDeque<Outgoing>,
    /// What is sent on each connection.
    kept: Vec<(u64, String)>,
    requests: BTreeMap<u64, Request>,
    /// The last number of a request, or of what is kept.
    last_number: u64,
    /// What the connection is to be closed with, once all that was accepted is sent.
    ending: Option<Closed>,
    listeners: Listeners,
}

/// A message on its way to the task.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) message: Message,
    /// The number of the request that it is.
    pub(super) request: Option<u64>,
}

/// A request that waits for its reply.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) action: String,
    pub(super) id: String,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// What the task does next.
#[derive(Debug)]
pub(super) enum Next {
    Send(Message),
    /// Nothing comes after this.
    Close(Closed),
}

/// Why a message was not taken.
enum Refused {
    /// There is no room, but soon there may be.
    Full(Outgoing, Option<Request>),
    For(TransportError),
}

impl Shared {
    pub(super) fn new(
        routing: &str,
        own_ids: &[String],
        timeout: Option<Duration>,
        room: usize,
        buffer: usize,
    ) -> Self {
        let inner = Inner {
            state: State::Connecting,
            connection: 0,
            lane: VecDeque::new(),
            queue: VecDeque::new(),
            kept: Vec::new(),
            requests: BTreeMap::new(),
            last_number: 0,
            ending: None,
            listeners: Listeners::new(buffer),
        };
        Self {
            routing: routing.to_owned(),
            own_ids: own_ids.to_vec(),
            timeout,
            room,
            inner: Mutex::new(inner),
            to_send: Notify::new(),
            changed: Notify::new(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing that is done under the lock leaves it half done.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self) -> State {
        self.inner().state.clone()
    }

    pub(super) fn number(&self) -> u64 {
        let mut inner = self.inner();
        inner.last_number += 1;
        inner.last_number
    }

    // What handles do.

    /// Has a message sent: over this connection and no other, or over whichever there is. While there is none it waits in
    /// the queue, which refuses what is too much; while there is one, the caller waits until there is room.
    pub(super) async fn send(
        &self,
        connection: Option<u64>,
        mut outgoing: Outgoing,
        mut request: Option<Request>,
    ) -> Result<(), TransportError> {
        loop {
            let changed = self.changed.notified();
            match self.try_send(connection, outgoing, request) {
                Ok(()) => return Ok(()),
                Err(Refused::For(error)) => return Err(error),
                Err(Refused::Full(again, waiting)) => (outgoing, request) = (again, waiting),
            }
            changed.await;
        }
    }

    fn try_send(&self, connection: Option<u64>, outgoing: Outgoing, request: Option<Request>) -> Result<(), Refused> {
        let mut inner = self.inner();
        let disconnected = |closed: &Closed| Err(Refused::For(TransportError::Disconnected(Box::new(closed.clone()))));
        match (connection, &inner.state) {
            (_, State::Closed(closed)) => return disconnected(closed),
            (Some(connection), _) if connection == inner.connection && inner.is_connected() => {}
            (Some(_), State::Waiting { last, .. }) => return disconnected(last),
            (Some(_), _) => return disconnected(&Closed::lost("the connection that this was meant for has ended")),
            (None, _) if inner.queue.len() < self.room => {}
            // What passes through an open connection needs a place even where nothing may wait.
            (None, State::Open) if inner.queue.is_empty() => {}
            (None, State::Open) => return Err(Refused::Full(outgoing, request)),
            (None, _) => return Err(Refused::For(TransportError::QueueFull { waiting: inner.queue.len() })),
        }
        if let (Some(number), Some(request)) = (outgoing.request, request) {
            inner.requests.insert(number, request);
        }
        let queue = if connection.is_some() { &mut inner.lane } else { &mut inner.queue };
        queue.push_back(outgoing);
        drop(inner);
        self.to_send.notify_one();
        Ok(())
    }

    /// Forgets a request, which is not sent if it still waits.
    pub(super) fn give_up(&self, number: u64) {
        let mut inner = self.inner();
        // One that was answered is gone already.
        if inner.requests.remove(&number).is_some() {
            inner.queue.retain(|outgoing| outgoing.request != Some(number));
            inner.lane.retain(|outgoing| outgoing.request != Some(number));
            drop(inner);
            self.changed.notify_waiters();
        }
    }

    /// Sends a message on this and each connection to come, until it is let go; or on this alone, if it is meant for one.
    pub(super) fn keep(&self, connection: Option<u64>, text: String) -> u64 {
        let mut inner = self.inner();
        inner.last_number += 1;
        let number = inner.last_number;
        let is_now = match connection {
            Some(connection) => connection == inner.connection && inner.is_connected(),
            None => inner.state == State::Open,
        };
        if is_now {
            inner.lane.push_back(Outgoing { message: Message::Text(text.clone()), request: None });
            self.to_send.notify_one();
        }
        // A hook runs on each connection, and would keep it once more each time.
        if connection.is_none() {
            inner.kept.push((number, text));
        }
        number
    }

    pub(super) fn let_go(&self, number: u64) {
        self.inner().kept.retain(|(kept, _)| *kept != number);
    }

    pub(super) fn subscribe<T>(&self, source: Source, read: fn(Notice) -> serde_json::Result<T>) -> Subscription<T> {
        let mut inner = self.inner();
        // The first state is the present one, so that none can be missed.
        let first = (source == Source::States).then(|| Notice::State(inner.state.clone()));
        inner.listeners.subscribe(source, first, read)
    }

    /// Ends the socket for good. What an open connection was given before still goes out.
    pub(super) fn close(&self, code: u16, reason: &str) {
        let mut inner = self.inner();
        if matches!(inner.state, State::Closed(_)) {
            return;
        }
        let closed = Closed::new(code, reason);
        inner.ending = Some(closed.clone());
        if inner.state == State::Open {
            // Nobody will learn what becomes of a request, so it is not sent any more.
            inner.queue.retain(|outgoing| outgoing.request.is_none());
            inner.lane.retain(|outgoing| outgoing.request.is_none());
        } else {
            inner.queue.clear();
            inner.lane.clear();
        }
        inner.finish(closed);
        drop(inner);
        self.to_send.notify_one();
        self.changed.notify_waiters();
    }

    /// Waits until somebody ends the socket.
    pub(super) async fn closing(&self) -> Closed {
        loop {
            let changed = self.changed.notified();
            if let Some(closed) = self.inner().ending.clone() {
                return closed;
            }
            changed.await;
        }
    }

    // What the task does.

    /// Says what the task does now, unless there is nothing more to do.
    pub(super) fn become_state(&self, state: State) {
        let mut inner = self.inner();
        if !matches!(inner.state, State::Closed(_)) && inner.state != state {
            inner.set(state);
            drop(inner);
            self.changed.notify_waiters();
        }
    }

    /// The number of the present connection.
    pub(super) fn connection(&self) -> u64 {
        self.inner().connection
    }

    /// Lets messages out: what is kept first, then what has waited.
    pub(super) fn open(&self) {
        let mut inner = self.inner();
        if matches!(inner.state, State::Closed(_)) {
            return;
        }
        let kept: Vec<_> = inner.kept.iter().map(|(_, text)| text.clone()).collect();
        inner.lane.extend(kept.into_iter().map(|text| Outgoing { message: Message::Text(text), request: None }));
        inner.set(State::Open);
        drop(inner);
        self.to_send.notify_one();
        self.changed.notify_waiters();
    }

    /// What there is to do next on the present connection.
    pub(super) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.try_next() {
                return next;
            }
            self.to_send.notified().await;
        }
    }

    /// What there is to do at once.
    pub(super) fn try_next(&self) -> Option<Next> {
        let mut inner = self.inner();
        let is_open = inner.state == State::Open || inner.ending.is_some();
        let next = match inner.lane.pop_front() {
            None if is_open => inner.queue.pop_front(),
            next => next,
        };
        match next {
            Some(outgoing) => {
                drop(inner);
                self.changed.notify_waiters();
                Some(Next::Send(outgoing.message))
            }
            None => inner.ending.clone().map(Next::Close),
        }
    }

    /// Ends the connection: what was sent and not answered has failed, and what wasn't sent waits for the next, if there
    /// is to be one.
    pub(super) fn lost(&self, last: Closed, retry_in: Option<Duration>) {
        let mut inner = self.inner();
        inner.connection += 1;
        inner.lane.clear();
        if matches!(inner.state, State::Closed(_)) {
            return;
        }
        match retry_in {
            Some(retry_in) => {
                inner.fail_sent(&last);
                inner.set(State::Waiting { last, retry_in });
            }
            None => {
                inner.ending = Some(last.clone());
                inner.queue.clear();
                inner.finish(last);
            }
        }
        drop(inner);
        self.changed.notify_waiters();
    }
}

impl Inner {
    fn is_connected(&self) -> bool {
        matches!(self.state, State::SigningIn | State::Open)
    }

    fn set(&mut self, state: State) {
        self.state = state.clone();
        self.listeners.tell(&Source::States, Notice::State(state));
    }

    /// There is no other connection to come.
    fn finish(&mut self, closed: Closed) {
        self.kept.clear();
        for (_, request) in std::mem::take(&mut self.requests) {
            request.fail(&closed);
        }
        self.set(State::Closed(closed));
        self.listeners.close();
    }

    fn fail_sent(&mut self, last: &Closed) {
        let waiting: BTreeSet<_> = self.queue.iter().filter_map(|outgoing| outgoing.request).collect();
        for (number, request) in std::mem::take(&mut self.requests) {
            if waiting.contains(&number) {
                self.requests.insert(number, request);
            } else {
                request.fail(last);
            }
        }
    }
}

impl Request {
    fn fail(self, closed: &Closed) {
        // Whoever gave it up at this moment doesn't hear of it.
        let _ = self.answer.send(Err(Failure::Transport(TransportError::Disconnected(Box::new(closed.clone())))));
    }
}
