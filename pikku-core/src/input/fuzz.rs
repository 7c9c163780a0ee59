//! What holds for whatever path, query and body.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{Document, TextKind, Texts, decode_component, form_pairs, parse_document};

const KINDS: &[(&str, TextKind)] = &[
    ("n", TextKind::Number),
    ("b", TextKind::Boolean),
    ("s", TextKind::Scalar),
    ("ts", TextKind::TextList),
    ("ns", TextKind::NumberList),
    ("bs", TextKind::BooleanList),
    ("ss", TextKind::ScalarList),
    ("o", TextKind::Nested),
];

/// Takes the first line for a path parameter `id`, the second for a query, the third for a form, and the rest for a body.
pub fn fuzz_merge(data: &[u8]) {
    let mut parts = data.splitn(4, |byte| *byte == b'\n').map(|part| std::str::from_utf8(part).unwrap_or_default());
    let mut next = || parts.next().unwrap_or_default();
    let (id, query, form) = (next(), next(), next());
    let body = data.splitn(4, |byte| *byte == b'\n').nth(3).unwrap_or_default();
    let Ok(id) = decode_component(id) else { return };
    let mut texts = Texts::default();
    texts.path("id", id.clone());
    for (name, value) in form_pairs(query).flatten() {
        if texts.query(name, value).is_err() {
            return;
        }
    }
    for (name, value) in form_pairs(form).flatten() {
        if texts.form(name, value).is_err() {
            return;
        }
    }
    let Ok(document) = Document::merge(texts, KINDS, body) else { return };
    let Ok(Value::Object(input)) = parse_document::<Value>(&document) else { return };
    assert_eq!(input.get("id").and_then(Value::as_str), Some(&*id), "the path was overridden: {input:?}");
    let is_another = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| name == "id" && *value != id;
    let other = form_pairs(query).chain(form_pairs(form)).flatten().find(is_another);
    assert_eq!(other, None, "the path was not all that was said");
    let json = document.into_json();
    let again: Map<String, Value> = serde_json::from_slice(&json).expect("what was parsed is JSON");
    assert_eq!(input, again);
    if let Ok(body) = serde_json::from_slice::<Map<String, Value>>(body) {
        let is_there = |(name, value): (&String, &Value)| input.get(name) == Some(value);
        assert!(body.iter().all(is_there), "{input:?} of {body:?}");
    }
}
