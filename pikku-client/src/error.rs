//! What a call can end in.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::problem::Problem;
#[cfg(feature = "socket")]
use crate::socket::Closed;

/// How a call failed. `E` is the function's own error, with a variant for each thing that it says can go wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error<E = NoError> {
    /// The function refused, for one of its own reasons.
    Api(E),
    /// The caller isn't signed in, or with a credential that isn't good (401).
    Unauthorized(Box<Problem>),
    /// The caller may not do this (403).
    Forbidden(Box<Problem>),
    /// The input breaks a rule of the contract (400, 413, 415 and 422), and [`Problem::errors`] says which; or it did not
    /// arrive in time (408).
    Invalid(Box<Problem>),
    /// The server answered with anything else that isn't success.
    Problem(Box<Problem>),
    /// The input can't be put on the wire, so nothing was sent.
    Encode(EncodeError),
    /// There was no answer, or not all of one.
    Transport(TransportError),
    /// The answer doesn't fit the contract, as when server and client were generated from different versions of it.
    Decode(DecodeError),
}

/// The error of a function that has none of its own; there is no value of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum NoError {}

/// A function's own errors, as the generated enums have them.
///
/// They are read from the members `code` and `data` of the problem details.
pub trait ApiError: std::error::Error + DeserializeOwned {
    /// The status and the code of every variant.
    const VARIANTS: &'static [(u16, &'static str)];

    /// The HTTP status.
    fn status(&self) -> u16;

    /// The code on the wire.
    fn code(&self) -> &'static str;
}

/// The input can't be put on the wire.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The input doesn't become JSON.
    #[error("the input can't be written as JSON: {0}")]
    Json(serde_json::Error),
    /// The data of a message has to be an object, because the routing key stands beside its members.
    #[cfg(feature = "socket")]
    #[error("the data of a message has to become a JSON object, as the routing key stands beside its members")]
    NotAMessage,
    /// A credential can't be sent where a channel is opened. It isn't shown.
    #[cfg(feature = "socket")]
    #[error(
        "the credential has characters that can't be sent where a channel is opened; help: use letters, digits and any of ``!#$%&'*+-.^_`|~``"
    )]
    Credential,
    /// The input has to be an object, because some of it travels outside of the body.
    #[error("the input has to become a JSON object, as parts of it travel in the path or the query")]
    NotAnObject,
    /// A field can't stand in the path.
    #[error("the field `{field}` stands in the path and {fault}")]
    Path {
        /// The name on the wire.
        field: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A field is nested, and only a JSON body could carry it.
    #[error("the field `{field}` is nested, which only a JSON body can carry")]
    Nested {
        /// The name on the wire.
        field: String,
    },
    /// The address that comes out isn't a URL.
    #[error("the address is not a URL: {0}")]
    Url(String),
    /// A header has characters that headers can't have. The value isn't shown, as it may be a secret.
    #[error("the header `{0}` has a name or value that can't be sent")]
    Header(String),
    /// The content type of a file isn't one.
    #[error("the content type of `{field}` is not of the form `image/png`")]
    ContentType {
        /// The name on the wire.
        field: String,
    },
}

/// There was no answer, or not all of one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The server can't be reached.
    #[error("the server can't be reached: {}", Chain(.0))]
    Connect(reqwest::Error),
    /// The time was up before the answer was there.
    #[error("there was no answer within {0:?}")]
    Timeout(Duration),
    /// The exchange broke off.
    #[error("the exchange with the server broke off: {}", Chain(.0))]
    Interrupted(reqwest::Error),
    /// The server said that the token is no longer good, and the hook that gets a fresh one failed.
    #[error("no fresh token was to be had: {0}")]
    Refresh(Arc<dyn std::error::Error + Send + Sync>),
    /// The connection to the channel ended before the answer was there, or there will be none any more.
    ///
    /// The server may have done what it was asked for; only the caller can know whether to ask once more.
    #[cfg(feature = "socket")]
    #[error("the connection to the channel is lost: {0}")]
    Disconnected(Box<Closed>),
    /// There is no connection at present, and as many messages wait for one as may.
    #[cfg(feature = "socket")]
    #[error("there is no connection to the channel, and {waiting} messages wait for one already")]
    QueueFull {
        /// How many wait.
        waiting: usize,
    },
}

/// An answer that doesn't fit the contract.
#[derive(Debug, thiserror::Error)]
#[error("{} doesn't fit the contract: {cause}; help: generate the client again", Answer(*.status))]
pub struct DecodeError {
    /// That of the answer; what comes over a channel has none.
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<String>,
    pub(crate) cause: serde_json::Error,
}

/// What it is that doesn't fit.
struct Answer(Option<u16>);

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => write!(formatter, "the answer (status {status})"),
            None => formatter.write_str("what the server sent"),
        }
    }
}

/// An error with its causes, which is where HTTP libraries hide what happened.
struct Chain<'a>(&'a reqwest::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut causes = std::iter::successors(std::error::Error::source(self.0), |error| error.source()).peekable();
        if causes.peek().is_none() {
            return write!(formatter, "{}", self.0);
        }
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        formatter.write_str(&causes.join(": "))
    }
}

/// How a call failed, before it is known which errors are the function's own.
#[derive(Debug)]
pub(crate) enum Failure {
    Problem(Box<Problem>),
    Encode(EncodeError),
    Transport(TransportError),
}

impl From<EncodeError> for Failure {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl<E: ApiError> From<Failure> for Error<E> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Problem(problem) => problem.into(),
            Failure::Encode(error) => Self::Encode(error),
            Failure::Transport(error) => Self::Transport(error),
        }
    }
}

impl<E: ApiError> From<Box<Problem>> for Error<E> {
    fn from(problem: Box<Problem>) -> Self {
        if E::VARIANTS.contains(&(problem.status, &problem.code)) {
            return match own_error(&problem) {
                Ok(error) => Self::Api(error),
                Err(cause) => {
                    Self::Decode(DecodeError { status: Some(problem.status), request_id: problem.request_id, cause })
                }
            };
        }
        match (problem.status, problem.code.as_str()) {
            (401, _) => Self::Unauthorized(problem),
            (403, _) => Self::Forbidden(problem),
            // Another code is an error of the function's own that this client was generated too early to know.
            (
                400 | 408 | 413 | 415 | 422,
                ""
                | "bad_request"
                | "request_timeout"
                | "payload_too_large"
                | "unsupported_media_type"
                | "invalid_input",
            ) => Self::Invalid(problem),
            _ => Self::Problem(problem),
        }
    }
}

/// Reads a function's own error, whose enum is tagged by `code` and has its content in `data`.
fn own_error<E: ApiError>(problem: &Problem) -> Result<E, serde_json::Error> {
    let mut members = Map::new();
    members.insert("code".to_owned(), Value::String(problem.code.clone()));
    if !problem.data.is_null() {
        members.insert("data".to_owned(), problem.data.clone());
    }
    serde_json::from_value(Value::Object(members))
}

impl<E> Error<E> {
    /// What the server said, unless the function's own error says it.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Unauthorized(problem)
            | Self::Forbidden(problem)
            | Self::Invalid(problem)
            | Self::Problem(problem) => Some(problem),
            Self::Api(_) | Self::Encode(_) | Self::Transport(_) | Self::Decode(_) => None,
        }
    }

    /// The id under which the server's log has this request, where the error has one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Decode(error) => error.request_id.as_deref(),
            other => other.problem()?.request_id.as_deref(),
        }
    }

    /// Turns the function's own error into another, and leaves the others as they are.
    pub fn map_api<F>(self, map: impl FnOnce(E) -> F) -> Error<F> {
        match self {
            Self::Api(error) => Error::Api(map(error)),
            Self::Unauthorized(problem) => Error::Unauthorized(problem),
            Self::Forbidden(problem) => Error::Forbidden(problem),
            Self::Invalid(problem) => Error::Invalid(problem),
            Self::Problem(problem) => Error::Problem(problem),
            Self::Encode(error) => Error::Encode(error),
            Self::Transport(error) => Error::Transport(error),
            Self::Decode(error) => Error::Decode(error),
        }
    }
}

impl<E: ApiError> Error<E> {
    /// The HTTP status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api(error) => Some(error.status()),
            Self::Decode(error) => error.status,
            other => other.problem().map(|problem| problem.status),
        }
    }

    /// The code on the wire, if a server gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api(error) => Some(error.code()),
            other => other.problem().map(|problem| problem.code.as_str()).filter(|code| !code.is_empty()),
        }
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => error.fmt(formatter),
            Self::Unauthorized(problem)
            | Self::Forbidden(problem)
            | Self::Invalid(problem)
            | Self::Problem(problem) => problem.fmt(formatter),
            Self::Encode(error) => error.fmt(formatter),
            Self::Transport(error) => error.fmt(formatter),
            Self::Decode(error) => error.fmt(formatter),
        }
    }
}

impl<E: std::error::Error> std::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The messages say all there is to say; only an error of the application's may have more behind it.
        match self {
            Self::Api(error) => error.source(),
            _ => None,
        }
    }
}

impl ApiError for NoError {
    const VARIANTS: &'static [(u16, &'static str)] = &[];

    fn status(&self) -> u16 {
        match *self {}
    }

    fn code(&self) -> &'static str {
        match *self {}
    }
}

impl fmt::Display for NoError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for NoError {}
