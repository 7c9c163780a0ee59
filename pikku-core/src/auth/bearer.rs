//! `Authorization: Bearer`.

use std::{fmt, marker::PhantomData, sync::Arc};

use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Authentication, Authenticator, FindSession, api_key::ask, token};
use crate::{
    app::{App, Services},
    http::HttpCall,
    session::Identity,
};

/// Authentication by `Authorization: Bearer`; say how the token is read: `auth_bearer().jwt()`.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Debug)] pub struct Services;
/// # #[derive(Clone, Serialize, Deserialize)] pub struct UserSession { pub user_id: String }
/// # pikku_core::registry!(DemoApp { services: Services, session: UserSession });
/// # fn main() {
/// use pikku_core::{Pikku, auth_bearer};
///
/// async fn find_session(_: &Services, token: &str) -> Result<Option<UserSession>, pikku_core::Error> {
///     Ok((token == "secret").then(|| UserSession { user_id: "ada".to_owned() }))
/// }
///
/// let robot = UserSession { user_id: "robot".to_owned() };
/// let app = Pikku::<DemoApp>::new(Services)
///     .middleware(auth_bearer().token("the token of a robot", robot))
///     .middleware(auth_bearer().callback(find_session));
/// # let _ = app;
/// # }
/// ```
pub fn auth_bearer() -> BearerAuth {
    BearerAuth
}

/// Bearer authentication that does not know yet how to read a token.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct BearerAuth;

impl BearerAuth {
    /// The token is a JWT of the application's [`JwtService`](crate::JwtService), and its payload is the session.
    pub fn jwt(self) -> BearerJwt {
        BearerJwt
    }

    /// `find` says whose a token is.
    pub fn callback<S, F, T, E>(self, find: F) -> BearerCallback<F, T, E>
    where
        S: Services,
        F: for<'a> FindSession<'a, S, T, E>,
    {
        BearerCallback { find, found: PhantomData }
    }

    /// The one token there is, and the session that it stands for. It is compared in constant time.
    ///
    /// # Panics
    /// When the token is empty, since anybody could send that.
    pub fn token<S>(self, token: &str, session: S) -> BearerToken<S> {
        assert!(!token.is_empty(), "a bearer token can't be empty; help: write a secret that nobody can guess");
        BearerToken { digest: Sha256::digest(token.as_bytes()).into(), session: Arc::new(session) }
    }
}

/// Bearer authentication by JWT.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct BearerJwt;

impl<A: App> Authenticator<A> for BearerJwt {
    fn name(&self) -> &'static str {
        "bearer token"
    }

    fn needs_jwt(&self) -> bool {
        true
    }

    fn is_absent(&self, call: &HttpCall<A>) -> bool {
        !call.context.has.authorization
    }

    fn authenticate<'a>(&'a self, call: &'a HttpCall<A>) -> Authentication<'a, A::Session> {
        with_token(call, |given| token::authenticate(call, given))
    }
}

/// Bearer authentication by a function of one's own.
#[must_use]
pub struct BearerCallback<F, T, E> {
    find: F,
    found: PhantomData<fn() -> (T, E)>,
}

impl<F, T, E> fmt::Debug for BearerCallback<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerCallback")
    }
}

impl<A, F, T, E> Authenticator<A> for BearerCallback<F, T, E>
where
    A: App,
    F: for<'a> FindSession<'a, A::Services, T, E>,
    T: Into<Identity<A::Session>> + Send + 'static,
    E: fmt::Display + Send + 'static,
{
    fn name(&self) -> &'static str {
        "bearer token"
    }

    fn is_absent(&self, call: &HttpCall<A>) -> bool {
        !call.context.has.authorization
    }

    fn authenticate<'a>(&'a self, call: &'a HttpCall<A>) -> Authentication<'a, A::Session> {
        with_token(call, |given| ask(&self.find, call.services(), given))
    }
}

/// Bearer authentication by one static token.
#[must_use]
pub struct BearerToken<S> {
    digest: [u8; 32],
    session: Arc<S>,
}

impl<S> fmt::Debug for BearerToken<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken")
    }
}

impl<A: App> Authenticator<A> for BearerToken<A::Session> {
    fn name(&self) -> &'static str {
        "bearer token"
    }

    fn is_absent(&self, call: &HttpCall<A>) -> bool {
        !call.context.has.authorization
    }

    fn authenticate<'a>(&'a self, call: &'a HttpCall<A>) -> Authentication<'a, A::Session> {
        with_token(call, |given| {
            // Digests are of one length, so that not even the token's own length can be measured.
            let digest: [u8; 32] = Sha256::digest(given.as_bytes()).into();
            match bool::from(digest.ct_eq(&self.digest)) {
                true => Authentication::SignedIn(Identity::new(Arc::clone(&self.session))),
                false => Authentication::Rejected("it is not the static token".to_owned()),
            }
        })
    }
}

/// Looks at the bearer token of a request, if it has one that can be read.
fn with_token<'a, A: App>(
    call: &'a HttpCall<A>,
    look: impl FnOnce(&'a str) -> Authentication<'a, A::Session>,
) -> Authentication<'a, A::Session> {
    match bearer_token(call.headers()) {
        None => Authentication::Absent,
        Some(None) => Authentication::Rejected("it is empty, not ASCII, or given twice".to_owned()),
        Some(Some(token)) => look(token),
    }
}

/// The bearer token of a request: none if there is no such header, or it is of another scheme; the inner option is none
/// where the token can't be read.
pub(super) fn bearer_token(headers: &HeaderMap) -> Option<Option<&str>> {
    let mut tokens = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, token) = value.as_bytes().split_at_checked(6)?;
        let is_bearer = scheme.eq_ignore_ascii_case(b"bearer") && matches!(token, [] | [b' ', ..]);
        is_bearer.then(|| token.trim_ascii())
    });
    let token = tokens.next()?;
    if token.is_empty() || !token.is_ascii() || tokens.next().is_some() {
        return Some(None);
    }
    Some(std::str::from_utf8(token).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&'static [u8]], expect: Option<Option<&str>>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, http::HeaderValue::from_bytes(value).expect("a header"));
        }
        assert_eq!(bearer_token(&headers), expect);
    }

    // Seen to fail with the scheme matched in one case only.
    #[test]
    fn a2_the_scheme_is_matched_in_any_case() {
        check(&[b"Bearer abc"], Some(Some("abc")));
        check(&[b"bEARER   abc "], Some(Some("abc")));
        check(&[b"Bearer "], Some(None));
        check(&[b"Bearer"], Some(None));
    }

    // Seen to fail with no blank asked for behind the scheme.
    #[test]
    fn a5_another_scheme_is_no_bearer() {
        check(&[b"Basic abc"], None);
        check(&[b"Bearerabc"], None);
        check(&[b"Bear"], None);
        check(&[b""], None);
        check(&[b"Basic abc", b"Bearer abc"], Some(Some("abc")));
    }

    // Seen to fail with the first of two tokens taken.
    #[test]
    fn a5_a_token_that_is_no_text_or_there_twice_is_a_bad_one() {
        check(&[b"Bearer \xff"], Some(None));
        check(&[b"Bearer abc", b"Bearer abd"], Some(None));
    }
}
