//! Streams of values.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_util::{Stream, StreamExt};
use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::{
    error::{ApiError, DecodeError, Error, NoError},
    exchange,
    platform::ByteStream,
    problem::Problem,
    sse::{Frame, Parser},
};

/// The values that a function sends one after another.
///
/// It is a [`Stream`], and can also be used without one:
///
/// ```no_run
/// # async fn example(mut events: pikku_client::Events<u32>) -> Result<(), pikku_client::Error> {
/// while let Some(value) = events.next().await {
///     println!("{}", value?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// A value that doesn't fit the contract is an error, after which the stream goes on; an error of the server's or of the
/// connection is the last item. Dropping it ends the request.
pub struct Events<T, E = NoError> {
    bytes: ByteStream,
    parser: Parser,
    status: StatusCode,
    request_id: Option<String>,
    has_ended: bool,
    items: PhantomData<fn() -> (T, E)>,
}

impl<T, E> Events<T, E> {
    pub(crate) fn new(response: Response) -> Self {
        Self {
            status: response.status(),
            request_id: exchange::request_id(response.headers()),
            bytes: Box::pin(response.bytes_stream()),
            parser: Parser::default(),
            has_ended: false,
            items: PhantomData,
        }
    }
}

impl<T: DeserializeOwned, E: ApiError> Events<T, E> {
    /// The next value, or `None` when the server has sent the last.
    pub async fn next(&mut self) -> Option<Result<T, Error<E>>> {
        StreamExt::next(self).await
    }

    fn read(&mut self, frame: &Frame) -> Result<T, Error<E>> {
        if frame.event == "error" {
            // The status line was sent long before, so the problem's own status is the one that counts.
            self.has_ended = true;
            let status = serde_json::from_str::<Problem>(&frame.data)
                .ok()
                .and_then(|problem| StatusCode::from_u16(problem.status).ok());
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Err(Box::new(Problem::parse(status, frame.data.as_bytes(), self.request_id.clone())).into());
        }
        serde_json::from_str(&frame.data).map_err(|cause| {
            let (status, request_id) = (Some(self.status.as_u16()), self.request_id.clone());
            Error::Decode(DecodeError { status, request_id, cause })
        })
    }
}

impl<T: DeserializeOwned, E: ApiError> Stream for Events<T, E> {
    type Item = Result<T, Error<E>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if this.has_ended {
                return Poll::Ready(None);
            }
            if let Some(frame) = this.parser.pop() {
                return Poll::Ready(Some(this.read(&frame)));
            }
            match ready!(this.bytes.as_mut().poll_next(context)) {
                Some(Ok(piece)) => this.parser.push(&piece),
                Some(Err(error)) => {
                    this.has_ended = true;
                    return Poll::Ready(Some(Err(Error::Transport(exchange::transport(error)))));
                }
                None => this.has_ended = true,
            }
        }
    }
}

impl<T, E> fmt::Debug for Events<T, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Events")
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .field("has_ended", &self.has_ended)
            .finish_non_exhaustive()
    }
}
