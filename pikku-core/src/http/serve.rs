//! The way of a request, from the socket to the function and back.

use std::{
    collections::BTreeSet,
    fmt,
    marker::PhantomData,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, HttpBody},
    response::Response,
    routing::any_service,
};
use http::{HeaderMap, Method, Request, StatusCode, header};

use super::{
    body::read_input,
    call::{HttpCall, HttpContext, Parameters},
    credentials::{Credentials, Layers},
    multipart::FailureSlot,
    respond::{NOSNIFF, refuse},
    route::{Dispatch, Found, Matcher, Route, shape},
};
use crate::{
    app::App,
    channel::{ChannelDispatch, credentials_from_protocols, upgrade},
    error::{Challenge, PikkuError, Problem},
    function::{CallError, Output, PikkuFunc, is_unit},
    guard::Guarded,
    input::no_input,
    middleware::{BoxFuture, Endpoint, Kind, Layer, Next, OwnLayers},
    pikku::{Pikku, Runtime},
    server::{Peer, Serve},
    session::LazySessions,
    wire::Wire,
};

/// An application behind its table of routes.
pub(super) struct Serving<A: App, D> {
    runtime: Arc<Runtime<A>>,
    matcher: Matcher,
    /// What is around each route.
    layers: Vec<Layers<A>>,
    /// The names of the parameters of each route.
    names: Vec<Box<[&'static str]>>,
    dispatch: PhantomData<fn() -> D>,
}

/// A request that has found its route; generated code picks the function.
pub struct Incoming<'i, A: App> {
    runtime: &'i Arc<Runtime<A>>,
    layers: &'i Layers<A>,
    route: &'static Route,
    /// The place of the route in the table.
    number: usize,
    parameters: Parameters,
    request: Request<Option<Body>>,
    /// The other end of the connection, where a server of ours has it.
    peer: Option<Arc<Peer>>,
}

/// An application by itself, for a [`Server`](crate::Server).
///
/// A request finds its function without a router around it. Generated code makes one, `generated::application(app)`; the
/// router that it makes is for merging with others.
pub struct Application<A: App, D>(Arc<Serving<A, D>>);

impl<A: App, D: Dispatch<A>> Application<A, D> {
    /// Makes the application ready to answer.
    #[must_use]
    pub fn new(app: Pikku<A>) -> Self {
        Self(Arc::new(Serving::new(app)))
    }
}

impl<A: App, D> Clone for Application<A, D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: App, D> fmt::Debug for Application<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<A: App, D: Dispatch<A>> Serve for Application<A, D> {
    fn answer(
        &self,
        request: Request<hyper::body::Incoming>,
        peer: &Arc<Peer>,
    ) -> impl Future<Output = Response> + Send {
        let (parts, body) = request.into_parts();
        // Most requests have no body, and need none made for them.
        let nothing =
            body.is_end_stream() && (parts.method == Method::GET || !parts.headers.contains_key(header::CONTENT_TYPE));
        let body = (!nothing).then(|| Body::new(body));
        self.0.handle(Request::from_parts(parts, body), Some(Arc::clone(peer)))
    }
}

/// The axum router of an application.
///
/// It has a route for each path of the application, so that it can be merged with others and nested, and answers anything
/// else with a problem; another `fallback` takes the place of that.
pub fn router<A: App, D: Dispatch<A>>(app: Pikku<A>) -> Router {
    let serving = Arc::new(Serving::<A, D>::new(app));
    let service = tower::service_fn(move |request: Request<Body>| {
        let serving = Arc::clone(&serving);
        let peer = request.extensions().get::<Arc<Peer>>().cloned();
        async move { Ok::<_, std::convert::Infallible>(serving.handle(request.map(Some), peer).await) }
    });
    let paths: BTreeSet<String> = D::ROUTES.iter().map(|route| shape(route.path)).collect();
    let routed = paths.iter().fold(Router::new(), |router, path| router.route(path, any_service(service.clone())));
    routed.fallback(|request: Request<Body>| async move { not_found(request.headers()) })
}

impl<A: App, D: Dispatch<A>> Serving<A, D> {
    fn new(app: Pikku<A>) -> Self {
        app.check_coverage(D::ROUTES);
        let own = OwnLayers::default();
        let layers: Vec<_> = D::ROUTES
            .iter()
            .enumerate()
            .map(|(number, route)| {
                let mut layers = app.layers_of(route);
                layers.extend(own.of_route(route, || D::middleware(number)).iter().cloned());
                Layers::new(layers)
            })
            .collect();
        app.check_authentication(&layers);
        Self {
            runtime: app.into_runtime(D::ROUTES, own),
            matcher: Matcher::new(D::ROUTES),
            layers,
            names: D::ROUTES.iter().map(|route| parameter_names(route.path)).collect(),
            dispatch: PhantomData,
        }
    }

    /// Answers one request.
    async fn handle(&self, request: Request<Option<Body>>, peer: Option<Arc<Peer>>) -> Response {
        let path = request.uri().path();
        let (number, parameters) = match self.matcher.find(request.method(), path) {
            Found::Route(number, parameters) => (number, named(&self.names[number], &parameters, path)),
            Found::OtherMethods(allow) => {
                return refuse(&Problem::method_not_allowed(allow), request.headers());
            }
            Found::Nothing => return not_found(request.headers()),
        };
        let incoming = Incoming {
            runtime: &self.runtime,
            layers: &self.layers[number],
            route: &D::ROUTES[number],
            number,
            parameters,
            request,
            peer,
        };
        D::dispatch(number, incoming).await
    }
}

impl<A: App, D> fmt::Debug for Serving<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("routes", &self.layers.len()).finish_non_exhaustive()
    }
}

impl<A: App> fmt::Debug for Incoming<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("route", &self.route.path).finish_non_exhaustive()
    }
}

/// The names of the parameters of a path, in its order.
fn parameter_names(path: &'static str) -> Box<[&'static str]> {
    let name = |segment: &'static str| Some(segment.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*'));
    path.split('/').filter_map(name).collect()
}

/// The parameters with the names of the table, which live as long as the program, and where their values stand in the path.
fn named(names: &[&'static str], parameters: &matchit::Params<'_, '_>, path: &str) -> Parameters {
    let value = |value: &str| {
        let start = value.as_ptr().addr() - path.as_ptr().addr();
        start..start + value.len()
    };
    names.iter().zip(parameters.iter()).map(|(name, (_, text))| (*name, value(text))).collect()
}

impl<'i, A: App> Incoming<'i, A> {
    /// Answers a number that is not in the table, which no request can lead to.
    #[must_use]
    pub fn unrouted(self) -> Response {
        not_found(self.request.headers())
    }

    /// Opens a connection to the channel that `D` dispatches.
    pub async fn upgrade<D: ChannelDispatch<A>>(self) -> Response {
        let (timeout, layers) = (self.timeout(), &*self.layers.onion);
        let mut call = self.into_call();
        credentials_from_protocols(&mut call.context.parts.headers);
        let upgraded = Guarded::new(through(layers, &mut call, boxed_channel::<A, D>), timeout).await;
        let upgraded = upgraded.into_result("an upgrade");
        let response = upgraded.unwrap_or_else(|problem| refuse(&problem, call.headers()));
        call.with_standings(response)
    }

    /// Answers with `F`.
    pub async fn serve<F: PikkuFunc<App = A>>(self) -> Response {
        let (timeout, layers) = (self.timeout(), &*self.layers.onion);
        let mut call = self.into_call();
        let answered = async {
            for (index, layer) in layers.iter().enumerate() {
                match layer {
                    Layer(Kind::Authenticate(authenticator)) => call.authenticate(&**authenticator).await,
                    Layer(Kind::Cookie(cookie)) => call.authenticate_cookie(cookie).await,
                    Layer(Kind::Limit(limiter)) => call.count(limiter)?,
                    Layer(Kind::Around(_)) => {
                        return Ok(through(&layers[index..], &mut call, boxed_endpoint::<F>).await);
                    }
                }
            }
            answer::<F>(&mut call).await
        };
        let answered = Guarded::new(answered, timeout).await.into_result(F::NAME).flatten();
        let response = answered.unwrap_or_else(|problem| refuse(&problem, call.headers()));
        call.with_standings(response)
    }

    fn timeout(&self) -> Duration {
        self.route.timeout.unwrap_or(self.runtime.config.timeout)
    }

    fn into_call(self) -> HttpCall<A> {
        let (mut parts, body) = self.request.into_parts();
        let credentials = Credentials::new(self.layers, &mut parts);
        HttpCall {
            runtime: Arc::clone(self.runtime),
            route: self.route,
            number: self.number,
            context: HttpContext::new(parts, self.peer),
            body,
            parameters: self.parameters,
            sessions: LazySessions::new(),
            credentials,
            upload_failure: None,
            standings: Vec::new(),
        }
    }
}

async fn through<A: App>(layers: &[Layer<A>], call: &mut HttpCall<A>, endpoint: Endpoint<A>) -> Response {
    Next { layers, endpoint }.run(call).await
}

fn boxed_channel<A: App, D: ChannelDispatch<A>>(call: &mut HttpCall<A>) -> BoxFuture<'_, Response> {
    Box::pin(async move { upgrade::<A, D>(call).await.unwrap_or_else(|problem| refuse(&problem, call.headers())) })
}

/// The core of the onion. A panic ends here, so that the middleware around it sees a response like any other.
fn boxed_endpoint<F: PikkuFunc>(call: &mut HttpCall<F::App>) -> BoxFuture<'_, Response> {
    Box::pin(async move {
        let answered = Guarded::new(answer::<F>(call), Duration::MAX).await.into_result(F::NAME).flatten();
        answered.unwrap_or_else(|problem| refuse(&problem, call.headers()))
    })
}

/// How long an input may take to arrive before it is asked again who is calling.
const SLOW: Duration = Duration::from_secs(1);

/// Session, input, permissions, function: the way that every call goes.
async fn answer<F: PikkuFunc>(call: &mut HttpCall<F::App>) -> Result<Response, Problem> {
    call.check_cross_site()?;
    let mut session = call.sessions.get();
    if F::AUTH && session.is_none() {
        return Err(call.nobody());
    }
    let reads_since = call.body.is_some().then(Instant::now);
    let input = if is_unit::<F::Input>() { no_input::<F::Input>()? } else { read_input::<F>(call).await? };
    // Whoever takes their time to send the input may have been signed out by the time that it is there.
    if reads_since.is_some_and(|since| since.elapsed() >= SLOW) {
        session = call.sessions.look_up().await?;
        if F::AUTH && session.is_none() {
            return Err(call.nobody());
        }
    }
    let wire = Wire {
        services: &call.runtime.services,
        sessions: &call.sessions,
        session,
        http: Some(&call.context),
        connection: None,
        hub: &call.runtime.hub,
        permissions: &call.runtime.permissions[call.number],
    };
    let mut answered = run::<F>(&wire, input).await;
    // A function may make anything of a file that it could not read to its end, and the caller has to know of it.
    if let Some(problem) = call.upload_failure.as_ref().and_then(FailureSlot::get) {
        answered = Err(problem.clone());
    }
    let output = answered.inspect_err(|_| call.sessions.roll_back()).map_err(|problem| match problem.challenge() {
        // A permission of many functions may want a session where the function does not; then the reason counts too.
        Some(Challenge::Missing) => call.nobody(),
        _ => problem,
    })?;
    let status = call.route.status.and_then(|status| StatusCode::from_u16(status).ok());
    let mut response = output.respond(status).map_err(|error| Problem::internal().caused_by(F::NAME, error))?;
    let (mut status, headers) = (response.status(), response.headers_mut());
    call.context.apply(&mut status, headers);
    if F::Output::MAY_LAST {
        // Not for values: browsers take JSON for nothing else, and the header would cost each answer more than it gives.
        headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(NOSNIFF);
    }
    *response.status_mut() = status;
    call.persist_session(response.headers_mut()).await?;
    Ok(if F::Output::MAY_LAST && is_stream(&response) { call.end_with_session(response) } else { response })
}

/// Whether a response goes on for as long as somebody listens.
fn is_stream(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value == "text/event-stream")
}

/// Permissions and function, the same on every transport. The permissions of many functions come first.
pub(crate) async fn run<F: PikkuFunc>(wire: &Wire<'_, F::App>, input: F::Input) -> Result<F::Output, Problem> {
    for permission in wire.permissions.iter().filter(|permission| permission.covers(F::TAGS)) {
        permission.value.check(wire).await?;
    }
    match F::permit(wire, &input).await {
        Ok(true) => {}
        Ok(false) => return Err(Problem::forbidden()),
        Err(error) => return Err(told::<F>(error)),
    }
    F::call(wire, input).await.map_err(|error| match error {
        CallError::Function(error) => told::<F>(error),
        CallError::Parameter(problem) => problem,
    })
}

/// What the caller is told of an error; the log is told the rest.
fn told<F: PikkuFunc>(error: F::Error) -> Problem {
    error.problem().caused_by(F::NAME, error)
}

fn not_found(headers: &HeaderMap) -> Response {
    let problem = Problem::new(StatusCode::NOT_FOUND, "route_not_found").with_detail("nothing answers at this path");
    refuse(&problem, headers)
}
