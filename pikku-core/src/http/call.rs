//! One HTTP request while it is being answered.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use axum::extract::ConnectInfo;
use http::{HeaderMap, header, request::Parts};

use super::{
    body::Read,
    content::{Answer, Payload},
    credentials::Credentials,
    handle::{Http, Outgoing},
    multipart::FailureSlot,
    route::Route,
};
use crate::{
    app::App,
    pikku::Runtime,
    rate_limit::Standing,
    server::Peer,
    session::{Identity, LazySessions, UserSessionService},
};

/// One HTTP request while it is being answered; what middleware works on.
pub struct HttpCall<A: App> {
    pub(crate) runtime: Arc<Runtime<A>>,
    pub(crate) route: &'static Route,
    /// The place of the route in the table.
    pub(crate) number: usize,
    pub(crate) context: HttpContext,
    pub(crate) body: Option<Payload>,
    /// What was read of the body.
    pub(super) read: Read,
    pub(crate) sessions: LazySessions<A::Session>,
    pub(crate) credentials: Credentials<A>,
    /// Why a file of a form could not be read to its end.
    pub(crate) upload_failure: Option<FailureSlot>,
    /// How the caller stands with the limits that the call was counted against.
    pub(crate) standings: Vec<Standing>,
    /// Whether middleware runs around the function, and may still look at the request afterwards.
    pub(crate) is_wrapped: bool,
    /// By whose session the request asked for what may last, though that ends meanwhile.
    pub(crate) caller: Option<Identity<A::Session>>,
    /// What is sent back, once there is something: it is written in place, and moved only when it is whole.
    pub(crate) answer: Answer,
}

impl<A: App> HttpCall<A> {
    /// The head of the request.
    #[must_use]
    pub fn request(&self) -> &Parts {
        &self.context.parts
    }

    /// The headers of the request.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.context.parts.headers
    }

    /// The route that the request found.
    #[must_use]
    pub fn route(&self) -> &'static Route {
        self.route
    }

    /// How long the call may take.
    pub(super) fn timeout(&self) -> Duration {
        self.route.timeout.unwrap_or(self.runtime.config.timeout)
    }

    /// The services of the application.
    #[must_use]
    pub fn services(&self) -> &A::Services {
        &self.runtime.services
    }

    /// Reads and changes the session. Middleware that finds out who is calling says so with
    /// [`set_initial`](UserSessionService::set_initial).
    #[must_use]
    pub fn sessions(&self) -> &UserSessionService<A::Session> {
        self.sessions.service()
    }

    /// A credential that stood in the query, where an [`Authenticator`](crate::Authenticator) of this route said that there may be one. It is
    /// empty if it could not be read.
    #[must_use]
    pub fn query_credential(&self, key: &str) -> Option<&str> {
        self.credentials.in_query.iter().find(|(name, _)| *name == key).map(|(_, value)| &**value)
    }
}

impl<A: App> fmt::Debug for HttpCall<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers hold credentials, so they stay out.
        f.debug_struct("HttpCall").field("route", &self.route.path).finish_non_exhaustive()
    }
}

/// What a look at all headers tells at once, which costs less than to look for each of them, most often in vain.
#[derive(Clone, Copy, Default)]
pub(crate) struct Has {
    pub(crate) authorization: bool,
    pub(crate) content_encoding: bool,
    /// Whether the body says of itself that it is JSON and nothing else, in the words that nearly everybody uses.
    pub(crate) json: bool,
}

impl Has {
    pub(crate) fn new(headers: &HeaderMap) -> Self {
        let (mut has, mut kinds) = (Self::default(), 0);
        for (name, value) in headers {
            has.authorization |= *name == header::AUTHORIZATION;
            has.content_encoding |= *name == header::CONTENT_ENCODING;
            if *name == header::CONTENT_TYPE {
                kinds += 1;
                has.json = kinds == 1 && value == "application/json";
            }
        }
        has
    }
}

/// The HTTP side of a call.
pub(crate) struct HttpContext {
    pub(crate) parts: Parts,
    pub(crate) has: Has,
    /// The other end of the connection, where a server of ours has it.
    pub(crate) peer: Option<Arc<Peer>>,
    /// What a function that asked for [`Http`] wants to be sent, made when the first one asks.
    outgoing: OnceLock<Arc<Mutex<Outgoing>>>,
}

impl HttpContext {
    pub(crate) fn new(parts: Parts, peer: Option<Arc<Peer>>) -> Self {
        Self { has: Has::new(&parts.headers), parts, peer, outgoing: OnceLock::new() }
    }

    /// The address of the other end, if the server knows it.
    pub(crate) fn peer_address(&self) -> Option<SocketAddr> {
        let told = || self.parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address);
        self.peer.as_ref().map(|peer| peer.address).or_else(told)
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    pub(crate) fn handle(&self) -> Http {
        let outgoing = Arc::clone(self.outgoing.get_or_init(Arc::default));
        Http::new(&self.parts, outgoing)
    }

    /// Applies what a function said through [`Http`].
    pub(crate) fn apply(&self, answer: &mut Answer) {
        if let Some(outgoing) = self.outgoing.get() {
            outgoing.lock().unwrap_or_else(PoisonError::into_inner).apply(answer);
        }
    }
}
