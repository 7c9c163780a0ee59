//! A deserializer around another one, stricter than serde by itself, that remembers where an error was met.
//!
//! - A struct is an object: derived code would take an array for it as well.
//! - A key stands once in an object: in a map too, where the type does not know the key, and in what it ignores.
//! - A number that is too large for its type is an error, and not infinity.
//! - A member that came as text can't be overridden by the body; it may be repeated there if it says the same.
//!
//! The path to an error is put together while the error travels up, so that a good input pays nothing for it.

mod access;

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
    ops::Range,
};

use serde::de::{
    self, DeserializeOwned, Deserializer, EnumAccess, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use self::access::{StrictEnum, StrictMap, StrictSeq};
use super::{
    Rejection,
    keys::SeenKeys,
    merge::{Document, Member},
    pointer,
    text::excerpt,
};

/// Parses a document.
pub(super) fn parse<T: DeserializeOwned>(document: &Document<'_>) -> Result<T, Rejection> {
    // Looked at once as a whole, it need not be looked at string by string.
    let Ok(text) = std::str::from_utf8(&document.json) else { return Err(not_text()) };
    parse_noting(document, text).map(|(value, _)| value)
}

/// Parses a document that is known to be this text, and says where the value of the last of the keys stands that are
/// passed over.
pub(super) fn parse_noting<T: DeserializeOwned>(
    document: &Document<'_>,
    text: &str,
) -> Result<(T, Option<Range<usize>>), Rejection> {
    let tracker = Tracker {
        path: RefCell::default(),
        fault: Cell::default(),
        ignored: Cell::new(false),
        texts: &document.texts,
        json: &document.json,
        skipped: document.skipped,
        passed: Cell::new(0),
        noted: Cell::default(),
    };
    let mut json = serde_json::Deserializer::from_str(text);
    let parsed = T::deserialize(Strict { inner: &mut json, tracker: &tracker, top: true });
    match parsed.and_then(|value| json.end().map(|()| value)) {
        Ok(value) => Ok((value, tracker.noted.take())),
        Err(error) => Err(tracker.rejection(&error, document.body)),
    }
}

/// Where the parser stands, and what it found that serde has no error for.
struct Tracker<'t> {
    /// The path to the error, innermost segment first.
    path: RefCell<Vec<Segment>>,
    fault: Cell<Option<Fault>>,
    /// Whether the value that was read last is one that the type ignores.
    ignored: Cell<bool>,
    texts: &'t [Member<'t>],
    json: &'t [u8],
    skipped: &'t [&'static str],
    /// Which of these were there, a bit for each.
    passed: Cell<u32>,
    /// Where the value of the last of them stands.
    noted: Cell<Option<Range<usize>>>,
}

enum Segment {
    Key(String),
    Index(usize),
}

enum Fault {
    DuplicateKey(String),
    Conflict(Rejection),
}

impl Tracker<'_> {
    #[cold]
    fn enter(&self, segment: Segment) {
        self.path.borrow_mut().push(segment);
    }

    #[cold]
    fn fail<E: de::Error>(&self, fault: Fault) -> E {
        self.fault.set(Some(fault));
        E::custom("refused")
    }

    /// Notes a key that is passed over, and says whether it is there for the first time.
    fn pass(&self, place: usize) -> bool {
        let (passed, bit) = (self.passed.get(), 1 << place);
        self.passed.set(passed | bit);
        passed & bit == 0
    }

    /// Notes where a value stands that is a part of the document.
    fn note(&self, value: &RawValue) {
        let start = value.get().as_ptr().addr() - self.json.as_ptr().addr();
        self.noted.set(Some(start..start + value.get().len()));
    }

    /// A key that stands twice in one object.
    #[cold]
    fn duplicate<E: de::Error>(&self, key: &str) -> E {
        self.fail(Fault::DuplicateKey(key.to_owned()))
    }

    #[cold]
    fn rejection(&self, error: &serde_json::Error, body: &[u8]) -> Rejection {
        match self.fault.take() {
            Some(Fault::Conflict(rejection)) => return rejection,
            Some(Fault::DuplicateKey(key)) => return stands_twice(&key),
            None => {}
        }
        // The document is not the body where text was merged in, so the position is looked up in the body itself. It also
        // comes first: of what is no JSON at all there is no saying what is wrong with its fields.
        let in_body = serde_json::from_slice::<IgnoredAny>(body).err().filter(|_| !body.trim_ascii().is_empty());
        let message = error.to_string();
        // The position is one in the merged document, which the caller has never seen; the pointer says it better.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let misshapen = misshapen(message);
        if let Some(error) = in_body.as_ref().or((!error.is_data() && misshapen.is_none()).then_some(error)) {
            return Rejection::Malformed(format!("the body is not JSON: {error}"));
        }
        let message = misshapen.unwrap_or(message);
        if let Some(key) = quoted(message, "duplicate field ") {
            return stands_twice(key);
        }
        let mut at = String::new();
        for segment in self.path.borrow().iter().rev() {
            match segment {
                Segment::Key(key) => pointer::push(&mut at, key),
                Segment::Index(index) => pointer::push_index(&mut at, *index),
            }
        }
        match quoted(message, "missing field ") {
            Some(key) => {
                pointer::push(&mut at, key);
                Rejection::field(at, "is missing")
            }
            None => Rejection::field(at, message),
        }
    }
}

#[cold]
fn not_text() -> Rejection {
    Rejection::Malformed("the body is not JSON: it is not UTF-8".to_owned())
}

fn stands_twice(key: &str) -> Rejection {
    Rejection::Malformed(format!("the key `{}` stands twice in one object", excerpt(key)))
}

/// What is wrong where the parser speaks of a mistake of syntax, and the JSON is sound.
fn misshapen(message: &str) -> Option<&'static str> {
    match message {
        "number out of range" => Some("the number is out of range"),
        "expected value" => Some("expected the name of a variant, or an object with that one key"),
        "trailing characters" => Some("expected fewer items"),
        _ => None,
    }
}

/// The name in backticks behind a prefix.
fn quoted<'m>(message: &'m str, prefix: &str) -> Option<&'m str> {
    message.strip_prefix(prefix)?.strip_prefix('`')?.strip_suffix('`')
}

struct Strict<'t, D> {
    inner: D,
    tracker: &'t Tracker<'t>,
    /// Whether this is still the document itself, and not something in it.
    top: bool,
}

impl<'t, D> Strict<'t, D> {
    fn visitor<V>(&self, visitor: V, shape: Shape) -> StrictVisitor<'t, V> {
        StrictVisitor { inner: visitor, tracker: self.tracker, top: self.top, shape }
    }
}

/// What the type asked for, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A struct: an object and no array; derived code finds its duplicate fields by itself, and ignores other keys.
    Struct,
    /// A map, or whatever there is: every duplicate key is looked for here.
    Other,
}

macro_rules! forward {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        }
    )*};
}

macro_rules! wrap {
    ($($method:ident($($arg:ident: $ty:ty),*) $shape:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self $(, $arg: $ty)*, visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.visitor(visitor, Shape::$shape);
            self.inner.$method($($arg,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier
    }

    wrap! {
        deserialize_any() Other
        deserialize_option() Other
        deserialize_newtype_struct(name: &'static str) Other
        deserialize_seq() Other
        deserialize_tuple(len: usize) Other
        deserialize_tuple_struct(name: &'static str, len: usize) Other
        deserialize_map() Other
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) Struct
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) Other
    }

    #[inline]
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_f32(SingleVisitor(visitor))
    }

    /// What the type does not look at is looked at here, since a key may stand twice in there too.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let unseen = StrictVisitor { inner: IgnoredAny, tracker: self.tracker, top: self.top, shape: Shape::Other };
        self.inner.deserialize_any(unseen)?;
        self.tracker.ignored.set(true);
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_unit_struct(name, visitor)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

struct StrictVisitor<'t, V> {
    inner: V,
    tracker: &'t Tracker<'t>,
    top: bool,
    shape: Shape,
}

macro_rules! forward_visit {
    ($($method:ident($ty:ty))*) => {$(
        #[inline]
        fn $method<E: de::Error>(self, value: $ty) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for StrictVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    forward_visit! {
        visit_bool(bool) visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128)
        visit_u8(u8) visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128) visit_f32(f32) visit_f64(f64)
        visit_char(char) visit_str(&str) visit_borrowed_str(&'de str) visit_string(String)
        visit_bytes(&[u8]) visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    #[inline]
    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    #[inline]
    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Strict { inner, tracker: self.tracker, top: self.top })
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Strict { inner, tracker: self.tracker, top: self.top })
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        if self.shape == Shape::Struct {
            return Err(A::Error::invalid_type(de::Unexpected::Seq, &self.inner));
        }
        self.inner.visit_seq(StrictSeq { inner, tracker: self.tracker, index: 0 })
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let texts = if self.top { self.tracker.texts.len() } else { 0 };
        let skipped = if self.top { self.tracker.skipped } else { &[] };
        self.inner.visit_map(StrictMap {
            inner,
            tracker: self.tracker,
            texts,
            skipped,
            read: 0,
            key: Cow::Borrowed(""),
            is_struct: self.shape == Shape::Struct,
            seen: SeenKeys::default(),
            repeated: None,
        })
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(StrictEnum { inner, tracker: self.tracker })
    }
}

/// The visitor of a number with single precision. Derived code makes infinity of one that is too large.
struct SingleVisitor<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for SingleVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    #[inline]
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<V::Value, E> {
        self.0.visit_i64(value)
    }

    #[inline]
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<V::Value, E> {
        self.0.visit_u64(value)
    }

    #[inline]
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<V::Value, E> {
        // What is a little above the largest is rounded to it, and the largest itself is written so in decimal digits.
        if (value as f32).is_infinite() {
            return Err(E::invalid_value(de::Unexpected::Float(value), &self.0));
        }
        self.0.visit_f64(value)
    }
}

#[cfg(test)]
mod tests;
