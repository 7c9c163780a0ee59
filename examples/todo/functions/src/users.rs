//! Who the todos belong to.

mod store;

use std::time::Duration;

use garde::Validate;
use pikku_core::{JwtError, PikkuError, UserSessionService, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

pub use self::store::UserStore;
use crate::{Services, events::Events};

/// Short, because a token can't be taken back: until it ends it outlives a sign-out. API keys don't.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Who is calling, and from where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserSession {
    /// The user.
    pub user_id: Uuid,
    /// The device that they signed in on.
    pub device_id: Uuid,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema, FromRow)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Stays the same for good.
    pub user_id: Uuid,
    /// What the user is called.
    pub name: String,
}

/// What can go wrong with users.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum UserError {
    /// Another user has the name.
    #[error("somebody else is called that")]
    #[pikku(status = 409)]
    NameTaken {
        /// The name that was asked for.
        name: String,
    },
    /// The session is of a user who is no longer there.
    #[error("your account is not there any more")]
    #[pikku(status = 401)]
    UnknownUser,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The token could not be made.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// The session could not be changed.
    #[error(transparent)]
    Session(#[from] pikku_core::Error),
}

/// Who wants to sign in.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct LoginUser {
    /// What to be called; upper and lower case are the same.
    #[garde(length(chars, min = 1, max = 50))]
    pub name: String,
}

/// A user who has just signed in.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The user.
    pub user_id: Uuid,
    /// What the user is called.
    pub name: String,
    /// Signs requests in as this user until they log out with it.
    pub api_key: String,
    /// Does the same as a bearer token, for an hour.
    pub token: String,
}

/// Signs a user in, creating the account on the first visit.
///
/// There are no passwords here: whoever knows a name may use it.
#[pikku_func(http(post = "/login"), auth = false, tags("users"))]
pub async fn login_user(
    services: &Services,
    data: LoginUser,
    sessions: UserSessionService<UserSession>,
) -> Result<SignedIn, UserError> {
    let User { user_id, name } = services.users.find_or_create(&data.name).await?;
    let (device_id, api_key) = services.users.add_device(&user_id).await?;
    let session = UserSession { user_id, device_id };
    let token = services.jwt.encode(TOKEN_LIFETIME, &session).await?;
    sessions.set(session).await?;
    Ok(SignedIn { user_id, name, api_key, token })
}

/// Signs this device out: its API key is worth nothing from now on. Other devices stay signed in.
#[pikku_func(http(post = "/logout"), tags("users"))]
pub async fn logout_user(
    services: &Services,
    session: &UserSession,
    sessions: UserSessionService<UserSession>,
) -> Result<(), UserError> {
    services.users.remove_device(&session.device_id).await?;
    sessions.clear().await?;
    Ok(())
}

/// Says who is signed in.
#[pikku_func(http(get = "/me"), channel(Events, action = "whoami"), tags("users"))]
pub async fn get_me(services: &Services, session: &UserSession) -> Result<User, UserError> {
    services.users.find(&session.user_id).await?.ok_or(UserError::UnknownUser)
}

/// A new name for a user.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct UpdateUser {
    /// The user to rename.
    #[garde(skip)]
    pub user_id: Uuid,
    /// What to be called from now on.
    #[garde(length(chars, min = 1, max = 50))]
    pub name: String,
}

/// Renames a user. Users may rename only themselves.
#[pikku_func(http(patch = "/user/{userId}"), permissions = is_oneself(user_id), tags("users"))]
pub async fn update_user(services: &Services, data: UpdateUser) -> Result<User, UserError> {
    match services.users.rename(&data.user_id, &data.name).await {
        Ok(user) => user.ok_or(UserError::UnknownUser),
        Err(error) if is_unique_violation(&error) => Err(UserError::NameTaken { name: data.name }),
        Err(error) => Err(error.into()),
    }
}

/// Whether the user is the one who is calling.
///
/// # Errors
/// None; permissions may fail, this one needs nothing that could.
pub async fn is_oneself(_services: &Services, user_id: &Uuid, session: &UserSession) -> Result<bool, UserError> {
    Ok(*user_id == session.user_id)
}

/// Whom an API key belongs to, for the middleware of the server.
///
/// # Errors
/// When the database fails.
pub async fn find_session_for_api_key(services: &Services, key: &str) -> Result<Option<UserSession>, UserError> {
    let device = services.users.find_device(key).await?;
    Ok(device.map(|(user_id, device_id)| UserSession { user_id, device_id }))
}

fn is_unique_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

#[cfg(test)]
mod tests;
