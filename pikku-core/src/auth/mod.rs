//! Who is calling: credentials of a request, made into a session.
//!
//! Each kind is an [`Authenticator`]; several may be installed. They are asked in the order they were added, and the
//! first that yields a session wins. A credential that is no good never fails a request by itself: a public function runs
//! as if nobody were signed in, and a protected one answers 401. Where it can't be found out whose a credential is, since
//! the database is down, say, a protected function answers 500: nobody should be signed out by an outage.

mod api_key;
mod bearer;

pub(crate) use api_key::api_key_id;
pub use api_key::{ApiKeyAuth, ApiKeySource, FindSession, auth_api_key};
pub use bearer::{BearerAuth, BearerJwt, auth_bearer};

use std::fmt;

use crate::{app::App, http::HttpCall, middleware::BoxFuture};

/// Looks for one kind of credential.
pub trait Authenticator<A: App>: Send + Sync + 'static {
    /// What the log calls the credential.
    fn name(&self) -> &'static str;

    /// The key in the query that the credential may stand under, which is then no part of the input.
    fn query_key(&self) -> Option<&'static str> {
        None
    }

    /// Looks for the credential and asks who it belongs to.
    fn authenticate<'a>(&'a self, call: &'a HttpCall<A>) -> Authentication<'a, A::Session>;
}

/// What an [`Authenticator`] found.
pub enum Authentication<'a, S> {
    /// No credential of this kind.
    Absent,
    /// A credential, and whose it is.
    SignedIn(S),
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
