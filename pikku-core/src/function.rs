//! What a pikku function is, once the macro has looked at it.

use std::any::TypeId;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer, de::DeserializeOwned, ser::Error as _};

use crate::{
    app::App,
    error::{PikkuError, Problem},
    http::{Answer, Content, EventStream, Raw},
    middleware::Layer,
    wire::Wire,
};

/// A function that can be served. `#[pikku_func]` implements it on an empty enum of the function's own name.
pub trait PikkuFunc: Send + Sync + 'static {
    /// The application that the function belongs to.
    type App: App;
    /// What it reads; `()` if nothing.
    type Input: Input;
    /// What it answers with.
    type Output: Output;
    /// How it fails.
    type Error: PikkuError;

    /// The Rust name.
    const NAME: &'static str;
    /// Whether callers must be signed in.
    const AUTH: bool = true;
    /// Whether it asks for something that is only there on a channel.
    const REQUIRES_CHANNEL: bool = false;
    /// What it is grouped under.
    const TAGS: &'static [&'static str] = &[];
    /// Whether it has middleware of its own.
    const HAS_MIDDLEWARE: bool = false;

    /// Checks the constraints that the input's type states.
    ///
    /// # Errors
    /// Each constraint that is broken, by the path of its field.
    fn validate(input: &Self::Input) -> Result<(), garde::Report> {
        let _ = input;
        Ok(())
    }

    /// The function's own middleware, innermost.
    #[must_use]
    fn middleware() -> Vec<Layer<Self::App>> {
        Vec::new()
    }

    /// Calls the function, if the caller may do this.
    fn call(
        wire: &Wire<'_, Self::App>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Problem>> + Send;

    /// [`call`](Self::call), as the pipeline calls it.
    ///
    /// While an application is developed it is on the heap, so that the pipelines of all functions don't have to be compiled
    /// anew when the body of one has changed.
    #[cfg(debug_assertions)]
    fn start<'c>(
        wire: &'c Wire<'_, Self::App>,
        input: Self::Input,
    ) -> crate::middleware::BoxFuture<'c, Result<Self::Output, Problem>> {
        Box::pin(Self::call(wire, input))
    }

    /// [`call`](Self::call), as the pipeline calls it.
    #[cfg(not(debug_assertions))]
    fn start(
        wire: &Wire<'_, Self::App>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Problem>> + Send {
        Self::call(wire, input)
    }
}

/// What the caller is told of an error of a function; the log is told the rest.
pub fn told(function: &'static str, error: impl PikkuError) -> Problem {
    error.problem().caused_by(function, error)
}

/// What the pipeline goes by of a function. What takes this in place of the function is compiled once, and not for each.
pub(crate) struct Facts<A: App> {
    pub(crate) name: &'static str,
    pub(crate) auth: bool,
    pub(crate) tags: &'static [&'static str],
    pub(crate) has_input: bool,
    pub(crate) may_last: bool,
    /// Makes the function's own middleware, where there is any.
    pub(crate) middleware: Option<fn() -> Vec<Layer<A>>>,
}

impl<A: App> Facts<A> {
    pub(crate) fn of<F: PikkuFunc<App = A>>() -> Self {
        Self {
            name: F::NAME,
            auth: F::AUTH,
            tags: F::TAGS,
            has_input: !is_unit::<F::Input>(),
            may_last: F::Output::MAY_LAST,
            middleware: F::HAS_MIDDLEWARE.then_some(F::middleware),
        }
    }
}

/// What a function can read: plain data with a schema.
///
/// Every type that fits is an input; there is nothing to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the input of a pikku function",
    note = "help: derive both `serde::Deserialize` and `schemars::JsonSchema` for it"
)]
pub trait Input: DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The schema of values as they are read.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

impl<T: DeserializeOwned + JsonSchema + Send + Sync + 'static> Input for T {
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Self>()
    }
}

/// What a function can answer with.
///
/// `()` is 204, a value is JSON, an [`EventStream`] is server-sent events, and [`Raw`] is a response of one's own making.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the output of a pikku function",
    note = "help: derive `serde::Serialize` and `schemars::JsonSchema` for it, or answer with `()`, `EventStream<T>` or `Raw`"
)]
pub trait Output: Send + 'static {
    /// Whether the answer may go on for as long as somebody listens, and so outlive their session.
    const MAY_LAST: bool = false;

    /// What kind of answer it is.
    fn kind(generator: &mut SchemaGenerator) -> OutputKind;

    /// Writes it as JSON, for a channel.
    ///
    /// # Errors
    /// When the value can't be JSON, or is of a kind that only HTTP has.
    fn serialize_output<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Writes it into a response; `status` is that of a success, where one was declared. The headers may go into a map of
    /// others that nobody needs any more, where there is one.
    ///
    /// # Errors
    /// When the value can't be JSON.
    fn respond(
        self,
        status: Option<StatusCode>,
        spare: Option<&mut HeaderMap>,
        response: &mut Answer,
    ) -> Result<(), serde_json::Error>;
}

/// What kind of answer a function gives.
#[derive(Debug, Clone)]
pub enum OutputKind {
    /// None.
    None,
    /// One JSON value.
    Json(Schema),
    /// A stream of JSON values.
    Stream(Schema),
    /// A response of the function's own making.
    Raw,
}

impl<T: Serialize + JsonSchema + Send + 'static> Output for T {
    fn kind(generator: &mut SchemaGenerator) -> OutputKind {
        if is_unit::<Self>() { OutputKind::None } else { OutputKind::Json(generator.subschema_for::<Self>()) }
    }

    fn serialize_output<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn respond(
        self,
        status: Option<StatusCode>,
        spare: Option<&mut HeaderMap>,
        response: &mut Answer,
    ) -> Result<(), serde_json::Error> {
        if is_unit::<Self>() {
            *response.status_mut() = status.unwrap_or(StatusCode::NO_CONTENT);
            return Ok(());
        }
        *response.body_mut() = Content::json(&self)?;
        complete_json(status, spare, response);
        Ok(())
    }
}

/// Adds what else a response says whose body is JSON.
fn complete_json(status: Option<StatusCode>, spare: Option<&mut HeaderMap>, response: &mut Answer) {
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    if let Some(spare) = spare {
        std::mem::swap(headers, spare);
        headers.clear();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
}

impl Output for Raw {
    const MAY_LAST: bool = true;

    fn kind(_: &mut SchemaGenerator) -> OutputKind {
        OutputKind::Raw
    }

    fn serialize_output<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("a response of HTTP has no place on a channel"))
    }

    fn respond(
        self,
        _: Option<StatusCode>,
        _: Option<&mut HeaderMap>,
        response: &mut Answer,
    ) -> Result<(), serde_json::Error> {
        *response = self.0.map(Content::from);
        Ok(())
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Output for EventStream<T> {
    const MAY_LAST: bool = true;

    fn kind(generator: &mut SchemaGenerator) -> OutputKind {
        OutputKind::Stream(generator.subschema_for::<T>())
    }

    fn serialize_output<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("a stream of HTTP has no place on a channel"))
    }

    fn respond(
        self,
        _: Option<StatusCode>,
        _: Option<&mut HeaderMap>,
        response: &mut Answer,
    ) -> Result<(), serde_json::Error> {
        *response = self.into_response().map(Content::from);
        Ok(())
    }
}

/// What a function returns: a `Result` of an output and an error, under whatever alias.
#[diagnostic::on_unimplemented(
    message = "a pikku function returns `Result<Output, Error>`, not `{Self}`",
    note = "help: wrap it, `Result<{Self}, MyError>`; a function that can't fail may return `Result<{Self}, std::convert::Infallible>`"
)]
pub trait FunctionResult {
    /// What it answers with.
    type Output;
    /// How it fails.
    type Error;

    /// The `Result` itself.
    ///
    /// # Errors
    /// What the function failed with.
    fn into_result(self) -> Result<Self::Output, Self::Error>;
}

impl<T, E> FunctionResult for Result<T, E> {
    type Output = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

/// Whether `T` is `()`; known when the program is compiled.
#[must_use]
pub(crate) fn is_unit<T: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<()>()
}
