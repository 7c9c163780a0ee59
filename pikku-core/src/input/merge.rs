//! Path, query, form and body, made into one JSON document.
//!
//! The texts of the path, the query and the form go first, each coerced as its field's schema asks, and the members of a
//! JSON body follow as they came. Without any text the body itself is the document, and nothing is copied.

use std::{borrow::Cow, ops::Range};

use super::{Rejection, TextKind, pointer};

/// A document to be parsed.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    /// The JSON.
    pub(super) json: Cow<'a, [u8]>,
    /// The members at its front that came as text.
    pub(super) texts: Vec<Member>,
    /// Where the body's own bytes begin in `json`, so that a position in it can be told.
    pub(super) body: &'a [u8],
    /// The keys of the document itself that are none of its data.
    pub(super) skipped: &'a [&'static str],
}

/// A member of the document that came as text.
#[derive(Debug)]
pub(super) struct Member {
    /// The key.
    pub(super) name: String,
    /// Where its value stands in the document.
    pub(super) value: Range<usize>,
    /// Where it came from, to say so.
    pub(super) place: Place,
}

/// The part of a request that a text came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Form,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Form => "form",
        }
    }
}

/// The texts of a request, as they are found.
#[derive(Debug, Default)]
pub(crate) struct Texts<'a> {
    fields: Vec<TextField<'a>>,
}

#[derive(Debug)]
struct TextField<'a> {
    name: Cow<'a, str>,
    values: Vec<Cow<'a, str>>,
    place: Place,
}

impl<'a> Texts<'a> {
    /// Adds the value of a path parameter, which was decoded.
    pub(crate) fn path(&mut self, name: &'a str, value: Cow<'a, str>) {
        self.fields.push(TextField { name: Cow::Borrowed(name), values: vec![value], place: Place::Path });
    }

    /// Adds one pair of the query.
    pub(crate) fn query(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<(), Rejection> {
        self.add(name, value, Place::Query)
    }

    /// Adds one field of a form.
    pub(crate) fn form(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<(), Rejection> {
        self.add(name, value, Place::Form)
    }

    fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>, place: Place) -> Result<(), Rejection> {
        match self.fields.iter_mut().find(|field| field.name == name) {
            None => self.fields.push(TextField { name, values: vec![value], place }),
            // The same key again in the same place is a list; in another place it has to say the same.
            Some(field) if field.place == place => field.values.push(value),
            Some(field) if field.values.iter().all(|known| *known == value) => {}
            Some(field) => return Err(conflict(&name, field.place, place.name())),
        }
        Ok(())
    }
}

/// A key that was given twice, with different values.
pub(super) fn conflict(name: &str, first: Place, second: &str) -> Rejection {
    let mut at = String::new();
    pointer::push(&mut at, name);
    let detail = format!("`{name}` is given in the {} and again, with another value, in the {second}", first.name());
    Rejection::field(at, detail)
}

impl<'a> Document<'a> {
    /// A document that is a body as it came.
    pub(crate) fn whole(json: &'a [u8]) -> Self {
        Self { json: Cow::Borrowed(json), texts: Vec::new(), body: json, skipped: &[] }
    }

    /// A document that has these keys beside its data.
    pub(crate) fn without(json: &'a [u8], skipped: &'a [&'static str]) -> Self {
        Self { skipped, ..Self::whole(json) }
    }

    /// The document as JSON.
    pub(crate) fn into_json(self) -> Vec<u8> {
        self.json.into_owned()
    }

    /// Puts the texts of a request before the members of its JSON body.
    ///
    /// `kinds` says what the text of a field becomes; a field that is not listed is a string.
    pub(crate) fn merge(texts: Texts<'_>, kinds: &[(&str, TextKind)], body: &'a [u8]) -> Result<Self, Rejection> {
        let mut json = Vec::new();
        if !texts.fields.is_empty() {
            json.reserve(body.len() + 32 * texts.fields.len() + 2);
        }
        let mut members = Vec::with_capacity(texts.fields.len());
        for field in texts.fields {
            let kind = kinds.iter().find(|(name, _)| *name == field.name).map_or(TextKind::Text, |(_, kind)| *kind);
            if is_left_out(&field, kind) {
                continue;
            }
            json.push(if members.is_empty() { b'{' } else { b',' });
            write_string(&mut json, &field.name);
            json.push(b':');
            let start = json.len();
            write_values(&mut json, &field.values, kind);
            members.push(Member { name: field.name.into_owned(), value: start..json.len(), place: field.place });
        }
        if members.is_empty() {
            return Ok(if is_blank(body) { Self::whole(b"{}") } else { Self::whole(body) });
        }
        append_members(&mut json, body)?;
        Ok(Self { json: Cow::Owned(json), texts: members, body, skipped: &[] })
    }
}

/// Whether a text says nothing: `?limit=`, as a form sends it for an empty field, where no text is a number.
fn is_left_out(field: &TextField<'_>, kind: TextKind) -> bool {
    let empty_says_nothing = matches!(kind, TextKind::Number | TextKind::Boolean);
    empty_says_nothing && field.place != Place::Path && matches!(field.values.as_slice(), [value] if value.is_empty())
}

/// Appends the members of the object `body`, and closes the object.
fn append_members(json: &mut Vec<u8>, body: &[u8]) -> Result<(), Rejection> {
    let body = body.trim_ascii();
    match body {
        [] => json.push(b'}'),
        [b'{', rest @ ..] => {
            if rest.trim_ascii_start().first() != Some(&b'}') {
                json.push(b',');
            }
            json.extend_from_slice(rest);
        }
        other => {
            // Only an object can be merged with; whether this is JSON at all decides which of the two errors it is.
            serde_json::from_slice::<serde::de::IgnoredAny>(other)
                .map_err(|error| Rejection::Malformed(format!("the body is not JSON: {error}")))?;
            return Err(Rejection::field(String::new(), "the body must be an object"));
        }
    }
    Ok(())
}

fn is_blank(body: &[u8]) -> bool {
    body.trim_ascii_start().is_empty()
}

fn write_values(json: &mut Vec<u8>, values: &[Cow<'_, str>], kind: TextKind) {
    let item = match kind {
        TextKind::TextList | TextKind::FileList => Some(TextKind::Text),
        TextKind::NumberList => Some(TextKind::Number),
        TextKind::BooleanList => Some(TextKind::Boolean),
        TextKind::ScalarList => Some(TextKind::Scalar),
        _ => None,
    };
    match (item, values) {
        (None, [value]) => write_text(json, value, kind),
        // A key that is repeated is a list, also where a single value is wanted: the type then says so.
        (item, values) => {
            json.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    json.push(b',');
                }
                write_text(json, value, item.unwrap_or(kind));
            }
            json.push(b']');
        }
    }
}

fn write_text(json: &mut Vec<u8>, text: &str, kind: TextKind) {
    let raw = match kind {
        TextKind::Number => is_number(text),
        TextKind::Boolean => is_boolean(text),
        TextKind::Scalar => is_number(text) || is_boolean(text),
        _ => false,
    };
    if raw {
        json.extend_from_slice(text.as_bytes());
    } else {
        write_string(json, text);
    }
}

fn write_string(json: &mut Vec<u8>, text: &str) {
    let plain = text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    if plain {
        json.push(b'"');
        json.extend_from_slice(text.as_bytes());
        json.push(b'"');
    } else {
        serde_json::to_writer(json, text).expect("a string is always JSON, and a vector takes it");
    }
}

fn is_boolean(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// Whether `text` is a number as JSON writes them.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&'static str, &'static str)], kinds: &[(&str, TextKind)], body: &str, expect: &str) {
        let mut texts = Texts::default();
        for (name, value) in pairs {
            texts.query((*name).into(), (*value).into()).expect("no conflict");
        }
        let document = Document::merge(texts, kinds, body.as_bytes()).expect("it merges");
        assert_eq!(String::from_utf8_lossy(&document.json), expect);
    }

    #[test]
    fn a_body_alone_stays_as_it_is() {
        check(&[], &[], r#" {"a": 1} "#, r#" {"a": 1} "#);
        check(&[], &[], "[1]", "[1]");
        check(&[], &[], " ", "{}");
    }

    #[test]
    fn texts_go_before_the_members_of_the_body() {
        check(&[("a", "x")], &[], "", r#"{"a":"x"}"#);
        check(&[("a", "x")], &[], " { } ", r#"{"a":"x" }"#);
        check(&[("a", "x"), ("b", "\"\n")], &[], r#"{"c": 1}"#, r#"{"a":"x","b":"\"\n","c": 1}"#);
    }

    #[test]
    fn texts_become_what_the_schema_asks_for() {
        let kinds = &[
            ("n", TextKind::Number),
            ("b", TextKind::Boolean),
            ("s", TextKind::Scalar),
            ("l", TextKind::NumberList),
            ("t", TextKind::TextList),
        ];
        check(&[("n", "-1.5e3"), ("b", "true"), ("s", "7")], kinds, "", r#"{"n":-1.5e3,"b":true,"s":7}"#);
        check(&[("n", "seven"), ("b", "1"), ("s", "x")], kinds, "", r#"{"n":"seven","b":"1","s":"x"}"#);
        check(&[("l", "1"), ("l", "2")], kinds, "", r#"{"l":[1,2]}"#);
        check(&[("t", "1")], kinds, "", r#"{"t":["1"]}"#);
        check(&[("n", "1"), ("n", "2")], kinds, "", r#"{"n":[1,2]}"#);
        check(&[("n", ""), ("b", ""), ("x", "")], kinds, r#"{"c":1}"#, r#"{"x":"","c":1}"#);
        check(&[("n", "")], kinds, r#"{"c":1}"#, r#"{"c":1}"#);
    }

    #[test]
    fn only_numbers_as_json_writes_them_are_numbers() {
        for text in ["0", "-0", "10", "1.5", "1e9", "2E-3", "-12.50e+10"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "-", "01", "+1", ".5", "1.", "1e", "0x1", "1_000", "NaN", "inf", " 1", "--1", "1e1.5"] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn a_key_in_two_places_has_to_say_the_same() {
        let mut texts = Texts::default();
        texts.path("id", "7".into());
        assert_eq!(texts.query("id".into(), "7".into()), Ok(()));
        let Err(Rejection::Invalid(errors)) = texts.query("id".into(), "8".into()) else {
            panic!("a path parameter was overridden");
        };
        assert_eq!(errors[0].pointer, "/id");
    }
}
