//! Streams of values, as server-sent events.

use std::{convert::Infallible, fmt, pin::Pin, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, StreamExt};
use serde::Serialize;

/// A stream of values, which reaches the caller as server-sent events.
///
/// Each value is one JSON event, on one line, so that nothing in it can pass for the end of an event. The stream begins
/// only after authentication, input and permissions, so that a refused call gets its real status.
pub struct EventStream<T>(Pin<Box<dyn Stream<Item = T> + Send>>);

impl<T: Send + 'static> EventStream<T> {
    /// The values of `stream`, until it ends or the caller leaves.
    pub fn new(stream: impl Stream<Item = T> + Send + 'static) -> Self {
        Self(Box::pin(stream))
    }
}

impl<T: Serialize + Send + 'static> EventStream<T> {
    pub(crate) fn into_response(self) -> Response {
        let events = self.0.filter_map(|value| async move {
            match serde_json::to_string(&value) {
                Ok(json) => Some(Ok::<_, Infallible>(Event::default().data(json))),
                Err(error) => {
                    tracing::error!(%error, "a value of a stream is not JSON");
                    None
                }
            }
        });
        event_response(events)
    }
}

/// The response that events are sent in.
pub(crate) fn event_response(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

impl<T> Stream for EventStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<T>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventStream")
    }
}
