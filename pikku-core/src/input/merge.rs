//! Path, query, form and body, made into one JSON document.
//!
//! The texts of the path, the query and the form go first, each coerced as its field's schema asks, and the members of a
//! JSON body follow as they came. Without any text the body itself is the document, and nothing is copied.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use smallvec::{SmallVec, smallvec};

use super::{
    Rejection, TextKind,
    coerce::{write_string, write_values},
    pointer,
    text::excerpt,
};

/// How many are found by looking at each in turn, before an index is worth its making.
const FEW: usize = 16;

/// How many different texts a request may have: more than any function has fields.
const MOST: usize = 1000;

/// A document to be parsed.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    /// The JSON.
    pub(super) json: Cow<'a, [u8]>,
    /// The members at its front that came as text, as [`find`] wants them.
    pub(super) texts: SmallVec<[Member<'a>; 1]>,
    /// Where the body's own bytes begin in `json`, so that a position in it can be told.
    pub(super) body: &'a [u8],
    /// The keys of the document itself that are none of its data.
    pub(super) skipped: &'a [&'static str],
}

/// A member of the document that came as text.
#[derive(Debug)]
pub(super) struct Member<'a> {
    /// The key.
    pub(super) name: Cow<'a, str>,
    /// Where its value stands in the document.
    pub(super) value: Range<usize>,
    /// Where it came from, to say so.
    pub(super) place: Place,
}

/// The member of this name. Where there are many, they stand in the order of their names.
#[inline]
pub(super) fn find<'m, 'a>(members: &'m [Member<'a>], name: &str) -> Option<&'m Member<'a>> {
    if members.len() <= FEW {
        return members.iter().find(|member| member.name == name);
    }
    let at = members.binary_search_by(|member| member.name.as_ref().cmp(name)).ok()?;
    members.get(at)
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
    fields: SmallVec<[TextField<'a>; 2]>,
    /// Where each field stands, once there are more than a few.
    index: HashMap<Cow<'a, str>, usize>,
}

/// What a field is given, nearly always once.
type Values<'a> = SmallVec<[Cow<'a, str>; 1]>;

#[derive(Debug)]
struct TextField<'a> {
    name: Cow<'a, str>,
    values: Values<'a>,
    place: Place,
    /// What other places say of the same field.
    again: Vec<(Place, Values<'a>)>,
}

impl<'a> Texts<'a> {
    /// Adds the value of a path parameter, which was decoded.
    pub(crate) fn path(&mut self, name: &'a str, value: Cow<'a, str>) {
        self.push(Cow::Borrowed(name), value, Place::Path);
    }

    /// Adds one pair of the query.
    ///
    /// # Errors
    /// When there are too many of them.
    pub(crate) fn query(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<(), Rejection> {
        self.add(name, value, Place::Query)
    }

    /// Adds one field of a form.
    ///
    /// # Errors
    /// When there are too many of them.
    pub(crate) fn form(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) -> Result<(), Rejection> {
        self.add(name, value, Place::Form)
    }

    fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>, place: Place) -> Result<(), Rejection> {
        let Some(field) = self.position(&name).and_then(|at| self.fields.get_mut(at)) else {
            if self.fields.len() >= MOST {
                return Err(Rejection::Malformed(format!("the request has more than {MOST} fields")));
            }
            self.push(name, value, place);
            return Ok(());
        };
        // The same key again in the same place is a list; another place has to say the same, which shows at the end.
        if field.place == place {
            field.values.push(value);
        } else if let Some((_, values)) = field.again.iter_mut().find(|(known, _)| *known == place) {
            values.push(value);
        } else {
            field.again.push((place, smallvec![value]));
        }
        Ok(())
    }

    fn position(&self, name: &str) -> Option<usize> {
        if self.fields.len() <= FEW {
            return self.fields.iter().position(|field| field.name == name);
        }
        self.index.get(name).copied()
    }

    fn push(&mut self, name: Cow<'a, str>, value: Cow<'a, str>, place: Place) {
        self.fields.push(TextField { name, values: smallvec![value], place, again: Vec::new() });
        if self.fields.len() > FEW {
            let first_without = self.index.len();
            let late = self.fields.iter().enumerate().skip(first_without);
            self.index.extend(late.map(|(at, field)| (field.name.clone(), at)));
        }
    }
}

impl TextField<'_> {
    /// That every place says the same.
    fn check(&self) -> Result<(), Rejection> {
        match self.again.iter().find(|(_, values)| *values != self.values) {
            Some((place, _)) => Err(conflict(&self.name, self.place, place.name())),
            None => Ok(()),
        }
    }
}

/// A key that was given twice, with different values.
pub(super) fn conflict(name: &str, first: Place, second: &str) -> Rejection {
    let mut at = String::new();
    pointer::push(&mut at, name);
    let name = excerpt(name);
    let detail = format!("`{name}` is given in the {} and again, with another value, in the {second}", first.name());
    Rejection::field(at, detail)
}

impl<'a> Document<'a> {
    /// A document that is a body as it came.
    pub(crate) fn whole(json: &'a [u8]) -> Self {
        Self { json: Cow::Borrowed(json), texts: SmallVec::new(), body: json, skipped: &[] }
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
    ///
    /// # Errors
    /// When two places say different things of one field, or when there is nothing to merge with in the body.
    pub(crate) fn merge(texts: Texts<'a>, kinds: &[(&str, TextKind)], body: &'a [u8]) -> Result<Self, Rejection> {
        let mut front = Front::new(texts.fields.len(), body);
        for field in texts.fields {
            field.check()?;
            let kind = kind_of(&field.name, kinds);
            if is_left_out(&field, kind) {
                continue;
            }
            // Nested data is written as JSON in a form; a query has no way to write it.
            let kind = if field.place == Place::Form { kind } else { kind.unnested() };
            front.push(field.name, &field.values, kind, field.place);
        }
        front.before(body)
    }
}

/// The front of a document: what came as text.
///
/// [`Document::merge`] is for all that a request may say. Where the path is all that there is of text, nothing is said twice,
/// and it can be written straight away.
pub(crate) struct Front<'a> {
    json: Vec<u8>,
    members: SmallVec<[Member<'a>; 1]>,
}

impl<'a> Front<'a> {
    /// A front with room for so many members, and the body.
    pub(crate) fn new(members: usize, body: &[u8]) -> Self {
        let room = if members == 0 { 0 } else { body.len() + 32 * members + 2 };
        Self { json: Vec::with_capacity(room), members: SmallVec::new() }
    }

    /// Writes a parameter of the path.
    pub(crate) fn path(&mut self, name: &'a str, value: Cow<'_, str>, kinds: &[(&str, TextKind)]) {
        self.push(Cow::Borrowed(name), &[value], kind_of(name, kinds).unnested(), Place::Path);
    }

    fn push(&mut self, name: Cow<'a, str>, values: &[Cow<'_, str>], kind: TextKind, place: Place) {
        let json = &mut self.json;
        json.push(if self.members.is_empty() { b'{' } else { b',' });
        write_string(json, &name);
        json.push(b':');
        let start = json.len();
        write_values(json, values, kind);
        self.members.push(Member { name, value: start..json.len(), place });
    }

    /// The document with the members of a JSON body behind it.
    ///
    /// # Errors
    /// When the body has nothing to merge with.
    pub(crate) fn before(self, body: &'a [u8]) -> Result<Document<'a>, Rejection> {
        let Self { mut json, mut members } = self;
        if members.is_empty() {
            return Ok(Document::whole(if is_blank(body) { b"{}" } else { body }));
        }
        if members.len() > FEW {
            members.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        }
        append_members(&mut json, body)?;
        Ok(Document { json: Cow::Owned(json), texts: members, body, skipped: &[] })
    }
}

/// What the text of a field becomes.
fn kind_of(name: &str, kinds: &[(&str, TextKind)]) -> TextKind {
    kinds.iter().find(|(known, _)| *known == name).map_or(TextKind::Text, |(_, kind)| *kind)
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

    fn merge(texts: Texts<'_>) -> Result<String, Rejection> {
        Document::merge(texts, &[], b"").map(|document| String::from_utf8_lossy(&document.json).into_owned())
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
    fn a_key_in_two_places_has_to_say_the_same() {
        let mut texts = Texts::default();
        texts.path("id", "7".into());
        assert_eq!(texts.query("id".into(), "7".into()), Ok(()));
        assert_eq!(merge(texts), Ok(r#"{"id":"7"}"#.into()));
        let mut texts = Texts::default();
        texts.path("id", "7".into());
        assert_eq!(texts.query("id".into(), "8".into()), Ok(()));
        let Err(Rejection::Invalid(errors)) = merge(texts) else { panic!("a path parameter was overridden") };
        assert_eq!(errors[0].pointer, "/id");
    }

    #[test]
    fn a_list_in_two_places_is_compared_as_a_whole() {
        let both = |query: &[&'static str], form: &[&'static str]| {
            let mut texts = Texts::default();
            for value in query {
                texts.query("tags".into(), (*value).into()).expect("there is room");
            }
            for value in form {
                texts.form("tags".into(), (*value).into()).expect("there is room");
            }
            merge(texts)
        };
        assert_eq!(both(&["a", "b"], &["a", "b"]), Ok(r#"{"tags":["a","b"]}"#.into()));
        for (query, form) in [(["a", "b"], &["b", "a"][..]), (["a", "b"], &["a"]), (["a", "a"], &["a"])] {
            assert!(both(&query, form).is_err(), "{query:?} is {form:?}");
        }
    }

    #[test]
    fn nested_data_is_json_in_a_form_and_nowhere_else() {
        let kinds = &[("meta", TextKind::Nested)];
        for (text, expect) in [
            (r#" {"a": [1]}"#, r#"{"meta": {"a": [1]}}"#),
            ("[1]", r#"{"meta":[1]}"#),
            ("[1", r#"{"meta":"[1"}"#),
            (r#"{"a": 1}, "b": {}"#, r#"{"meta":"{\"a\": 1}, \"b\": {}"}"#),
            ("7", r#"{"meta":"7"}"#),
            ("", r#"{"meta":""}"#),
        ] {
            let mut texts = Texts::default();
            texts.form("meta".into(), text.into()).expect("there is room");
            let document = Document::merge(texts, kinds, b"").expect("it merges");
            assert_eq!(String::from_utf8_lossy(&document.json), expect);
        }
        check(&[("meta", "[1]")], kinds, "", r#"{"meta":"[1]"}"#);
    }

    #[test]
    fn there_may_be_many_fields_and_not_any_number() {
        let mut texts = Texts::default();
        let pair = |number: usize| (Cow::Owned(format!("f{number}")), Cow::Owned(number.to_string()));
        for number in (0..MOST).chain(0..MOST) {
            let (name, value) = pair(number);
            assert_eq!(texts.query(name, value), Ok(()));
        }
        let (name, value) = pair(MOST);
        assert!(matches!(texts.query(name, value), Err(Rejection::Malformed(_))));
        let document = Document::merge(texts, &[], b"").expect("it merges");
        assert_eq!(document.texts.len(), MOST);
        for number in 0..MOST {
            let member = find(&document.texts, &format!("f{number}")).expect("it is there");
            assert_eq!(document.json[member.value.clone()], *format!(r#"["{number}","{number}"]"#).as_bytes());
        }
        assert!(find(&document.texts, "f").is_none());
    }

    #[test]
    fn a_few_fields_need_no_index() {
        let mut texts = Texts::default();
        for number in 0..FEW {
            texts.query(format!("f{number}").into(), "".into()).expect("there is room");
        }
        assert_eq!(texts.index.capacity(), 0);
    }
}
