//! Permissions, and expressions of them.

use pikku_core::pikku_func;
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
