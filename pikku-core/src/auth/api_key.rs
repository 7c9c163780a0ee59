//! API keys, in a header or in the query.

use std::{fmt, future::Future, marker::PhantomData};

use super::{Authentication, Authenticator};
use crate::{
    app::{App, Services},
    http::HttpCall,
    input::form_pairs,
    middleware::BoxFuture,
    rate_limit::ApiKeyId,
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
/// A key in the query is taken out of what the function reads.
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
pub fn auth_api_key<S, F, E>(source: ApiKeySource, find: F) -> ApiKeyAuth<F, E>
where
    S: Services,
    F: for<'a> FindSession<'a, S, E>,
{
    ApiKeyAuth { source, find, error: PhantomData }
}

/// An async function from a credential to a session: `async fn(&Services, &str) -> Result<Option<Session>, E>`.
pub trait FindSession<'a, S: Services, E>: Send + Sync + 'static {
    /// The future that it returns.
    type Future: Future<Output = Result<Option<<S::App as App>::Session>, E>> + Send + 'a;

    /// Calls it.
    fn find(&self, services: &'a S, credential: &'a str) -> Self::Future;
}

impl<'a, S, E, F, R> FindSession<'a, S, E> for F
where
    S: Services,
    F: Fn(&'a S, &'a str) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Option<<S::App as App>::Session>, E>> + Send + 'a,
{
    type Future = R;

    fn find(&self, services: &'a S, credential: &'a str) -> R {
        self(services, credential)
    }
}

/// API key authentication; [`auth_api_key`] makes it.
#[must_use]
pub struct ApiKeyAuth<F, E> {
    source: ApiKeySource,
    find: F,
    error: PhantomData<fn() -> E>,
}

impl<F, E> fmt::Debug for ApiKeyAuth<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeyAuth").field("source", &self.source).finish_non_exhaustive()
    }
}

/// What the log calls the credential.
const NAME: &str = "API key";

/// The name that a key has in a query.
const QUERY_KEY: &str = "apiKey";

/// The header that a key stands in.
const HEADER: &str = "x-api-key";

/// Tells the API key that a call was signed in by from others, if it was signed in by one.
pub(crate) fn api_key_id<A: App>(call: &HttpCall<A>) -> Option<ApiKeyId> {
    if call.credential != Some(NAME) {
        return None;
    }
    let header = call.headers().get(HEADER).map(|value| ApiKeyId::of(value.as_bytes()));
    let query = call.request().uri.query().and_then(query_value).map(|key| ApiKeyId::of(key.as_bytes()));
    // With a key in both places it can't be told here which of them was good, and the other may be made up.
    if header.is_some() && query.is_some() { None } else { header.or(query) }
}

impl<A, F, E> Authenticator<A> for ApiKeyAuth<F, E>
where
    A: App,
    F: for<'a> FindSession<'a, A::Services, E>,
    E: fmt::Display + Send + 'static,
{
    fn name(&self) -> &'static str {
        NAME
    }

    fn query_key(&self) -> Option<&'static str> {
        (self.source != ApiKeySource::Header).then_some(QUERY_KEY)
    }

    fn authenticate<'a>(&'a self, call: &'a HttpCall<A>) -> Authentication<'a, A::Session> {
        let header = match self.source {
            ApiKeySource::Query => None,
            _ => call.headers().get(HEADER).map(|value| value.to_str().unwrap_or_default().to_owned()),
        };
        let key = header.or_else(|| match self.source {
            ApiKeySource::Header => None,
            _ => query_value(call.request().uri.query()?),
        });
        match key {
            // Such a key is nobody's, and needs no asking.
            Some(key) if key.is_empty() => Authentication::Rejected("it is empty, or not ASCII".to_owned()),
            Some(key) => Authentication::Pending(self.look_up(call.services(), key)),
            None => Authentication::Absent,
        }
    }
}

impl<F, E> ApiKeyAuth<F, E>
where
    E: fmt::Display + Send + 'static,
{
    fn look_up<'a, S>(
        &'a self,
        services: &'a S,
        key: String,
    ) -> BoxFuture<'a, Authentication<'a, <S::App as App>::Session>>
    where
        S: Services,
        F: for<'f> FindSession<'f, S, E>,
    {
        Box::pin(async move {
            match self.find.find(services, &key).await {
                Ok(Some(session)) => Authentication::SignedIn(session),
                Ok(None) => Authentication::Rejected("it belongs to nobody".to_owned()),
                Err(error) => Authentication::Failed(error.to_string()),
            }
        })
    }
}

fn query_value(query: &str) -> Option<String> {
    form_pairs(query).flatten().find(|(name, _)| name == QUERY_KEY).map(|(_, value)| value.into_owned())
}
