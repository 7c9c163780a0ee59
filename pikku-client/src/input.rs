//! From an input struct to the parts of a request.
//!
//! The input is written as JSON once. Where all of it is the body, those bytes are sent; otherwise its top-level fields
//! are picked out of it by their names on the wire, still as the JSON text that they are, so that nothing is lost on
//! the way, such as the digits of a large number.

use std::collections::BTreeMap;

use bytes::Bytes;
use reqwest::{Method, Url};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    base_url::{self, BaseUrl},
    error::EncodeError,
    upload::Upload,
};

/// Where the fields of an input go.
#[derive(Debug, Clone)]
pub(crate) struct Shape<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    /// Fields in the query though requests of this method have a body.
    pub(crate) query: &'a [&'a str],
    /// Fields in the body though requests of this method usually have none.
    pub(crate) body: &'a [&'a str],
    /// Fields that a form has as JSON.
    pub(crate) nested: &'a [&'a str],
}

/// An input on its way.
#[derive(Debug, Default)]
pub(crate) struct Input {
    json: Option<String>,
    files: Vec<(String, Upload)>,
}

/// An input, taken apart.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) url: Url,
    pub(crate) body: Body,
}

#[derive(Debug, Clone)]
pub(crate) enum Body {
    Empty,
    Json(Bytes),
    Multipart { texts: Vec<(String, String)>, files: Vec<(String, Upload)> },
}

type Fields = BTreeMap<String, Box<RawValue>>;

impl Input {
    pub(crate) fn set(&mut self, input: &(impl Serialize + ?Sized)) -> Result<(), EncodeError> {
        self.json = Some(serde_json::to_string(input).map_err(EncodeError::Json)?);
        Ok(())
    }

    pub(crate) fn add_file(&mut self, name: &str, file: Upload) {
        self.files.push((name.to_owned(), file));
    }

    /// Takes the input apart as the route wants it.
    pub(crate) fn into_parts(self, base: &BaseUrl, shape: &Shape<'_>, multipart: bool) -> Result<Parts, EncodeError> {
        let has_body = !matches!(shape.method, Method::GET | Method::HEAD | Method::DELETE);
        let is_body_alone = has_body && !multipart && shape.query.is_empty() && !shape.path.contains('{');
        if is_body_alone {
            let body = self.json.map_or(Body::Empty, |json| Body::Json(json.into()));
            return Ok(Parts { url: base.route(shape.path, |name| Err(missing(name)), &[])?, body });
        }

        let mut fields: Fields = match &self.json {
            Some(json) => serde_json::from_str(json).map_err(|_| EncodeError::NotAnObject)?,
            None => Fields::new(),
        };
        let mut path = take(&mut fields, |name| base_url::parameters(shape.path).any(|parameter| parameter == name));
        let body =
            take(&mut fields, |name| if has_body { !shape.query.contains(&name) } else { shape.body.contains(&name) });

        let query = texts(&fields, &[])?;
        let value = |name: &str| {
            let raw = path.remove(name).ok_or_else(|| missing(name))?;
            text(name, &raw)?.ok_or_else(|| missing(name))
        };
        let url = base.route(shape.path, value, &query)?;
        let body = if multipart {
            Body::Multipart { texts: texts(&body, shape.nested)?, files: self.files }
        } else if self.json.is_some() && (has_body || !body.is_empty()) {
            Body::Json(serde_json::to_vec(&body).map_err(EncodeError::Json)?.into())
        } else {
            Body::Empty
        };
        Ok(Parts { url, body })
    }
}

#[cfg(feature = "socket")]
impl Input {
    /// The address of a channel, which is opened with what the path and the query say.
    pub(crate) fn channel_url(&self, base: &BaseUrl, route: &str) -> Result<Url, EncodeError> {
        let mut fields: Fields = match &self.json {
            Some(json) => serde_json::from_str(json).map_err(|_| EncodeError::NotAnObject)?,
            None => Fields::new(),
        };
        let mut path = take(&mut fields, |name| base_url::parameters(route).any(|parameter| parameter == name));
        let value = |name: &str| {
            let raw = path.remove(name).ok_or_else(|| missing(name))?;
            text(name, &raw)?.ok_or_else(|| missing(name))
        };
        base.channel(route, value, &texts(&fields, &[])?)
    }
}

/// Moves the fields that are wanted out of a map.
fn take(fields: &mut Fields, wanted: impl Fn(&str) -> bool) -> Fields {
    let (taken, left) = std::mem::take(fields).into_iter().partition(|(name, _)| wanted(name));
    *fields = left;
    taken
}

/// Fields as the pairs of a query or a form: `null` is left out, and a list repeats the key unless it is nested data.
fn texts(fields: &Fields, nested: &[&str]) -> Result<Vec<(String, String)>, EncodeError> {
    let mut pairs = Vec::new();
    for (name, raw) in fields {
        if nested.contains(&name.as_str()) && raw.get().starts_with(['{', '[']) {
            pairs.push((name.clone(), raw.get().to_owned()));
        } else if raw.get().starts_with('[') {
            for item in Vec::<Box<RawValue>>::deserialize(&**raw).map_err(EncodeError::Json)? {
                let item = text(name, &item)?.ok_or_else(|| EncodeError::Nested { field: name.clone() })?;
                pairs.push((name.clone(), item));
            }
        } else if let Some(value) = text(name, raw)? {
            pairs.push((name.clone(), value));
        }
    }
    Ok(pairs)
}

/// A scalar as text, without the quotes of a string; `None` if it is `null`.
fn text(name: &str, raw: &RawValue) -> Result<Option<String>, EncodeError> {
    match raw.get().as_bytes().first() {
        Some(b'"') => Ok(Some(String::deserialize(raw).map_err(EncodeError::Json)?)),
        Some(b'n') => Ok(None),
        Some(b'{' | b'[') => Err(EncodeError::Nested { field: name.to_owned() }),
        _ => Ok(Some(raw.get().to_owned())),
    }
}

fn missing(name: &str) -> EncodeError {
    EncodeError::Path { field: name.to_owned(), fault: "is not given" }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parts(method: Method, path: &str, query: &[&str], body: &[&str], input: &Value) -> Result<String, String> {
        let base = BaseUrl::parse("http://h").map_err(|error| error.to_string())?;
        let mut whole = Input::default();
        whole.set(input).map_err(|error| error.to_string())?;
        let parts = whole.into_parts(&base, &Shape { method, path, query, body, nested: &[] }, false);
        let parts = parts.map_err(|error| error.to_string())?;
        let body = match parts.body {
            Body::Json(bytes) => format!(" {}", String::from_utf8_lossy(&bytes)),
            Body::Empty | Body::Multipart { .. } => String::new(),
        };
        Ok(format!("{}{body}", parts.url))
    }

    #[test]
    fn fields_travel_where_the_route_wants_them() {
        let input = json!({"id": "a/b", "n": 1.5, "tags": ["x", "y z"], "none": null});
        assert_eq!(
            parts(Method::GET, "/t/{id}", &[], &[], &input).as_deref(),
            Ok("http://h/t/a%2Fb?n=1.5&tags=x&tags=y%20z")
        );
        assert_eq!(
            parts(Method::PATCH, "/t/{id}", &["n"], &[], &input).as_deref(),
            Ok(r#"http://h/t/a%2Fb?n=1.5 {"none":null,"tags":["x","y z"]}"#)
        );
        assert_eq!(
            parts(Method::DELETE, "/t/{id}", &[], &["tags"], &input).as_deref(),
            Ok(r#"http://h/t/a%2Fb?n=1.5 {"tags":["x","y z"]}"#)
        );
        assert_eq!(parts(Method::POST, "/t", &[], &[], &json!([1, 2])).as_deref(), Ok("http://h/t [1,2]"));
        assert_eq!(parts(Method::PUT, "/t/{id}", &[], &[], &json!({"id": 7})).as_deref(), Ok("http://h/t/7 {}"));
    }

    #[test]
    fn what_cannot_travel_is_refused_by_name() {
        let fault = |path, input| parts(Method::GET, path, &[], &[], &input).expect_err("it must be refused");
        assert!(fault("/t", json!({"where": {"a": 1}})).contains("`where`"));
        assert!(fault("/t", json!({"list": [1, null]})).contains("`list`"));
        assert!(fault("/t/{id}", json!({"id": null})).contains("`id` stands in the path and is not given"));
        assert!(fault("/t/{id}", json!({})).contains("`id`"));
        assert!(fault("/t/{id}", json!("text")).contains("JSON object"));
    }

    #[test]
    fn nested_data_is_json_in_a_form() {
        let base = BaseUrl::parse("http://h").expect("it is an address");
        let form = |nested: &[&str]| {
            let mut input = Input::default();
            input.set(&json!({"list": [], "meta": {"a": [1]}, "none": null, "tags": ["x", "y"]})).expect("it is JSON");
            let shape = Shape { method: Method::POST, path: "/t", query: &[], body: &[], nested };
            match input.into_parts(&base, &shape, true)?.body {
                Body::Multipart { texts, .. } => Ok(texts),
                other => panic!("{other:?}"),
            }
        };
        let expected = [("list", "[]"), ("meta", r#"{"a":[1]}"#), ("tags", "x"), ("tags", "y")];
        let texts = form(&["meta", "list", "none"]).expect("it can travel");
        assert_eq!(texts, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
        assert!(matches!(form(&["list"]), Err(EncodeError::Nested { field }) if field == "meta"));
    }

    #[test]
    fn large_numbers_keep_their_digits() {
        let base = BaseUrl::parse("http://h").expect("it is an address");
        let mut input = Input::default();
        input.set(&BTreeMap::from([("n", u128::MAX)])).expect("it is JSON");
        let shape = Shape { method: Method::GET, path: "/t", query: &[], body: &[], nested: &[] };
        let parts = input.into_parts(&base, &shape, false).expect("it can travel");
        assert_eq!(parts.url.query(), Some("n=340282366920938463463374607431768211455"));
    }
}
