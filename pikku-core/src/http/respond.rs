//! Problems, made into responses.

use axum::response::Response;
use http::{HeaderValue, header};

use crate::error::{Challenge, Problem};

/// The response that tells of a problem.
#[cold]
pub(crate) fn problem_response(problem: &Problem) -> Response {
    let body = serde_json::to_vec(problem).unwrap_or_else(|error| {
        // Only a payload could do this, and payloads are JSON values by the time they are in a problem.
        tracing::error!(%error, "a problem could not be written");
        br#"{"type":"about:blank","title":"Internal Server Error","status":500,"code":"internal_error"}"#.to_vec()
    });
    let mut response = Response::new(body.into());
    *response.status_mut() = problem.status();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(challenge) = problem.challenge() {
        let value = match challenge {
            // RFC 6750: without a credential there is no error to speak of.
            Challenge::Missing => "Bearer",
            Challenge::Invalid => r#"Bearer error="invalid_token""#,
        };
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(value));
    }
    if let Some(Ok(allow)) = problem.allow().map(HeaderValue::from_str) {
        headers.insert(header::ALLOW, allow);
    }
    response
}
