//! The running application: services, middleware and limits.

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    access_table::AccessTable,
    app::App,
    channel::{ChannelConfig, SlowConsumer},
    client_address::TrustedProxies,
    coverage::{Held, Scope, held_on},
    event_hub::EventHub,
    http::{Layers, Parameter, Route},
    jwt::JwtService,
    middleware::{IntoLayer, Kind, Layer, OwnLayers},
    origin::Origins,
    permission::{IntoPermission, SharedPermission},
    rate_limit::Limiter,
    registry::{ChannelBinding, Registry},
    session_store::Sessions,
};

/// An application that is about to be served.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # pub struct Services;
/// # #[derive(Clone, Serialize, Deserialize)] pub struct UserSession { pub user_id: String }
/// # pikku_core::registry!(DemoApp { services: Services, session: UserSession });
/// # fn main() {
/// use pikku_core::{ApiKeySource, Pikku, auth_api_key};
///
/// async fn find_session(_: &Services, key: &str) -> Result<Option<UserSession>, pikku_core::Error> {
///     Ok((key == "secret").then(|| UserSession { user_id: "ada".to_owned() }))
/// }
///
/// let app = Pikku::<DemoApp>::new(Services)
///     .body_limit(64 * 1024)
///     .middleware(auth_api_key(ApiKeySource::Header, find_session));
/// # let _ = app;
/// # }
/// ```
pub struct Pikku<A: App> {
    services: A::Services,
    jwt: Option<JwtService>,
    sessions: Option<Sessions<A::Session>>,
    layers: Vec<(Scope, Layer<A>)>,
    permissions: Vec<(Scope, SharedPermission<A>)>,
    config: Config,
    hub: EventHub,
}

/// What is fixed once the application is served.
pub(crate) struct Runtime<A: App> {
    pub(crate) services: A::Services,
    pub(crate) jwt: Option<JwtService>,
    pub(crate) sessions: Option<Sessions<A::Session>>,
    pub(crate) config: Config,
    pub(crate) hub: EventHub,
    /// For each route, what is asked before the permissions of the function.
    pub(crate) permissions: Vec<Vec<Held<SharedPermission<A>>>>,
    /// For each route, the limits that messages are counted against, where it is that of a channel.
    pub(crate) limits: Vec<Vec<Held<Arc<Limiter<A>>>>>,
    pub(crate) own: OwnLayers<A>,
    /// For each route, the parameters of its path.
    pub(crate) parameters: Vec<Box<[Parameter]>>,
}

/// The limits of a server.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) body_limit: usize,
    pub(crate) body_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) channel: ChannelConfig,
    pub(crate) proxies: Option<TrustedProxies>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            body_limit: 1 << 20,
            body_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            channel: ChannelConfig::default(),
            proxies: None,
        }
    }
}

impl<A: App> Pikku<A> {
    /// An application with these services, the default limits and no middleware.
    pub fn new(services: A::Services) -> Self {
        Self {
            services,
            jwt: None,
            sessions: None,
            layers: Vec::new(),
            permissions: Vec::new(),
            config: Config::default(),
            hub: EventHub::new(),
        }
    }

    /// The JWT service that `auth_bearer().jwt()` and the like use.
    #[must_use]
    pub fn jwt(mut self, jwt: JwtService) -> Self {
        self.jwt = Some(jwt);
        self
    }

    /// The sessions that `auth_cookie("…").store()` keeps. A clone in the services is for the functions that take some back.
    #[must_use]
    pub fn sessions(mut self, sessions: Sessions<A::Session>) -> Self {
        self.sessions = Some(sessions);
        self
    }

    /// Adds middleware around everything. What is added first is outermost.
    #[must_use]
    pub fn middleware<M>(self, middleware: impl IntoLayer<A, M>) -> Self {
        self.layer(Scope::Everything, middleware.into_layer())
    }

    /// Adds middleware around the routes at and below a path.
    ///
    /// `/admin` covers `/admin` and `/admin/x`, not `/administrator`. It runs inside of what is around everything.
    ///
    /// # Panics
    /// When the application is served, if nothing is at or below the path: what was meant to be guarded is not.
    #[must_use]
    pub fn middleware_at<M>(self, prefix: &'static str, middleware: impl IntoLayer<A, M>) -> Self {
        self.layer(Scope::Prefix(prefix), middleware.into_layer())
    }

    /// Adds middleware around the functions with a tag, inside of what is around everything and around paths.
    ///
    /// It runs for their requests, and around the upgrades of channels with the tag. Of middleware only rate limits are for
    /// messages: what has to guard a function on channels too is a [permission](Self::permission_for).
    ///
    /// # Panics
    /// When the application is served, if no function has the tag, or one that is called by messages only: what was meant
    /// to be guarded is not.
    #[must_use]
    pub fn middleware_for<M>(self, tag: &'static str, middleware: impl IntoLayer<A, M>) -> Self {
        self.layer(Scope::Tag(tag), middleware.into_layer())
    }

    /// Adds a permission to everything: nobody gets to any function who doesn't have it.
    ///
    /// A permission is an async function of the services and the session, or [`require_scope`](crate::require_scope). It is
    /// asked on every request and every message, once the caller is signed in and the input is sound, and before the
    /// permissions of the function; all of them have to agree. `false` is a 403, and an error keeps its status. Several are
    /// asked in the order of middleware: those of everything first, then those of paths, then those of tags.
    ///
    /// It holds for functions with `auth = false` too. One that takes `&Session` answers 401 there to whoever is not
    /// signed in, and that includes the functions that sign somebody in; take `Option<&Session>` to judge such callers, or
    /// add it to a path or a tag. On a channel it is asked for each message and for `on_connect`, and not for
    /// `on_disconnect`, which is nobody's call.
    ///
    /// ```
    /// # use serde::{Deserialize, Serialize};
    /// # pub struct Services;
    /// # #[derive(Clone, Serialize, Deserialize)] pub struct UserSession { pub is_suspended: bool }
    /// # pikku_core::registry!(DemoApp { services: Services, session: UserSession });
    /// # fn main() {
    /// use pikku_core::Pikku;
    ///
    /// async fn is_not_suspended(_: &Services, session: Option<&UserSession>) -> bool {
    ///     session.is_none_or(|session| !session.is_suspended)
    /// }
    ///
    /// let app = Pikku::<DemoApp>::new(Services).permission(is_not_suspended);
    /// # let _ = app;
    /// # }
    /// ```
    #[must_use]
    pub fn permission<M>(self, permission: impl IntoPermission<A, M>) -> Self {
        self.shared_permission(Scope::Everything, permission.into_permission())
    }

    /// Adds a [permission](Self::permission) to the routes at and below a path, and to the messages of channels there.
    ///
    /// `/admin` covers `/admin` and `/admin/x`, not `/administrator`.
    ///
    /// # Panics
    /// When the application is served, if nothing is at or below the path: what was meant to be guarded is not.
    #[must_use]
    pub fn permission_at<M>(self, prefix: &'static str, permission: impl IntoPermission<A, M>) -> Self {
        self.shared_permission(Scope::Prefix(prefix), permission.into_permission())
    }

    /// Adds a [permission](Self::permission) to the functions with a tag, and to all messages of channels with it.
    ///
    /// # Panics
    /// When the application is served, if no function has the tag: what was meant to be guarded is not.
    #[must_use]
    pub fn permission_for<M>(self, tag: &'static str, permission: impl IntoPermission<A, M>) -> Self {
        self.shared_permission(Scope::Tag(tag), permission.into_permission())
    }

    /// Who may call what, with the permissions that were added so far.
    #[must_use]
    pub fn access_table(&self) -> AccessTable {
        AccessTable::new(&Registry::of::<A>(), &self.permissions)
    }

    /// The proxies in front of the server, whose word on where a request comes from is taken; nobody's, if this is not
    /// called.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.config.proxies = Some(proxies);
        self
    }

    /// The largest body in bytes that a function reads, unless it says otherwise; 1 MiB if this is not called.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.config.body_limit = bytes;
        self
    }

    /// How long a body may take to arrive; 10 s if this is not called.
    #[must_use]
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.config.body_timeout = timeout;
        self
    }

    /// How long a call may take, unless its function says otherwise; 30 s if this is not called.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.timeout = timeout;
        self
    }

    /// The event hub that functions get, where something outside of functions publishes too.
    #[must_use]
    pub fn event_hub(mut self, hub: EventHub) -> Self {
        self.hub = hub;
        self
    }

    /// Which pages may open a connection, and change things where a cookie signs in; those of the server itself if this is
    /// not called.
    ///
    /// # Panics
    /// When the application is served, if one of the list is no origin.
    #[must_use]
    pub fn origins(mut self, origins: Origins) -> Self {
        self.config.channel.origins = origins;
        self
    }

    /// The largest message of a channel in bytes; 64 KiB if this is not called.
    #[must_use]
    pub fn message_limit(mut self, bytes: usize) -> Self {
        self.config.channel.message_limit = bytes;
        self
    }

    /// How many messages a second a connection may send, over time; 5,000 if this is not called.
    #[must_use]
    pub fn message_rate(mut self, per_second: u32) -> Self {
        self.config.channel.rate = per_second;
        self
    }

    /// How many bytes may wait to be sent on a connection, and what becomes of one that does not take them; 1 MiB, and it
    /// is disconnected, if this is not called.
    #[must_use]
    pub fn outbound(mut self, bytes: usize, slow_consumer: SlowConsumer) -> Self {
        self.config.channel.outbound_limit = bytes;
        self.config.channel.slow_consumer = slow_consumer;
        self
    }

    /// How often a connection is asked for a sign of life; 25 s if this is not called. It ends when two of them are missed.
    #[must_use]
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.config.channel.heartbeat = interval;
        self
    }

    /// How long a connection may be open before somebody signs in, where it has to be; 10 s if this is not called.
    #[must_use]
    pub fn sign_in_timeout(mut self, timeout: Duration) -> Self {
        self.config.channel.sign_in = timeout;
        self
    }

    fn layer(mut self, scope: Scope, layer: Layer<A>) -> Self {
        self.layers.push((scope, layer));
        self
    }

    fn shared_permission(mut self, scope: Scope, permission: SharedPermission<A>) -> Self {
        self.permissions.push((scope, permission));
        self
    }

    /// Refuses layers and permissions that cover nothing, since one of them may be what guards the application.
    pub(crate) fn check_coverage(&self, routes: &[Route]) {
        self.check_messages();
        let on_a_route = |scope: Scope| scope == Scope::Everything || routes.iter().any(|route| scope.covers(route));
        // Functions that are on channels only have no route of their own. Middleware would never run for them.
        let on_a_channel = |scope: Scope| match scope {
            Scope::Tag(tag) => Registry::of::<A>().functions().iter().any(|function| function.tags.contains(&tag)),
            _ => false,
        };
        for (scope, layer) in &self.layers {
            let covers = on_a_route(*scope) || (layer.is_for_messages() && on_a_channel(*scope));
            assert!(
                covers,
                "this middleware is around nothing: {scope:?}; help: a path begins with `/`, and a tag stands in `tags(…)` of a function"
            );
        }
        for (scope, permission) in &self.permissions {
            assert!(
                on_a_route(*scope) || on_a_channel(*scope),
                "the permission `{}` covers nothing: {scope:?}; help: a path begins with `/`, and a tag stands in `tags(…)` of a function",
                permission.name()
            );
        }
    }

    /// Refuses middleware of functions that are called by messages only: all but limits would never run for them.
    fn check_messages(&self) {
        let registry = Registry::of::<A>();
        let tags: Vec<_> = self
            .layers
            .iter()
            .filter(|(_, layer)| !layer.is_for_messages())
            .filter_map(|(scope, _)| if let Scope::Tag(tag) = scope { Some(*tag) } else { None })
            .collect();
        for function in registry.functions().iter().filter(|function| function.is_on_channels_only()) {
            let name = function.name;
            assert!(
                !(function.goes_around)(),
                "the middleware of `{name}` would never run, since of middleware only rate limits are for messages; help: add it with `Pikku::middleware_at` to the path of the channel, whose upgrade it then runs for, or check in `permissions = …`"
            );
            // What is for a whole channel runs for its upgrade.
            let has = |binding: &ChannelBinding, tag| {
                let mut channels = registry.channels().iter();
                channels.any(|channel| (channel.id)() == (binding.channel)() && channel.tags.contains(tag))
            };
            let missed = tags
                .iter()
                .find(|tag| function.tags.contains(tag) && !function.channels.iter().all(|binding| has(binding, tag)));
            assert!(
                missed.is_none(),
                "the middleware for the tag `{}` would not run for `{name}`, since of middleware only rate limits are for messages; help: add it with `Pikku::middleware_at` to the path of the channel, whose upgrade it then runs for, or check in `Pikku::permission_for`",
                missed.unwrap_or(&"")
            );
        }
    }

    /// Refuses authentication that could not work, or would not be safe.
    pub(crate) fn check_authentication(&self, layers: &[Layers<A>]) {
        let origins = &self.config.channel.origins;
        let (has_jwt, has_sessions) = (self.jwt.is_some(), self.sessions.is_some());
        let checked = layers.iter().try_for_each(|layers| layers.check(has_jwt, has_sessions, origins));
        if let Err(problem) = origins.check().and(checked) {
            panic!("{problem}");
        }
    }

    /// The layers around one route, outermost first.
    pub(crate) fn layers_of(&self, route: &Route) -> Vec<Layer<A>> {
        let mut layers: Vec<_> = self.layers.iter().filter(|(scope, _)| scope.covers(route)).collect();
        // The sort is stable, so that within a scope the order in which they were added stays.
        layers.sort_by_key(|(scope, _)| scope.rank());
        layers.into_iter().map(|(_, layer)| layer.clone()).collect()
    }

    pub(crate) fn into_runtime(self, routes: &'static [Route], own: OwnLayers<A>) -> Arc<Runtime<A>> {
        let limits = || {
            self.layers.iter().filter_map(|(scope, layer)| match &layer.0 {
                Kind::Limit(limiter) => Some((*scope, Arc::clone(limiter))),
                _ => None,
            })
        };
        Arc::new(Runtime {
            permissions: routes.iter().map(|route| held_on(route, self.permissions.iter().cloned())).collect(),
            limits: routes.iter().map(|route| held_on(route, limits())).collect(),
            own,
            parameters: routes.iter().map(Route::parameters).collect(),
            services: self.services,
            jwt: self.jwt,
            sessions: self.sessions,
            config: self.config,
            hub: self.hub,
        })
    }
}

impl<A: App> fmt::Debug for Pikku<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pikku").field("app", &A::NAME).field("layers", &self.layers).finish_non_exhaustive()
    }
}
