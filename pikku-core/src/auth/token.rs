//! Tokens of the JWT service, made into a session.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use super::Authentication;
use crate::{
    app::{App, Session},
    http::HttpCall,
    jwt::{JwtError, JwtService, Verified},
    session::Identity,
};

/// When a session ends that a token is good for until `expires_at`.
///
/// Clocks may differ by a little, so that a token can be good whose time is up by ours. It holds for this call then.
pub(super) fn end(expires_at: SystemTime) -> SystemTime {
    expires_at.max(SystemTime::now() + Duration::from_secs(1))
}

/// Finds out who is calling by a token whose payload is the session.
pub(super) fn authenticate<'a, A: App>(call: &'a HttpCall<A>, token: &'a str) -> Authentication<'a, A::Session> {
    let Some(jwt) = &call.runtime.jwt else { return no_service() };
    read(jwt, token)
}

fn read<'a, S: Session>(jwt: &'a JwtService, token: &'a str) -> Authentication<'a, S> {
    match jwt.verified_now(token) {
        Some(verified) => authentication(verified),
        None => Authentication::Pending(Box::pin(async move { authentication(jwt.verified(token).await) })),
    }
}

/// The check at the start makes sure that there is a service.
pub(super) fn no_service<'a, S>() -> Authentication<'a, S> {
    Authentication::Failed("there is no JWT service".to_owned())
}

/// The same for a token that is an API key.
pub(super) fn authenticate_key<'a, A: App>(
    call: &'a HttpCall<A>,
    keys: &'a OnceLock<JwtService>,
    token: &'a str,
) -> Authentication<'a, A::Session> {
    let Some(jwt) = &call.runtime.jwt else { return no_service() };
    read(keys.get_or_init(|| jwt.for_api_keys()), token)
}

/// What a token says about who is calling.
fn authentication<'a, S>(verified: Result<Verified<S>, JwtError>) -> Authentication<'a, S> {
    match verified {
        Ok(verified) => Authentication::SignedIn(Identity::new(verified.payload).until(end(verified.expires_at))),
        Err(error) => refused(&error),
    }
}

/// Why a token signs nobody in.
pub(super) fn refused<'a, S>(error: &JwtError) -> Authentication<'a, S> {
    // Without keys it may well be good.
    let refuse = if error.is_outage() { Authentication::Failed } else { Authentication::Rejected };
    refuse(error.to_string())
}
