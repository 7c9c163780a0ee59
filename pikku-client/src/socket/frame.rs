//! Frames: what a message of the client's looks like, and what one of the server's is.
//!
//! Members stay the JSON text that they are, so that nothing is lost on the way, such as the digits of a large number.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::{RawValue, to_raw_value};

use crate::{error::EncodeError, problem::Problem};

/// The member that is the client's own name for a message.
const ID: &str = "id";

/// What comes back where there is nothing to say.
const NOTHING: &str = "null";

/// Which id a message has.
#[derive(Debug, Clone, Copy)]
pub(super) enum Id {
    /// One that its data has, if any.
    OfData,
    /// This one.
    Number(u64),
}

/// A message as text, and the id that its reply will have.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) id: String,
}

/// Writes a message: the routing key, the id and the members of the data in one object.
pub(super) fn write(routing: &str, action: &str, data: Option<&str>, id: Id) -> Result<Written, EncodeError> {
    let Members(members) = match data {
        Some(data) if data != NOTHING => serde_json::from_str(data).map_err(|_| EncodeError::NotAMessage)?,
        _ => Members(Vec::new()),
    };
    let mut text = String::from("{");
    push(&mut text, routing, &quoted(action)?)?;
    let mut own = String::new();
    if let Id::Number(number) = id {
        own = number.to_string();
        push(&mut text, ID, &own)?;
    }
    for (name, value) in members {
        match (name.as_str(), id) {
            (ID, Id::Number(_)) => continue,
            // The data can't pick another function.
            (name, _) if name == routing => continue,
            (ID, Id::OfData) => own = comparable(value),
            _ => {}
        }
        push(&mut text, &name, value.get())?;
    }
    text.push('}');
    Ok(Written { text, id: own })
}

fn push(object: &mut String, name: &str, value: &str) -> Result<(), EncodeError> {
    if object.len() > 1 {
        object.push(',');
    }
    object.push_str(&quoted(name)?);
    object.push(':');
    object.push_str(value);
    Ok(())
}

fn quoted(text: &str) -> Result<String, EncodeError> {
    serde_json::to_string(text).map_err(EncodeError::Json)
}

/// What a frame of the server's is.
#[derive(Debug)]
pub(super) enum Frame {
    /// A message has failed, or all of them.
    Failure { action: Option<String>, id: Option<String>, problem: Box<Problem> },
    /// A message was answered.
    Reply { action: Option<String>, id: Option<String>, output: Box<RawValue> },
    /// Something was published.
    Push { topic: String, data: Box<RawValue> },
    /// The channel says something by itself.
    Own(Box<RawValue>),
}

impl Frame {
    /// Reads a frame.
    pub(super) fn read(text: &str, routing: &str) -> serde_json::Result<Self> {
        if !text.trim_start().starts_with('{') {
            return Ok(Self::Own(RawValue::from_string(text.to_owned())?));
        }
        let Members(members) = serde_json::from_str(text)?;
        let find = |wanted: &str| {
            let member = members.iter().find(|(name, _)| name == wanted);
            member.map(|(_, value)| *value).filter(|value| value.get() != NOTHING)
        };
        let action = find(routing).map(|action| match serde_json::from_str(action.get()) {
            Ok(action) => action,
            Err(_) => action.get().to_owned(),
        });
        let id = find(ID).map(comparable);
        if let Some(problem) = find("error").and_then(problem) {
            return Ok(Self::Failure { action, id, problem });
        }
        if action.is_some() || id.is_some() {
            return Ok(Self::Reply { action, id, output: output(&members, routing)? });
        }
        let has_data = members.iter().find(|(name, _)| name == "data");
        if let (Some(topic), Some((_, data))) = (find("topic"), has_data)
            && let Ok(topic) = serde_json::from_str(topic.get())
        {
            return Ok(Self::Push { topic, data: (*data).to_owned() });
        }
        Ok(Self::Own(RawValue::from_string(text.to_owned())?))
    }
}

/// The failure that a member is, if it is one.
fn problem(value: &RawValue) -> Option<Box<Problem>> {
    let problem: Problem = serde_json::from_str(value.get()).ok()?;
    (problem.status != 0).then(|| Box::new(problem))
}

/// The output within a reply: what is under `result`, or else all that is beside the routing key and the id.
fn output(members: &[(String, &RawValue)], routing: &str) -> serde_json::Result<Box<RawValue>> {
    if let Some((_, result)) = members.iter().find(|(name, _)| name == "result") {
        return Ok((*result).to_owned());
    }
    let mut object = String::from("{");
    for (name, value) in members.iter().filter(|(name, _)| name != routing && name != ID) {
        if object.len() > 1 {
            object.push(',');
        }
        object.push_str(&serde_json::to_string(name)?);
        object.push(':');
        object.push_str(value.get());
    }
    if object.len() == 1 {
        return RawValue::from_string(NOTHING.to_owned());
    }
    object.push('}');
    RawValue::from_string(object)
}

/// An id as one text for each value: a number has the digits that it has, and a string may be escaped in more ways than
/// one.
fn comparable(id: &RawValue) -> String {
    let text = id.get();
    if text.starts_with(['"', '{', '[']) {
        let value = serde_json::from_str::<serde_json::Value>(text).and_then(|value| to_raw_value(&value));
        return value.map_or_else(|_| text.to_owned(), |value| value.get().to_owned());
    }
    text.to_owned()
}

/// The members of an object, in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_stays_as_it_was_written() {
        let data = r#"{"n": 340282366920938463463374607431768211455, "action": "x", "a\"b": [1.0], "id": 7}"#;
        let written = write("action", "pay", Some(data), Id::Number(3)).expect("it is an object");
        let expected = r#"{"action":"pay","id":3,"n":340282366920938463463374607431768211455,"a\"b":[1.0]}"#;
        assert_eq!((written.text.as_str(), written.id.as_str()), (expected, "3"));
        let written = write("kind", "pay", Some(r#"{"id":"\u00e9"}"#), Id::OfData).expect("it is an object");
        assert_eq!((written.text.as_str(), written.id.as_str()), (r#"{"kind":"pay","id":"\u00e9"}"#, r#""é""#));
        assert_eq!(write("action", "x", Some("null"), Id::OfData).expect("no data").text, r#"{"action":"x"}"#);
        for data in ["1", "[]", "\"x\""] {
            write("action", "x", Some(data), Id::OfData).expect_err("there is no place for the routing key");
        }
    }

    #[test]
    fn a_reply_keeps_its_digits_and_its_order() {
        let text = r#"{ "action": "a", "z": 18446744073709551616, "id": 1, "b": { "id": 1.10 } }"#;
        let Ok(Frame::Reply { output, .. }) = Frame::read(text, "action") else { panic!("it is a reply") };
        assert_eq!(output.get(), r#"{"z":18446744073709551616,"b":{ "id": 1.10 }}"#);
    }

    #[test]
    fn what_only_looks_like_a_failure_is_none() {
        for text in [r#"{"action":"a","error":"x"}"#, r#"{"action":"a","error":{"code":"x"}}"#] {
            assert!(matches!(Frame::read(text, "action"), Ok(Frame::Reply { .. })), "{text}");
        }
        assert!(matches!(Frame::read(r#"{"error":{"status":1},"topic":1}"#, "action"), Ok(Frame::Failure { .. })));
        assert!(matches!(Frame::read(r#"{"topic":1,"data":1}"#, "action"), Ok(Frame::Own(_))));
        Frame::read("nope", "action").expect_err("it is not JSON");
    }
}
