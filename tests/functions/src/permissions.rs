//! Permissions, and expressions of them.

use pikku_core::{HasScopes, has_scope, pikku_channel, pikku_channel_func, pikku_func};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Services, TestError, UserSession};

/// A thing with an owner.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Thing {
    /// Who owns it.
    pub owner: String,
    /// What is done with it.
    #[serde(default)]
    pub how: How,
}

/// How a thing is dealt with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct How {
    /// Whether it is locked.
    #[serde(default)]
    pub locked: bool,
}

/// Whether the caller may do anything.
pub async fn is_admin(services: &Services, session: &UserSession) -> Result<bool, TestError> {
    services.note("is_admin");
    Ok(session.admin)
}

/// Whether the thing is the caller's; nobody's is not found.
pub async fn is_owner(services: &Services, owner: &str, session: Option<&UserSession>) -> Result<bool, TestError> {
    services.note("is_owner");
    match owner {
        "nobody" => Err(TestError::NotFound),
        owner => Ok(session.is_some_and(|session| session.user_id == owner)),
    }
}

/// Whether the thing is locked.
pub async fn is_locked(services: &Services, locked: &bool, _: Option<&UserSession>) -> bool {
    services.note("is_locked");
    *locked
}

/// Whether it is a certain day.
pub async fn is_day(services: &Services, day: &str, _: Option<&UserSession>) -> bool {
    services.note("is_day");
    day == "today"
}

/// Changes a thing.
#[pikku_func(http(post = "/things"), permissions = is_admin || (is_owner(owner) && !is_locked(how.locked)))]
pub async fn change_thing(services: &Services, _data: Thing) -> Result<(), TestError> {
    services.note("ran");
    Ok(())
}

/// Looks at a thing, on the right day.
#[pikku_func(http(get = "/things/today"), auth = false, permissions = is_day("today"))]
pub async fn today(_services: &Services) -> Result<(), TestError> {
    Ok(())
}

/// Looks at a thing, on the wrong day.
#[pikku_func(http(get = "/things/tomorrow"), auth = false, permissions = is_day("tomorrow"))]
pub async fn tomorrow(_services: &Services) -> Result<(), TestError> {
    Ok(())
}

/// The scopes stand behind the name: `ada+todos:read+billing:*`.
impl HasScopes for UserSession {
    fn scopes(&self) -> impl Iterator<Item = &str> {
        self.user_id.split('+').skip(1)
    }
}

/// Does something that takes a scope.
#[pikku_func(http(post = "/scoped"), permissions = has_scope("todos:write"))]
pub async fn scoped(_services: &Services) -> Result<(), TestError> {
    Ok(())
}

/// Does something for whoever has the scope, and for whoever knows the day.
#[pikku_func(http(get = "/scoped/{day}"), auth = false, permissions = has_scope("todos:read") || is_day(day))]
pub async fn scoped_or_today(_services: &Services, _data: Day) -> Result<(), TestError> {
    Ok(())
}

/// A day.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Day {
    /// Which one.
    pub day: String,
}

/// A desk where one is served; below a prefix, so that permissions can be added there.
#[pikku_channel(route = "/office/desk", tags("desks"))]
#[derive(Debug)]
pub struct Desk;

/// Who comes to the desk.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Visitor {
    /// Their name.
    pub name: String,
}

/// Signs a visitor in.
#[pikku_channel_func(Desk, action = "auth", auth = false)]
pub async fn sign_in_at_desk(
    _services: &Services,
    data: Visitor,
    sessions: pikku_core::UserSessionService<UserSession>,
) -> Result<(), TestError> {
    Ok(sessions.set(UserSession { admin: data.name == "admin", user_id: data.name }).await?)
}

/// Asks at the desk.
#[pikku_channel_func(Desk, action = "ask", permissions = is_day("today"))]
pub async fn ask_at_desk(services: &Services) -> Result<(), TestError> {
    services.note("asked");
    Ok(())
}

/// Pays, at the desk or from afar.
#[pikku_func(http(post = "/pay"), channel(Desk, action = "pay"), tags("money"))]
pub async fn pay(services: &Services) -> Result<(), TestError> {
    services.note("paid");
    Ok(())
}

/// Closes the account, at the desk only.
#[pikku_channel_func(Desk, action = "close", tags("accounts"))]
pub async fn close_account(services: &Services) -> Result<(), TestError> {
    services.note("closed");
    Ok(())
}

/// Notes whoever leaves.
#[pikku_channel_func(Desk, on_disconnect, auth = false)]
pub async fn leave_desk(services: &Services) -> Result<(), TestError> {
    services.note("left the desk");
    Ok(())
}
