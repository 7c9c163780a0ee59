//! Signing in and out.

use std::time::{Duration, SystemTime};

use pikku_core::{Http, UserSessionService, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Services, TestError, UserSession};

/// Who signs in.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Login {
    /// The user.
    pub name: String,
}

/// A way to be recognized.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Token {
    /// A JWT.
    pub token: String,
}

/// Signs in.
#[pikku_func(http(post = "/login"), auth = false)]
pub async fn login(
    services: &Services,
    data: Login,
    sessions: UserSessionService<UserSession>,
) -> Result<Token, TestError> {
    let session = UserSession { admin: data.name == "admin", user_id: data.name };
    sessions.set(session.clone()).await?;
    let token = services.jwt.encode(Duration::from_secs(60), &session).await;
    Ok(Token { token: token.map_err(|error| pikku_core::Error::new("no token").because(error))? })
}

/// Signs out, if anybody is signed in.
#[pikku_func(http(post = "/logout"), auth = false)]
pub async fn logout(_services: &Services, sessions: UserSessionService<UserSession>) -> Result<(), TestError> {
    Ok(sessions.clear().await?)
}

/// Signs in, or out, and fails then.
#[pikku_func(http(post = "/login/fail"), auth = false)]
pub async fn login_and_fail(_services: &Services, sessions: UserSessionService<UserSession>) -> Result<(), TestError> {
    match sessions.get() {
        Some(_) => sessions.clear().await?,
        None => sessions.set(UserSession { user_id: "ada".to_owned(), admin: false }).await?,
    }
    Err(TestError::NotFound)
}

/// Signs in by a link, as another site leads back here when it has found out who somebody is.
#[pikku_func(http(get = "/login/link"), auth = false)]
pub async fn login_by_link(
    _services: &Services,
    data: Login,
    sessions: UserSessionService<UserSession>,
) -> Result<(), TestError> {
    Ok(sessions.set(UserSession { user_id: data.name, admin: false }).await?)
}

/// Signs in for a minute.
#[pikku_func(http(post = "/login/minute"), auth = false)]
pub async fn login_for_a_minute(
    _services: &Services,
    data: Login,
    sessions: UserSessionService<UserSession>,
) -> Result<(), TestError> {
    let session = UserSession { user_id: data.name, admin: false };
    Ok(sessions.set_until(session, SystemTime::now() + Duration::from_secs(60)).await?)
}

/// What a request looks like once credentials have been taken out of it.
#[pikku_func(http(get = "/target"), auth = false)]
pub async fn target(_services: &Services, http: Http) -> Result<String, TestError> {
    Ok(http.uri().to_string())
}

/// Says who is calling.
#[pikku_func(http(get = "/me"))]
pub async fn me(_services: &Services, session: &UserSession) -> Result<String, TestError> {
    Ok(session.user_id.clone())
}

/// Says who is calling, if anybody is signed in.
#[pikku_func(http(get = "/who"), auth = false)]
pub async fn who(_services: &Services, session: Option<&UserSession>) -> Result<Option<String>, TestError> {
    Ok(session.map(|session| session.user_id.clone()))
}

/// Signs in and out, and says who it saw after each.
#[pikku_func(http(post = "/switch"), auth = false)]
pub async fn switch(
    _services: &Services,
    sessions: UserSessionService<UserSession>,
) -> Result<Vec<Option<String>>, TestError> {
    let seen = || sessions.get().map(|session| session.user_id.clone());
    let mut all = vec![seen()];
    sessions.set(UserSession { user_id: "switched".to_owned(), admin: false }).await?;
    all.push(seen());
    sessions.clear().await?;
    all.push(seen());
    Ok(all)
}
