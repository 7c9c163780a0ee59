//! What all calls of a client share: the address, the credentials and the policies.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{
    Method,
    header::{HeaderMap, HeaderName, HeaderValue},
};

use crate::{
    base_url::{BaseUrl, BaseUrlError},
    credentials::{Bearer, Refresh, RefreshHook},
    error::EncodeError,
    platform,
    request::Request,
    retry::Retry,
};

/// The header of the API key.
pub(crate) const API_KEY: &str = "x-api-key";

/// The core of a client: where the server is, who is calling, and how patient the caller is.
///
/// It is cheap to clone. Clones share the connections and the bearer token, so that a token which is set or refreshed
/// through one is used by all; every other setting can be changed on a clone alone.
#[derive(Clone)]
pub struct Http {
    pub(crate) settings: Arc<Settings>,
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) client: reqwest::Client,
    pub(crate) base: BaseUrl,
    pub(crate) headers: HeaderMap,
    /// The first header that was given and can't be sent; requests fail of it, so that `with_header` needn't.
    pub(crate) bad_header: Option<String>,
    pub(crate) bearer: Arc<Bearer>,
    pub(crate) refresh: Option<Arc<Refresh>>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Retry,
}

impl Http {
    /// A client of the server at this address, such as `http://127.0.0.1:4002`.
    ///
    /// A call may take 30 seconds, and safe requests are retried as [`Retry::default`] says.
    ///
    /// # Errors
    ///
    /// If the address isn't an absolute http or https URL without query and credentials.
    pub fn new(base_url: impl AsRef<str>) -> Result<Self, BaseUrlError> {
        let settings = Settings {
            base: BaseUrl::parse(base_url.as_ref())?,
            client: platform::default_client(),
            headers: HeaderMap::new(),
            bad_header: None,
            bearer: Arc::default(),
            refresh: None,
            timeout: Some(Duration::from_secs(30)),
            retry: Retry::default(),
        };
        Ok(Self { settings: Arc::new(settings) })
    }

    /// Signs every request with an API key.
    #[must_use]
    pub fn with_api_key(self, key: impl AsRef<str>) -> Self {
        self.with_header(API_KEY, key)
    }

    /// Signs every request with a token, not shared with the client that this one was cloned from.
    #[must_use]
    pub fn with_bearer(self, token: impl Into<String>) -> Self {
        let token = token.into();
        self.change(|settings| settings.bearer = Arc::new(Bearer::new(Some(token))))
    }

    /// Sends a header with every request, in place of one of that name.
    ///
    /// A name or value that headers can't have makes every call fail with [`EncodeError::Header`].
    #[must_use]
    pub fn with_header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        self.change(|settings| match (HeaderName::try_from(name), HeaderValue::try_from(value.as_ref())) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                settings.headers.insert(name, value);
            }
            _ => settings.bad_header = settings.bad_header.take().or_else(|| Some(name.to_owned())),
        })
    }

    /// Limits how long a call may take, with all its attempts; `None` waits for ever.
    ///
    /// A stream has this long to begin, and may then go on.
    #[must_use]
    pub fn with_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.change(|settings| settings.timeout = timeout)
    }

    /// Sets how safe requests are retried.
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Self {
        self.change(|settings| settings.retry = retry)
    }

    /// Gets a fresh bearer token when the server refuses the present one, and makes the request again with it.
    ///
    /// The hook runs once however many requests are refused together, and not at all for one whose token has changed
    /// since it was sent. Where it answers `None`, the user has to sign in again, and the call ends as
    /// [`Unauthorized`](crate::Error::Unauthorized); where it fails, as [`Transport`](crate::Error::Transport).
    ///
    /// ```
    /// # use pikku_client::{Error, Http};
    /// # async fn sign_in(_: &str) -> Result<String, Error> { unimplemented!() }
    /// # fn http(password: String) -> Result<Http, pikku_client::BaseUrlError> {
    /// let http = Http::new("http://127.0.0.1:4002")?.with_refresh(async move || sign_in(&password).await.map(Some));
    /// # Ok(http) }
    /// ```
    #[must_use]
    pub fn with_refresh(self, refresh: impl RefreshHook) -> Self {
        self.change(|settings| settings.refresh = Some(refresh.into_hook()))
    }

    /// Makes requests through a client of the caller's own, with its proxies, certificates and redirects.
    #[must_use]
    pub fn with_client(self, client: reqwest::Client) -> Self {
        self.change(|settings| settings.client = client)
    }

    /// Signs requests with this token from now on, also those of clones.
    pub fn set_bearer(&self, token: impl Into<String>) {
        self.settings.bearer.set(Some(token.into()));
    }

    /// Forgets the bearer token, also for clones.
    pub fn clear_bearer(&self) {
        self.settings.bearer.set(None);
    }

    /// A `GET` of a path under the address, with its `{parameters}` still in it.
    pub fn get<'a>(&'a self, path: &'a str) -> Request<'a> {
        Request::new(self, Method::GET, path)
    }

    /// A `POST` to a path.
    pub fn post<'a>(&'a self, path: &'a str) -> Request<'a> {
        Request::new(self, Method::POST, path)
    }

    /// A `PUT` to a path.
    pub fn put<'a>(&'a self, path: &'a str) -> Request<'a> {
        Request::new(self, Method::PUT, path)
    }

    /// A `PATCH` of a path.
    pub fn patch<'a>(&'a self, path: &'a str) -> Request<'a> {
        Request::new(self, Method::PATCH, path)
    }

    /// A `DELETE` of a path.
    pub fn delete<'a>(&'a self, path: &'a str) -> Request<'a> {
        Request::new(self, Method::DELETE, path)
    }

    /// A request with any method.
    pub fn request<'a>(&'a self, method: Method, path: &'a str) -> Request<'a> {
        Request::new(self, method, path)
    }

    /// A socket to the channel at this route, as the client of a channel or as a plain [`Socket`](crate::Socket).
    #[cfg(feature = "socket")]
    pub fn channel<C: From<crate::Socket> + 'static>(&self, route: &str) -> crate::Connect<C> {
        crate::Connect::new(self, route)
    }

    fn change(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Settings {
    /// The headers of one request, with the token that is passed in.
    pub(crate) fn headers(&self, token: Option<&str>) -> Result<HeaderMap, EncodeError> {
        if let Some(name) = &self.bad_header {
            return Err(EncodeError::Header(name.clone()));
        }
        let mut headers = self.headers.clone();
        if let Some(token) = token {
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let mut value = value.map_err(|_| EncodeError::Header("authorization".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(reqwest::header::AUTHORIZATION, value);
        }
        Ok(headers)
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &*self.settings;
        // Any header may be a secret, so only the names are shown.
        let headers: Vec<_> = settings.headers.keys().map(HeaderName::as_str).collect();
        formatter
            .debug_struct("Http")
            .field("base_url", &settings.base)
            .field("headers", &headers)
            .field("bearer", &settings.bearer)
            .field("refresh", &settings.refresh.is_some())
            .field("timeout", &settings.timeout)
            .field("retry", &settings.retry)
            .finish_non_exhaustive()
    }
}
