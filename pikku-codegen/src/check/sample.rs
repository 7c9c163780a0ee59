//! Values that fit a schema: as little as is required, and an example where the schema gives one.

use regex::Regex;
use serde_json::{Map, Value, json};

/// Looks schemas up by reference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Definitions<'m>(pub(super) &'m std::collections::BTreeMap<String, Value>);

impl<'m> Definitions<'m> {
    /// The name that a schema refers to, and what stands under it.
    pub(super) fn resolve(self, schema: &Value) -> Option<(&'m str, &'m Value)> {
        let name = schema.get("$ref")?.as_str()?.rsplit('/').next()?;
        self.0.get_key_value(name).map(|(name, schema)| (name.as_str(), schema))
    }
}

/// How deep types may refer to each other before a sample is given up.
const DEEPEST: u8 = 24;

/// A value that fits, if one can be made.
pub(super) fn sample(schema: &Value, definitions: Definitions<'_>) -> Option<Value> {
    sample_at(schema, definitions, 0)
}

fn sample_at(schema: &Value, definitions: Definitions<'_>, depth: u8) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    let next = |schema: &Value| sample_at(schema, definitions, depth + 1);
    if let Some(example) = schema.get("examples").and_then(|examples| examples.get(0)) {
        return Some(example.clone());
    }
    if let Some(constant) = schema.get("const") {
        return Some(constant.clone());
    }
    if let Some(first) = schema.get("enum").and_then(|values| values.get(0)) {
        return Some(first.clone());
    }
    let base = match definitions.resolve(schema) {
        Some((_, target)) => Some(next(target)?),
        None => None,
    };
    let branches = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(*key)?.as_array());
    let chosen = match branches {
        // The shortest way out of a recursive type is a branch that can be sampled at all.
        Some(branches) => Some(branches.iter().find_map(next)?),
        None => None,
    };
    let mut parts: Vec<Value> = base.into_iter().chain(chosen).collect();
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        parts.push(next(part)?);
    }
    if schema.get("type").is_some() || parts.is_empty() {
        parts.push(sample_of_type(schema, definitions, depth)?);
    }
    parts.into_iter().reduce(merge)
}

/// Two samples that have to hold at once: the members of both, if they are objects.
fn merge(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (one, Value::Object(other)) if other.is_empty() => one,
        (_, other) => other,
    }
}

fn sample_of_type(schema: &Value, definitions: Definitions<'_>, depth: u8) -> Option<Value> {
    let next = |schema: &Value| sample_at(schema, definitions, depth + 1);
    match type_of(schema) {
        Some("object") => {
            let mut object = Map::new();
            for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
            {
                let member = schema.get("properties").and_then(|properties| properties.get(name));
                object.insert(name.to_owned(), member.map_or(Some(Value::Null), next)?);
            }
            Some(Value::Object(object))
        }
        Some("array") => {
            if let Some(items) = schema.get("prefixItems").and_then(Value::as_array) {
                return items.iter().map(next).collect::<Option<Vec<_>>>().map(Value::Array);
            }
            let count = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
            let item = if count > 0 { schema.get("items").map_or(Some(Value::Null), next)? } else { Value::Null };
            Some(Value::Array(vec![item; usize::try_from(count).ok()?]))
        }
        Some("string") => sample_string(schema).map(Value::String),
        Some("integer") => sample_integer(schema),
        Some("number") => sample_number(schema),
        Some("boolean") => Some(Value::Bool(false)),
        _ => Some(Value::Null),
    }
}

/// The type of a schema; of several, the first that is not `null`.
pub(super) fn type_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

fn sample_string(schema: &Value) -> Option<String> {
    let length = |key| schema.get(key).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
    let (min, max) = (length("minLength").unwrap_or(0), length("maxLength").unwrap_or(usize::MAX));
    if let Some(known) = schema.get("format").and_then(Value::as_str).and_then(sample_format) {
        return Some(known.to_owned());
    }
    let pattern = match schema.get("pattern").and_then(Value::as_str) {
        Some(pattern) => Some(Regex::new(pattern).ok()?),
        None => None,
    };
    let fits = |text: &String| {
        let count = text.chars().count();
        (min..=max).contains(&count) && pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
    };
    let words = [
        "a",
        "A",
        "0",
        "a0",
        "A0",
        "a-a",
        "a_a",
        "a.a",
        "a@a.aa",
        "0.0",
        "2000-01-01",
        "#000000",
        "+10000000000",
        "/a",
    ];
    let lengths = [min.max(1), min, min + 1];
    words
        .iter()
        .flat_map(|word| {
            let padded = lengths.iter().map(move |length| word.chars().cycle().take((*length).min(10_000)).collect());
            std::iter::once((*word).to_owned()).chain(padded)
        })
        .chain(std::iter::once(String::new()))
        .find(fits)
}

fn sample_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "uuid" => "7f1b1c9e-5b0e-4a57-9a1c-0c8f3f6f2c11",
        "date-time" => "2026-01-02T03:04:05Z",
        "partial-date-time" => "2026-01-02T03:04:05",
        "date" => "2026-01-02",
        "time" => "03:04:05Z",
        "partial-time" => "03:04:05",
        "duration" => "PT1S",
        "email" => "a@example.com",
        "uri" | "url" | "uri-reference" => "https://example.com/",
        "ip" | "ipv4" => "127.0.0.1",
        "ipv6" => "::1",
        "hostname" => "example.com",
        _ => return None,
    })
}

fn sample_integer(schema: &Value) -> Option<Value> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound.saturating_add(1)));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound.saturating_sub(1)));
    let step = bound("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let value = match (least, most) {
        (Some(least), _) if least > 0 => least.checked_add(step - 1)? / step * step,
        (_, Some(most)) if most < 0 => most / step * step,
        _ => 0,
    };
    Some(json!(value))
}

fn sample_number(schema: &Value) -> Option<Value> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound + 1e-3));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound - 1e-3));
    let value = match (least, most) {
        (Some(least), _) if least > 0.0 => least,
        (_, Some(most)) if most < 0.0 => most,
        _ => 0.0,
    };
    Some(json!(value))
}
