//! The way of a request, from the socket to the function and back.

use std::{collections::BTreeSet, fmt, marker::PhantomData, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, HttpBody},
    response::Response,
    routing::any_service,
};
use http::{HeaderMap, Method, Request, StatusCode, header, request::Parts};

use super::{
    body::{Read, parse_input, read_body},
    call::{Has, HttpCall, HttpContext},
    content::{Answer, Content, Payload},
    credentials::{Credentials, Layers},
    multipart::FailureSlot,
    respond::{NOSNIFF, refuse},
    route::{Dispatch, Found, Matcher, shape},
};
use crate::{
    app::App,
    channel::{ChannelDispatch, credentials_from_protocols, upgrade},
    error::{Challenge, Problem},
    function::{Facts, Output, PikkuFunc},
    guard::{Guarded, Timed},
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
    dispatch: PhantomData<fn() -> D>,
}

/// A request that has found its route; generated code picks the function.
pub struct Incoming<'i, A: App> {
    call: &'i mut HttpCall<A>,
    layers: &'i [Layer<A>],
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
    fn answer(&self, request: Request<hyper::body::Incoming>, peer: &Arc<Peer>) -> impl Future<Output = Answer> + Send {
        let (parts, body) = request.into_parts();
        // Most requests have no body.
        let nothing =
            body.is_end_stream() && (parts.method == Method::GET || !parts.headers.contains_key(header::CONTENT_TYPE));
        let body = (!nothing).then_some(Payload::Incoming(body));
        self.0.handle(parts, body, Some(Arc::clone(peer)))
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
        let (parts, body) = request.into_parts();
        async move {
            let answer = serving.handle(parts, Some(Payload::Body(body)), peer).await;
            Ok::<_, std::convert::Infallible>(answer.map(Body::from))
        }
    });
    let paths: BTreeSet<String> = D::ROUTES.iter().map(|route| shape(route.path)).collect();
    let routed = paths.iter().fold(Router::new(), |router, path| router.route(path, any_service(service.clone())));
    routed.fallback(|request: Request<Body>| async move { not_found(request.headers()).map(Body::from) })
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
            dispatch: PhantomData,
        }
    }

    /// Answers one request.
    #[expect(
        clippy::manual_async_fn,
        reason = "the arguments of an async function are moved once more before it begins"
    )]
    fn handle(
        &self,
        mut parts: Parts,
        body: Option<Payload>,
        peer: Option<Arc<Peer>>,
    ) -> impl Future<Output = Answer> + Send {
        async move {
            let number = match self.matcher.find(&parts.method, parts.uri.path()) {
                Found::Route(number) => number,
                Found::OtherMethods(allow) => return refused(&Problem::method_not_allowed(allow), &parts.headers),
                Found::Nothing => return not_found(&parts.headers),
            };
            let layers = &self.layers[number];
            let credentials = Credentials::new(layers, &mut parts);
            let mut call = HttpCall {
                runtime: Arc::clone(&self.runtime),
                route: &D::ROUTES[number],
                number,
                context: HttpContext::new(parts, peer),
                body,
                sessions: LazySessions::new(),
                credentials,
                read: Read::default(),
                upload_failure: None,
                standings: Vec::new(),
                is_wrapped: false,
                caller: None,
                answer: Answer::default(),
            };
            let timeout = call.timeout();
            let answered = {
                // The future has room for the largest function, so it is not moved.
                let dispatched = pin!(D::dispatch(number, Incoming { call: &mut call, layers: &layers.onion }));
                Guarded::new(dispatched, timeout).await
            };
            if let Err(problem) = answered.into_result(|| call.route.function_name()).flatten() {
                call.answer = refused(&problem, call.headers());
            }
            call.tell_standings();
            call.answer
        }
    }
}

impl<A: App, D> fmt::Debug for Serving<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("routes", &self.layers.len()).finish_non_exhaustive()
    }
}

impl<A: App> fmt::Debug for Incoming<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("route", &self.call.route.path).finish_non_exhaustive()
    }
}

impl<'i, A: App> Incoming<'i, A> {
    /// Answers a number that is not in the table, which no request can lead to.
    ///
    /// # Errors
    /// That nothing is there, always.
    pub fn unrouted(self) -> Result<(), Problem> {
        Err(nothing_here())
    }

    /// Opens a connection to the channel that `D` dispatches.
    ///
    /// # Errors
    /// Why it is not opened.
    pub async fn upgrade<D: ChannelDispatch<A>>(self) -> Result<(), Problem> {
        let Self { call, layers } = self;
        credentials_from_protocols(&mut call.context.parts.headers);
        call.context.has = Has::new(&call.context.parts.headers);
        call.run_within(layers, boxed_channel::<A, D>).await;
        Ok(())
    }

    /// Answers with `F`.
    ///
    /// # Errors
    /// Why it does not.
    pub fn serve<F: PikkuFunc<App = A>>(self) -> impl Future<Output = Result<(), Problem>> + Send + 'i {
        answer::<F>(self.call, self.layers)
    }
}

fn boxed_channel<A: App, D: ChannelDispatch<A>>(call: &mut HttpCall<A>) -> BoxFuture<'_, Result<(), Problem>> {
    Box::pin(async move {
        call.answer = upgrade::<A, D>(call)?.map(Content::from);
        Ok(())
    })
}

fn boxed_function<F: PikkuFunc>(call: &mut HttpCall<F::App>) -> BoxFuture<'_, Result<(), Problem>> {
    Box::pin(answer::<F>(call, &[]))
}

/// Layers, session, input, permissions, function: the way that every call goes.
///
/// This is compiled for each function, so it has only what can't do without its types.
async fn answer<F: PikkuFunc>(call: &mut HttpCall<F::App>, layers: &[Layer<F::App>]) -> Result<(), Problem> {
    let Entry::Caller(session) = call.enter(layers, &Facts::of::<F>(), boxed_function::<F>).await? else {
        return Ok(());
    };
    let input = match no_input() {
        Some(nothing) => nothing,
        None => parse_input::<F>(call)?,
    };
    let output = match run::<F>(&call.wire(session), input).await {
        Ok(output) => output,
        Err(problem) => return Err(call.failed(problem)),
    };
    call.check_upload()?;
    call.respond(output).map_err(|error| Problem::internal().caused_by(F::NAME, error))?;
    call.finish(F::Output::MAY_LAST).await
}

/// What comes of a request on its way to the function.
enum Entry<S> {
    /// It has been answered: the middleware around the function has called it when its turn came.
    Answered,
    /// It is the function's, with the session of who is calling, if they are signed in.
    Caller(Option<Arc<S>>),
}

/// How long an input may take to arrive before it is asked again who is calling.
const SLOW: Duration = Duration::from_secs(1);

impl<A: App> HttpCall<A> {
    /// Passes the layers, finds out who is calling, and reads the body.
    async fn enter(
        &mut self,
        layers: &[Layer<A>],
        function: &Facts<A>,
        endpoint: Endpoint<A>,
    ) -> Result<Entry<A::Session>, Problem> {
        for (index, layer) in layers.iter().enumerate() {
            match layer {
                Layer(Kind::Authenticate(authenticator)) if authenticator.is_absent(self) => {}
                Layer(Kind::Authenticate(authenticator)) => self.authenticate(&**authenticator).await,
                Layer(Kind::Cookie(cookie)) => self.authenticate_cookie(cookie).await,
                Layer(Kind::Limit(limiter)) => self.count(limiter)?,
                Layer(Kind::Around(_)) => {
                    self.is_wrapped = true;
                    Box::pin(self.run_within(&layers[index..], endpoint)).await;
                    return Ok(Entry::Answered);
                }
            }
        }
        self.check_cross_site()?;
        self.caller = function.may_last.then(|| self.sessions.identity()).flatten();
        let mut session = self.sessions.get();
        if function.auth && session.is_none() {
            return Err(self.nobody());
        }
        if function.has_input {
            let (read, waited) = Timed::new(pin!(read_body(self))).await;
            self.read = read?;
            // Whoever takes their time to send the input may have been signed out by the time that it is there.
            if waited >= SLOW {
                session = self.sessions.look_up().await?;
                self.caller = self.caller.take().filter(|_| session.is_some());
                if function.auth && session.is_none() {
                    return Err(self.nobody());
                }
            }
        }
        Ok(Entry::Caller(session))
    }

    /// Runs middleware around the endpoint.
    async fn run_within(&mut self, layers: &[Layer<A>], endpoint: Endpoint<A>) {
        self.answer = Next { layers, endpoint }.run(self).await.map(Content::from);
    }

    /// Runs the core of the onion. A panic ends here, so that the middleware around it sees a response like any other.
    pub(crate) async fn run(&mut self, endpoint: Endpoint<A>) -> Response {
        let answered = Guarded::new(endpoint(self), Duration::MAX).await;
        match answered.into_result(|| self.route.function_name()).flatten() {
            Ok(()) => std::mem::take(&mut self.answer).map(Body::from),
            Err(problem) => refuse(&problem, self.headers()),
        }
    }

    fn wire(&self, session: Option<Arc<A::Session>>) -> Wire<'_, A> {
        Wire {
            services: &self.runtime.services,
            sessions: &self.sessions,
            session,
            http: Some(&self.context),
            connection: None,
            hub: &self.runtime.hub,
            permissions: &self.runtime.permissions[self.number],
        }
    }

    /// What the caller is told of a call that has failed.
    #[cold]
    fn failed(&self, problem: Problem) -> Problem {
        self.sessions.roll_back();
        let problem = self.upload_problem().unwrap_or(problem);
        match problem.challenge() {
            // A permission of many functions may want a session where the function does not; then the reason counts too.
            Some(Challenge::Missing) => self.nobody(),
            _ => problem,
        }
    }

    /// A function may make anything of a file that it could not read to its end, and the caller has to know of it.
    fn check_upload(&self) -> Result<(), Problem> {
        self.upload_problem().map_or(Ok(()), |problem| Err(self.failed(problem)))
    }

    fn upload_problem(&self) -> Option<Problem> {
        self.upload_failure.as_ref().and_then(FailureSlot::get).cloned()
    }

    /// Writes the output of the function into the answer.
    fn respond(&mut self, output: impl Output) -> Result<(), serde_json::Error> {
        let status = self.route.status.and_then(|status| StatusCode::from_u16(status).ok());
        // The map of the request has room for the headers of the response, and is of no use any more where nothing reads it.
        let is_read = self.is_wrapped || self.credentials.keeps_cookies();
        let spare = (!is_read).then_some(&mut self.context.parts.headers);
        output.respond(status, spare, &mut self.answer)
    }

    /// Adds to the answer what the function and its session have to say besides.
    async fn finish(&mut self, may_last: bool) -> Result<(), Problem> {
        self.context.apply(&mut self.answer);
        if may_last {
            // Not for values: browsers take JSON for nothing else, and the header would cost each answer more than it gives.
            self.answer.headers_mut().entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(NOSNIFF);
        }
        if self.credentials.keeps_cookies() {
            self.persist_session().await?;
        }
        if may_last && is_stream(&self.answer) {
            let caller = self.caller.take();
            self.end_with_session(caller);
        }
        Ok(())
    }
}

/// Whether a response goes on for as long as somebody listens.
fn is_stream(response: &Answer) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|value| {
        let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        essence.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
    })
}

/// Permissions and function, the same on every transport. The permissions of many functions come first.
pub(crate) async fn run<F: PikkuFunc>(wire: &Wire<'_, F::App>, input: F::Input) -> Result<F::Output, Problem> {
    if !wire.permissions.is_empty() {
        wire.check_permissions(F::TAGS).await?;
    }
    F::start(wire, input).await
}

fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "route_not_found").with_detail("nothing answers at this path")
}

fn not_found(headers: &HeaderMap) -> Answer {
    refused(&nothing_here(), headers)
}

fn refused(problem: &Problem, headers: &HeaderMap) -> Answer {
    refuse(problem, headers).map(Content::from)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    // Seen to fail with the type compared as a whole.
    #[test]
    fn s4_a_stream_of_events_is_one_whatever_its_type_says_besides() {
        for (content_type, expect) in [
            ("text/event-stream", true),
            ("text/event-stream; charset=utf-8", true),
            ("Text/Event-Stream ;charset=utf-8", true),
            ("text/event-streams", false),
            ("text/plain; as=text/event-stream", false),
        ] {
            let mut answer = Answer::default();
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            assert_eq!(is_stream(&answer), expect, "{content_type}");
        }
    }
}
