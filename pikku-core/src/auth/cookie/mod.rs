//! Sessions in a cookie.

#[cfg(feature = "__fuzz")]
mod fuzz;
mod layer;
mod read;
mod settings;

#[cfg(feature = "__fuzz")]
pub use fuzz::fuzz_cookie;
pub(crate) use layer::{CookieLayer, CookieRequest};
pub use settings::SameSite;

use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc, time::Duration};

use settings::Settings;

use crate::{
    app::App,
    auth::weeks,
    middleware::{IntoLayer, Kind, Layer},
};

/// Authentication by a cookie; say where the session is: `auth_cookie("session").jwt()`, or `.store()`.
///
/// [`UserSessionService::set`](crate::UserSessionService::set) sets the cookie, `clear` expires it, each when the function
/// has returned `Ok`; and a session whose life is more than half over is renewed by being used. The cookie is `HttpOnly`,
/// `Secure`, `SameSite=Lax` and of the path `/`. Browsers call it `__Host-session` then, a name that no other host and no
/// page without TLS can set; with a domain or a path of its own it is `__Secure-session`.
///
/// What changes anything, and whoever opens a channel, has to come from a page of the server itself where a cookie signs
/// them in; [`Pikku::origins`](crate::Pikku::origins) lists others. Sign-in that sets a cookie has to as well.
///
/// Most browsers take `http://localhost` for secure, so nothing needs to change while you develop. Where one doesn't, or
/// there is another plain address, [`insecure`](CookieAuth::insecure) makes do without TLS.
///
/// A name is a token of RFC 6265, and may have colons, which browsers take too.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # pub struct Services;
/// # #[derive(Clone, Serialize, Deserialize)] pub struct UserSession { pub user_id: u64 }
/// # pikku_core::registry!(DemoApp { services: Services, session: UserSession });
/// # fn main() {
/// use pikku_core::{MemorySessionStore, Pikku, Sessions, auth_cookie, weeks};
///
/// let sessions = Sessions::new(MemorySessionStore::new(), |session: &UserSession| session.user_id.to_string());
/// let app = Pikku::<DemoApp>::new(Services)
///     .sessions(sessions)
///     .middleware(auth_cookie("session").store().expires_in(weeks(4)));
/// # let _ = app;
/// # }
/// ```
pub fn auth_cookie(name: impl Into<Cow<'static, str>>) -> CookieAuth<UnreadCookie> {
    CookieAuth { settings: Settings::new(name.into()), kind: PhantomData }
}

/// Cookie authentication; [`auth_cookie`] makes it.
#[must_use]
pub struct CookieAuth<K> {
    settings: Settings,
    kind: PhantomData<K>,
}

/// Any longer is for ever, and no clock goes that far.
const LONGEST: Duration = weeks(100 * 52);

/// It is not known yet where the session of a cookie is.
#[derive(Debug, Clone, Copy)]
pub struct UnreadCookie;

/// The session of a cookie is in a token, and the token in the cookie.
#[derive(Debug, Clone, Copy)]
pub struct JwtCookie;

/// The session of a cookie is in a store, and its id in the cookie.
#[derive(Debug, Clone, Copy)]
pub struct StoredCookie;

impl CookieAuth<UnreadCookie> {
    /// The cookie is a JWT of the application's [`JwtService`](crate::JwtService), and its payload is the session.
    ///
    /// Such a session needs no store, and can't be taken back: who has copied the cookie is signed in until it ends.
    pub fn jwt(self) -> CookieAuth<JwtCookie> {
        CookieAuth { settings: self.settings, kind: PhantomData }
    }

    /// The cookie is an id, and the session is in the store of [`Pikku::sessions`](crate::Pikku::sessions): signing out ends
    /// it everywhere at once.
    pub fn store(self) -> CookieAuth<StoredCookie> {
        CookieAuth { settings: self.settings, kind: PhantomData }
    }
}

impl<K> CookieAuth<K> {
    /// How long a session lasts that is not used; one week if this is not called.
    pub fn expires_in(mut self, life: Duration) -> Self {
        self.settings.expires_in = life.min(LONGEST);
        self
    }

    /// How long a session lasts at the most, however much it is used; 90 days, or `expires_in` if that is longer, if this
    /// is not called.
    pub fn at_most(mut self, life: Duration) -> Self {
        self.settings.at_most = Some(life.min(LONGEST));
        self
    }

    /// Sends the cookie to the hosts below this domain too.
    pub fn domain(mut self, domain: impl Into<Cow<'static, str>>) -> Self {
        self.settings.domain = Some(domain.into());
        self
    }

    /// Sends the cookie to the pages at and below this path only.
    pub fn path(mut self, path: impl Into<Cow<'static, str>>) -> Self {
        self.settings.path = path.into();
        self
    }

    /// Whether the cookie is sent when the request is from a page of another site; [`SameSite::Lax`] if this is not called.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.settings.same_site = same_site;
        self
    }

    /// Sends the cookie without TLS too, for everybody on the network to read. Its name has no prefix then.
    pub fn insecure(mut self) -> Self {
        self.settings.is_secure = false;
        self
    }

    /// Lets scripts of the page read the cookie, and with it whoever gets a script into the page.
    pub fn readable_by_scripts(mut self) -> Self {
        self.settings.is_http_only = false;
        self
    }
}

impl<K> fmt::Debug for CookieAuth<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieAuth").field("name", &self.settings.wire_name()).finish_non_exhaustive()
    }
}

/// Marks cookie authentication for [`IntoLayer`].
#[derive(Debug)]
pub enum CookieMarker {}

impl<A: App> IntoLayer<A, CookieMarker> for CookieAuth<JwtCookie> {
    fn into_layer(self) -> Layer<A> {
        Layer(Kind::Cookie(Arc::new(CookieLayer::new(self.settings, false))))
    }
}

impl<A: App> IntoLayer<A, CookieMarker> for CookieAuth<StoredCookie> {
    fn into_layer(self) -> Layer<A> {
        Layer(Kind::Cookie(Arc::new(CookieLayer::new(self.settings, true))))
    }
}
