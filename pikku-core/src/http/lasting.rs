//! Answers that last: they end with the session of whoever gets them.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Instant, SystemTime},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

use super::HttpCall;
use crate::{
    alarm::Alarm,
    app::App,
    channel::{Connection, Outbound, SlowConsumer, new_id},
    session::{Identity, Kept, Standing, UserSessionService},
    session_store::Attached,
};

impl<A: App> HttpCall<A> {
    /// Lets the answer, a stream, end when the session does by which it was asked for, be it that its time is up or that it
    /// is revoked.
    ///
    /// The `caller` is who was signed in when the call began. If nobody is any more, the answer ends before it has begun.
    pub(super) fn end_with_session(&mut self, caller: Option<Identity<A::Session>>) {
        if let Some(until) = caller.as_ref().and_then(|caller| caller.until) {
            // A credential does not last longer for what was made of it.
            self.sessions.end_by(until);
        }
        let identity = match (self.sessions.identity(), caller) {
            (Some(Identity { until: None, kept: None, .. }), _) | (None, None) => return,
            (Some(identity), _) | (None, Some(identity)) => identity,
        };
        let sessions = self.sessions.service().clone();
        // Nothing is ever sent over it: it is what the session is ended by.
        let connection = Arc::new(Connection::new(new_id(), Outbound::new(0, SlowConsumer::Disconnect)));
        let attached = identity.kept.map(|Kept { sessions: kept, key }| kept.attach(key, &connection, &sessions));
        let body = std::mem::take(self.answer.body_mut()).into();
        let lasting = Lasting { body, sessions, connection, alarm: Alarm::default(), _attached: attached };
        *self.answer.body_mut() = Body::new(lasting).into();
    }
}

struct Lasting<S> {
    body: Body,
    sessions: UserSessionService<S>,
    connection: Arc<Connection>,
    alarm: Alarm,
    /// For as long as this is held, the connection ends with its session.
    _attached: Option<Attached<S>>,
}

impl<S> Lasting<S> {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.connection.outbound.poll_next(cx).is_ready() {
            return Poll::Ready(());
        }
        match self.sessions.standing() {
            Standing::Nobody => Poll::Ready(()),
            Standing::SignedIn => Poll::Pending,
            Standing::Until(until) => {
                let left = until.duration_since(SystemTime::now()).unwrap_or_default();
                self.alarm.poll(Instant::now() + left, cx)
            }
        }
    }
}

impl<S: Send + Sync + 'static> HttpBody for Lasting<S> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.poll_end(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
