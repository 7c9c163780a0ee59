//! How a socket is set up, up to its first connection.

use std::{error::Error as StdError, fmt, marker::PhantomData, sync::Arc, time::Duration};

use serde::Serialize;
use tokio::sync::oneshot;

use super::{
    Alive, Socket,
    shared::Shared,
    state::Closed,
    task::{self, Cause, OpenHook, Plan, SignInHook, Task, TokenHook, is_token},
};
use crate::{
    error::{EncodeError, Error, TransportError},
    http::{API_KEY, Http},
    input::Input,
    platform::{MaybeSend, MaybeSync},
    retry::Retry,
};

/// A socket that is being set up. `C` is what it becomes: the client of one channel, or a plain [`Socket`].
///
/// The address, the API key, the bearer token with the hook that refreshes it, and the timeout are those of the HTTP
/// client that it came from. A credential travels as a subprotocol and never in the URL; natively, headers of the
/// client's own are sent too. Proxies of the HTTP client's are not used.
#[must_use = "nothing is connected until `connect` or `connect_lazy`"]
pub struct Connect<C = Socket> {
    http: Http,
    route: String,
    routing: String,
    own_ids: Vec<String>,
    opening: Input,
    fault: Option<EncodeError>,
    token: Option<TokenHook>,
    sign_in: Option<SignInHook>,
    on_open: Vec<OpenHook>,
    timeout: Option<Duration>,
    reconnect: Retry,
    queue: usize,
    buffer: usize,
    message_limit: usize,
    silence: Option<Duration>,
    client: PhantomData<fn() -> C>,
}

impl<C: From<Socket> + 'static> Connect<C> {
    pub(crate) fn new(http: &Http, route: &str) -> Self {
        let settings = &http.settings;
        Self {
            http: http.clone(),
            route: route.to_owned(),
            routing: "action".to_owned(),
            own_ids: Vec::new(),
            opening: Input::default(),
            fault: settings.bad_header.clone().map(EncodeError::Header),
            token: None,
            sign_in: None,
            on_open: Vec::new(),
            timeout: settings.timeout,
            reconnect: Retry {
                attempts: u32::MAX,
                first_wait: Duration::from_millis(500),
                longest_wait: Duration::from_secs(5),
            },
            queue: 100,
            buffer: 64,
            message_limit: 4 * 1024 * 1024,
            silence: None,
            client: PhantomData,
        }
    }

    /// Names the key of a message whose value picks the function, if it isn't `action`.
    pub fn routing(mut self, key: impl Into<String>) -> Self {
        self.routing = key.into();
        self
    }

    /// Names the actions whose data has a member `id`, which is then the id of the message too.
    pub fn own_ids(mut self, actions: &[&str]) -> Self {
        self.own_ids = actions.iter().map(|action| (*action).to_owned()).collect();
        self
    }

    /// Says something when a connection opens: its fields travel in the path and the query of the URL.
    pub fn opening(mut self, data: &(impl Serialize + ?Sized)) -> Self {
        self.fault = self.fault.or(self.opening.set(data).err());
        self
    }

    /// Gets the token for each connection anew, in place of that of the HTTP client.
    ///
    /// The hook is told how the last connection ended, so that it knows whether its token was refused
    /// ([`Closed::is_unauthorized`]). Where it fails, another attempt is made as after a connection that was lost. Each
    /// connection has a clone of the hook.
    pub fn with_token<F, R, E>(mut self, token: F) -> Self
    where
        F: FnOnce(Option<Closed>) -> R + Clone + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<Option<String>, E>> + MaybeSend + 'static,
        E: Into<Cause>,
    {
        self.token = Some(Arc::new(move |last| {
            let token = token.clone()(last);
            Box::pin(async move { token.await.map_err(Into::into) })
        }));
        self
    }

    /// Signs each connection in by messages of the application's own, before anything else is sent.
    ///
    /// What is called on the hook's argument goes over that one connection. If the hook fails, the connection ends with
    /// [`Closed::code`] 4401, and the next one is tried. Each connection has a clone of the hook, so that an async closure
    /// may use up what it has moved in: `with_sign_in(async move |events| events.auth(&Token { token }).await)`.
    pub fn with_sign_in<F, R, T, E>(mut self, sign_in: F) -> Self
    where
        F: FnOnce(C) -> R + Clone + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<T, E>> + MaybeSend + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.sign_in = Some(Arc::new(move |socket| {
            let signed_in = sign_in.clone()(C::from(socket));
            Box::pin(async move { signed_in.await.map(drop).map_err(Into::into) })
        }));
        self
    }

    /// Runs a hook on each connection, once it is signed in and before what has waited is sent.
    ///
    /// What is called on its argument goes over that one connection, which has a clone of the hook. May be given more than
    /// once.
    pub fn with_on_open<F, R>(mut self, on_open: F) -> Self
    where
        F: FnOnce(C) -> R + Clone + MaybeSend + MaybeSync + 'static,
        R: Future<Output = ()> + MaybeSend + 'static,
    {
        self.on_open.push(Arc::new(move |socket| Box::pin(on_open.clone()(C::from(socket)))));
        self
    }

    /// Limits how long a reply may take, if not as long as one of HTTP; `None` waits for ever.
    pub fn with_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }

    /// Sets when the next connection is tried after one was lost, and how often: for ever, with waits of up to 500
    /// milliseconds that grow up to 5 seconds, unless this says otherwise.
    ///
    /// The waits grow no further once a connection has held for as long as the longest of them. With
    /// [`Retry::never`] there is no other connection.
    pub fn with_reconnect(mut self, reconnect: Retry) -> Self {
        self.reconnect = reconnect;
        self
    }

    /// Sets how many messages may wait for a connection: 100. One more is refused as [`TransportError::QueueFull`].
    pub fn with_queue(mut self, messages: usize) -> Self {
        self.queue = messages;
        self
    }

    /// Sets how many items each subscription holds that were not taken yet: 64, and at least one. One more, and the
    /// oldest is missed.
    pub fn with_buffer(mut self, items: usize) -> Self {
        self.buffer = items.max(1);
        self
    }

    /// Sets how large a message from the server may be: 4 MiB. A larger one ends the connection with 1009.
    pub fn with_message_limit(mut self, bytes: usize) -> Self {
        self.message_limit = bytes;
        self
    }

    /// Gives a connection up over which nothing has come for so long; by default none is.
    ///
    /// A pikku server sends a ping every 25 seconds unless it was told otherwise, which natively counts as something. A
    /// browser doesn't tell of pings, so that there only messages count.
    pub fn with_silence_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.silence = limit.into();
        self
    }

    /// The address of the channel.
    ///
    /// # Errors
    ///
    /// If the opening data can't travel in the path and the query.
    pub fn url(&self) -> Result<String, EncodeError> {
        let url = self.opening.channel_url(&self.http.settings.base, &self.route);
        url.map(String::from)
    }

    /// Connects, and waits until the first connection is open and signed in.
    ///
    /// Later ones are made as needed, in a task of their own, until all clones of what is returned are dropped.
    ///
    /// # Errors
    ///
    /// If the first connection doesn't open: as the error that the server answered with, or, if there was no answer,
    /// as [`TransportError::Disconnected`]. If the opening data or a credential can't be sent, as [`Error::Encode`].
    pub async fn connect(self) -> Result<C, Error> {
        let (opened, is_open) = oneshot::channel();
        let socket = self.start(Some(opened)).map_err(Error::Encode)?;
        match is_open.await {
            Ok(Ok(())) => Ok(C::from(socket)),
            Ok(Err(failure)) => Err(failure.into()),
            Err(_) => Err(Error::Transport(TransportError::Disconnected(Box::new(Closed::lost("the task has ended"))))),
        }
    }

    /// Connects in the background: what is sent meanwhile waits, and a first connection that fails is tried again like
    /// any other.
    ///
    /// # Errors
    ///
    /// If the opening data or a credential can't be sent.
    ///
    /// # Panics
    ///
    /// Natively, outside of a tokio runtime.
    pub fn connect_lazy(self) -> Result<C, EncodeError> {
        self.start(None).map(C::from)
    }

    fn start(self, first: Option<oneshot::Sender<Result<(), crate::error::Failure>>>) -> Result<Socket, EncodeError> {
        let settings = Arc::clone(&self.http.settings);
        let url = self.opening.channel_url(&settings.base, &self.route)?;
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let mut headers = settings.headers.clone();
        let api_key = match headers.remove(API_KEY) {
            Some(key) => Some(key.to_str().ok().filter(|key| is_token(key)).ok_or(EncodeError::Credential)?.to_owned()),
            None => None,
        };
        let shared = Arc::new(Shared::new(&self.routing, &self.own_ids, self.timeout, self.queue, self.buffer));
        let plan = Plan {
            http: settings,
            url,
            headers,
            api_key,
            token: self.token,
            sign_in: self.sign_in,
            on_open: self.on_open,
            reconnect: self.reconnect,
            message_limit: self.message_limit,
            silence: self.silence,
        };
        task::spawn(Task::new(Arc::clone(&shared), plan, first));
        let alive = Arc::new(Alive(Arc::clone(&shared)));
        Ok(Socket { shared, connection: None, _alive: Some(alive) })
    }
}

impl<C> fmt::Debug for Connect<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The opening data may be secret, so it isn't shown.
        formatter
            .debug_struct("Connect")
            .field("http", &self.http)
            .field("route", &self.route)
            .field("reconnect", &self.reconnect)
            .field("queue", &self.queue)
            .field("buffer", &self.buffer)
            .field("message_limit", &self.message_limit)
            .finish_non_exhaustive()
    }
}
