//! One message on its way to a function.

use std::{
    any::TypeId,
    borrow::Cow,
    cell::RefCell,
    fmt,
    pin::{Pin, pin},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, IgnoredAny},
};
use tungstenite::Utf8Bytes;

use super::{
    frame::{self, Envelope, ID, ReplyShape, Unreadable},
    handle::Connection,
};
use crate::{
    app::{App, Session},
    error::Problem,
    function::{Facts, Output, PikkuFunc, is_unit},
    guard::Guarded,
    http::{Route, refuse_message, run},
    input::{self, Rejection},
    pikku::Runtime,
    rate_limit::Caller,
    session::{Before, Identity, Kept, LazySessions, SessionChange},
    wire::Wire,
};

/// A connection together with what every call on it needs.
pub(crate) struct Connected<A: App> {
    pub(crate) runtime: Arc<Runtime<A>>,
    pub(crate) connection: Arc<Connection>,
    pub(crate) sessions: LazySessions<A::Session>,
    /// The route of the channel, and its place in the table.
    pub(crate) route: &'static Route,
    pub(crate) number: usize,
    /// Who opened the connection, as far as limits go by it.
    pub(crate) caller: Caller,
    /// What the request of the upgrade said, as JSON.
    pub(crate) opening: Vec<u8>,
}

/// A call of whatever function, that comes to the frame of its answer.
type Called<'c> = Pin<&'c mut (dyn Future<Output = Result<Option<Vec<u8>>, Problem>> + Send + 'c)>;

/// When on a connection a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment<'m> {
    Opening,
    Message { action: Option<&'m str> },
    Closed,
}

impl<A: App> Connected<A> {
    /// Counts a call against limits, and finds out who is calling.
    async fn enter(&self, function: &Facts<A>, moment: Moment<'_>) -> Result<Wire<'_, A>, Problem> {
        // The upgrade was counted as a request, and the end is nobody's call.
        if let Moment::Message { action } = moment {
            self.count(function, action)?;
        }
        let session = self.sessions.look_up().await?;
        if function.auth && session.is_none() {
            return Err(self.sessions.nobody());
        }
        Ok(Wire {
            services: &self.runtime.services,
            sessions: &self.sessions,
            session,
            http: None,
            connection: Some(&self.connection),
            hub: &self.runtime.hub,
            permissions: if moment == Moment::Closed { &[] } else { &self.runtime.permissions[self.number] },
        })
    }

    /// Runs a call, and lets what it did with the session stand if it went well. If not, it is taken back by
    /// [`fail`](Self::fail), once there is nothing left of the call that could change it.
    ///
    /// All of it is within the deadline and the net for panics, since it is the application's types that read and write.
    async fn call(&self, function: &'static str, called: Called<'_>) -> Result<Option<Vec<u8>>, Problem> {
        let called = pin!(async {
            let frame = called.await?;
            if let Some((change, before)) = self.sessions.changed() {
                // That is rare, so the future of a message has no room for it.
                Box::pin(self.persist_session(change, before)).await?;
            }
            Ok(frame)
        });
        Guarded::new(called, self.runtime.config.timeout).await.into_result(|| function).flatten()
    }

    /// Takes back what a call that failed did with the session.
    fn fail(&self) {
        if self.sessions.roll_back() {
            self.end_session();
        }
    }

    /// Closes the connection for a session that was revoked. Those who revoked it found nobody here who was signed in by it.
    fn end_session(&self) {
        self.connection.outbound.close(4401, "the session has ended");
    }

    /// Lets what a function did with the session stand.
    ///
    /// What somebody was subscribed to is not for whoever comes after them. Whoever signs out ends a session in a store
    /// everywhere. Whoever is signed in anew as the same user is still within reach of those who revoke that session.
    async fn persist_session(&self, change: SessionChange, before: Option<Before<A::Session>>) -> Result<(), Problem> {
        let session = self.sessions.get();
        let are_one = |session: &A::Session, before: &Identity<A::Session>| {
            before.kept.as_ref().is_some_and(|kept| kept.sessions.are_of_one(session, before.session()))
        };
        let one =
            session.as_deref().zip(before.as_ref()).is_some_and(|(session, before)| are_one(session, &before.identity));
        let Some(before) = self.sessions.commit(one) else { return Ok(()) };
        let stays = session.as_ref().is_some_and(|session| is_same(&**session, before.identity.session()));
        if !stays {
            self.runtime.hub.leave(&self.connection);
        }
        if one && before.is_revoked() {
            self.end_session();
        }
        if change == SessionChange::Cleared
            && let Some(Kept { sessions, key }) = before.identity.kept
        {
            let revoked = sessions.revoke(&key).await;
            revoked.map_err(|error| Problem::internal().caused_by("a session store", error))?;
        }
        Ok(())
    }
}

/// Whether two sessions say the same; a token is renewed without a change of who is signed in.
fn is_same(one: &impl Session, other: &impl Session) -> bool {
    match (serde_json::to_value(one), serde_json::to_value(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// What became of a message: the frames that answer it.
#[derive(Debug, Default)]
pub struct Handled(pub(super) Option<Vec<u8>>);

impl Handled {
    /// It needs no answer.
    #[must_use]
    pub fn silently() -> Self {
        Self(None)
    }
}

/// A message that was taken apart; generated code picks its function.
pub struct Message<'m, A: App> {
    connected: &'m Connected<A>,
    content: Content<'m>,
    routing: &'static str,
    /// The keys that are none of the data: the routing key and the id.
    keys: [&'static str; 2],
}

impl<A: App> fmt::Debug for Message<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The data may hold credentials, so it stays out.
        f.debug_struct("Message").field("action", &self.action()).finish_non_exhaustive()
    }
}

enum Content<'m> {
    Text(TextMessage<'m>),
    Binary(&'m Bytes),
}

/// The action and the id of a message.
type Spoken<'s> = (Option<&'s str>, Option<&'s str>);

/// A message that is taken apart as far as need be.
struct TextMessage<'m> {
    text: &'m str,
    /// The value of the routing key, where the message begins with it. Then the rest is read with the data.
    peeked: Option<&'m str>,
    /// What the message says of itself, or why it is none.
    opened: OnceLock<Result<Envelope<'m>, Unreadable>>,
}

impl<'m> TextMessage<'m> {
    fn opened(&self, routing: &'static str) -> Result<&Envelope<'m>, &Unreadable> {
        self.opened.get_or_init(|| frame::open(self.text, routing)).as_ref()
    }
}

/// A message that owns what it was made from, until it is handled.
#[derive(Debug)]
pub(super) enum Received {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl<'m, A: App> Message<'m, A> {
    /// Takes a message apart.
    pub(super) fn open(connected: &'m Connected<A>, text: &'m str, routing: &'static str) -> Self {
        let peeked = frame::peek(text, routing);
        Self::new(connected, Content::Text(TextMessage { text, peeked, opened: OnceLock::new() }), routing)
    }

    pub(super) fn binary(connected: &'m Connected<A>, bytes: &'m Bytes, routing: &'static str) -> Self {
        Self::new(connected, Content::Binary(bytes), routing)
    }

    fn new(connected: &'m Connected<A>, content: Content<'m>, routing: &'static str) -> Self {
        Self { connected, content, routing, keys: [routing, ID] }
    }

    /// The value of the routing key, if the message has one.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        match &self.content {
            Content::Text(message) => message.peeked.or_else(|| message.opened(self.routing).ok()?.action.as_deref()),
            Content::Binary(_) => None,
        }
    }

    /// What the message says of itself, or why it is none.
    fn envelope(&self) -> Result<Spoken<'_>, &Unreadable> {
        match &self.content {
            Content::Text(message) => message.opened(self.routing).map(|opened| (opened.action.as_deref(), opened.id)),
            Content::Binary(_) => Ok((None, None)),
        }
    }

    /// Answers with `F`. With `keeps_id` the id is a part of the data too, since the input has a field of that name.
    pub async fn run<F: PikkuFunc<App = A>>(
        &self,
        shape: ReplyShape,
        keeps_id: bool,
        renamed: &'static [(&'static str, &'static str)],
    ) -> Handled {
        let answered = {
            let called = pin!(async {
                let moment = Moment::Message { action: self.action() };
                let wire = self.connected.enter(&Facts::of::<F>(), moment).await?;
                let (input, spoken) = self.input::<F>(keeps_id, renamed)?;
                let output = run::<F>(&wire, input).await?;
                self.reply(spoken, &output, shape)
            });
            self.connected.call(F::NAME, called).await
        };
        self.handled(answered, is_text::<F::Input>())
    }

    fn reply<T: Output>(
        &self,
        (action, id): Spoken<'_>,
        output: &T,
        shape: ReplyShape,
    ) -> Result<Option<Vec<u8>>, Problem> {
        // What has no action and asks for no answer gets one only if there is something to say.
        if is_unit::<T>() && action.is_none() && id.is_none() {
            return Ok(None);
        }
        frame::reply(self.routing, action, id, shape, &|json| serde_json::to_writer(json, &Shown(output)))
            .map(Some)
            .map_err(not_json)
    }

    fn handled(&self, answered: Result<Option<Vec<u8>>, Problem>, takes_text: bool) -> Handled {
        let problem = match answered {
            Ok(frame) => return Handled(frame),
            Err(problem) => problem,
        };
        self.connected.fail();
        let (action, id) = match self.envelope() {
            Ok(spoken) => spoken,
            // What a function takes as it came need not be a message at all.
            Err(_) if takes_text => (None, None),
            Err(why) => return self.refused(why),
        };
        Handled(Some(frame::failure(self.routing, action, id, &refuse_message(problem))))
    }

    /// Answers that there is no such action.
    #[must_use]
    pub fn unknown(&self) -> Handled {
        let (action, id) = match self.envelope() {
            Ok(envelope) => envelope,
            Err(why) => return self.refused(why),
        };
        let unknown = Problem::new(http::StatusCode::NOT_FOUND, "unknown_action");
        let problem = match (action, &self.content) {
            (Some(_), _) => unknown.with_detail("there is no such action on this channel"),
            (None, Content::Text(_)) => {
                unknown.with_detail(format!("a message says by its `{}` what it is", self.routing))
            }
            (None, Content::Binary(_)) => unknown.with_detail("this channel takes no binary messages"),
        };
        Handled(Some(frame::failure(self.routing, action, id, &problem)))
    }

    fn refused(&self, why: &Unreadable) -> Handled {
        Handled(Some(frame::failure(self.routing, None, None, &why.problem(self.routing))))
    }

    /// The input of `F`, and what the message says of itself.
    fn input<F: PikkuFunc>(
        &self,
        keeps_id: bool,
        renamed: &'static [(&'static str, &'static str)],
    ) -> Result<(F::Input, Spoken<'_>), Problem> {
        let message = match &self.content {
            Content::Text(message) if !is_text::<F::Input>() => message,
            as_it_came => {
                let _at_hand = AtHand::new(as_it_came);
                let input = checked::<F>(input::parse(b"null"), renamed)?;
                return Ok((input, self.envelope().unwrap_or_default()));
            }
        };
        let keys = self.keys(message, keeps_id, is_unit::<F::Input>())?;
        if let Some(nothing) = input::no_input() {
            return Ok((nothing, self.envelope().unwrap_or_default()));
        }
        match input::parse_message(message.text, keys) {
            Ok((input, id)) => Ok((checked::<F>(Ok(input), renamed)?, self.spoken(message, id))),
            Err(rejection) => {
                let rejection = message.opened(self.routing).err().map_or(rejection, |why| self.unreadable(why));
                Err(rejection.into())
            }
        }
    }

    /// What a message says of itself, whose data was read, and its id with it where it was not opened before.
    fn spoken<'s>(&'s self, message: &'s TextMessage<'m>, id: Option<&'s str>) -> Spoken<'s> {
        match message.opened.get() {
            Some(_) => self.envelope().unwrap_or_default(),
            None => (message.peeked, id),
        }
    }

    /// The keys of a message that are none of its data. Where the data `is_left_out` nothing else reads the message, so that
    /// it has to be opened here.
    fn keys(&self, message: &TextMessage<'m>, keeps_id: bool, is_left_out: bool) -> Result<&[&'static str], Rejection> {
        if message.peeked.is_some() && !keeps_id && !is_left_out {
            return Ok(&self.keys);
        }
        let opened = message.opened(self.routing).map_err(|why| self.unreadable(why))?;
        Ok(match (opened.action.is_some(), keeps_id) {
            (true, false) => &self.keys,
            (true, true) => &self.keys[..1],
            (false, false) => &self.keys[1..],
            (false, true) => &[],
        })
    }

    fn unreadable(&self, why: &Unreadable) -> Rejection {
        Rejection::Malformed(why.detail(self.routing))
    }
}

/// A connection that opens or has closed.
pub struct Opened<'o, A: App> {
    pub(super) connected: &'o Connected<A>,
    pub(super) routing: &'static str,
    pub(super) moment: Moment<'o>,
}

impl<A: App> fmt::Debug for Opened<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("channel", &self.connected.connection.id).finish_non_exhaustive()
    }
}

impl<A: App> Opened<'_, A> {
    /// Runs `F`. What it answers with is sent, if it is anything.
    pub async fn run<F: PikkuFunc<App = A>>(self, renamed: &'static [(&'static str, &'static str)]) -> Handled {
        let answered = {
            let called = pin!(async {
                let wire = self.connected.enter(&Facts::of::<F>(), self.moment).await?;
                let input = opening_input::<F>(&self.connected.opening, renamed)?;
                let output = run::<F>(&wire, input).await?;
                match is_unit::<F::Output>() {
                    true => Ok(None),
                    false => serde_json::to_vec(&Shown(&output)).map(Some).map_err(not_json),
                }
            });
            self.connected.call(F::NAME, called).await
        };
        self.handled(answered)
    }

    fn handled(&self, answered: Result<Option<Vec<u8>>, Problem>) -> Handled {
        match answered {
            Ok(frame) => Handled(frame),
            Err(problem) => {
                self.connected.fail();
                Handled(Some(frame::failure(self.routing, None, None, &refuse_message(problem))))
            }
        }
    }
}

/// Whether the path and the query of an upgrade are an input of `F`.
///
/// # Errors
/// What the client is told instead of an upgrade.
pub fn check_opening<F: PikkuFunc>(
    opening: &[u8],
    renamed: &'static [(&'static str, &'static str)],
) -> Result<(), Problem> {
    opening_input::<F>(opening, renamed).map(drop)
}

fn opening_input<F: PikkuFunc>(
    opening: &[u8],
    renamed: &'static [(&'static str, &'static str)],
) -> Result<F::Input, Problem> {
    let json = if is_unit::<F::Input>() { b"null" } else { opening };
    checked::<F>(input::parse(json), renamed)
}

fn checked<F: PikkuFunc>(
    parsed: Result<F::Input, Rejection>,
    renamed: &'static [(&'static str, &'static str)],
) -> Result<F::Input, Problem> {
    let input = parsed?;
    input::validate::<F>(&input, renamed)?;
    Ok(input)
}

fn not_json(error: serde_json::Error) -> Problem {
    Problem::internal().caused_by("an output", error)
}

/// An output as JSON, if it is of a kind that can be; codegen sees to it that no other is on a channel.
struct Shown<'o, T>(&'o T);

impl<T: Output> Serialize for Shown<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_output(serializer)
    }
}

/// The bytes of a binary message, as the input of an `on_binary` function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binary(pub Bytes);

/// A text message as it came, as the input of an `on_message` function.
///
/// Such a function gets every text that has no routing key, whether it is JSON or not: for clients that speak something
/// else. Generated clients speak JSON, and don't send such text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

/// Whether a function takes text as it came; known when the program is compiled.
fn is_text<T: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<Text>()
}

/// A message that is handed to its function as it came.
enum Raw {
    Text(String),
    Binary(Bytes),
}

thread_local! {
    /// The message that is being parsed on this thread, if it is handed over as it came.
    static RAW: RefCell<Option<Raw>> = const { RefCell::new(None) };
}

/// Has a message at hand for a type that takes it as it came. It is nobody else's, so it is gone when this is dropped, be it
/// by a panic in the types that parse.
#[must_use]
struct AtHand(());

impl AtHand {
    fn new(content: &Content<'_>) -> Self {
        RAW.set(Some(match content {
            Content::Text(message) => Raw::Text(message.text.to_owned()),
            Content::Binary(bytes) => Raw::Binary((*bytes).clone()),
        }));
        Self(())
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        RAW.set(None);
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        match RAW.take() {
            Some(Raw::Binary(bytes)) => Ok(Self(bytes)),
            _ => Err(D::Error::custom("expected a binary message")),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        match RAW.take() {
            Some(Raw::Text(text)) => Ok(Self(text)),
            _ => Err(D::Error::custom("expected a text message")),
        }
    }
}

impl JsonSchema for Binary {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Binary".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "binary" })
    }
}

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn x3_a_message_is_nobody_elses_after_a_panic() {
        let mine = Content::Text(TextMessage { text: "mine", peeked: None, opened: OnceLock::new() });
        let at_hand = AtHand::new(&mine);
        let parsed = serde_json::from_str::<Text>("null");
        drop(at_hand);
        assert_eq!(parsed.expect("it is text"), Text("mine".to_owned()));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _at_hand = AtHand::new(&mine);
            panic!("a bad type")
        }));
        assert!(panicked.is_err());
        assert!(serde_json::from_str::<Text>("null").is_err());
    }
}
