//! Channels: every way that a message can be answered.

use std::{
    pin::pin,
    task::{Context, Waker},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use pikku_core::{
    Binary, Channel, ChannelState, EventHub, Text, Topic, TopicStream, UserSessionService, pikku_channel,
    pikku_channel_func, pikku_func,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Services, TestError, UserSession};

/// Live events; somebody has to sign in, if not when they connect then soon after.
#[pikku_channel(route = "/events")]
#[derive(Debug)]
pub struct Events;

/// Anybody's; its messages are told apart by another key.
#[pikku_channel(route = "/rooms/{room}", routing = "kind", auth = false)]
#[derive(Debug)]
pub struct Rooms;

/// Only for those who are signed in when they connect.
#[pikku_channel(route = "/private", name = "private")]
#[derive(Debug)]
pub struct Private;

/// Who signs in.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SignIn {
    /// The user.
    pub user: String,
    /// How long it takes, in milliseconds.
    #[serde(default)]
    pub takes: u64,
}

/// Somebody who has signed in.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedIn {
    /// Whether they have.
    pub auth_result: bool,
    /// Who.
    pub user_id: String,
}

/// Signs the connection in.
#[pikku_channel_func(Events, action = "auth", auth = false)]
pub async fn authenticate(
    _services: &Services,
    data: SignIn,
    sessions: UserSessionService<UserSession>,
) -> Result<SignedIn, TestError> {
    tokio::time::sleep(Duration::from_millis(data.takes)).await;
    sessions.set(UserSession { user_id: data.user.clone(), admin: false }).await?;
    Ok(SignedIn { auth_result: true, user_id: data.user })
}

/// Who signs in, and for how long.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SignInFor {
    /// The user.
    pub user: String,
    /// For how long, in milliseconds.
    pub milliseconds: u64,
    /// Whether it fails after all.
    #[serde(default)]
    pub fails: bool,
}

/// Signs the connection in for a while.
#[pikku_channel_func(Events, action = "auth_for", auth = false)]
pub async fn authenticate_for(
    _services: &Services,
    data: SignInFor,
    sessions: UserSessionService<UserSession>,
) -> Result<(), TestError> {
    let until = SystemTime::now() + Duration::from_millis(data.milliseconds);
    sessions.set_until(UserSession { user_id: data.user, admin: false }, until).await?;
    if data.fails { Err(TestError::NotFound) } else { Ok(()) }
}

/// What lasts after a session was changed.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Linger {
    /// The user who signs in; nobody does where one is signed out.
    #[serde(default)]
    pub user: String,
    /// How long it lasts, in milliseconds.
    pub lingers: u64,
    /// Whether it fails after all.
    #[serde(default)]
    pub fails: bool,
}

impl Linger {
    /// Says that the session was changed, and is done much later.
    async fn linger(&self, channel: &Channel) -> Result<(), TestError> {
        channel.send(&"changed".into())?;
        tokio::time::sleep(Duration::from_millis(self.lingers)).await;
        if self.fails { Err(TestError::NotFound) } else { Ok(()) }
    }
}

/// Signs the connection in, and has more to do then.
#[pikku_channel_func(Events, action = "auth_and_linger", auth = false)]
pub async fn authenticate_and_linger(
    _services: &Services,
    data: Linger,
    sessions: UserSessionService<UserSession>,
    channel: Channel,
) -> Result<(), TestError> {
    sessions.set(UserSession { user_id: data.user.clone(), admin: false }).await?;
    data.linger(&channel).await
}

/// Signs a connection that is anybody's out, and has more to do then.
#[pikku_channel_func(Rooms, action = "sign_out_and_linger", auth = false)]
pub async fn sign_out_and_linger(
    _services: &Services,
    data: Linger,
    sessions: UserSessionService<UserSession>,
    channel: Channel,
) -> Result<(), TestError> {
    sessions.clear().await?;
    data.linger(&channel).await
}

/// Notes as whom a connection ends.
#[pikku_channel_func(Events, on_disconnect, auth = false)]
pub async fn note_the_end(services: &Services, session: Option<&UserSession>) -> Result<(), TestError> {
    services.note(format!("ended as {}", session.map_or("nobody", |session| &session.user_id)));
    Ok(())
}

/// What was noted.
#[pikku_func(http(get = "/notes"), auth = false)]
pub async fn notes(services: &Services) -> Result<Vec<String>, TestError> {
    Ok(services.noted())
}

/// Signs the connection out.
#[pikku_channel_func(Events, action = "sign_out")]
pub async fn sign_out(_services: &Services, sessions: UserSessionService<UserSession>) -> Result<(), TestError> {
    Ok(sessions.clear().await?)
}

/// Says who is calling, on both transports.
#[pikku_func(http(get = "/whoami"), channel(Events, action = "whoami"), channel(Private, action = "whoami"))]
pub async fn whoami(_services: &Services, session: &UserSession) -> Result<String, TestError> {
    Ok(session.user_id.clone())
}

/// A topic.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Subscribe {
    /// Its name.
    pub topic: String,
}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Subscribed {
    /// Whether the connection is on it now.
    pub subscribed: bool,
    /// Its name.
    pub topic: String,
}

/// Whether a topic may be read; secret ones may not.
pub async fn may_read(_: &Services, topic: &str, _: &UserSession) -> Result<bool, TestError> {
    match topic {
        "unknown" => Err(TestError::NotFound),
        topic => Ok(topic != "secret"),
    }
}

/// Puts the connection on a topic.
#[pikku_channel_func(Events, action = "subscribe", permissions = may_read(topic))]
pub async fn subscribe(
    _services: &Services,
    data: Subscribe,
    channel: Channel,
    hub: EventHub,
) -> Result<Subscribed, TestError> {
    hub.subscribe(&data.topic, &channel)?;
    Ok(Subscribed { subscribed: true, topic: data.topic })
}

/// Takes the connection off a topic.
#[pikku_channel_func(Events, action = "unsubscribe")]
pub async fn unsubscribe(
    _services: &Services,
    data: Subscribe,
    channel: Channel,
    hub: EventHub,
) -> Result<Subscribed, TestError> {
    hub.unsubscribe(&data.topic, &channel);
    Ok(Subscribed { subscribed: false, topic: data.topic })
}

/// What is said, and where.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Emit {
    /// The topic.
    pub name: String,
    /// What is said.
    pub message: String,
}

/// What everybody on the topic hears.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Said {
    /// Who said it.
    pub from: String,
    /// What they said.
    pub message: String,
}

/// Says something to everyone on a topic but the sender.
#[pikku_channel_func(Events, action = "emit")]
pub async fn emit(
    _services: &Services,
    data: Emit,
    session: &UserSession,
    channel: Channel,
    hub: EventHub,
) -> Result<usize, TestError> {
    let said = Said { from: session.user_id.clone(), message: data.message };
    Ok(hub.publish(&data.name, Some(channel.id()), &said).await?)
}

/// A typed event, for one user.
#[derive(Debug, Serialize, JsonSchema, Topic)]
#[topic("noticed", scope = user)]
pub struct Noticed {
    /// For whom.
    pub user: String,
    /// What there is to notice.
    pub text: String,
}

/// What somebody shall notice.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Notice {
    /// For whom.
    pub user: String,
    /// What there is to notice.
    pub text: String,
}

/// Puts the connection on the caller's own notices.
#[pikku_channel_func(Events, action = "notices")]
pub async fn notices(
    _services: &Services,
    session: &UserSession,
    channel: Channel,
    hub: EventHub,
) -> Result<(), TestError> {
    Ok(hub.subscribe_scoped(<Noticed as Topic>::NAME, &session.user_id, &channel)?)
}

/// The caller's own notices, over HTTP.
#[pikku_func(http(get = "/notices"))]
pub async fn notice_stream(
    _services: &Services,
    session: &UserSession,
    hub: EventHub,
) -> Result<TopicStream<Noticed>, TestError> {
    Ok(hub.stream_scoped(&session.user_id)?)
}

/// What comes before a stream.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Late {
    /// Who signs in, if anybody does.
    pub user: Option<String>,
    /// How long it takes, in milliseconds.
    pub takes: u64,
}

/// The caller's own notices over HTTP, after a while.
#[pikku_func(http(get = "/notices/late"))]
pub async fn late_notice_stream(
    _services: &Services,
    data: Late,
    session: &UserSession,
    sessions: UserSessionService<UserSession>,
    hub: EventHub,
) -> Result<TopicStream<Noticed>, TestError> {
    if let Some(user_id) = data.user {
        sessions.set(UserSession { user_id, admin: false }).await?;
    }
    tokio::time::sleep(Duration::from_millis(data.takes)).await;
    Ok(hub.stream_scoped(&session.user_id)?)
}

/// Lets somebody notice something.
#[pikku_func(http(post = "/notify"), auth = false)]
pub async fn notify(_services: &Services, data: Notice, hub: EventHub) -> Result<usize, TestError> {
    Ok(hub.emit(&Noticed { user: data.user, text: data.text }, None).await?)
}

/// How a message shall be answered.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Answer {
    /// How.
    pub how: String,
}

/// Fails in every way, or closes the connection.
#[pikku_channel_func(Events, action = "fail", auth = false)]
pub async fn fail(services: &Services, data: Answer, channel: Channel) -> Result<(), TestError> {
    match data.how.as_str() {
        "not_found" => Err(TestError::NotFound),
        "internal" => Err(TestError::Internal { secret: "hunter2" }),
        "panic" => panic!("hunter2"),
        "close" => {
            channel.close(4000, "enough");
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(())
        }
        "hold" => {
            channel.send(&"holding".into())?;
            tokio::time::sleep(Duration::from_secs(600)).await;
            Ok(())
        }
        "flood" => {
            while channel.is_open() {
                channel.send(&"x".repeat(1000).into())?;
                tokio::task::yield_now().await;
            }
            services.note("flooded");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Signs somebody in when it goes.
struct Ghost(UserSessionService<UserSession>);

impl Drop for Ghost {
    fn drop(&mut self) {
        let set = pin!(self.0.set(UserSession { user_id: "ghost".to_owned(), admin: true }));
        let _ = set.poll(&mut Context::from_waker(Waker::noop()));
    }
}

/// Takes too long, and leaves somebody behind.
#[pikku_channel_func(Events, action = "haunt", auth = false)]
pub async fn haunt(_services: &Services, sessions: UserSessionService<UserSession>) -> Result<(), TestError> {
    let _ghost = Ghost(sessions);
    std::future::pending().await
}

/// Something that can't be put into words.
#[derive(Debug, JsonSchema)]
pub struct Unspeakable {
    /// What it is.
    pub name: String,
}

impl Serialize for Unspeakable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("{}", self.name)
    }
}

/// Signs somebody in, and has no words for it.
#[pikku_channel_func(Events, action = "unspeakable", auth = false)]
pub async fn unspeakable(
    _services: &Services,
    sessions: UserSessionService<UserSession>,
) -> Result<Unspeakable, TestError> {
    sessions.set(UserSession { user_id: "ada".to_owned(), admin: false }).await?;
    Ok(Unspeakable { name: "hunter2".to_owned() })
}

/// Who has an id of their own.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// Theirs, not the message's.
    pub id: u32,
}

/// Gives a contact back.
#[pikku_channel_func(Events, action = "contact", auth = false)]
pub async fn contact(_services: &Services, data: Contact) -> Result<Contact, TestError> {
    Ok(data)
}

/// How many messages a connection has sent.
#[derive(Debug, Default)]
pub struct Count(u32);

/// Counts the messages of the connection.
#[pikku_channel_func(Rooms, action = "count", auth = false)]
pub async fn count(_services: &Services, state: ChannelState<Count>) -> Result<u32, TestError> {
    let mut count = state.lock();
    count.0 += 1;
    Ok(count.0)
}

/// Which room, and as whom.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Enter {
    /// The room.
    pub room: u32,
    /// As whom.
    #[serde(default)]
    pub name: Vec<String>,
}

/// Greets whoever enters.
#[pikku_channel_func(Rooms, on_connect, auth = false)]
pub async fn enter(services: &Services, data: Enter) -> Result<String, TestError> {
    services.note("entered");
    Ok(format!("welcome to {}, {}", data.room, data.name.join(" and ")))
}

/// Notes whoever leaves.
#[pikku_channel_func(Rooms, on_disconnect, auth = false)]
pub async fn leave(services: &Services) -> Result<(), TestError> {
    services.note("left");
    Ok(())
}

/// What is listened to.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Listen {
    /// The topic.
    pub topic: String,
    /// How long it takes, in milliseconds.
    pub takes: u64,
}

/// Puts the connection on a topic, which may take a while.
#[pikku_channel_func(Rooms, action = "listen", auth = false)]
pub async fn listen(_services: &Services, data: Listen, channel: Channel, hub: EventHub) -> Result<(), TestError> {
    tokio::time::sleep(Duration::from_millis(data.takes)).await;
    Ok(hub.subscribe(&data.topic, &channel)?)
}

/// Anything that has no kind.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Plain {
    /// What it says.
    pub text: String,
}

/// Gives back what has no kind.
#[pikku_channel_func(Rooms, on_message, auth = false)]
pub async fn plain(_services: &Services, data: Plain) -> Result<Plain, TestError> {
    Ok(data)
}

/// Gives bytes back, the last one first.
#[pikku_channel_func(Rooms, on_binary, auth = false)]
pub async fn reversed(_services: &Services, data: Binary, channel: Channel) -> Result<(), TestError> {
    let reversed: Bytes = data.0.iter().rev().copied().collect();
    Ok(channel.send_binary(reversed)?)
}

/// Says everything back as it came, for tests of the protocol itself.
#[pikku_channel(route = "/echo", auth = false)]
#[derive(Debug)]
pub struct Echo;

/// Says text back.
#[pikku_channel_func(Echo, on_message, auth = false)]
pub async fn echo_text(_services: &Services, data: Text, channel: Channel) -> Result<(), TestError> {
    Ok(channel.send_text(data.0)?)
}

/// Says bytes back.
#[pikku_channel_func(Echo, on_binary, auth = false)]
pub async fn echo_binary(_services: &Services, data: Binary, channel: Channel) -> Result<(), TestError> {
    Ok(channel.send_binary(data.0)?)
}
