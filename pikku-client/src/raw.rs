//! Answers of a function's own making.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap};

/// A whole answer, as it came.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RawResponse {
    /// The HTTP status; one of success, as others are errors.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Bytes,
}

impl RawResponse {
    /// What the server says that the body is.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }
}
