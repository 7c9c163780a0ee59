//! What holds for whatever text comes on a channel.

use std::fmt;

use http::StatusCode;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, json};

use super::{
    ReplyShape,
    frame::{ID, Unreadable, failure, open, peek, reply},
};
use crate::{error::Problem, input::parse_message};

/// Takes all of it for a message.
pub fn fuzz_frame(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let value = serde_json::from_str::<Value>(text);
    let opened = open(text, "action");
    // What is read in one go with the data is the same as what is read by itself.
    if let Some(action) = peek(text, "action")
        && let Ok((input, id)) = parse_message::<Value>(text, &["action", ID])
    {
        let envelope = opened.as_ref().unwrap_or_else(|why| panic!("{input} of what is no message: {why:?}"));
        assert_eq!((envelope.action.as_deref(), envelope.id), (Some(action), id), "{text}");
        assert!(input.get("action").is_none() && input.get(ID).is_none(), "{input}");
    }
    let envelope = match (opened, &value) {
        (Ok(envelope), _) => envelope,
        (Err(Unreadable::NotAnObject), Ok(value)) => return assert!(!value.is_object(), "{value}"),
        // A text that has half of a surrogate pair in it is JSON by its grammar, and no text.
        (Err(Unreadable::NotJson(error)), Ok(value)) => panic!("{value} is JSON: {error}"),
        (Err(Unreadable::BadAction), Ok(value)) => {
            // Where the key stands twice, the last of them may be a string after all.
            return assert!(!value["action"].is_string() || text.matches("action").count() > 1 || text.contains('\\'));
        }
        (Err(_), _) => return,
    };
    let id = envelope.id.map(serde_json::from_str::<Value>);
    let Keys(keys) = serde_json::from_str(text).expect("it was read as an object");
    for key in ["action", "id"] {
        assert!(keys.iter().filter(|known| *known == key).count() < 2, "`{key}` stands there twice: {text}");
    }
    if let Ok(value) = &value {
        assert_eq!(envelope.action.as_deref(), value.get("action").and_then(Value::as_str), "{value}");
        assert_eq!(id.as_ref().map(|id| id.as_ref().expect("an id is JSON")), value.get("id"), "{value}");
    }
    // Whatever a message calls itself, its answer is one object that says so.
    let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden");
    let mut frames = vec![failure("action", envelope.action.as_deref(), envelope.id, &problem)];
    if let Some(action) = &envelope.action {
        let written = |shape| {
            reply("action", Some(action), envelope.id, shape, &|json| serde_json::to_writer(json, &json!({ "n": 1 })))
        };
        let shapes = [ReplyShape::Merged, ReplyShape::Result, ReplyShape::Empty];
        frames.extend(shapes.into_iter().filter_map(|shape| written(shape).ok()));
    }
    for frame in frames {
        // It goes out as text without another look at it.
        let frame = String::from_utf8(frame).expect("it is text");
        match (serde_json::from_str::<Value>(&frame), &id) {
            (Ok(frame), id) => {
                assert_eq!(frame.get("action").and_then(Value::as_str), envelope.action.as_deref());
                assert_eq!(frame.get("id"), id.as_ref().and_then(|id| id.as_ref().ok()));
            }
            // An id that is deeper than a reader of JSON goes comes back as it is, and so does the number that no float holds.
            (Err(_), Some(Err(_))) => {}
            (Err(error), _) => panic!("{frame}: {error}"),
        }
    }
}

/// The keys of an object, each as often as it stands there.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeysVisitor;

        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Keys, M::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }

        deserializer.deserialize_map(KeysVisitor)
    }
}
