//! What requests and responses carry. What is usual goes without a box around it.

use std::{
    cell::Cell,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::{Body, Bytes, HttpBody};
use bytes::Buf;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Serialize;

/// A response on its way to the connection.
pub type Answer = http::Response<Content>;

/// What a response carries: what is there, and then what is still to come.
#[derive(Debug, Default)]
pub struct Content {
    there: Chunk,
    to_come: Option<Body>,
}

/// A part of a content.
#[derive(Debug)]
pub enum Chunk {
    /// Bytes that somebody else may hold too.
    Shared(Bytes),
    /// A buffer of this thread's, to be used again.
    Lent(Lent),
}

/// How much is handed to the connection at once. It copies what it sends into a buffer of its own, which must not grow to
/// the size of the largest response.
const PIECE: usize = 16 << 10;

/// What a request carries.
#[derive(Debug)]
pub(crate) enum Payload {
    /// As it comes from the connection.
    Incoming(Incoming),
    /// As it comes from a router.
    Body(Body),
}

impl From<Bytes> for Content {
    fn from(there: Bytes) -> Self {
        Self { there: Chunk::Shared(there), to_come: None }
    }
}

impl From<Body> for Content {
    fn from(body: Body) -> Self {
        Self { there: Chunk::default(), to_come: Some(body) }
    }
}

impl From<Content> for Body {
    fn from(content: Content) -> Self {
        match content.to_come {
            None => content.there.into_bytes().into(),
            Some(body) if !content.there.has_remaining() => body,
            Some(_) => Self::new(content.map_frame(|frame| frame.map_data(Chunk::into_bytes))),
        }
    }
}

impl HttpBody for Content {
    type Data = Chunk;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Chunk>, axum::Error>>> {
        if !self.there.has_remaining() {
            let Some(body) = &mut self.to_come else { return Poll::Ready(None) };
            match ready!(Pin::new(body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.there = Chunk::Shared(data),
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers.map_data(Chunk::Shared)))),
                },
                end => return Poll::Ready(end.map(|failed| failed.map(|frame| frame.map_data(Chunk::Shared)))),
            }
        }
        let piece = match &mut self.there {
            Chunk::Shared(bytes) if bytes.len() > PIECE => Chunk::Shared(bytes.split_to(PIECE)),
            whole => std::mem::take(whole),
        };
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        !self.there.has_remaining() && self.to_come.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let there = self.there.remaining() as u64;
        let Some(body) = &self.to_come else { return SizeHint::with_exact(there) };
        let to_come = body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(to_come.lower().saturating_add(there));
        if let Some(upper) = to_come.upper().and_then(|upper| upper.checked_add(there)) {
            hint.set_upper(upper);
        }
        hint
    }
}

impl Chunk {
    fn into_bytes(self) -> Bytes {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Lent(lent) => Bytes::copy_from_slice(lent.chunk()),
        }
    }
}

impl Default for Chunk {
    fn default() -> Self {
        Self::Shared(Bytes::new())
    }
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        self.chunk().len()
    }

    fn chunk(&self) -> &[u8] {
        match self {
            Self::Shared(bytes) => bytes,
            Self::Lent(lent) => lent.chunk(),
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Self::Shared(bytes) => bytes.advance(count),
            Self::Lent(lent) => lent.sent += count,
        }
    }
}

/// A buffer that goes back to where it came from when what is in it was sent.
///
/// The connection copies what is small at once, so that one buffer a thread does for nearly all responses.
#[derive(Debug)]
pub struct Lent {
    buffer: Vec<u8>,
    sent: usize,
}

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Lent {
    fn take() -> Self {
        let mut lent = Self { buffer: SPARE.take(), sent: 0 };
        lent.buffer.clear();
        lent
    }

    fn chunk(&self) -> &[u8] {
        self.buffer.get(self.sent..).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        // One that has grown beyond use is given up. A thread that ends needs none.
        if buffer.capacity() <= 2 * PIECE {
            let _ = SPARE.try_with(|spare| spare.set(buffer));
        }
    }
}

impl Content {
    /// A value as JSON.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let mut lent = Lent::take();
        serde_json::to_writer(&mut lent.buffer, value)?;
        Ok(lent.into())
    }
}

impl From<Lent> for Content {
    fn from(mut lent: Lent) -> Self {
        if lent.buffer.len() > PIECE {
            // It is sent in pieces, and not kept.
            return Bytes::from(std::mem::take(&mut lent.buffer)).into();
        }
        Self { there: Chunk::Lent(lent), to_come: None }
    }
}

impl HttpBody for Payload {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Incoming(incoming) => {
                Pin::new(incoming).poll_frame(cx).map(|frame| Some(frame?.map_err(axum::Error::new)))
            }
            Self::Body(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Incoming(incoming) => incoming.is_end_stream(),
            Self::Body(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Incoming(incoming) => incoming.size_hint(),
            Self::Body(body) => body.size_hint(),
        }
    }
}

impl From<Payload> for Body {
    fn from(payload: Payload) -> Self {
        match payload {
            Payload::Incoming(incoming) => Self::new(incoming),
            Payload::Body(body) => body,
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;

    use super::*;

    async fn pieces(mut content: Content) -> Vec<usize> {
        let mut pieces = Vec::new();
        while let Some(frame) = content.frame().await {
            pieces.push(frame.expect("it is sent").into_data().map_or(0, |data| data.remaining()));
        }
        pieces
    }

    #[tokio::test]
    async fn what_is_large_is_sent_in_pieces() {
        let large = Bytes::from(vec![0; 2 * PIECE + 1]);
        let there = Content::from(large.clone());
        assert_eq!(there.size_hint().exact(), Some(large.len() as u64));
        assert_eq!(pieces(there).await, [PIECE, PIECE, 1]);
        let to_come = Content::from(Body::from(large.clone()));
        assert_eq!(to_come.size_hint().exact(), Some(large.len() as u64));
        assert_eq!(pieces(to_come).await, [PIECE, PIECE, 1]);
        let frames = [large, Bytes::from_static(b"x")].map(|data| Ok::<_, axum::Error>(Frame::data(data)));
        let mut begun = Content::from(Body::new(StreamBody::new(futures_util::stream::iter(frames))));
        begun.frame().await.expect("a piece").expect("it is sent");
        assert_eq!(begun.size_hint().lower(), PIECE as u64 + 1);
        assert_eq!(pieces(Content::from(Body::from(begun))).await, [PIECE, 1, 1]);
    }

    #[tokio::test]
    async fn nothing_is_nothing() {
        for nothing in [Content::from(Bytes::new()), Content::from(Body::empty())] {
            assert!(nothing.is_end_stream() && pieces(nothing).await.is_empty());
        }
    }

    #[tokio::test]
    async fn json_is_the_same_whatever_its_size_and_how_many_there_are() {
        let texts = [0, 1, PIECE, 10 * PIECE, 2].map(|size| "x".repeat(size));
        let contents: Vec<_> = texts.iter().map(|text| Content::json(text).expect("it is JSON")).collect();
        for (text, content) in texts.iter().zip(contents) {
            let expect = format!("\"{text}\"");
            assert_eq!(content.size_hint().exact(), Some(expect.len() as u64));
            assert_eq!(content.collect().await.expect("it is sent").to_bytes(), expect);
        }
    }

    #[test]
    fn a_buffer_that_was_sent_is_used_again() {
        let buffer_of = |content: &Content| content.there.chunk().as_ptr();
        let first = Content::json(&"x".repeat(100)).expect("it is JSON");
        let buffer = buffer_of(&first);
        let second = Content::json(&"y").expect("it is JSON");
        assert_ne!(buffer_of(&second), buffer);
        drop((second, first));
        let mut third = Content::json(&"z").expect("it is JSON");
        assert_eq!((buffer_of(&third), third.there.chunk()), (buffer, &b"\"z\""[..]));
        third.there.advance(3);
        assert!(third.is_end_stream());
    }
}
