//! Sockets: connections to channels.
//!
//! A [`Socket`] is a handle; behind it a task keeps a connection open. What goes out passes a queue
//! ([`shared`]), which the task empties; what comes in is answers, for those who asked, and everything else, for those who
//! listen ([`subscription`]). How messages look is in [`frame`], and how bytes travel in [`transport`]. What goes over the
//! wire is described in `docs/wire.md`.

mod call;
mod connect;
mod frame;
mod shared;
mod state;
mod subscription;
mod task;
mod transport;

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    call::{Call, Kept},
    connect::Connect,
    state::{Closed, State},
    subscription::{Subscription, SubscriptionError},
};
use self::{
    shared::{Outgoing, Shared},
    subscription::{Source, read_binary, read_error, read_json, read_state, read_text},
    transport::Message,
};
use crate::error::{EncodeError, Error};

/// A connection to a channel, and the next one where that is lost.
///
/// It is cheap to clone, and clones share the connection. With the last of them it ends, once what was sent is on its
/// way.
///
/// When a connection is lost, requests that were sent and not answered fail as
/// [`TransportError::Disconnected`](crate::TransportError::Disconnected) and are never sent again, as they may have been
/// done. What was not sent yet waits for the next connection, which signs in first and then sends what is
/// [kept](Call::keep). Some codes mean that there is no use in coming back (1000, 1008, and 4400 to 4499 but for 4401,
/// 4408 and 4429); then the socket is closed for good.
#[derive(Clone)]
pub struct Socket {
    shared: Arc<Shared>,
    /// The only connection that is to be used, where it is not any.
    connection: Option<u64>,
    /// What ends the socket with its last handle. The one that hooks are given doesn't count.
    _alive: Option<Arc<Alive>>,
}

/// Held by every handle.
struct Alive(Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.close(1000, "");
    }
}

impl Socket {
    /// A handle that is good for the present connection alone.
    fn of_connection(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), connection: Some(shared.connection()), _alive: None }
    }

    /// A message to an action of the channel, to be awaited for its reply, sent or kept.
    pub fn call<'a, T, E>(&'a self, action: &'a str) -> Call<'a, T, E> {
        Call::new(self, action)
    }

    /// Sends a whole message as it is, such as one without an action.
    ///
    /// # Errors
    ///
    /// If it doesn't become JSON, as many messages wait for a connection as may, or the socket is closed.
    pub async fn send(&self, message: &(impl Serialize + ?Sized)) -> Result<(), Error> {
        let text = serde_json::to_string(message).map_err(|error| Error::Encode(EncodeError::Json(error)))?;
        self.send_message(Message::Text(text)).await
    }

    /// Sends text as it is, to a channel that takes something else than JSON.
    ///
    /// # Errors
    ///
    /// If as many messages wait for a connection as may, or the socket is closed.
    pub async fn send_text(&self, text: impl Into<String>) -> Result<(), Error> {
        self.send_message(Message::Text(text.into())).await
    }

    /// Sends bytes.
    ///
    /// # Errors
    ///
    /// If as many messages wait for a connection as may, or the socket is closed.
    pub async fn send_binary(&self, bytes: impl Into<Bytes>) -> Result<(), Error> {
        self.send_message(Message::Binary(bytes.into())).await
    }

    async fn send_message(&self, message: Message) -> Result<(), Error> {
        let outgoing = Outgoing { message, request: None };
        self.shared.send(self.connection, outgoing, None).await.map_err(Error::Transport)
    }

    /// Hears what is pushed on a topic.
    ///
    /// It only listens: what puts the connection on the topic is an action of the application's, for
    /// [`Call::keep`].
    pub fn topic<T: DeserializeOwned>(&self, name: impl Into<String>) -> Subscription<T> {
        self.shared.subscribe(Source::Topic(name.into()), read_json)
    }

    /// Hears the replies to all messages of an action, also to those that were [sent](Call::send) without waiting.
    pub fn replies<T: DeserializeOwned>(&self, action: impl Into<String>) -> Subscription<T> {
        self.shared.subscribe(Source::Replies(action.into()), read_json)
    }

    /// Hears what is neither a reply nor pushed on a topic: what the channel says by itself, such as a greeting.
    ///
    /// What is said before anybody listens is kept for the first who does, as much of it as the buffer holds.
    pub fn messages<T: DeserializeOwned>(&self) -> Subscription<T> {
        self.shared.subscribe(Source::Messages, read_json)
    }

    /// Hears as text, as it came, what the channel says by itself: what is neither a reply nor pushed on a topic, whether
    /// it is JSON or not.
    ///
    /// It is for a channel that speaks something else than JSON. Text that is no JSON is an [error](Self::errors) only
    /// while nobody listens to this; what is JSON reaches [`messages`](Self::messages) too. What came before anybody
    /// listened is not kept, so a greeting is heard by whoever listens before the connection is open, as on a socket of
    /// [`Connect::connect_lazy`].
    #[must_use]
    pub fn texts(&self) -> Subscription<String> {
        self.shared.subscribe(Source::Texts, read_text)
    }

    /// Hears bytes. Those that come before anybody listens are kept for the first who does.
    #[must_use]
    pub fn binary(&self) -> Subscription<Bytes> {
        self.shared.subscribe(Source::Binary, read_binary)
    }

    /// Hears of what has nobody else to go to: errors of messages that were sent without waiting for a reply, and what is
    /// no message, unless it is one of [`texts`](Self::texts). Unless somebody listens, they are logged as
    /// warnings; those that come before are kept for the first who does.
    #[must_use]
    pub fn errors(&self) -> Subscription<Arc<Error>> {
        self.shared.subscribe(Source::Errors, read_error)
    }

    /// What the socket is doing.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Hears of the present state, and then of each change.
    #[must_use]
    pub fn states(&self) -> Subscription<State> {
        self.shared.subscribe(Source::States, read_state)
    }

    /// Closes the socket for good. What was sent over an open connection still goes out; requests fail.
    pub fn close(&self) {
        self.close_with(1000, "");
    }

    /// Closes the socket for good, with a code and a reason for the server: 1000, or one from 3000 to 4999.
    pub fn close_with(&self, code: u16, reason: &str) {
        self.shared.close(code, reason);
    }

    /// Waits until the socket is closed for good, and says why.
    pub async fn closed(&self) -> Closed {
        self.shared.closing().await
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Socket").field("state", &self.state()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Alive {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Alive").finish_non_exhaustive()
    }
}
