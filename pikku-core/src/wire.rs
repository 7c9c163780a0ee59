//! What a call carries, whatever the transport, and what a function may ask of it.

use std::{fmt, sync::Arc};

use crate::{
    app::App,
    channel::Connection,
    coverage::Held,
    error::Problem,
    event_hub::EventHub,
    http::{Http, HttpContext},
    permission::SharedPermission,
    session::{LazySessions, UserSessionService},
};

/// One call on its way to a function.
///
/// A function never sees it. A type of your own can be a parameter when it implements [`FromWire`], which is handed this.
pub struct Wire<'w, A: App> {
    pub(crate) services: &'w A::Services,
    pub(crate) sessions: &'w LazySessions<A::Session>,
    pub(crate) session: Option<Arc<A::Session>>,
    /// The HTTP request; on a channel, that of the upgrade is not kept.
    pub(crate) http: Option<&'w HttpContext>,
    /// The connection, on a channel.
    pub(crate) connection: Option<&'w Arc<Connection>>,
    pub(crate) hub: &'w EventHub,
    /// What is asked before the function's own permissions.
    pub(crate) permissions: &'w [Held<SharedPermission<A>>],
}

impl<A: App> Wire<'_, A> {
    /// The services of the application.
    #[must_use]
    pub fn services(&self) -> &A::Services {
        self.services
    }

    /// Who was calling when the call began, if they were signed in.
    #[must_use]
    pub fn session(&self) -> Option<&A::Session> {
        self.session.as_deref()
    }

    /// Reads and changes the session.
    #[must_use]
    pub fn sessions(&self) -> &UserSessionService<A::Session> {
        self.sessions.service()
    }

    /// The head of the HTTP request; on a channel there is none.
    #[must_use]
    pub fn request(&self) -> Option<&http::request::Parts> {
        self.http.map(HttpContext::parts)
    }

    /// Asks the permissions of many functions, those that are for one with these tags.
    ///
    /// # Errors
    /// Why the caller may not do this.
    pub(crate) async fn check_permissions(&self, tags: &[&str]) -> Result<(), Problem> {
        for permission in self.permissions.iter().filter(|permission| permission.covers(tags)) {
            permission.value.check(self).await?;
        }
        Ok(())
    }

    /// The session of a call to a function that is never reached without one.
    ///
    /// # Errors
    /// 401, if the pipeline should ever let a call through that has none.
    #[doc(hidden)]
    pub fn required_session(&self) -> Result<&A::Session, Problem> {
        self.session().ok_or_else(Problem::unauthorized)
    }
}

impl<A: App> fmt::Debug for Wire<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("signed_in", &self.session.is_some()).finish_non_exhaustive()
    }
}

/// A parameter that a function takes by value, made anew for each call.
///
/// Implement it for what a call needs of its own, such as a database transaction or the caller's locale.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # pub struct Services;
/// # #[derive(Clone, Serialize, Deserialize)] pub struct UserSession;
/// # pikku_core::registry!(DemoApp { services: Services, session: UserSession });
/// use pikku_core::{App, FromWire, Problem, Wire};
///
/// pub struct Locale(pub String);
///
/// impl<A: App> FromWire<'_, A> for Locale {
///     async fn from_wire(wire: &Wire<'_, A>) -> Result<Self, Problem> {
///         let header = wire.request().and_then(|request| request.headers.get("accept-language"));
///         Ok(Self(header.and_then(|value| value.to_str().ok()).unwrap_or("en").to_owned()))
///     }
/// }
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be a parameter of a pikku function",
    label = "not a handle, and no `FromWire` implementation",
    note = "help: the input is the parameter named `data`; the session is `session: &Session` or `session: Option<&Session>`; for a type of your own implement `pikku_core::FromWire`"
)]
pub trait FromWire<'wire, A: App>: Send + Sized {
    /// Whether it can only be made for a caller who is signed in. A function with `auth = false` can't ask for it then.
    const REQUIRES_SESSION: bool = false;

    /// Whether it is only there on a channel. A function with a route of HTTP can't ask for it then.
    const REQUIRES_CHANNEL: bool = false;

    /// Makes it for one call.
    ///
    /// # Errors
    /// What the caller is told instead of an answer.
    fn from_wire(wire: &'wire Wire<'_, A>) -> impl Future<Output = Result<Self, Problem>> + Send;
}

impl<A: App> FromWire<'_, A> for UserSessionService<A::Session> {
    async fn from_wire(wire: &Wire<'_, A>) -> Result<Self, Problem> {
        Ok(wire.sessions.service().clone())
    }
}

impl<A: App> FromWire<'_, A> for Http {
    async fn from_wire(wire: &Wire<'_, A>) -> Result<Self, Problem> {
        wire.http.map(HttpContext::handle).ok_or_else(|| {
            tracing::error!("a function that takes `Http` was called where there is no HTTP request");
            Problem::internal()
        })
    }
}

impl<A: App> FromWire<'_, A> for EventHub {
    async fn from_wire(wire: &Wire<'_, A>) -> Result<Self, Problem> {
        Ok(wire.hub.clone())
    }
}
