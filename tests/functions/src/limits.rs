//! Functions that may be called so often and no more.

use pikku_core::{Quota, UserSessionService, pikku_channel, pikku_channel_func, pikku_func, rate_limit};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Services, TestError, UserSession};

/// A counter, at which one has to sign in.
#[pikku_channel(route = "/counter")]
#[derive(Debug)]
pub struct Counter;

/// Who wants to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Guess {
    /// As whom.
    pub name: String,
    /// By which word.
    pub word: String,
}

/// Signs in whoever knows the word, and lets nobody try for long.
#[pikku_channel_func(
    Counter,
    action = "auth",
    auth = false,
    middleware(rate_limit(Quota::per_hour(3)).per_address().named("sign-in"))
)]
pub async fn guess(
    _services: &Services,
    data: Guess,
    sessions: UserSessionService<UserSession>,
) -> Result<bool, TestError> {
    if data.word == "sesame" {
        sessions.set(UserSession { user_id: data.name, admin: false }).await?;
    }
    Ok(data.word == "sesame")
}

/// Rings, over HTTP and at the counter; five times an hour altogether.
#[pikku_func(
    http(post = "/ring"),
    http(post = "/ring/twice"),
    channel(Counter, action = "ring"),
    middleware(rate_limit(Quota::per_hour(5)).per_session())
)]
pub async fn ring(_services: &Services) -> Result<(), TestError> {
    Ok(())
}

/// Is served at the counter, with a tag.
#[pikku_channel_func(Counter, action = "serve", tags("served"))]
pub async fn served(_services: &Services) -> Result<(), TestError> {
    Ok(())
}
