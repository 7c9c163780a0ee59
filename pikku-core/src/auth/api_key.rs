//! API keys, in a header or in the query.

use std::{fmt, future::Future, marker::PhantomData, sync::OnceLock};

use super::{Authentication, Authenticator, token};
use crate::{
    app::{App, Services},
    http::HttpCall,
    jwt::JwtService,
    rate_limit::ApiKeyId,
    session::Identity,
};

/// Where an API key is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeySource {
    /// In the header `x-api-key`.
    Header,
    /// In the query, as `apiKey`.
    Query,
    /// In the header first, and then in the query.
    All,
}

/// Authentication by API key: `find` says whose a key is.
///
/// A key in the query is taken out of the request before anything else sees it.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug)] pub struct Services;
/// # #[derive(Clone, Serialize, Deserialize)] pub struct UserSession { pub user_id: String }
/// # pikku_core::registry!(DemoApp { services: Services, session: UserSession });
/// # fn main() {
/// use pikku_core::{ApiKeySource, auth_api_key};
///
/// async fn find_session(_: &Services, key: &str) -> Result<Option<UserSession>, pikku_core::Error> {
///     Ok((key == "secret").then(|| UserSession { user_id: "ada".to_owned() }))
/// }
///
/// let _ = auth_api_key(ApiKeySource::All, find_session);
/// # }
/// ```
pub fn auth_api_key<S, F, T, E>(source: ApiKeySource, find: F) -> ApiKeyAuth<F, T, E>
where
    S: Services,
    F: for<'a> FindSession<'a, S, T, E>,
{
    ApiKeyAuth { source, find, found: PhantomData }
}

/// Authentication by API keys that are JWTs of the application's [`JwtService`](crate::JwtService), made by
/// [`for_api_keys`](crate::JwtService::for_api_keys): the payload is the session.
///
/// A token of any other purpose is no API key, and an API key signs in by nothing but this.
pub fn auth_api_key_jwt(source: ApiKeySource) -> ApiKeyJwt {
    ApiKeyJwt { source, keys: OnceLock::new() }
}

/// An async function from a credential to a session: `async fn(&Services, &str) -> Result<Option<Session>, E>`.
///
/// Where a credential holds only until a certain time, it gives an [`Identity`] instead of a session.
pub trait FindSession<'a, S: Services, T, E>: Send + Sync + 'static {
    /// The future that it returns.
    type Future: Future<Output = Result<Option<T>, E>> + Send + 'a;

    /// Calls it.
    fn find(&self, services: &'a S, credential: &'a str) -> Self::Future;
}

impl<'a, S, T, E, F, R> FindSession<'a, S, T, E> for F
where
    S: Services,
    F: Fn(&'a S, &'a str) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Option<T>, E>> + Send + 'a,
{
    type Future = R;

    fn find(&self, services: &'a S, credential: &'a str) -> R {
        self(services, credential)
    }
}

/// API key authentication; [`auth_api_key`] makes it.
#[must_use]
pub struct ApiKeyAuth<F, T, E> {
    source: ApiKeySource,
    find: F,
    found: PhantomData<fn() -> (T, E)>,
}

impl<F, T, E> fmt::Debug for ApiKeyAuth<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyAuth").field("source", &self.source).finish_non_exhaustive()
    }
}

/// What the log calls the credential.
const NAME: &str = "API key";

/// API key authentication by JWT; [`auth_api_key_jwt`] makes it.
#[derive(Debug)]
#[must_use]
pub struct ApiKeyJwt {
    source: ApiKeySource,
    /// The application's service, for this purpose.
    keys: OnceLock<JwtService>,
}

/// The name that a key has in a query.
const QUERY_KEY: &str = "apiKey";

/// The header that a key stands in.
const HEADER: &str = "x-api-key";

/// Tells the API key that a call was signed in by from others, if it was signed in by one.
pub(crate) fn api_key_id<A: App>(call: &HttpCall<A>) -> Option<ApiKeyId> {
    if call.signed_in_by() != Some(NAME) {
        return None;
    }
    let header = call.headers().get(HEADER).map(|value| ApiKeyId::of(value.as_bytes()));
    let query = call.query_credential(QUERY_KEY).map(|key| ApiKeyId::of(key.as_bytes()));
    // With a key in both places it can't be told here which of them was good, and the other may be made up.
    if header.is_some() && query.is_some() { None } else { header.or(query) }
}

impl<A, F, T, E> Authenticator<A> for ApiKeyAuth<F, T, E>
where
    A: App,
    F: for<'a> FindSession<'a, A::Services, T, E>,
    T: Into<Identity<A::Session>> + Send + 'static,
    E: fmt::Display + Send + 'static,
{
    fn name(&self) -> &'static str {
        NAME
    }

    fn query_key(&self) -> Option<&'static str> {
        self.source.query_key()
    }

    fn is_in_query(&self, call: &HttpCall<A>) -> bool {
        self.source.is_in_query(call)
    }

    fn authenticate<'a>(&'a self, call: &'a HttpCall<A>) -> Authentication<'a, A::Session> {
        self.source.with_key(call, |key| ask(&self.find, call.services(), key))
    }
}

impl<A: App> Authenticator<A> for ApiKeyJwt {
    fn name(&self) -> &'static str {
        NAME
    }

    fn query_key(&self) -> Option<&'static str> {
        self.source.query_key()
    }

    fn is_in_query(&self, call: &HttpCall<A>) -> bool {
        self.source.is_in_query(call)
    }

    fn needs_jwt(&self) -> bool {
        true
    }

    fn authenticate<'a>(&'a self, call: &'a HttpCall<A>) -> Authentication<'a, A::Session> {
        self.source.with_key(call, |key| token::authenticate_key(call, &self.keys, key))
    }
}

impl ApiKeySource {
    fn query_key(self) -> Option<&'static str> {
        (self != Self::Header).then_some(QUERY_KEY)
    }

    fn is_in_query<A: App>(self, call: &HttpCall<A>) -> bool {
        // A header comes first where both are looked at.
        self.query_key().is_some_and(|key| call.query_credential(key).is_some())
            && (self == Self::Query || !call.headers().contains_key(HEADER))
    }

    /// Looks at the key of a request, if it has one that can be read.
    fn with_key<'a, A: App>(
        self,
        call: &'a HttpCall<A>,
        look: impl FnOnce(&'a str) -> Authentication<'a, A::Session>,
    ) -> Authentication<'a, A::Session> {
        let header = match self {
            Self::Query => None,
            Self::Header | Self::All => {
                let mut values = call.headers().get_all(HEADER).iter();
                match (values.next(), values.next()) {
                    (Some(value), None) => Some(value.to_str().unwrap_or_default()),
                    (Some(_), Some(_)) => Some(""),
                    (None, _) => None,
                }
            }
        };
        match header.or_else(|| call.query_credential(self.query_key()?)) {
            // Such a key is nobody's, and needs no asking.
            Some("") => Authentication::Rejected("it is empty, not ASCII, or given twice".to_owned()),
            Some(key) => look(key),
            None => Authentication::Absent,
        }
    }
}

/// Asks `find` whose a credential is.
pub(super) fn ask<'a, S, F, T, E>(
    find: &'a F,
    services: &'a S,
    credential: &'a str,
) -> Authentication<'a, <S::App as App>::Session>
where
    S: Services,
    F: for<'f> FindSession<'f, S, T, E>,
    T: Into<Identity<<S::App as App>::Session>> + Send + 'static,
    E: fmt::Display + Send + 'static,
{
    Authentication::Pending(Box::pin(async move {
        match find.find(services, credential).await {
            Ok(Some(found)) => Authentication::SignedIn(found.into()),
            Ok(None) => Authentication::Rejected("it belongs to nobody".to_owned()),
            Err(error) => Authentication::Failed(error.to_string()),
        }
    }))
}
