//! Middleware: what runs around a function, in the order it was added, as an onion.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
};

use axum::response::Response;

use crate::{
    app::App,
    auth::{Authenticator, CookieLayer},
    error::Problem,
    function::Facts,
    http::{HttpCall, Route, refuse},
    rate_limit::Limiter,
};

/// A future on the heap.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that runs around a function: it sees the call before and the response after, or answers by itself.
///
/// ```
/// use axum::response::Response;
/// use pikku_core::{App, HttpCall, Middleware, Next};
///
/// struct ServerTiming;
///
/// impl<A: App> Middleware<A> for ServerTiming {
///     async fn handle(&self, call: &mut HttpCall<A>, next: Next<'_, A>) -> Response {
///         let start = std::time::Instant::now();
///         let mut response = next.run(call).await;
///         let timing = format!("app;dur={}", start.elapsed().as_secs_f64() * 1e3);
///         if let Ok(value) = timing.parse() {
///             response.headers_mut().insert("server-timing", value);
///         }
///         response
///     }
/// }
/// ```
pub trait Middleware<A: App>: Send + Sync + 'static {
    /// Handles one call; `next.run(call)` is the rest of the onion.
    fn handle(&self, call: &mut HttpCall<A>, next: Next<'_, A>) -> impl Future<Output = Response> + Send;
}

/// The rest of the onion.
pub struct Next<'n, A: App> {
    pub(crate) layers: &'n [Layer<A>],
    pub(crate) endpoint: Endpoint<A>,
}

/// The core of the onion: a function behind its pipeline, which leaves its answer in the call.
pub(crate) type Endpoint<A> = for<'c> fn(&'c mut HttpCall<A>) -> BoxFuture<'c, Result<(), Problem>>;

impl<A: App> Next<'_, A> {
    /// Runs what is left, and the function itself last.
    pub async fn run(self, call: &mut HttpCall<A>) -> Response {
        let mut layers = self.layers;
        while let Some((layer, rest)) = layers.split_first() {
            match layer {
                Layer(Kind::Authenticate(authenticator)) => call.authenticate(&**authenticator).await,
                Layer(Kind::Cookie(cookie)) => call.authenticate_cookie(cookie).await,
                Layer(Kind::Limit(limiter)) => {
                    if let Err(problem) = call.count(limiter) {
                        return refuse(&problem, call.headers());
                    }
                }
                Layer(Kind::Around(middleware)) => {
                    return middleware.handle_boxed(call, Next { layers: rest, endpoint: self.endpoint }).await;
                }
            }
            layers = rest;
        }
        call.run(self.endpoint).await
    }
}

impl<A: App> fmt::Debug for Next<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("layers", &self.layers.len()).finish_non_exhaustive()
    }
}

/// One layer of the onion. Middleware and authenticators turn into it by themselves.
pub struct Layer<A: App>(pub(crate) Kind<A>);

impl<A: App> Layer<A> {
    /// Whether it is asked for each message of a channel. All others are for requests, that of an upgrade among them.
    pub(crate) fn is_for_messages(&self) -> bool {
        matches!(self.0, Kind::Limit(_))
    }
}

pub(crate) enum Kind<A: App> {
    /// Looks for a credential, and needs no place around the rest.
    Authenticate(Arc<dyn Authenticator<A>>),
    /// Looks for a session cookie, and keeps it.
    Cookie(Arc<CookieLayer>),
    /// Counts the call, and lets it through or not.
    Limit(Arc<Limiter<A>>),
    /// Runs around the rest.
    Around(Arc<dyn BoxedMiddleware<A>>),
}

impl<A: App> Clone for Layer<A> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Kind::Authenticate(authenticator) => Kind::Authenticate(Arc::clone(authenticator)),
            Kind::Cookie(cookie) => Kind::Cookie(Arc::clone(cookie)),
            Kind::Limit(limiter) => Kind::Limit(Arc::clone(limiter)),
            Kind::Around(middleware) => Kind::Around(Arc::clone(middleware)),
        })
    }
}

impl<A: App> fmt::Debug for Layer<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Authenticate(_) => "Layer::Authenticate",
            Kind::Cookie(_) => "Layer::Cookie",
            Kind::Limit(_) => "Layer::Limit",
            Kind::Around(_) => "Layer::Around",
        })
    }
}

/// The layers of single functions, made once for each.
///
/// A function may be behind several routes and on channels; a limit of its own counts its calls together.
pub(crate) struct OwnLayers<A: App>(RwLock<HashMap<&'static str, Arc<[Layer<A>]>>>);

impl<A: App> OwnLayers<A> {
    /// Those of the function behind a route, which `make` makes if it is the first one.
    pub(crate) fn of_route(&self, route: &Route, make: impl FnOnce() -> Vec<Layer<A>>) -> Arc<[Layer<A>]> {
        let made = make();
        // A channel has none, and its name might be that of a function somewhere else.
        if made.is_empty() {
            return Arc::default();
        }
        self.of(route.function_name(), || made)
    }

    /// Those of a function.
    pub(crate) fn of_function(&self, function: &Facts<A>) -> Arc<[Layer<A>]> {
        match function.middleware {
            Some(make) => self.of(function.name.trim_start_matches("r#"), make),
            None => Arc::default(),
        }
    }

    fn of(&self, name: &'static str, make: impl FnOnce() -> Vec<Layer<A>>) -> Arc<[Layer<A>]> {
        if let Some(layers) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Arc::clone(layers);
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(name).or_insert_with(|| make().into()))
    }
}

impl<A: App> Default for OwnLayers<A> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

/// What can be added with `Pikku::middleware`: any [`Middleware`], authentication, and rate limits.
///
/// The second parameter only keeps the kinds apart for the compiler, which infers it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not middleware",
    label = "neither middleware nor authentication nor a rate limit",
    note = "help: implement `pikku_core::Middleware` for it"
)]
pub trait IntoLayer<A: App, Marker> {
    /// The layer.
    fn into_layer(self) -> Layer<A>;
}

/// Marks plain middleware for [`IntoLayer`].
#[derive(Debug)]
pub enum AroundMarker {}

/// Marks authentication for [`IntoLayer`].
#[derive(Debug)]
pub enum AuthenticateMarker {}

impl<A: App, M: Middleware<A>> IntoLayer<A, AroundMarker> for M {
    fn into_layer(self) -> Layer<A> {
        Layer(Kind::Around(Arc::new(self)))
    }
}

impl<A: App, I: Authenticator<A>> IntoLayer<A, AuthenticateMarker> for I {
    fn into_layer(self) -> Layer<A> {
        Layer(Kind::Authenticate(Arc::new(self)))
    }
}

/// [`Middleware`] with its future on the heap, so that a list can hold any kind.
pub(crate) trait BoxedMiddleware<A: App>: Send + Sync {
    fn handle_boxed<'a>(&'a self, call: &'a mut HttpCall<A>, next: Next<'a, A>) -> BoxFuture<'a, Response>;
}

impl<A: App, M: Middleware<A>> BoxedMiddleware<A> for M {
    fn handle_boxed<'a>(&'a self, call: &'a mut HttpCall<A>, next: Next<'a, A>) -> BoxFuture<'a, Response> {
        Box::pin(self.handle(call, next))
    }
}
