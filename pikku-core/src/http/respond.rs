//! Problems, made into responses.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::error::{Challenge, Problem};

pub(super) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Keeps browsers from guessing what an answer is: they take it for what its content type says, and nothing else.
pub(super) const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// The response to a problem, marked so that the caller and the log can speak of the same one.
#[cold]
pub(crate) fn refuse(problem: &Problem, headers: &HeaderMap) -> Response {
    let id = request_id(headers.get(&REQUEST_ID));
    let problem = problem.clone().with_request_id(&id);
    log(&problem, Some(&id));
    let mut response = problem_response(&problem);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID.clone(), value);
    }
    response
}

/// The problem that a message on a channel is answered with. A message has no id of its own that the log could tell of, so
/// it gets one where there is something to look up.
#[cold]
pub(crate) fn refuse_message(problem: Problem) -> Problem {
    if !problem.status().is_server_error() {
        log(&problem, None);
        return problem;
    }
    let id = new_request_id();
    log(&problem, Some(&id));
    problem.with_request_id(id)
}

/// Tells the log of a problem what the caller is not told.
fn log(problem: &Problem, request_id: Option<&str>) {
    let (status, code) = (problem.status().as_u16(), problem.code());
    let function = problem.cause().map(|cause| cause.function);
    let error = problem.cause().map(|cause| &cause.error);
    if problem.status().is_server_error() {
        tracing::error!(request_id, status, code, function, ?error, "a call failed");
    } else {
        tracing::debug!(request_id, status, code, function, ?error, "a call was refused");
    }
}

/// The caller's own id if it is a sane one, or a new one.
fn request_id(given: Option<&HeaderValue>) -> String {
    let given = given.and_then(|value| value.to_str().ok());
    let is_sane = |id: &&str| {
        (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    given.filter(is_sane).map_or_else(new_request_id, str::to_owned)
}

fn new_request_id() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        // Without randomness an id is still of use, only not unique.
        Err(_) => "unknown".to_owned(),
    }
}

/// The response that tells of a problem.
fn problem_response(problem: &Problem) -> Response {
    let body = serde_json::to_vec(problem).unwrap_or_else(|error| {
        // Only a payload could do this, and payloads are JSON values by the time they are in a problem.
        tracing::error!(%error, "a problem could not be written");
        br#"{"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal_error"}"#.to_vec()
    });
    let mut response = Response::new(body.into());
    *response.status_mut() = problem.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    if let Some(challenge) = problem.challenge() {
        let value = match challenge {
            // RFC 6750: without a credential there is no error to speak of.
            Challenge::Missing => "Bearer",
            Challenge::Invalid => r#"Bearer error="invalid_token""#,
        };
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
    }
    if problem.status() == StatusCode::UPGRADE_REQUIRED {
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    if let Some(seconds) = problem.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(Ok(allow)) = problem.allow().map(HeaderValue::from_str) {
        headers.insert(header::ALLOW, allow);
    }
    response
}
