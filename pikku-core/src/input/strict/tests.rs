//! What is read, and what is refused and how.

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
    let todo: Todo =
        parse(br#"{"todoId": 1, "title": "a\nb", "tags": [{"name": "x"}], "counts": {"7": 1}}"#).expect("it is good");
    assert_eq!((todo.todo_id, todo.title.as_str(), todo.tags[0].name.as_str()), (1, "a\nb", "x"));
    assert_eq!(todo.counts[&7], 1);
}

#[test]
fn h4_an_error_says_where() {
    assert_eq!(refuse::<Todo>(r#"{"todoId": 1, "title": 2}"#).0, "/title");
    assert_eq!(refuse::<Todo>(r#"{"todoId": 1, "title": "", "tags": [{"name": "x"}, {"name": 1}]}"#).0, "/tags/1/name");
    assert_eq!(
        refuse::<Todo>(r#"{"todoId": 1, "title": "", "tags": [{}]}"#),
        ("/tags/0/name".into(), "is missing".into())
    );
    for key in ["x", "+7", "007", "256", "7.0", "", " 7"] {
        let json = format!(r#"{{"todoId": 1, "title": "", "counts": {{"{key}": 1}}}}"#);
        assert_eq!(refuse::<Todo>(&json).0, format!("/counts/{key}"));
    }
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

#[derive(Debug, PartialEq, Deserialize)]
enum Choice {
    One { a: u8 },
}

#[test]
fn z4_duplicate_keys_that_no_type_looks_at_are_malformed() {
    for json in [
        r#"{"name": "a", "zz": 1, "zz": 2}"#,
        r#"{"zz": 1, "name": "a", "\u007az": 2}"#,
        r#"{"name": "a", "zz": {"x": 1, "x": 2}}"#,
        r#"{"name": "a", "zz": [1, {"y": [{"x": 1, "x": 2}]}]}"#,
    ] {
        assert_eq!(refuse::<Tag>(json).0, "malformed", "{json}");
    }
    assert_eq!(refuse::<Vec<Tag>>(r#"[{"name": "a", "zz": 1, "zz": 2}]"#).0, "malformed");
    assert_eq!(refuse::<Choice>(r#"{"One": {"a": 1, "zz": 1, "zz": 2}}"#).0, "malformed");
    let many: Vec<String> = (0..100).map(|number| format!(r#""k{number}": {number}"#)).collect();
    assert_eq!(refuse::<Tag>(&format!(r#"{{"name": "a", {}, "k50": 1}}"#, many.join(", "))).0, "malformed");
    let good = format!(r#"{{"zz": {{"name": 1}}, "y": [{{"x": 1}}, {{"x": 2}}], {}, "name": "a"}}"#, many.join(", "));
    assert_eq!(parse::<Tag>(good.as_bytes()), Ok(Tag { name: "a".into() }));
}

#[test]
fn h4_a_wrong_shape_is_no_mistake_of_syntax() {
    for json in ["5", "null", "[]", r#"{"One": {"a": 1}, "Two": 1}"#] {
        assert!(refuse::<Choice>(json).1.starts_with("expected the name of a variant"), "{json}");
        assert_eq!(refuse::<HashMap<String, Choice>>(&format!(r#"{{"x": {json}}}"#)).0, "/x", "{json}");
    }
    assert_eq!(
        refuse::<HashMap<String, (u8, u8)>>(r#"{"x": [1, 2, 3]}"#),
        ("/x".into(), "expected fewer items".into())
    );
}

#[test]
fn z4_what_is_ignored_is_not_deep_either() {
    let deep = format!(r#"{{"name": "a", "zz": {}{}}}"#, "[".repeat(1000), "]".repeat(1000));
    assert_eq!(refuse::<Tag>(&deep).0, "malformed");
}

#[test]
fn h4_a_number_too_large_is_refused_where_it_stands() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Numbers {
        single: Option<f32>,
        double: Option<f64>,
        #[serde(default)]
        more: Vec<f32>,
    }
    for (json, pointer) in [
        (r#"{"single": 1e39}"#, "/single"),
        (r#"{"single": -3.5e38}"#, "/single"),
        (r#"{"more": [1, 1e39]}"#, "/more/1"),
        (r#"{"double": 1e999}"#, "/double"),
        (r#"{"zz": 1e999}"#, "/zz"),
    ] {
        assert_eq!(refuse::<Numbers>(json).0, pointer, "{json}");
    }
    assert_eq!(refuse::<HashMap<String, serde_json::Value>>(r#"{"a": [1e999]}"#).0, "/a/0");
    let read: Numbers = parse(br#"{"single": 3.4028235e38, "double": 1e300, "more": [-7, 7, 1.5]}"#).expect("it fits");
    assert_eq!(read, Numbers { single: Some(f32::MAX), double: Some(1e300), more: vec![-7.0, 7.0, 1.5] });
}

#[test]
fn what_is_refused_is_not_told_at_length() {
    let long = "x".repeat(1_000_000);
    for json in [
        format!(r#"{{"todoId": "{long}", "title": ""}}"#),
        format!(r#"{{"todoId": 1, "title": "", "counts": {{"{long}": 1}}}}"#),
        format!(r#"{{"todoId": 1, "title": "", "{long}": 1, "{long}": 1}}"#),
    ] {
        let (pointer, detail) = refuse::<Todo>(&json);
        assert!(pointer.len() + detail.len() < 1500, "{pointer} {detail}");
    }
    let (_, detail) = refuse::<Todo>(&format!(r#"{{"todoId": "{long}", "title": ""}}"#));
    assert!(detail.starts_with("invalid type: string") && detail.ends_with("expected u32"), "{detail}");
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
    for body in
        [r#"{"title": "x", "todoId": 8}"#, r#"{"todoId": "7", "title": "x"}"#, r#"{"todo\u0049d": 8, "title": "x"}"#]
    {
        let Err(Rejection::Invalid(errors)) = merged(body) else { panic!("{body} was taken") };
        assert_eq!(errors[0].pointer, "/todoId");
        assert!(errors[0].detail.contains("path") && errors[0].detail.contains("body"), "{}", errors[0].detail);
    }
}

#[test]
fn h3_a_body_repeats_a_text_once() {
    let read = merged(r#"{"title": "x", "todoId": 7, "todoId": 7}"#);
    assert!(matches!(read, Err(Rejection::Malformed(_))), "{read:?}");
}

#[test]
fn h3_many_texts_meet_a_body_of_many_keys() {
    // With a search through all texts for each key this would be a thousand million comparisons.
    let names: Vec<String> = (0..1000).map(|number| format!("a-rather-long-name-of-a-field-{number}")).collect();
    let mut texts = Texts::default();
    for name in names.iter().cycle().take(300_000) {
        texts.form(name.into(), "".into()).expect("there is room");
    }
    let body: Vec<String> = (0..100_000).map(|number| format!(r#""a-rather-long-name-of-a-key-{number}":0"#)).collect();
    let body = format!("{{{}}}", body.join(","));
    let document = Document::merge(texts, &[], body.as_bytes()).expect("it merges");
    let read: HashMap<String, serde_json::Value> = parse_document(&document).expect("it is good");
    assert_eq!(read.len(), 101_000);
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

#[test]
fn what_is_kept_as_it_came_keeps_its_digits_and_spaces() {
    #[derive(Deserialize)]
    struct Kept {
        data: Box<serde_json::value::RawValue>,
    }

    let json = br#"{"data": {"a": [1.0, 123456789012345678901234567890], "a": 2 } }"#;
    let kept: Kept = parse(json).expect("it parses");
    assert_eq!(kept.data.get(), r#"{"a": [1.0, 123456789012345678901234567890], "a": 2 }"#);
    assert!(parse::<Kept>(br#"{"data": {"a": } }"#).is_err());
}
