//! Signing in and out.

use pikku_core::{JwtError, PikkuError, Quota, SessionKey, UserSessionService, days, hours, pikku_func, rate_limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Services, UserSession};

/// What can go wrong with accounts.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum AccountError {
    /// There is no such user, or the password is another one.
    #[error("the name or the password is wrong")]
    #[pikku(status = 401)]
    WrongPassword,
    /// There is no such device.
    #[error("there is no such device")]
    #[pikku(status = 404)]
    NoSuchDevice,
    /// A token could not be made.
    #[error(transparent)]
    Token(#[from] JwtError),
    /// A session could not be changed.
    #[error(transparent)]
    Session(#[from] pikku_core::Error),
}

/// Who wants to sign in.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LoginUser {
    /// The user.
    pub name: String,
    /// What only they know.
    pub password: String,
}

/// Who has signed in.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// The user.
    pub user_id: String,
    /// Does what the cookie does, for an hour.
    pub token: String,
}

/// Signs a user in.
#[pikku_func(http(post = "/login"), auth = false, middleware(rate_limit(Quota::per_minute(5))))]
pub async fn login_user(
    services: &Services,
    data: LoginUser,
    sessions: UserSessionService<UserSession>,
) -> Result<SignedIn, AccountError> {
    let user = services.users.verify(&data.name, &data.password).await.ok_or(AccountError::WrongPassword)?;
    let token = services.jwt.encode(hours(1), &user.session()).await?;
    sessions.set(user.session()).await?;
    Ok(SignedIn { user_id: user.user_id, token })
}

/// Signs the caller out.
#[pikku_func(http(post = "/logout"), auth = false)]
pub async fn logout_user(_services: &Services, sessions: UserSessionService<UserSession>) -> Result<(), AccountError> {
    Ok(sessions.clear().await?)
}

/// Somebody with an account.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The user.
    pub user_id: String,
}

/// Says who is signed in.
#[pikku_func(http(get = "/me"))]
pub async fn get_me(_services: &Services, session: &UserSession) -> Result<User, AccountError> {
    Ok(User { user_id: session.user_id.clone() })
}

/// Whose an API key is.
///
/// # Errors
/// Never; where there is a database, when that fails.
pub async fn find_session_for_api_key(services: &Services, key: &str) -> Result<Option<UserSession>, AccountError> {
    Ok(services.users.find_by_api_key(key).await.map(|user| user.session()))
}

/// A key for programs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ApiKey {
    /// What is sent as `x-api-key`.
    pub key: String,
}

/// Makes an API key that may do what its maker may, for 90 days.
#[pikku_func(http(post = "/api-keys"))]
pub async fn create_api_key(services: &Services, session: &UserSession) -> Result<ApiKey, AccountError> {
    let key = services.jwt.for_api_keys().encode(days(90), session).await?;
    Ok(ApiKey { key })
}

/// Scopes to go on with.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct NarrowScopes {
    /// Those to keep.
    pub scopes: Vec<String>,
}

/// Gives scopes up, so that a page that needs less can do less.
#[pikku_func(http(post = "/me/scopes"))]
pub async fn narrow_scopes(
    _services: &Services,
    data: NarrowScopes,
    session: &UserSession,
    sessions: UserSessionService<UserSession>,
) -> Result<(), AccountError> {
    let mut narrowed = session.clone();
    narrowed.scopes.retain(|scope| data.scopes.contains(scope));
    Ok(sessions.set(narrowed).await?)
}

/// Somewhere the caller is signed in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Device {
    /// What it is signed out by.
    pub key: String,
}

/// Shows where the caller is signed in.
#[pikku_func(http(get = "/devices"))]
pub async fn list_devices(services: &Services, session: &UserSession) -> Result<Vec<Device>, AccountError> {
    let sessions = services.sessions.list_of(&session.user_id).await?;
    Ok(sessions.iter().map(|record| Device { key: record.key.to_string() }).collect())
}

/// Which device to sign out.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SignOutDevice {
    /// Its key.
    pub key: String,
}

/// Signs the caller out on one device.
#[pikku_func(http(delete = "/devices/{key}"))]
pub async fn sign_out_device(
    services: &Services,
    data: SignOutDevice,
    session: &UserSession,
) -> Result<(), AccountError> {
    let key: SessionKey = data.key.parse().map_err(|_| AccountError::NoSuchDevice)?;
    let was_theirs = services.sessions.revoke_of(&session.user_id, &key).await?;
    if was_theirs { Ok(()) } else { Err(AccountError::NoSuchDevice) }
}

/// Signs the caller out everywhere.
#[pikku_func(http(post = "/logout/everywhere"))]
pub async fn logout_everywhere(services: &Services, session: &UserSession) -> Result<(), AccountError> {
    services.sessions.revoke_all_of(&session.user_id).await?;
    Ok(())
}
