//! Three doors and three functions: who may come in, and whom each function sees.

use pikku_core::{pikku_channel, pikku_func};

use crate::{Services, TestError, UserSession};

/// Opens for everybody, and never asks anybody to sign in.
#[pikku_channel(route = "/conformance/open", auth = false)]
#[derive(Debug)]
pub struct OpenDoor;

/// Opens for everybody, and wants somebody to sign in after that.
#[pikku_channel(route = "/conformance/waiting")]
#[derive(Debug)]
pub struct WaitingDoor;

/// Opens for whoever is signed in.
#[pikku_channel(route = "/conformance/closed")]
#[derive(Debug)]
pub struct ClosedDoor;

/// Whether the caller may do anything.
pub async fn is_admin(_: &Services, session: &UserSession) -> bool {
    session.admin
}

/// Says whom a function sees that is for everybody.
#[pikku_func(
    http(get = "/conformance/public"),
    channel(OpenDoor, action = "public"),
    channel(WaitingDoor, action = "public"),
    auth = false
)]
pub async fn seen_by_public(_services: &Services, session: Option<&UserSession>) -> Result<Option<String>, TestError> {
    Ok(session.map(|session| session.user_id.clone()))
}

/// Says whom a function sees that is for whoever is signed in.
#[pikku_func(
    http(get = "/conformance/protected"),
    channel(OpenDoor, action = "protected"),
    channel(WaitingDoor, action = "protected"),
    channel(ClosedDoor, action = "protected")
)]
pub async fn seen_by_protected(_services: &Services, session: &UserSession) -> Result<String, TestError> {
    Ok(session.user_id.clone())
}

/// Says whom a function sees that is for admins.
#[pikku_func(
    http(get = "/conformance/permissioned"),
    channel(OpenDoor, action = "permissioned"),
    channel(WaitingDoor, action = "permissioned"),
    channel(ClosedDoor, action = "permissioned"),
    permissions = is_admin
)]
pub async fn seen_by_permissioned(_services: &Services, session: &UserSession) -> Result<String, TestError> {
    Ok(session.user_id.clone())
}
