//! A call that is about to be counted.

use std::{
    fmt,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use http::request::Parts;

use crate::{app::App, http::Route};

/// A call that is about to be counted: a request, an upgrade, or a message. What
/// [`RateLimit::by`](super::RateLimit::by) is given to say whose it is.
pub struct Attempt<'a, A: App> {
    pub(crate) services: &'a A::Services,
    pub(crate) session: Option<Arc<A::Session>>,
    pub(crate) route: &'static Route,
    pub(crate) caller: Caller,
    pub(crate) request: Option<&'a Parts>,
    pub(crate) channel_id: Option<&'a str>,
    pub(crate) action: Option<&'a str>,
}

/// What is known of a caller beside the session; a connection keeps what its upgrade came with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Caller {
    pub(crate) address: Option<IpAddr>,
    pub(crate) api_key: Option<ApiKeyId>,
}

impl<A: App> Attempt<'_, A> {
    /// The services of the application.
    #[must_use]
    pub fn services(&self) -> &A::Services {
        self.services
    }

    /// Who is calling, if somebody is signed in by now. A limit that stands before authentication sees nobody.
    #[must_use]
    pub fn session(&self) -> Option<&A::Session> {
        self.session.as_deref()
    }

    /// Where the call comes from: the peer, or whoever a trusted proxy says
    /// ([`Pikku::trusted_proxies`](crate::Pikku::trusted_proxies)).
    ///
    /// There is none where the router is served by something that doesn't tell axum's `ConnectInfo`.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.caller.address
    }

    /// The route that was found; of a message, that of its channel.
    #[must_use]
    pub fn route(&self) -> &'static Route {
        self.route
    }

    /// The head of the request; a message has none.
    #[must_use]
    pub fn request(&self) -> Option<&Parts> {
        self.request
    }

    /// The connection that a message came on.
    #[must_use]
    pub fn channel_id(&self) -> Option<&str> {
        self.channel_id
    }

    /// The action of a message.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        self.action
    }
}

impl<A: App> fmt::Debug for Attempt<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("route", &self.route.path)
            .field("action", &self.action)
            .field("address", &self.caller.address)
            .finish_non_exhaustive()
    }
}

/// Tells an API key from others without being one, so that a connection keeps no credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ApiKeyId(u64);

impl ApiKeyId {
    pub(crate) fn of(key: &[u8]) -> Self {
        static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        let mut hasher = HASHER.build_hasher();
        hasher.write(key);
        Self(hasher.finish())
    }
}
