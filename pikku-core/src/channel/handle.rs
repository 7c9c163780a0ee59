//! A connection, as functions see it.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    fmt,
    marker::PhantomData,
    sync::{Arc, PoisonError},
};

use bytes::Bytes;
use serde::Serialize;
use tungstenite::Message;

use super::outbound::{Closed, Outbound};
use crate::{
    app::App,
    error::{Error, Problem},
    sync::{Mutex, MutexGuard},
    wire::{FromWire, Wire},
};

/// One connection to a channel, to send to it and to close it.
///
/// A function asks for it by value, `channel: Channel<Notice>`; `Out` is what it may send of its own accord. It can be
/// kept and used from other tasks for as long as anybody likes; once the connection is gone, sending fails.
///
/// ```
/// use pikku_core::Channel;
///
/// fn greet(channel: &Channel<String>) -> Result<(), pikku_core::Error> {
///     channel.send(&format!("hello, {}", channel.id()))
/// }
/// ```
pub struct Channel<Out = serde_json::Value> {
    connection: Arc<Connection>,
    out: PhantomData<fn(Out)>,
}

/// What all handles of one connection share.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: String,
    pub(crate) outbound: Outbound,
    /// The topics that it is on; the event hub keeps them.
    pub(crate) topics: Mutex<HashSet<String>>,
    states: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Connection {
    pub(crate) fn new(id: String, outbound: Outbound) -> Self {
        Self { id, outbound, topics: Mutex::default(), states: Mutex::default() }
    }

    fn state<T: Default + Send + 'static>(&self) -> Arc<Mutex<T>> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(Mutex::new(T::default())));
        // The key is the type, so what stands under it is of that type.
        Arc::clone(state).downcast().unwrap_or_default()
    }
}

impl<Out> Channel<Out> {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self { connection, out: PhantomData }
    }

    /// The connection's id, which is no other's.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.connection.id
    }

    /// Whether it can still be sent to.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.connection.outbound.is_open()
    }

    /// How many messages it lost because it did not take them fast enough, where it may lose any.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.connection.outbound.dropped()
    }

    /// Sends a value as JSON.
    ///
    /// It waits in a queue that is bounded in bytes; a connection that does not take what it is sent is closed.
    ///
    /// # Errors
    /// When the connection is closed, or the value can't be JSON.
    pub fn send(&self, value: &Out) -> Result<(), Error>
    where
        Out: Serialize,
    {
        let json =
            serde_json::to_string(value).map_err(|error| Error::new("a message can't be JSON").because(error))?;
        self.push(Message::Text(json.into()))
    }

    /// Sends text as it is, for clients that speak something else than JSON.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn send_text(&self, text: impl Into<String>) -> Result<(), Error> {
        self.push(Message::Text(text.into().into()))
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is closed.
    pub fn send_binary(&self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        self.push(Message::Binary(bytes.into()))
    }

    /// Closes the connection. No message of the client's is handled after this.
    ///
    /// What was sent before goes out first. `code` is one of RFC 6455, or 4000 to 4999 for codes of one's own.
    pub fn close(&self, code: u16, reason: &str) {
        self.connection.outbound.close(code, reason);
    }

    pub(crate) fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    fn push(&self, message: Message) -> Result<(), Error> {
        self.connection.outbound.push(message).map_err(|Closed| Error::new("the channel is closed").because(Closed))
    }
}

impl<Out> Clone for Channel<Out> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.connection))
    }
}

impl<Out> fmt::Debug for Channel<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl<A: App, Out> FromWire<'_, A> for Channel<Out> {
    const REQUIRES_CHANNEL: bool = true;

    async fn from_wire(wire: &Wire<'_, A>) -> Result<Self, Problem> {
        wire.connection.map(|connection| Self::new(Arc::clone(connection))).ok_or_else(not_on_a_channel)
    }
}

/// A value that belongs to one connection, and lives as long as it does.
///
/// A function asks for it by value, `state: ChannelState<Counter>`; the first one to ask gets the default.
pub struct ChannelState<T>(Arc<Mutex<T>>);

impl<T> ChannelState<T> {
    /// The value, to be read and changed. It must not be held across an `.await`.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for ChannelState<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChannelState")
    }
}

impl<A: App, T: Default + Send + 'static> FromWire<'_, A> for ChannelState<T> {
    const REQUIRES_CHANNEL: bool = true;

    async fn from_wire(wire: &Wire<'_, A>) -> Result<Self, Problem> {
        wire.connection.map(|connection| Self(connection.state())).ok_or_else(not_on_a_channel)
    }
}

fn not_on_a_channel() -> Problem {
    tracing::error!("a function that takes a `Channel` was called where there is none");
    Problem::internal()
}
