//! Failures: what a caller is told, and what only the log is.

use std::{borrow::Cow, convert::Infallible, fmt, sync::Arc, time::Duration};

use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// An error that a function can answer with.
///
/// Derive it with `#[derive(PikkuError)]`: a variant marked `#[pikku(status = 404)]` is part of the function's contract
/// and reaches both generated clients as a typed error; every other variant is a 500 that tells the caller nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of a pikku function",
    label = "the callers of the function would not know what this error is",
    note = "help: derive it, `#[derive(Debug, thiserror::Error, pikku_core::PikkuError)]`, and give the variants that callers may see a `#[pikku(status = …)]`"
)]
pub trait PikkuError: std::error::Error + Send + Sync + 'static {
    /// The Rust name of the type, which generated clients reuse.
    const NAME: &'static str;

    /// What the caller is told.
    fn problem(&self) -> Problem;

    /// Every error of this type that a caller may be told, with the schema of its payload.
    fn variants(generator: &mut SchemaGenerator) -> Vec<ErrorVariant>;
}

impl PikkuError for Infallible {
    const NAME: &'static str = "Infallible";

    fn problem(&self) -> Problem {
        match *self {}
    }

    fn variants(_: &mut SchemaGenerator) -> Vec<ErrorVariant> {
        Vec::new()
    }
}

/// One error of a function's contract.
#[derive(Debug, Clone)]
pub struct ErrorVariant {
    /// The Rust name of the variant.
    pub name: &'static str,
    /// Its doc comment.
    pub docs: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The code on the wire.
    pub code: &'static str,
    /// The schema of its payload, if it has one.
    pub data: Option<Schema>,
}

impl ErrorVariant {
    /// Gives the variant an object payload of these fields.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<(&'static str, Schema)>) -> Self {
        let required: Vec<_> = fields.iter().map(|(name, _)| Value::from(*name)).collect();
        let properties: serde_json::Map<_, _> =
            fields.into_iter().map(|(name, schema)| (name.to_owned(), schema.to_value())).collect();
        let schema = serde_json::json!({ "type": "object", "properties": properties, "required": required });
        self.data = schema.try_into().ok();
        self
    }

    /// Gives the variant a payload of type `T`.
    #[must_use]
    pub fn with_payload<T: JsonSchema>(mut self, generator: &mut SchemaGenerator) -> Self {
        self.data = Some(generator.subschema_for::<T>());
        self
    }
}

/// A failure of one of pikku's own services, such as a session store that can't be reached.
///
/// It is internal: a function that lets it through answers 500, and the cause goes to the log.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: Cow<'static, str>,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error that says what could not be done.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// The same error, with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

/// What a caller is told of a failure: problem details as in RFC 9457.
///
/// Over HTTP it is the body of the answer, as `application/problem+json`; on a channel it is the `error` of a frame.
///
/// ```
/// use pikku_core::Problem;
///
/// let problem = Problem::new(http::StatusCode::NOT_FOUND, "todo_not_found").with_detail("there is no such todo");
/// let json = serde_json::to_value(&problem).expect("plain data");
/// assert_eq!(json["status"], 404);
/// assert_eq!(json["title"], "Not Found");
/// assert_eq!(json["code"], "todo_not_found");
/// ```
#[derive(Clone)]
pub struct Problem(Box<Details>);

#[derive(Debug, Clone)]
struct Details {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Option<Cow<'static, str>>,
    data: Option<Value>,
    errors: Vec<FieldError>,
    request_id: Option<String>,
    challenge: Option<Challenge>,
    allow: Option<String>,
    /// After how many seconds it makes sense to try again.
    retry_after: Option<u64>,
    /// What the log is told and the caller is not.
    cause: Option<Cause>,
}

/// Why a call failed, and whose.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub(crate) function: &'static str,
    pub(crate) error: Arc<dyn std::error::Error + Send + Sync>,
}

/// What is wrong with one field of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A JSON pointer to the field, `/tags/0`; empty for the input as a whole.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// What a 401 asks for in `WWW-Authenticate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// There was no credential.
    Missing,
    /// There was one, and it was no good.
    Invalid,
}

impl Problem {
    /// A problem of this status and code; its title is the status' own.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details {
            status,
            code: code.into(),
            detail: None,
            data: None,
            errors: Vec::new(),
            request_id: None,
            challenge: None,
            allow: None,
            retry_after: None,
            cause: None,
        }))
    }

    /// The 500 that says nothing.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error")
    }

    /// 400: the request can't be read.
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request").with_detail(detail)
    }

    /// 401: nobody is signed in.
    #[must_use]
    pub fn unauthorized() -> Self {
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, "unauthorized").with_detail("sign in first");
        problem.0.challenge = Some(Challenge::Missing);
        problem
    }

    /// 401: there was a credential, and it is no good.
    #[must_use]
    pub fn invalid_token() -> Self {
        let mut problem =
            Self::new(StatusCode::UNAUTHORIZED, "invalid_token").with_detail("the credential is not valid");
        problem.0.challenge = Some(Challenge::Invalid);
        problem
    }

    /// 403: signed in, and not allowed.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden").with_detail("the caller may not do this")
    }

    /// 422: the input was read, and it is wrong.
    #[must_use]
    pub fn invalid_input(errors: Vec<FieldError>) -> Self {
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input").with_detail("the input is not valid");
        problem.0.errors = errors;
        problem
    }

    /// 429: the caller calls too often, and may do so again after a while.
    ///
    /// The payload says it too, `{"retry_after": 30}` in seconds, for where there are no headers.
    #[must_use]
    pub fn rate_limited(wait: Duration) -> Self {
        let seconds = (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1);
        let mut problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited")
            .with_detail("calls come faster than they may")
            .with_data(&serde_json::json!({ "retry_after": seconds }));
        problem.0.retry_after = Some(seconds);
        problem
    }

    pub(crate) fn method_not_allowed(allow: String) -> Self {
        let mut problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
            .with_detail(format!("this path answers {allow}"));
        problem.0.allow = Some(allow);
        problem
    }

    /// Says what went wrong in words.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a typed payload.
    ///
    /// A payload that can't be JSON (a map whose keys are no strings, say) is left out, and the log says so.
    #[must_use]
    pub fn with_data(mut self, data: &impl Serialize) -> Self {
        match serde_json::to_value(data) {
            Ok(data) => self.0.data = Some(data),
            Err(error) => tracing::error!(code = %self.0.code, %error, "the payload of an error is not JSON"),
        }
        self
    }

    /// Adds the errors of single fields.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Remembers the cause, for the log.
    pub(crate) fn caused_by(
        mut self,
        function: &'static str,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.cause = Some(Cause { function, error: error.into().into() });
        self
    }

    pub(crate) fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }

    pub(crate) fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The code by which programs tell problems apart.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// What went wrong in words.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The errors of single fields.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    pub(crate) fn challenge(&self) -> Option<Challenge> {
        self.0.challenge
    }

    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.0.retry_after
    }

    pub(crate) fn allow(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.status.as_u16(), self.0.code)?;
        match &self.0.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Details { status, code, detail, data, errors, request_id, .. } = &*self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "about:blank")?;
        map.serialize_entry("title", status.canonical_reason().unwrap_or("Error"))?;
        map.serialize_entry("status", &status.as_u16())?;
        if let Some(detail) = detail {
            map.serialize_entry("detail", detail)?;
        }
        map.serialize_entry("code", code)?;
        if let Some(data) = data {
            map.serialize_entry("data", data)?;
        }
        if !errors.is_empty() {
            map.serialize_entry("errors", errors)?;
        }
        if let Some(request_id) = request_id {
            map.serialize_entry("request_id", request_id)?;
        }
        map.end()
    }
}

/// A value of a payload.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be in the payload of an error",
    note = "help: derive `serde::Serialize` and `schemars::JsonSchema` for it"
)]
pub trait Payload {
    /// The value as JSON.
    ///
    /// # Errors
    /// When it can't be.
    fn to_json(&self) -> Result<Value, serde_json::Error>;
}

impl<T: Serialize> Payload for T {
    fn to_json(&self) -> Result<Value, serde_json::Error> {
        serde_json::to_value(self)
    }
}

/// The text of an error, as its callers are told it.
#[doc(hidden)]
pub fn detail(error: &impl PikkuError) -> String {
    error.to_string()
}

/// The named fields of a payload.
#[doc(hidden)]
#[allow(missing_debug_implementations)]
pub struct Fields<'f>(pub &'f [(&'static str, &'f dyn Payload)]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, &value.to_json().map_err(serde::ser::Error::custom)?)?;
        }
        map.end()
    }
}
