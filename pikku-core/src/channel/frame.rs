//! What goes over the wire: messages taken apart, and replies put together.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use crate::{error::Problem, input::write_string};

/// What a message says of itself, beside its data.
#[derive(Debug, Default)]
pub(super) struct Envelope<'m> {
    /// The value of the routing key, if there is one.
    pub(super) action: Option<Cow<'m, str>>,
    /// What the client calls this message, as it wrote it.
    pub(super) id: Option<&'m str>,
}

/// Why a message can't be taken apart.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is no JSON.
    NotJson(String),
    /// It is JSON, and no object.
    NotAnObject,
    /// Its routing key is no string.
    BadAction,
    /// One of the keys is there twice.
    Twice(&'static str),
}

impl Unreadable {
    pub(super) fn problem(&self, routing: &str) -> Problem {
        Problem::bad_request(self.detail(routing))
    }

    pub(super) fn detail(&self, routing: &str) -> String {
        match self {
            Self::NotJson(error) => format!("the message is not JSON: {error}"),
            Self::NotAnObject => "a message is an object".to_owned(),
            Self::BadAction => format!("`{routing}` has to be a string"),
            Self::Twice(key) => format!("the key `{key}` stands twice in the message"),
        }
    }
}

/// The value of the routing key, where the message begins with it, as those of our own clients do.
///
/// Whether the rest of the message is sound is not known yet.
pub(super) fn peek<'m>(text: &'m str, routing: &str) -> Option<&'m str> {
    let rest = text.strip_prefix("{\"")?.strip_prefix(routing)?.strip_prefix("\":\"")?;
    let end = rest.bytes().position(|byte| byte == b'"' || byte == b'\\' || byte < b' ')?;
    rest[end..].starts_with('"').then(|| &rest[..end])
}

/// Reads what a message says of itself. Its data is passed over, and read once it is known whose it is.
pub(super) fn open<'m>(text: &'m str, routing: &'static str) -> Result<Envelope<'m>, Unreadable> {
    let mut json = serde_json::Deserializer::from_str(text);
    let opened = de::Deserializer::deserialize_any(&mut json, EnvelopeVisitor { routing });
    match opened.and_then(|opened| json.end().map(|()| opened)) {
        Ok(opened) => opened,
        Err(error) => Err(match serde_json::from_str::<IgnoredAny>(text) {
            Err(error) => Unreadable::NotJson(error.to_string()),
            Ok(_) if text.trim_start().starts_with('{') => Unreadable::NotJson(error.to_string()),
            Ok(_) => Unreadable::NotAnObject,
        }),
    }
}

struct EnvelopeVisitor {
    routing: &'static str,
}

impl<'m> Visitor<'m> for EnvelopeVisitor {
    type Value = Result<Envelope<'m>, Unreadable>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'m>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut envelope = Envelope::default();
        let mut fault = None;
        while let Some(key) = map.next_key::<Text<'m>>()? {
            if key.0 == self.routing {
                if envelope.action.is_some() {
                    fault = Some(Unreadable::Twice(self.routing));
                }
                match map.next_value::<MaybeText<'m>>()?.0 {
                    Some(action) => envelope.action = Some(action),
                    None => fault = Some(Unreadable::BadAction),
                }
            } else if key.0 == ID {
                let id: &RawValue = map.next_value()?;
                if envelope.id.replace(id.get()).is_some() {
                    fault = Some(Unreadable::Twice(ID));
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(fault.map_or(Ok(envelope), Err))
    }
}

/// The key by which a client tells its messages apart.
pub(super) const ID: &str = "id";

/// Text that is borrowed unless it has escapes.
struct Text<'m>(Cow<'m, str>);

impl<'m> Deserialize<'m> for Text<'m> {
    fn deserialize<D: de::Deserializer<'m>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'m> Visitor<'m> for TextVisitor {
            type Value = Text<'m>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'m str) -> Result<Text<'m>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'m>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// Text, or nothing where there is some other value.
struct MaybeText<'m>(Option<Cow<'m, str>>);

impl<'m> Deserialize<'m> for MaybeText<'m> {
    fn deserialize<D: de::Deserializer<'m>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyVisitor;

        macro_rules! no_text {
            ($($method:ident($($ty:ty)?))*) => {$(
                fn $method<E: de::Error>(self $(, _: $ty)?) -> Result<MaybeText<'m>, E> {
                    Ok(MaybeText(None))
                }
            )*};
        }

        impl<'m> Visitor<'m> for AnyVisitor {
            type Value = MaybeText<'m>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'m str) -> Result<MaybeText<'m>, E> {
                Ok(MaybeText(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<MaybeText<'m>, E> {
                Ok(MaybeText(Some(Cow::Owned(text.to_owned()))))
            }

            no_text! { visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_unit() }

            fn visit_seq<A: de::SeqAccess<'m>>(self, seq: A) -> Result<MaybeText<'m>, A::Error> {
                IgnoredAny.visit_seq(seq).map(|_| MaybeText(None))
            }

            fn visit_map<A: MapAccess<'m>>(self, map: A) -> Result<MaybeText<'m>, A::Error> {
                IgnoredAny.visit_map(map).map(|_| MaybeText(None))
            }
        }

        deserializer.deserialize_any(AnyVisitor)
    }
}

/// How the output of a function becomes a reply; codegen knows it from the output's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyShape {
    /// An object, whose members go beside the routing key and the id.
    Merged,
    /// Anything else, or an object with members of those names: it goes under `result`.
    Result,
    /// Nothing: the reply is the routing key and the id.
    Empty,
}

/// The beginning of every answer: the routing key and the id.
fn head(routing: &str, action: Option<&str>, id: Option<&str>) -> Vec<u8> {
    let mut json = Vec::with_capacity(128);
    json.push(b'{');
    if let Some(action) = action {
        write_string(&mut json, routing);
        json.push(b':');
        write_string(&mut json, action);
        json.push(b',');
    }
    if let Some(id) = id {
        json.extend_from_slice(b"\"id\":");
        json.extend_from_slice(id.as_bytes());
        json.push(b',');
    }
    json
}

/// The reply to a message, with the output that `write` adds. Where there is neither action nor id it is the output alone.
pub(super) fn reply(
    routing: &str,
    action: Option<&str>,
    id: Option<&str>,
    shape: ReplyShape,
    write: &dyn Fn(&mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<Vec<u8>> {
    if action.is_none() && id.is_none() {
        let mut json = Vec::with_capacity(128);
        write(&mut json)?;
        return Ok(json);
    }
    let mut json = head(routing, action, id);
    match shape {
        ReplyShape::Empty => close(&mut json),
        ReplyShape::Result => {
            json.extend_from_slice(b"\"result\":");
            write(&mut json)?;
            json.push(b'}');
        }
        ReplyShape::Merged => {
            // The comma that the head ends with takes the place of the brace that the object begins with.
            json.pop();
            let start = json.len();
            write(&mut json)?;
            if json[start..] == *b"{}" {
                json.truncate(start);
                json.push(b'}');
            } else {
                json[start] = b',';
            }
        }
    }
    Ok(json)
}

/// The frame that tells of a failure.
pub(super) fn failure(routing: &str, action: Option<&str>, id: Option<&str>, problem: &Problem) -> Vec<u8> {
    let mut json = head(routing, action, id);
    json.extend_from_slice(b"\"error\":");
    if let Err(error) = serde_json::to_writer(&mut json, problem) {
        tracing::error!(%error, "a problem could not be written");
        json.extend_from_slice(b"{\"status\":500,\"code\":\"internal_error\"}");
    }
    json.push(b'}');
    json
}

/// Closes an object, whose last member may have left a comma behind.
fn close(json: &mut Vec<u8>) {
    if json.last() == Some(&b',') {
        json.pop();
    }
    json.push(b'}');
}

/// A message of text. It is not looked at once more, as one of `Message::Text` would be: what serde_json writes is UTF-8.
pub(super) fn text(json: Vec<u8>) -> Message {
    Message::Frame(Frame::message(json, OpCode::Data(Data::Text), true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // Seen to fail with keys with escapes passed over.
    #[test]
    fn c3_the_routing_key_and_the_id_are_found_wherever_they_are() {
        let envelope =
            open(r#"{"topic":{"action":"x"},"id":[1, 2],"a\u0063tion":"s\u0075b"}"#, "action").expect("it opens");
        assert_eq!(envelope.action.as_deref(), Some("sub"));
        assert_eq!(envelope.id, Some("[1, 2]"));
    }

    // Seen to fail with escapes taken for what they stand for.
    #[test]
    fn c3_a_routing_key_that_comes_first_is_found_at_once() {
        let check = |text: &str, expect: Option<&str>| assert_eq!(peek(text, "action"), expect, "{text}");
        check(r#"{"action":"sub","id":1}"#, Some("sub"));
        check(r#"{"action":"""#, Some(""));
        check(r#"{"action":"é"}"#, Some("é"));
        check(r#"{"action":"a\u0062"}"#, None);
        check("{\"action\":\"a\nb\"}", None);
        for text in
            ["", "{", r#"{"action""#, r#"{"action":1}"#, r#"{"actions":"a"}"#, r#"{ "action":"a"}"#, r#"{"action":"a"#]
        {
            check(text, None);
        }
    }

    // Seen to fail with whatever is no object called no JSON.
    #[test]
    fn c5_what_is_no_message_is_told_apart() {
        assert!(matches!(open("nope", "action"), Err(Unreadable::NotJson(_))));
        assert!(matches!(open("{\"a\":}", "action"), Err(Unreadable::NotJson(_))));
        assert!(matches!(open("{} {}", "action"), Err(Unreadable::NotJson(_))));
        assert!(matches!(open("[1]", "action"), Err(Unreadable::NotAnObject)));
        assert!(matches!(open("\"action\"", "action"), Err(Unreadable::NotAnObject)));
        for action in ["1", "-1", "1.5", "null", "true", "[\"a\"]", "{\"a\":\"a\"}"] {
            let message = format!(r#"{{"action":{action},"id":1}}"#);
            assert!(matches!(open(&message, "action"), Err(Unreadable::BadAction)), "{message}");
        }
        assert!(matches!(open(r#"{"action":"a","action":"b"}"#, "action"), Err(Unreadable::Twice("action"))));
    }

    // Seen to fail with a comma left behind the head of an empty object.
    #[test]
    fn c3_replies_carry_the_routing_key_and_the_id_back() {
        use ReplyShape::{Empty, Merged, Result};

        let check = |action, id, shape, output: serde_json::Value, expect: &str| {
            let reply = reply("action", action, id, shape, &|json| serde_json::to_writer(json, &output));
            assert_eq!(reply.expect("it is JSON"), expect.as_bytes());
        };
        check(Some("a"), Some("\"7\""), Merged, json!({ "x": 1 }), r#"{"action":"a","id":"7","x":1}"#);
        check(Some("a"), Some("\"7\""), Merged, json!({}), r#"{"action":"a","id":"7"}"#);
        check(Some("a"), Some("\"7\""), Result, json!([1]), r#"{"action":"a","id":"7","result":[1]}"#);
        check(Some("a"), Some("\"7\""), Empty, json!(null), r#"{"action":"a","id":"7"}"#);
        check(Some("a"), None, Merged, json!({}), r#"{"action":"a"}"#);
        check(Some("\"\n"), None, Empty, json!(null), r#"{"action":"\"\n"}"#);
        check(None, Some("7"), Merged, json!({ "x": 1 }), r#"{"id":7,"x":1}"#);
        check(None, None, Merged, json!([1]), "[1]");
    }
}
