//! One action of a channel, to be called, sent or kept.

use std::{
    fmt,
    future::IntoFuture,
    marker::PhantomData,
    sync::{Arc, Weak},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::oneshot;

use super::{
    Socket,
    frame::{self, Id, Written},
    shared::{Outgoing, Request, Shared},
    subscription::decode_error,
    transport::Message,
};
use crate::{
    error::{ApiError, EncodeError, Error, Failure, NoError, TransportError},
    platform::{BoxFuture, within},
};

/// A message to an action of a channel, which nothing has become of yet.
///
/// Awaiting it sends the message and waits for the reply. [`send`](Self::send) waits for none, and
/// [`keep`](Self::keep) sends it on each connection to come.
///
/// ```no_run
/// # use pikku_client::{Error, NoError, Socket};
/// # async fn example(socket: Socket) -> Result<(), Error> {
/// let name = socket.call::<String, NoError>("whoami").await?;
/// socket.call::<(), NoError>("subscribe").input(&std::collections::BTreeMap::from([("topic", name)])).send().await?;
/// # Ok(())
/// # }
/// ```
///
/// A call that is dropped before its reply has come is given up: it is not sent if it still waits for a connection, and
/// its reply reaches nobody.
#[must_use = "nothing is sent until it is awaited, `send` or `keep`"]
pub struct Call<'a, T = Value, E = NoError> {
    socket: &'a Socket,
    action: &'a str,
    data: Result<Option<String>, EncodeError>,
    timeout: Option<Duration>,
    answer: PhantomData<fn() -> (T, E)>,
}

impl<'a, T, E> Call<'a, T, E> {
    pub(super) fn new(socket: &'a Socket, action: &'a str) -> Self {
        let timeout = socket.shared.timeout;
        Self { socket, action, data: Ok(None), timeout, answer: PhantomData }
    }

    /// Sends an input, whose members stand beside the routing key.
    pub fn input(mut self, input: &(impl Serialize + ?Sized)) -> Self {
        self.data = serde_json::to_string(input).map(Some).map_err(EncodeError::Json);
        self
    }

    /// Limits how long the reply may take, with the time that the message waits for a connection; `None` waits for ever.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Sends the message without waiting for a reply, which [`Socket::replies`] hears of. Where it fails,
    /// [`Socket::errors`] does.
    ///
    /// It returns when the message is on its way, or waits for a connection. It may be lost with the connection, and is
    /// never sent again.
    ///
    /// # Errors
    ///
    /// If the input is no object, as many messages wait for a connection as may, or the socket is closed.
    pub async fn send(self) -> Result<(), Error> {
        let Written { text, .. } = self.write(Id::OfData).map_err(Error::Encode)?;
        let outgoing = Outgoing { message: Message::Text(text), request: None };
        self.socket.shared.send(self.socket.connection, outgoing, None).await.map_err(Error::Transport)
    }

    /// Sends the message on this and on each connection to come, before what has waited for it, until it is let go.
    ///
    /// On what a hook is given, it goes over that one connection, as the hook runs on each. Nobody waits for the replies:
    /// they and the errors are heard of as those of [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// If the input is no object.
    pub fn keep(self) -> Result<Kept, EncodeError> {
        let Written { text, .. } = self.write(Id::OfData)?;
        let shared = &self.socket.shared;
        Ok(Kept { number: shared.keep(self.socket.connection, text), shared: Arc::downgrade(shared) })
    }

    fn write(&self, id: Id) -> Result<Written, EncodeError> {
        let data = match &self.data {
            Ok(data) => data.as_deref(),
            Err(EncodeError::Json(error)) => return Err(EncodeError::Json(serde::ser::Error::custom(error))),
            Err(_) => return Err(EncodeError::NotAMessage),
        };
        frame::write(&self.socket.shared.routing, self.action, data, id)
    }
}

impl<'a, T: DeserializeOwned + 'static, E: ApiError + 'static> IntoFuture for Call<'a, T, E> {
    type Output = Result<T, Error<E>>;
    type IntoFuture = BoxFuture<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let shared = &self.socket.shared;
        let number = shared.number();
        let has_own_id = shared.own_ids.iter().any(|action| action == self.action);
        let written = self.write(if has_own_id { Id::OfData } else { Id::Number(number) });
        let asking = Asking { shared: Arc::clone(shared), number };
        let (connection, action, timeout) = (self.socket.connection, self.action.to_owned(), self.timeout);
        Box::pin(async move {
            let Written { text, id } = written.map_err(Error::Encode)?;
            let asked = within(timeout, asking.ask(connection, action, id, text)).await;
            let timed_out = || Err(TransportError::Timeout(timeout.unwrap_or_default()).into());
            let output = asked.unwrap_or_else(timed_out).map_err(Error::from)?;
            serde_json::from_str(output.get()).map_err(|cause| Error::Decode(decode_error(cause)))
        })
    }
}

/// A request, which is forgotten with this.
struct Asking {
    shared: Arc<Shared>,
    number: u64,
}

impl Asking {
    async fn ask(
        &self,
        connection: Option<u64>,
        action: String,
        id: String,
        text: String,
    ) -> Result<Arc<serde_json::value::RawValue>, Failure> {
        let (answer, answered) = oneshot::channel();
        let outgoing = Outgoing { message: Message::Text(text), request: Some(self.number) };
        let request = Request { action, id, answer };
        self.shared.send(connection, outgoing, Some(request)).await?;
        // Requests are answered before they are forgotten.
        answered.await.unwrap_or_else(|_| Err(super::state::Closed::lost("the socket is gone").into()))
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.shared.give_up(self.number);
    }
}

/// A message that is sent on each connection, until it is let go; dropping this does not do so.
#[derive(Debug, Clone)]
pub struct Kept {
    number: u64,
    shared: Weak<Shared>,
}

impl Kept {
    /// Sends the message no more.
    pub fn let_go(self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.let_go(self.number);
        }
    }
}

impl<T, E> fmt::Debug for Call<'_, T, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The data may be a password, so it isn't shown.
        formatter.debug_struct("Call").field("action", &self.action).finish_non_exhaustive()
    }
}
