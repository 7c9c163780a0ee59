//! One call on the wire: attempts, retries, a fresh token, and the answer.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION},
    multipart::{Form, Part},
};

use crate::{
    error::{EncodeError, Failure, TransportError},
    http::Settings,
    input::{Body, Parts},
    platform::{self, MaybeSend},
    problem::Problem,
    retry,
};

/// What kind of answer is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Accept {
    Json,
    Events,
    Anything,
}

/// A call that is ready to be made, any number of times.
pub(crate) struct Call<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) method: Method,
    pub(crate) parts: Parts,
}

/// What is awaited of a successful answer: all of it, or its beginning.
pub(crate) trait Take: Sized {
    fn take(response: Response) -> impl Future<Output = reqwest::Result<Self>> + MaybeSend;
}

/// A whole answer of success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Take for Answer {
    async fn take(response: Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, bytes: response.bytes().await? })
    }
}

impl Take for Response {
    async fn take(response: Response) -> reqwest::Result<Self> {
        Ok(response)
    }
}

/// An attempt that failed.
struct Refusal {
    failure: Failure,
    /// Whether another attempt could fare better.
    is_temporary: bool,
    /// How long the server asks to be left alone.
    retry_after: Option<Duration>,
}

impl Call<'_> {
    /// Makes the call, within the time that it may take.
    pub(crate) async fn make<T: Take>(&self, accept: Accept) -> Result<T, Failure> {
        let limit = self.settings.timeout;
        match platform::within(limit, self.make_in_attempts(accept)).await {
            Some(outcome) => outcome,
            None => Err(TransportError::Timeout(limit.unwrap_or_default()).into()),
        }
    }

    async fn make_in_attempts<T: Take>(&self, accept: Accept) -> Result<T, Failure> {
        let Settings { bearer, refresh, retry, timeout, .. } = self.settings;
        let (mut failed, mut waited, mut has_renewed) = (0, Duration::ZERO, false);
        loop {
            let token = bearer.get();
            let refusal = match self.attempt(accept, token.as_deref()).await {
                Ok(taken) => return Ok(taken),
                Err(refusal) => refusal,
            };
            if let Some(refresh) = refresh.as_deref().filter(|_| !has_renewed && refusal.is_about_the_token()) {
                // The server refused before it did anything, so that any method can be repeated.
                has_renewed = true;
                if bearer.renew(token.as_ref(), refresh).await.map_err(TransportError::Refresh)? {
                    continue;
                }
            }
            failed += 1;
            let may_retry = refusal.is_temporary && self.method.is_safe();
            let wait = if may_retry { retry.wait(failed, refusal.retry_after) } else { None };
            // A wait that uses up the time would only turn an answer into a timeout.
            let Some(wait) = wait.filter(|wait| timeout.is_none_or(|limit| waited + *wait < limit)) else {
                return Err(refusal.failure);
            };
            platform::sleep(wait).await;
            waited += wait;
        }
    }

    async fn attempt<T: Take>(&self, accept: Accept, token: Option<&str>) -> Result<T, Refusal> {
        let response = self.request(accept, token)?.send().await.map_err(Refusal::from)?;
        if response.status().is_success() {
            return T::take(response).await.map_err(Refusal::from);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        // The status is an answer even if the body that explains it breaks off.
        let body = response.bytes().await.unwrap_or_default();
        let mut problem = Problem::parse(status, &body, request_id(&headers));
        if let (true, None, Some(location)) = (status.is_redirection(), &problem.detail, headers.get(LOCATION)) {
            let location = String::from_utf8_lossy(location.as_bytes());
            problem.detail = Some(format!("the server redirects to `{location}`; help: use its address as the base"));
        }
        Err(Refusal {
            failure: Failure::Problem(Box::new(problem)),
            is_temporary: retry::is_temporary(status),
            retry_after: retry::retry_after(&headers),
        })
    }

    fn request(&self, accept: Accept, token: Option<&str>) -> Result<RequestBuilder, EncodeError> {
        let mut headers = self.settings.headers(token)?;
        headers.insert(
            ACCEPT,
            HeaderValue::from_static(match accept {
                Accept::Json => "application/json, application/problem+json",
                Accept::Events => "text/event-stream, application/problem+json",
                Accept::Anything => "*/*",
            }),
        );
        let request = self.settings.client.request(self.method.clone(), self.parts.url.clone()).headers(headers);
        Ok(match &self.parts.body {
            Body::Empty => request,
            Body::Json(bytes) => request.header(CONTENT_TYPE, "application/json").body(bytes.clone()),
            Body::Multipart { texts, files } => {
                let mut form = Form::new();
                for (name, text) in texts {
                    form = form.text(name.clone(), text.clone());
                }
                for (name, file) in files {
                    let part = Part::bytes(file.bytes.to_vec()).file_name(file.file_name.clone());
                    let part = part.mime_str(&file.content_type);
                    form = form.part(name.clone(), part.map_err(|_| EncodeError::ContentType { field: name.clone() })?);
                }
                request.multipart(form)
            }
        })
    }
}

impl Refusal {
    /// Whether it is the token that is refused, and not what a function says of its own, such as a wrong password.
    fn is_about_the_token(&self) -> bool {
        let Failure::Problem(problem) = &self.failure else { return false };
        problem.status == 401 && matches!(problem.code.as_str(), "" | "unauthorized" | "invalid_token")
    }
}

impl From<EncodeError> for Refusal {
    fn from(error: EncodeError) -> Self {
        Self { failure: error.into(), is_temporary: false, retry_after: None }
    }
}

impl From<reqwest::Error> for Refusal {
    fn from(error: reqwest::Error) -> Self {
        Self { failure: transport(error).into(), is_temporary: true, retry_after: None }
    }
}

/// What broke, without the address, as the input may be in it.
pub(crate) fn transport(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    if platform::is_connect(&error) { TransportError::Connect(error) } else { TransportError::Interrupted(error) }
}

/// The id that the server gave a request.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    Some(headers.get("x-request-id")?.to_str().ok()?.to_owned())
}
