//! `Authorization: Bearer`.

use http::{HeaderMap, header};

use super::{Authentication, Authenticator};
use crate::{
    app::App,
    http::HttpCall,
    jwt::{JwtError, Verified},
};

/// Authentication by `Authorization: Bearer`; say how the token is read, `auth_bearer().jwt()`.
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
}

/// Bearer authentication by JWT.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct BearerJwt;

impl<A: App> Authenticator<A> for BearerJwt {
    fn name(&self) -> &'static str {
        "bearer token"
    }

    fn authenticate<'a>(&'a self, call: &'a HttpCall<A>) -> Authentication<'a, A::Session> {
        let Some(token) = bearer_token(call.headers()) else { return Authentication::Absent };
        let Some(jwt) = &call.runtime.jwt else {
            tracing::error!("`auth_bearer().jwt()` needs a JWT service; give the application one with `Pikku::jwt`");
            return Authentication::Rejected("there is no JWT service".to_owned());
        };
        let Some(token) = token else { return Authentication::Rejected("it is not ASCII".to_owned()) };
        match jwt.verified_now(token) {
            Some(verified) => judge(verified),
            None => Authentication::Pending(Box::pin(async move { judge(jwt.verified(token).await) })),
        }
    }
}

fn judge<'a, S>(verified: Result<Verified<S>, JwtError>) -> Authentication<'a, S> {
    match verified {
        Ok(verified) => Authentication::SignedIn(verified.payload),
        Err(error) if error.is_outage() => Authentication::Failed(error.to_string()),
        Err(error) => Authentication::Rejected(error.to_string()),
    }
}

/// The bearer token of a request: none if there is no such header, or it is of another scheme; the inner option is none
/// where the token can't be read.
fn bearer_token(headers: &HeaderMap) -> Option<Option<&str>> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"bearer") || !matches!(token, [] | [b' ', ..]) {
        return None;
    }
    Some(std::str::from_utf8(token.trim_ascii()).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &'static [u8], expect: Option<Option<&str>>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, http::HeaderValue::from_bytes(value).expect("a header"));
        assert_eq!(bearer_token(&headers), expect);
    }

    #[test]
    fn a2_the_scheme_is_matched_in_any_case() {
        check(b"Bearer abc", Some(Some("abc")));
        check(b"bEARER   abc ", Some(Some("abc")));
        check(b"Bearer ", Some(Some("")));
        check(b"Bearer", Some(Some("")));
    }

    #[test]
    fn a5_another_scheme_is_no_bearer() {
        check(b"Basic abc", None);
        check(b"Bearerabc", None);
        check(b"Bear", None);
        check(b"", None);
    }

    #[test]
    fn a5_a_token_that_is_no_text_is_a_bad_one() {
        check(b"Bearer \xff", Some(None));
    }
}
