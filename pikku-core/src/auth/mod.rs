//! Who is calling: credentials of a request, made into a session.
//!
//! Each kind is an [`Authenticator`]; several may be installed. They are asked in the order they were added, and the
//! first that yields a session wins. A credential that is no good never fails a request by itself: a public function runs
//! as if nobody were signed in, and a protected one answers 401. Where it can't be found out whose a credential is, since
//! the database is down, say, a protected function answers 500: nobody should be signed out by an outage.
//!
//! A cookie is not like the others, since browsers send it along without being asked to. A bad API key or bearer token is
//! never made up for by a good cookie, and what a cookie signs in is checked to come from a page of ours.

mod api_key;
mod bearer;
mod cookie;
mod duration;
#[cfg(feature = "__fuzz")]
mod fuzz;
mod token;

pub(crate) use api_key::api_key_id;
pub use api_key::{ApiKeyAuth, ApiKeyJwt, ApiKeySource, FindSession, auth_api_key, auth_api_key_jwt};
pub use bearer::{BearerAuth, BearerCallback, BearerJwt, BearerToken, auth_bearer};
#[cfg(feature = "__fuzz")]
pub use cookie::fuzz_cookie;
pub use cookie::{CookieAuth, CookieMarker, JwtCookie, SameSite, StoredCookie, UnreadCookie, auth_cookie};
pub(crate) use cookie::{CookieLayer, CookieRequest};
pub use duration::{days, hours, minutes, weeks};
#[cfg(feature = "__fuzz")]
pub use fuzz::fuzz_authorization;

use std::fmt;

use crate::{app::App, http::HttpCall, middleware::BoxFuture, session::Identity};

/// Looks for one kind of credential.
pub trait Authenticator<A: App>: Send + Sync + 'static {
    /// What the log calls the credential. Those that look at the same one have the same name: it is bad if none of them
    /// accepts it.
    fn name(&self) -> &'static str;

    /// The key in the query that the credential may stand under.
    ///
    /// It is taken out of the request before anything else sees it; [`HttpCall::query_credential`] has its value.
    fn query_key(&self) -> Option<&'static str> {
        None
    }

    /// Whether the credential that it would look at stands in the query, where a link or a form of any page can put one.
    fn is_in_query(&self, call: &HttpCall<A>) -> bool {
        self.query_key().is_some_and(|key| call.query_credential(key).is_some())
    }

    /// Whether it can't do without the application's [`JwtService`](crate::JwtService).
    fn needs_jwt(&self) -> bool {
        false
    }

    /// Whether it is plain to see that there is no such credential, so that it need not be looked for.
    fn is_absent(&self, _: &HttpCall<A>) -> bool {
        false
    }

    /// Looks for the credential and asks who it belongs to.
    fn authenticate<'a>(&'a self, call: &'a HttpCall<A>) -> Authentication<'a, A::Session>;
}

/// What an [`Authenticator`] found.
pub enum Authentication<'a, S> {
    /// No credential of this kind.
    Absent,
    /// A credential, and whose it is.
    SignedIn(Identity<S>),
    /// A credential that is no good, and why, for the log.
    Rejected(String),
    /// Whose it is can't be found out right now, and why, for the log.
    Failed(String),
    /// It takes a while to say.
    Pending(BoxFuture<'a, Self>),
}

impl<S> fmt::Debug for Authentication<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::SignedIn(_) => "SignedIn",
            Self::Rejected(_) => "Rejected",
            Self::Failed(_) => "Failed",
            Self::Pending(_) => "Pending",
        })
    }
}
