//! A deserializer around another one, stricter than serde by itself, that remembers where an error was met.
//!
//! - A struct is an object: derived code would take an array for it as well.
//! - A key stands once in an object, in a map too.
//! - A member that came as text can't be overridden by the body; it may be repeated there if it says the same.
//!
//! The path to an error is put together while the error travels up, so that a good input pays nothing for it.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    collections::HashSet,
    fmt,
};

use serde::{
    Deserialize,
    de::{
        self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess,
        SeqAccess, VariantAccess, Visitor,
    },
};

use super::{
    Rejection,
    merge::{Document, Member, conflict},
    pointer,
};

/// Parses a document.
pub(super) fn parse<T: DeserializeOwned>(document: &Document<'_>) -> Result<T, Rejection> {
    let tracker = Tracker {
        path: RefCell::default(),
        fault: Cell::default(),
        texts: &document.texts,
        json: &document.json,
        skipped: document.skipped,
    };
    let mut json = serde_json::Deserializer::from_slice(&document.json);
    let parsed = T::deserialize(Strict { inner: &mut json, tracker: &tracker, top: true });
    match parsed.and_then(|value| json.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(error) => Err(tracker.rejection(&error, document.body)),
    }
}

/// Where the parser stands, and what it found that serde has no error for.
struct Tracker<'t> {
    /// The path to the error, innermost segment first.
    path: RefCell<Vec<Segment>>,
    fault: Cell<Option<Fault>>,
    texts: &'t [Member],
    json: &'t [u8],
    skipped: &'t [&'static str],
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

    #[cold]
    fn rejection(&self, error: &serde_json::Error, body: &[u8]) -> Rejection {
        match self.fault.take() {
            Some(Fault::Conflict(rejection)) => return rejection,
            Some(Fault::DuplicateKey(key)) => {
                return Rejection::Malformed(format!("the key `{key}` stands twice in one object"));
            }
            None => {}
        }
        // The document is not the body where text was merged in, so the position is looked up in the body itself. It also
        // comes first: of what is no JSON at all there is no saying what is wrong with its fields.
        let in_body = serde_json::from_slice::<de::IgnoredAny>(body).err().filter(|_| !body.trim_ascii().is_empty());
        if let Some(error) = in_body.as_ref().or((!error.is_data()).then_some(error)) {
            return Rejection::Malformed(format!("the body is not JSON: {error}"));
        }
        let message = error.to_string();
        // The position is one in the merged document, which the caller has never seen; the pointer says it better.
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        if let Some(key) = quoted(message, "duplicate field ") {
            return Rejection::Malformed(format!("the key `{key}` stands twice in one object"));
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
    /// A struct: an object and no array; derived code finds its duplicate fields by itself.
    Struct,
    /// A map, or whatever there is: duplicate keys are looked for here.
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
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier deserialize_ignored_any
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
        let seen = (self.shape == Shape::Other).then(SeenKeys::default);
        self.inner.visit_map(StrictMap {
            inner,
            tracker: self.tracker,
            texts,
            skipped,
            read: 0,
            key: Cow::Borrowed(""),
            seen,
        })
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(StrictEnum { inner, tracker: self.tracker })
    }
}

struct StrictSeq<'t, A> {
    inner: A,
    tracker: &'t Tracker<'t>,
    index: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for StrictSeq<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let item = self.inner.next_element_seed(StrictSeed { inner: seed, tracker: self.tracker });
        match item {
            Ok(_) => self.index += 1,
            Err(_) => self.tracker.enter(Segment::Index(self.index)),
        }
        item
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

struct StrictMap<'de, 't, A> {
    inner: A,
    tracker: &'t Tracker<'t>,
    /// How many members at the front came as text.
    texts: usize,
    /// The keys that are passed over.
    skipped: &'t [&'static str],
    /// How many keys were read.
    read: usize,
    /// The key that was read last.
    key: Cow<'de, str>,
    /// The keys so far, where nobody else looks for duplicates.
    seen: Option<SeenKeys<'de>>,
}

impl<'de, A: MapAccess<'de>> StrictMap<'de, '_, A> {
    /// Reads the next key that is to be handed on.
    fn advance(&mut self) -> Result<bool, A::Error> {
        loop {
            let Some(Key(key)) = self.inner.next_key()? else { return Ok(false) };
            self.read += 1;
            if self.skipped.contains(&&*key) {
                self.inner.next_value::<de::IgnoredAny>()?;
                continue;
            }
            if self.read > self.texts
                && let Some(text) = self.tracker.texts[..self.texts].iter().find(|text| text.name == key)
            {
                self.repeated(text)?;
                continue;
            }
            if let Some(seen) = &mut self.seen
                && !seen.insert(key.clone())
            {
                return Err(self.tracker.fail(Fault::DuplicateKey(key.into_owned())));
            }
            self.key = key;
            return Ok(true);
        }
    }

    /// A member of the body that came as text too: it has to say the same, and is then passed over.
    #[cold]
    fn repeated(&mut self, text: &Member) -> Result<(), A::Error> {
        let in_body: serde_json::Value = self.inner.next_value()?;
        let as_text = serde_json::from_slice::<serde_json::Value>(&self.tracker.json[text.value.clone()]);
        if as_text.is_ok_and(|value| value == in_body) {
            return Ok(());
        }
        Err(self.tracker.fail(Fault::Conflict(conflict(&text.name, text.place, "body"))))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for StrictMap<'de, '_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if !self.advance()? {
            return Ok(None);
        }
        let key = match &self.key {
            Cow::Borrowed(key) => seed.deserialize(KeyDeserializer(de::value::BorrowedStrDeserializer::new(key))),
            Cow::Owned(key) => seed.deserialize(KeyDeserializer(key.as_str().into_deserializer())),
        };
        key.map(Some).inspect_err(|_| self.tracker.enter(Segment::Key(self.key.to_string())))
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let value = self.inner.next_value_seed(StrictSeed { inner: seed, tracker: self.tracker });
        if value.is_err() {
            self.tracker.enter(Segment::Key(self.key.to_string()));
        }
        value
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// The keys of one object: a list while they are few, and a set once a list would take long to search.
#[derive(Default)]
struct SeenKeys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> SeenKeys<'de> {
    const FEW: usize = 16;

    /// Whether the key is new.
    fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if self.few.contains(&key) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
            return true;
        }
        self.many.insert(key)
    }
}

/// A key as it stands in the document, borrowed unless it has escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            #[inline]
            fn visit_borrowed_str<E: de::Error>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

/// A key on its way to the type: text, which a map with other keys may want as a number or a boolean.
struct KeyDeserializer<D>(D);

macro_rules! parse_key {
    ($($method:ident $visit:ident $ty:ty)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            let text = String::deserialize(self.0)?;
            match text.parse::<$ty>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(D::Error::invalid_value(de::Unexpected::Str(&text), &visitor)),
            }
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for KeyDeserializer<D> {
    type Error = D::Error;

    parse_key! {
        deserialize_bool visit_bool bool
        deserialize_i8 visit_i8 i8 deserialize_i16 visit_i16 i16 deserialize_i32 visit_i32 i32
        deserialize_i64 visit_i64 i64 deserialize_i128 visit_i128 i128
        deserialize_u8 visit_u8 u8 deserialize_u16 visit_u16 u16 deserialize_u32 visit_u32 u32
        deserialize_u64 visit_u64 u64 deserialize_u128 visit_u128 u128
        deserialize_f32 visit_f32 f32 deserialize_f64 visit_f64 f64
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_identifier(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct ignored_any
    }
}

struct StrictSeed<'t, S> {
    inner: S,
    tracker: &'t Tracker<'t>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for StrictSeed<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Strict { inner, tracker: self.tracker, top: false })
    }
}

struct StrictEnum<'t, A> {
    inner: A,
    tracker: &'t Tracker<'t>,
}

impl<'de, 't, A: EnumAccess<'de>> EnumAccess<'de> for StrictEnum<'t, A> {
    type Error = A::Error;
    type Variant = StrictVariant<'t, A::Variant>;

    #[inline]
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        let tracker = self.tracker;
        self.inner.variant_seed(seed).map(|(name, inner)| (name, StrictVariant { inner, tracker }))
    }
}

struct StrictVariant<'t, A> {
    inner: A,
    tracker: &'t Tracker<'t>,
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for StrictVariant<'_, A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.newtype_variant_seed(StrictSeed { inner: seed, tracker: self.tracker })
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = StrictVisitor { inner: visitor, tracker: self.tracker, top: false, shape: Shape::Other };
        self.inner.tuple_variant(len, visitor)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = StrictVisitor { inner: visitor, tracker: self.tracker, top: false, shape: Shape::Struct };
        self.inner.struct_variant(fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use serde::Deserialize;

    use super::super::{Rejection, TextKind, merge::*, parse, parse_document};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Todo {
        todo_id: u32,
        title: String,
        #[serde(default)]
        tags: Vec<Tag>,
        #[serde(default)]
        counts: BTreeMap<u8, u32>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Tag {
        name: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Paged {
        #[serde(flatten)]
        page: Page,
        #[serde(flatten)]
        rest: HashMap<String, serde_json::Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Page {
        limit: u32,
    }

    fn refuse<T: serde::de::DeserializeOwned + std::fmt::Debug>(json: &str) -> (String, String) {
        match parse::<T>(json.as_bytes()) {
            Err(Rejection::Invalid(errors)) => (errors[0].pointer.clone(), errors[0].detail.clone()),
            Err(Rejection::Malformed(detail)) => ("malformed".to_owned(), detail),
            Ok(value) => panic!("{json} was taken for {value:?}"),
        }
    }

    #[test]
    fn h4_good_input_is_read() {
        let todo: Todo = parse(br#"{"todoId": 1, "title": "a\nb", "tags": [{"name": "x"}], "counts": {"7": 1}}"#)
            .expect("it is good");
        assert_eq!((todo.todo_id, todo.title.as_str(), todo.tags[0].name.as_str()), (1, "a\nb", "x"));
        assert_eq!(todo.counts[&7], 1);
    }

    #[test]
    fn h4_an_error_says_where() {
        assert_eq!(refuse::<Todo>(r#"{"todoId": 1, "title": 2}"#).0, "/title");
        assert_eq!(
            refuse::<Todo>(r#"{"todoId": 1, "title": "", "tags": [{"name": "x"}, {"name": 1}]}"#).0,
            "/tags/1/name"
        );
        assert_eq!(
            refuse::<Todo>(r#"{"todoId": 1, "title": "", "tags": [{}]}"#),
            ("/tags/0/name".into(), "is missing".into())
        );
        assert_eq!(refuse::<Todo>(r#"{"todoId": 1, "title": "", "counts": {"x": 1}}"#).0, "/counts/x");
        assert_eq!(refuse::<Todo>(r#"{"title": ""}"#).0, "/todoId");
    }

    #[test]
    fn z4_an_array_is_no_object() {
        assert_eq!(refuse::<Todo>(r#"[1, "x", [], {}]"#).0, "");
        assert_eq!(refuse::<Todo>(r#"{"todoId": 1, "title": "", "tags": [["x"]]}"#).0, "/tags/0");
    }

    #[test]
    fn z4_duplicate_keys_are_malformed() {
        for json in [
            r#"{"todoId": 1, "title": "a", "title": "b"}"#,
            r#"{"todoId": 1, "title": "a", "counts": {"1": 1, "1": 2}}"#,
            r#"{"todoId": 1, "title": "a", "tags": [{"name": "a", "name": "b"}]}"#,
        ] {
            assert_eq!(refuse::<Todo>(json).0, "malformed", "{json}");
        }
        assert_eq!(refuse::<Paged>(r#"{"limit": 1, "x": 1, "x": 2}"#).0, "malformed");
        assert_eq!(refuse::<serde_json::Value>(r#"{"a": {"x": 1, "x": 2}}"#).0, "malformed");
    }

    #[test]
    fn z4_what_is_not_json_is_malformed() {
        let deep = "[".repeat(100_000);
        for json in ["", "{", r#"{"todoId": 1,}"#, "nope", r#"{"todoId": 1, "title": ""} x"#, "\u{0}", &deep] {
            assert_eq!(refuse::<Todo>(json).0, "malformed", "{json:.40}");
        }
        assert_eq!(refuse::<serde_json::Value>(&deep).0, "malformed");
    }

    fn merged(body: &str) -> Result<Todo, Rejection> {
        let mut texts = Texts::default();
        texts.path("todoId", "7".into());
        let kinds = &[("todoId", TextKind::Number)];
        parse_document(&Document::merge(texts, kinds, body.as_bytes())?)
    }

    #[test]
    fn h3_text_and_body_are_one_input() {
        assert_eq!(merged(r#"{"title": "x"}"#).expect("it is good").todo_id, 7);
        assert_eq!(merged(r#"{"title": "x", "todoId": 7}"#).expect("it says the same").todo_id, 7);
    }

    #[test]
    fn h3_a_body_never_overrides_the_path() {
        for body in [
            r#"{"title": "x", "todoId": 8}"#,
            r#"{"todoId": "7", "title": "x"}"#,
            r#"{"todo\u0049d": 8, "title": "x"}"#,
        ] {
            let Err(Rejection::Invalid(errors)) = merged(body) else { panic!("{body} was taken") };
            assert_eq!(errors[0].pointer, "/todoId");
            assert!(errors[0].detail.contains("path") && errors[0].detail.contains("body"), "{}", errors[0].detail);
        }
    }

    #[test]
    fn h3_text_reaches_flattened_fields() {
        let mut texts = Texts::default();
        texts.query("limit".into(), "5".into()).expect("no conflict");
        let document = Document::merge(texts, &[("limit", TextKind::Number)], b"").expect("it merges");
        assert_eq!(parse_document::<Paged>(&document).expect("it is good").page.limit, 5);
    }

    #[test]
    fn a_syntax_error_is_told_by_its_place_in_the_body() {
        let Err(Rejection::Malformed(detail)) = merged("{\"title\": \n oops}") else { panic!("it was taken") };
        assert!(detail.contains("line 2"), "{detail}");
    }
}
