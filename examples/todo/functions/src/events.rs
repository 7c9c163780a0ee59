//! What happens to todos, live.

use chrono::{DateTime, Utc};
use garde::Validate;
use pikku_core::{Channel, EventHub, PikkuError, Topic, UserSessionService, pikku_channel, pikku_channel_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Services, UserSession, todos::Todo};

/// Live changes to the todos, and a word to whoever else is there.
#[pikku_channel(route = "/events")]
#[derive(Debug)]
pub struct Events;

/// A todo was made. Only its creator hears of it.
#[derive(Debug, Serialize, JsonSchema, Topic)]
#[topic("todo-created", scope = 0.created_by)]
pub struct TodoCreated(pub Todo);

/// A todo was changed. Only its creator hears of it.
#[derive(Debug, Serialize, JsonSchema, Topic)]
#[topic("todo-updated", scope = 0.created_by)]
pub struct TodoUpdated(pub Todo);

/// A todo was deleted. Only its creator hears of it.
#[derive(Debug, Serialize, JsonSchema, Topic)]
#[serde(rename_all = "camelCase")]
#[topic("todo-removed", scope = created_by)]
pub struct TodoRemoved {
    /// The todo that is no more.
    pub todo_id: Uuid,
    /// Whose it was.
    pub created_by: Uuid,
}

/// The topics that everybody has to themselves.
const OWN_TOPICS: [&str; 3] =
    [<TodoCreated as Topic>::NAME, <TodoUpdated as Topic>::NAME, <TodoRemoved as Topic>::NAME];

/// What can go wrong on the channel.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum EventError {
    /// The channel or the hub failed.
    #[error(transparent)]
    Hub(#[from] pikku_core::Error),
}

/// A token that login has given.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct Authenticate {
    /// The token.
    #[garde(skip)]
    pub token: String,
}

/// Whether the token was good, and whose it is.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Authenticated {
    /// Whether the connection is signed in now.
    pub auth_result: bool,
    /// As whom.
    pub user_id: Option<Uuid>,
}

/// Signs this connection in.
#[pikku_channel_func(Events, action = "auth", auth = false, tags("events"))]
pub async fn authenticate(
    services: &Services,
    data: Authenticate,
    sessions: UserSessionService<UserSession>,
) -> Result<Authenticated, EventError> {
    let Ok(token) = services.jwt.verified::<UserSession>(&data.token).await else {
        return Ok(Authenticated { auth_result: false, user_id: None });
    };
    let user_id = token.payload.user_id;
    sessions.set_until(token.payload, token.expires_at).await?;
    Ok(Authenticated { auth_result: true, user_id: Some(user_id) })
}

/// A topic: `todo-created`, `todo-updated` and `todo-removed` are one's own, all others everybody's.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct Subscribe {
    /// Its name.
    #[garde(length(chars, min = 1, max = 100))]
    pub topic: String,
}

/// What became of it.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Subscribed {
    /// Whether the connection is on the topic now.
    pub subscribed: bool,
    /// Its name.
    pub topic: String,
}

/// Puts this connection on a topic.
#[pikku_channel_func(Events, action = "subscribe", tags("events"))]
pub async fn subscribe(
    _services: &Services,
    data: Subscribe,
    session: &UserSession,
    channel: Channel,
    hub: EventHub,
) -> Result<Subscribed, EventError> {
    if OWN_TOPICS.contains(&data.topic.as_str()) {
        hub.subscribe_scoped(&data.topic, &session.user_id.to_string(), &channel)?;
    } else {
        hub.subscribe(&data.topic, &channel)?;
    }
    Ok(Subscribed { subscribed: true, topic: data.topic })
}

/// Takes this connection off a topic.
#[pikku_channel_func(Events, action = "unsubscribe", tags("events"))]
pub async fn unsubscribe(
    _services: &Services,
    data: Subscribe,
    session: &UserSession,
    channel: Channel,
    hub: EventHub,
) -> Result<Subscribed, EventError> {
    if OWN_TOPICS.contains(&data.topic.as_str()) {
        hub.unsubscribe_scoped(&data.topic, &session.user_id.to_string(), &channel);
    } else {
        hub.unsubscribe(&data.topic, &channel);
    }
    Ok(Subscribed { subscribed: false, topic: data.topic })
}

/// A word to whoever else is on a topic.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct Emit {
    /// The topic.
    #[garde(length(chars, min = 1, max = 100))]
    pub name: String,
    /// The word.
    #[garde(length(chars, max = 1000))]
    pub message: String,
}

/// What the others hear.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Said {
    /// The user who said it.
    pub from: Uuid,
    /// What they said.
    pub message: String,
    /// When.
    pub timestamp: DateTime<Utc>,
}

/// How far a word got.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Emitted {
    /// How many connections it was sent to.
    pub reached: u32,
}

/// Says something to everyone on a topic but the sender.
#[pikku_channel_func(Events, action = "emit", tags("events"))]
pub async fn emit_message(
    _services: &Services,
    data: Emit,
    session: &UserSession,
    channel: Channel,
    hub: EventHub,
) -> Result<Emitted, EventError> {
    let said = Said { from: session.user_id, message: data.message, timestamp: Utc::now() };
    let reached = hub.publish(&data.name, Some(channel.id()), &said).await?;
    Ok(Emitted { reached: u32::try_from(reached).unwrap_or(u32::MAX) })
}
