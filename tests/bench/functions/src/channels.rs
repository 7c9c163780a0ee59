//! The channels of the contract app.

use pikku_core::{Channel, EventHub, PikkuError, pikku_channel, pikku_channel_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::Services;

/// Says everything back.
#[pikku_channel(route = "/echo", auth = false)]
#[derive(Debug)]
pub struct Echo;

/// Events for whoever is on their topic.
#[pikku_channel(route = "/events", auth = false)]
#[derive(Debug)]
pub struct Events;

/// What can go wrong on a channel.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum ChannelError {
    /// The hub failed.
    #[error(transparent)]
    Hub(#[from] pikku_core::Error),
}

/// Anything.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Anything {
    /// Whatever it is.
    pub data: Box<RawValue>,
}

/// Says it back.
#[pikku_channel_func(Echo, action = "echo", auth = false)]
pub async fn echo(_services: &Services, data: Anything) -> Result<Anything, ChannelError> {
    Ok(data)
}

/// A topic.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Topic {
    /// Its name.
    pub name: String,
}

/// A topic to get on.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Subscribe {
    /// Which.
    pub data: Topic,
}

/// Puts the connection on a topic.
#[pikku_channel_func(Events, action = "subscribe", auth = false)]
pub async fn subscribe(
    _services: &Services,
    data: Subscribe,
    channel: Channel,
    hub: EventHub,
) -> Result<(), ChannelError> {
    Ok(hub.subscribe(&data.data.name, &channel)?)
}

/// An event, and on which topic.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// The topic.
    pub name: String,
    /// Whatever else there is.
    #[serde(flatten)]
    pub rest: serde_json::Map<String, Value>,
}

/// An event to be sent.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Emit {
    /// Which.
    pub data: Event,
}

/// An event, as its subscribers get it.
#[derive(Debug, Serialize)]
struct Emitted<'e> {
    action: &'static str,
    data: &'e Event,
}

/// Sends an event to everyone on its topic but the sender.
#[pikku_channel_func(Events, action = "emit", auth = false)]
pub async fn emit(_services: &Services, data: Emit, channel: Channel, hub: EventHub) -> Result<(), ChannelError> {
    let Emit { data } = data;
    hub.broadcast(&data.name, Some(channel.id()), &Emitted { action: "emit", data: &data }).await?;
    Ok(())
}
