//! Random requests, read as the server reads them and by a plain reference beside it.
//!
//! The reference takes its time: it builds whole [`Value`] trees, one place of the request after the other, and knows
//! nothing of documents, ranges or borrowed keys. Where the two disagree, one of them is wrong.

mod shapes;

use std::{borrow::Cow, collections::BTreeMap, fmt::Debug};

use proptest::{collection::vec, prelude::*, sample::select};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use shapes::Word;

use super::{Document, Rejection, TextKind, Texts, decode_component, form_pairs, parse, parse_document, pointer};

/// Names of fields, some of which need an escape in JSON, in a URL or in a pointer.
const NAMES: [&str; 12] =
    ["a", "b", "n", "todoId", "a/b~c", "né", "ключ", "q\"uote", "back\\slash", "sp ace", "a&b=c%", "\u{1}"];

/// Texts that are almost a number, a boolean or nothing.
const TEXTS: [&str; 30] = [
    "",
    "0",
    "-0",
    "7",
    "-12",
    "1.5",
    "1e3",
    "1e999",
    " {\"a\": [1]}",
    "-2.5E-3",
    "007",
    "+1",
    ".5",
    "1.",
    "NaN",
    "0x10",
    "1_0",
    " 1",
    "1 ",
    "true",
    "false",
    "True",
    "null",
    "[1]",
    "{}",
    "\"x\"",
    "é\n",
    "a\\b",
    "\u{2028}",
    "18446744073709551616",
];

const KINDS: [TextKind; 9] = [
    TextKind::Text,
    TextKind::Number,
    TextKind::Boolean,
    TextKind::Scalar,
    TextKind::TextList,
    TextKind::NumberList,
    TextKind::BooleanList,
    TextKind::ScalarList,
    TextKind::Nested,
];

type Pairs = Vec<(String, String)>;

/// The parts of a request that an input is read from.
#[derive(Debug, Clone)]
struct Request {
    kinds: Vec<(&'static str, TextKind)>,
    path: Pairs,
    query: Pairs,
    form: Pairs,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    None,
    Object(Map<String, Value>),
    Other(Value),
}

fn name() -> impl Strategy<Value = String> {
    select(&NAMES[..]).prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => select(&TEXTS[..]).prop_map(str::to_owned), 1 => any::<i64>().prop_map(|n| n.to_string()), 1 => ".*"]
}

fn pairs(count: usize) -> impl Strategy<Value = Pairs> {
    vec((name(), text()), 0..count)
}

/// A number that decimal digits give exactly, since serde_json may be one digit off with others.
fn ratio() -> impl Strategy<Value = f64> {
    any::<i32>().prop_map(|n| f64::from(n) / 8.0)
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-20_i64..20).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ratio().prop_map(Value::from),
        text().prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name(), inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    vec((name(), value()), 0..5).prop_map(|members| members.into_iter().collect())
}

prop_compose! {
    fn request()(
        kinds in vec((select(&NAMES[..]), select(&KINDS[..])), 0..NAMES.len()),
        mut path in pairs(3),
        query in pairs(5),
        form in pairs(3),
        body in prop_oneof![
            2 => Just(Body::None),
            6 => object().prop_map(Body::Object),
            1 => value().prop_filter("that is an object", |value| !value.is_object()).prop_map(Body::Other),
        ],
        // Places that repeat each other are what goes wrong, and chance alone makes too few of them.
        repeat in any::<[bool; 4]>(),
    ) -> Request {
        path.sort();
        path.dedup_by(|one, other| one.0 == other.0);
        let (mut query, mut form, mut body) = (query, form, body);
        if repeat[0] && let Some(pair) = path.first() {
            query.push(pair.clone());
        }
        if repeat[1] && let Some(pair) = query.first() {
            form.push(pair.clone());
        }
        let mut request = Request { kinds, path, query, form, body: Body::None };
        if let (true, Body::Object(members)) = (repeat[2], &mut body)
            && let Ok(texts) = merged_texts(&request)
        {
            members.extend(texts.into_iter().take(2));
        }
        // A request has one body: a form, or JSON.
        if repeat[3] {
            request.form.clear();
            request.body = body;
        } else if request.form.is_empty() {
            request.body = body;
        }
        request
    }
}

/// The reference: what the texts of a request come to, or the key that contradicts itself.
fn merged_texts(request: &Request) -> Result<Map<String, Value>, String> {
    let places = [&request.path, &request.query, &request.form];
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in places.into_iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut merged = Map::new();
    for name in names {
        let said = places.map(|pairs| {
            pairs.iter().filter(|(known, _)| known == name).map(|(_, text)| text.as_str()).collect::<Vec<_>>()
        });
        let mut said = said.iter().enumerate().filter(|(_, texts)| !texts.is_empty());
        let Some((place, texts)) = said.next() else { continue };
        if said.any(|(_, other)| other != texts) {
            return Err(name.clone());
        }
        let kind = request.kinds.iter().find(|(known, _)| known == name).map_or(TextKind::Text, |(_, kind)| *kind);
        let says_nothing = matches!(kind, TextKind::Number | TextKind::Boolean) && place > 0 && *texts == [""];
        if !says_nothing {
            // Only a form has a way to write nested data.
            let kind = if kind == TextKind::Nested && place < 2 { TextKind::Text } else { kind };
            merged.insert(name.clone(), coerced(texts, kind));
        }
    }
    Ok(merged)
}

fn coerced(texts: &[&str], kind: TextKind) -> Value {
    let fits = |value: &Value| match kind {
        TextKind::Number | TextKind::NumberList => value.is_number(),
        TextKind::Boolean | TextKind::BooleanList => value.is_boolean(),
        TextKind::Scalar | TextKind::ScalarList => value.is_number() || value.is_boolean(),
        TextKind::Nested => value.is_object() || value.is_array(),
        _ => false,
    };
    let is_list =
        matches!(kind, TextKind::TextList | TextKind::NumberList | TextKind::BooleanList | TextKind::ScalarList);
    let of_text = |text: &&str| match serde_json::from_str::<Value>(text) {
        Ok(value) if fits(&value) && (kind == TextKind::Nested || text.trim() == *text) => value,
        _ => Value::from(*text),
    };
    let mut values: Vec<Value> = texts.iter().map(of_text).collect();
    if is_list || values.len() != 1 { Value::from(values) } else { values.remove(0) }
}

/// The reference: the whole input, or the key that contradicts itself; an empty one is the body as a whole.
fn merged(request: &Request) -> Result<Value, String> {
    let mut merged = merged_texts(request)?;
    match &request.body {
        Body::None => {}
        Body::Object(members) => {
            for (name, value) in members {
                match merged.get(name) {
                    Some(known) if known != value => return Err(name.clone()),
                    Some(_) => {}
                    None => {
                        merged.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        Body::Other(value) if merged.is_empty() => return Ok(value.clone()),
        Body::Other(_) => return Err(String::new()),
    }
    Ok(Value::Object(merged))
}

/// Reads a request as the server does, from the text of its URL on.
fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Rejection> {
    let segments: Vec<_> = request.path.iter().map(|(name, text)| (name, encoded(text, false))).collect();
    let (query, form) = (encoded_pairs(&request.query), encoded_pairs(&request.form));
    let body = match &request.body {
        Body::None => String::new(),
        Body::Object(members) => spaced(&Value::Object(members.clone())),
        Body::Other(value) => spaced(value),
    };
    let mut texts = Texts::default();
    for (name, segment) in &segments {
        texts.path(name, decode_component(segment).expect("it was encoded"));
    }
    for pair in form_pairs(&query) {
        let (name, text) = pair.expect("it was encoded");
        texts.query(name, text)?;
    }
    for pair in form_pairs(&form) {
        let (name, text) = pair.expect("it was encoded");
        texts.form(name, text)?;
    }
    parse_document(&Document::merge(texts, &request.kinds, body.as_bytes())?)
}

fn encoded_pairs(pairs: &Pairs) -> String {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, text)| format!("{}={}", encoded(name, true), encoded(text, true))).collect();
    pairs.join("&")
}

fn encoded(text: &str, plus: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => out.push(char::from(byte)),
            b' ' if plus => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// JSON with blanks around it, and with keys that are escaped where they need not be.
fn spaced(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).expect("it is JSON");
    format!(" {}\n", text.replace("\"a\":", "\"\\u0061\" :"))
}

/// Whether a rejection is one of the input, at `name`.
fn is_refused_at<T: Debug>(read: &Result<T, Rejection>, name: &str) -> bool {
    let mut at = String::new();
    if !name.is_empty() {
        pointer::push(&mut at, name);
    }
    matches!(read, Err(Rejection::Invalid(errors)) if errors.len() == 1 && errors[0].pointer == at)
}

/// A struct with a field for each name, of a type that each kind of text is for.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    a: Option<i64>,
    b: Option<bool>,
    n: Option<f64>,
    #[serde(rename = "todoId")]
    todo_id: Option<u32>,
    #[serde(rename = "a/b~c", default)]
    slashed: Vec<i16>,
    #[serde(rename = "né", default)]
    accented: Vec<String>,
    #[serde(rename = "ключ", default)]
    key: Option<Vec<bool>>,
    #[serde(rename = "q\"uote")]
    quoted: Option<Value>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Rest {
    #[serde(rename = "back\\slash", default = "fallback")]
    slash: String,
    #[serde(rename = "sp ace")]
    space: Option<char>,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

fn fallback() -> String {
    "fallback".to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn h3_a_request_is_merged_as_the_reference_merges_it(request in request()) {
        let read = read::<Value>(&request);
        match merged(&request) {
            Ok(expected) => prop_assert_eq!(read, Ok(expected)),
            Err(name) => prop_assert!(is_refused_at(&read, &name), "`{}` contradicts itself: {:?}", name, read),
        }
    }

    #[test]
    fn h3_a_struct_takes_what_the_reference_takes(request in request()) {
        let read = read::<Flat>(&request);
        match merged(&request) {
            Ok(expected @ Value::Object(_)) => match serde_json::from_value::<Flat>(expected) {
                Ok(expected) => prop_assert_eq!(read, Ok(expected)),
                Err(error) => prop_assert!(matches!(read, Err(Rejection::Invalid(_))), "{}: {:?}", error, read),
            },
            // Derived code would take an array too.
            Ok(_) => prop_assert!(matches!(read, Err(Rejection::Invalid(_))), "{:?}", read),
            // The type may refuse another field before the contradiction is met; either is an answer.
            Err(_) => prop_assert!(matches!(read, Err(Rejection::Invalid(_))), "{:?}", read),
        }
    }

    #[test]
    fn h4_whatever_bytes_arrive_are_answered(
        body in vec(any::<u8>(), 0..64),
        query in ".*",
        segment in ".*",
        kind in select(&KINDS[..]),
    ) {
        let kinds = &[("a", kind)];
        let read = |body: &[u8]| -> Result<(Value, Option<Flat>), Rejection> {
            let mut texts = Texts::default();
            if let Ok(text) = decode_component(&segment) {
                texts.path("a", text);
            }
            for pair in form_pairs(&query).filter_map(Result::ok) {
                texts.query(pair.0, pair.1)?;
            }
            let document = Document::merge(texts, kinds, body)?;
            Ok((parse_document(&document)?, parse_document(&document).ok()))
        };
        // That none of these panics is the test.
        let _ = (read(&body), parse::<Flat>(&body), parse::<Value>(&body));
        let _ = read(query.as_bytes());
    }

    #[test]
    fn h4_bytes_that_are_almost_json_are_answered(
        request in object(),
        at in any::<prop::sample::Index>(),
        byte in select(&b"\"{}[]:,\\0-e.ntf \x00\xff\xc3"[..]),
        cut in any::<bool>(),
    ) {
        let mut body = serde_json::to_vec(&request).expect("it is JSON");
        let at = at.index(body.len());
        if cut { body.truncate(at) } else { body[at] = byte }
        // A number that is too large is one all the same.
        let valid = serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
        let mut texts = Texts::default();
        texts.path("an id that no body has", Cow::Borrowed("7"));
        let merged = Document::merge(texts, &[], &body).and_then(|document| parse_document::<Value>(&document));
        for read in [parse::<Value>(&body), merged] {
            match read {
                Ok(_) => prop_assert!(valid || body.trim_ascii().is_empty(), "broken JSON was taken"),
                Err(Rejection::Malformed(_)) => {}
                Err(Rejection::Invalid(_)) => prop_assert!(valid, "broken JSON is no input that is wrong"),
            }
        }
    }
}

/// What serde_json calls a mistake of syntax is one of shape, where the JSON itself is sound.
#[test]
fn h4_a_wrong_shape_is_not_broken_json() {
    let refused_at = |read: Result<Value, Rejection>| match read {
        Err(Rejection::Invalid(errors)) => errors[0].pointer.clone(),
        other => panic!("{other:?}"),
    };
    for body in [r#"{"word": 5}"#, r#"{"word": null}"#, r#"{"word": []}"#] {
        assert_eq!(refused_at(parse::<BTreeMap<String, Word>>(body.as_bytes()).map(|_| Value::Null)), "/word");
    }
    let mut texts = Texts::default();
    texts.query("n".into(), "1e999".into()).expect("there is room");
    let document = Document::merge(texts, &[("n", TextKind::Number)], b"").expect("it merges");
    assert_eq!(refused_at(parse_document::<BTreeMap<String, f64>>(&document).map(|_| Value::Null)), "/n");
}
