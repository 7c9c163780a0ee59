//! Topics as server-sent events.

use std::{
    convert::Infallible,
    fmt,
    marker::PhantomData,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use axum::response::sse::Event;
use futures_util::Stream;
use http::{HeaderMap, StatusCode};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Serializer, ser::Error as _};
use tungstenite::Message;

use super::{EventHub, Topic, key};
use crate::{
    channel::{Connection, Outbound, SlowConsumer, new_id, outbound::Next},
    error::Error,
    function::{Output, OutputKind},
    http::{Answer, Content, event_response},
};

/// How much may wait for a caller who does not take it, in bytes.
const MOST_WAITING: usize = 1 << 20;

/// What is published on a topic, as server-sent events; [`EventHub::stream`] makes it.
///
/// A function answers with it: `Result<TopicStream<TodoCreated>, TodoError>`. Each event is put into JSON once, however many
/// hear of it, on channels and over HTTP. The stream ends when the caller leaves, and for who does not take what is sent:
/// clients call again then.
pub struct TopicStream<T> {
    listener: Listener,
    /// What a push on the topic begins with, before the event itself.
    prefix: String,
    topic: PhantomData<fn() -> T>,
}

/// A place on a topic, for as long as it is held.
struct Listener {
    hub: EventHub,
    connection: Arc<Connection>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.connection.outbound.end();
        self.hub.leave(&self.connection);
    }
}

impl EventHub {
    /// What is published on the topic of `T` from now on.
    ///
    /// Who may listen is for the permissions of the function that answers with it.
    ///
    /// # Errors
    /// When the name of the topic is too long.
    pub fn stream<T: Topic>(&self) -> Result<TopicStream<T>, Error> {
        self.stream_key(key(T::NAME, None))
    }

    /// What is published on the topic of `T` within a scope, such as a user's own.
    ///
    /// # Errors
    /// Those of [`stream`](Self::stream).
    pub fn stream_scoped<T: Topic>(&self, scope: &str) -> Result<TopicStream<T>, Error> {
        self.stream_key(key(T::NAME, Some(scope)))
    }

    fn stream_key<T: Topic>(&self, key: String) -> Result<TopicStream<T>, Error> {
        let outbound = Outbound::new(MOST_WAITING, SlowConsumer::Disconnect);
        let connection = Arc::new(Connection::new(new_id(), outbound));
        self.subscribe_key(key, &connection)?;
        let name = serde_json::to_string(T::NAME).map_err(|error| Error::new("a topic has no name").because(error))?;
        let prefix = format!(r#"{{"topic":{name},"data":"#);
        Ok(TopicStream { listener: Listener { hub: self.clone(), connection }, prefix, topic: PhantomData })
    }
}

impl<T> Stream for TopicStream<T> {
    type Item = Result<Event, Infallible>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Next::Message(message) = ready!(self.listener.connection.outbound.poll_next(cx)) else {
                return Poll::Ready(None);
            };
            let Message::Text(push) = message else { continue };
            // What was broadcast is no event of this type, and has nothing around it.
            if let Some(event) = push.strip_prefix(&self.prefix).and_then(|rest| rest.strip_suffix('}')) {
                return Poll::Ready(Some(Ok(Event::default().data(event))));
            }
        }
    }
}

impl<T: Topic + JsonSchema + 'static> Output for TopicStream<T> {
    const MAY_LAST: bool = true;

    fn kind(generator: &mut SchemaGenerator) -> OutputKind {
        OutputKind::Stream(generator.subschema_for::<T>())
    }

    fn serialize_output<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("a stream of HTTP has no place on a channel"))
    }

    fn respond(
        self,
        _: Option<StatusCode>,
        _: Option<&mut HeaderMap>,
        response: &mut Answer,
    ) -> Result<(), serde_json::Error> {
        *response = event_response(self).map(Content::from);
        Ok(())
    }
}

impl<T> fmt::Debug for TopicStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TopicStream")
    }
}
