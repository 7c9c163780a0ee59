//! What a function may ask for when it does want to know of HTTP.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts};

use super::content::Answer;

/// The HTTP side of a call: the head of the request, and the status, headers and cookies of the answer.
///
/// A function asks for it by value, `http: Http`. What it sets is sent when the function returns `Ok`, and forgotten when
/// it fails.
#[derive(Clone)]
pub struct Http {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    outgoing: Arc<Mutex<Outgoing>>,
}

#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    status: Option<StatusCode>,
    headers: HeaderMap,
}

impl Outgoing {
    pub(crate) fn apply(&mut self, answer: &mut Answer) {
        if let Some(wanted) = self.status.take() {
            *answer.status_mut() = wanted;
        }
        let headers = answer.headers_mut();
        for name in self.headers.keys() {
            // Every cookie is a header of its own, and what others have set stays.
            if name != header::SET_COOKIE {
                headers.remove(name);
            }
        }
        let mut last = None;
        for (name, value) in self.headers.drain() {
            last = name.or(last);
            if let Some(name) = &last {
                headers.append(name, value);
            }
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and the query may hold credentials, so only their names are shown, and the path.
        f.debug_struct("Http")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Http {
    pub(crate) fn new(parts: &Parts, outgoing: Arc<Mutex<Outgoing>>) -> Self {
        Self { method: parts.method.clone(), uri: parts.uri.clone(), headers: parts.headers.clone(), outgoing }
    }

    /// The method of the request.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The target of the request.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The headers of the request.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Sets the status of the answer.
    pub fn set_status(&self, status: StatusCode) {
        self.outgoing().status = Some(status);
    }

    /// Sets a header of the answer, in place of any other of that name.
    pub fn set_header(&self, name: HeaderName, value: HeaderValue) {
        self.outgoing().headers.insert(name, value);
    }

    /// Adds a `Set-Cookie` header; `value` is the whole of it, attributes included.
    pub fn add_cookie(&self, value: HeaderValue) {
        self.outgoing().headers.append(header::SET_COOKIE, value);
    }

    fn outgoing(&self) -> std::sync::MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A response of a function's own making, passed through as it is: a download, a redirect, a page.
///
/// Nothing is known of it, so the generated clients hand it on unread.
#[derive(Debug)]
pub struct Raw(pub Response);

impl Raw {
    /// Whatever axum can answer with.
    pub fn new(response: impl IntoResponse) -> Self {
        Self(response.into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a1_nothing_secret_is_printed() {
        let request = http::Request::get("/x?apiKey=hunter2").header("authorization", "Bearer hunter2");
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let printed = format!("{:?}", Http::new(&parts, Arc::default()));
        assert!(printed.contains("authorization") && !printed.contains("hunter2"), "{printed}");
    }
}
