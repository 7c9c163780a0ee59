//! The channel.

use pikku_core::{Channel, EventHub, JwtError, PikkuError, UserSessionService, pikku_channel, pikku_channel_func};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Services, UserSession};

/// What can go wrong on the channel.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum EventError {
    /// The token is not what it should be.
    #[error("the token is no good")]
    #[pikku(status = 401)]
    BadToken(#[from] JwtError),
    /// The channel or the hub failed.
    #[error(transparent)]
    Hub(#[from] pikku_core::Error),
}

/// What happens to the todos.
#[pikku_channel(route = "/events")]
#[derive(Debug)]
pub struct Events;

/// A token that login has given.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Authenticate {
    /// The token.
    pub token: String,
}

/// Signs this connection in.
#[pikku_channel_func(Events, action = "auth", auth = false)]
pub async fn authenticate(
    services: &Services,
    data: Authenticate,
    sessions: UserSessionService<UserSession>,
) -> Result<(), EventError> {
    let token = services.jwt.verified::<UserSession>(&data.token).await?;
    Ok(sessions.set_until(token.payload, token.expires_at).await?)
}

/// Signs this connection out.
#[pikku_channel_func(Events, action = "signOut", auth = false)]
pub async fn sign_out(_services: &Services, sessions: UserSessionService<UserSession>) -> Result<(), EventError> {
    Ok(sessions.clear().await?)
}

/// A topic.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Subscribe {
    /// Its name, `todos/ada`.
    pub topic: String,
}

/// Puts this connection on a topic.
#[pikku_channel_func(Events, action = "subscribe", permissions = may_read(topic))]
pub async fn subscribe(
    _services: &Services,
    data: Subscribe,
    channel: Channel,
    hub: EventHub,
) -> Result<(), EventError> {
    Ok(hub.subscribe(&data.topic, &channel)?)
}

/// Whether a topic is the caller's own.
pub async fn may_read(_services: &Services, topic: &str, session: &UserSession) -> bool {
    topic.strip_prefix("todos/").is_some_and(|user_id| user_id == session.user_id)
}
