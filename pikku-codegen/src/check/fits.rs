//! Whether a value fits a schema, as far as schemas of serde types go. A keyword that isn't known here refuses nothing.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{pattern::Pattern, sample::Definitions};

/// What no format takes: trials of formats hold it.
pub(super) const NO_FORMAT: char = '\u{1}';

/// Whether a value fits.
pub(super) fn fits(schema: &Value, value: &Value, definitions: Definitions<'_>) -> bool {
    let Some(schema) = schema.as_object() else { return schema != &Value::Bool(false) };
    let each = |schema: &Value, value: &Value| fits(schema, value, definitions);
    let list = |key: &str| schema.get(key).and_then(Value::as_array);
    if let Some(reference) = schema.get("$ref")
        && let Some((_, target)) = definitions.find(reference)
        && !each(target, value)
    {
        return false;
    }
    is_of_type(schema.get("type"), value)
        && schema.get("const").is_none_or(|constant| constant == value)
        && list("enum").is_none_or(|values| values.contains(value))
        && schema.get("not").is_none_or(|other| !each(other, value))
        && list("allOf").is_none_or(|parts| parts.iter().all(|part| each(part, value)))
        // Serde takes the first branch that fits and doesn't ask the others.
        && ["anyOf", "oneOf"].iter().all(|key| list(key).is_none_or(|parts| parts.iter().any(|part| each(part, value))))
        && match value {
            Value::String(text) => text_fits(schema, text),
            Value::Number(_) => number_fits(schema, value),
            Value::Array(items) => list_fits(schema, items, &each),
            Value::Object(members) => object_fits(schema, members, &each),
            Value::Null | Value::Bool(_) => true,
        }
}

fn is_of_type(types: Option<&Value>, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    match types {
        None => true,
        Some(Value::Array(names)) => names.iter().any(is),
        Some(name) => is(name),
    }
}

/// Whether a count keeps to the limits of these names.
fn count_fits(schema: &Map<String, Value>, count: usize, least: &str, most: &str) -> bool {
    let limit = |key: &str| schema.get(key).and_then(Value::as_u64);
    let count = count as u64;
    limit(least).is_none_or(|least| count >= least) && limit(most).is_none_or(|most| count <= most)
}

fn text_fits(schema: &Map<String, Value>, text: &str) -> bool {
    count_fits(schema, text.chars().count(), "minLength", "maxLength")
        && !(schema.contains_key("format") && text.contains(NO_FORMAT))
        && schema
            .get("pattern")
            .and_then(Value::as_str)
            .and_then(Pattern::parse)
            .is_none_or(|pattern| pattern.is_match(text))
}

fn number_fits(schema: &Map<String, Value>, value: &Value) -> bool {
    let compared = |key: &str| schema.get(key).and_then(|limit| compare(value, limit));
    compared("minimum").is_none_or(|order| order != Ordering::Less)
        && compared("maximum").is_none_or(|order| order != Ordering::Greater)
        && compared("exclusiveMinimum").is_none_or(|order| order == Ordering::Greater)
        && compared("exclusiveMaximum").is_none_or(|order| order == Ordering::Less)
        && match (value.as_f64(), schema.get("multipleOf").and_then(Value::as_f64)) {
            (Some(number), Some(step)) if step > 0.0 => {
                let steps = number / step;
                (steps - steps.round()).abs() < 1e-9
            }
            _ => true,
        }
}

fn compare(value: &Value, limit: &Value) -> Option<Ordering> {
    let whole = |value: &Value| value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
    match (whole(value), whole(limit)) {
        (Some(value), Some(limit)) => Some(value.cmp(&limit)),
        _ => value.as_f64()?.partial_cmp(&limit.as_f64()?),
    }
}

fn list_fits(schema: &Map<String, Value>, items: &[Value], fits: &impl Fn(&Value, &Value) -> bool) -> bool {
    let prefix = schema.get("prefixItems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    count_fits(schema, items.len(), "minItems", "maxItems")
        && prefix.iter().zip(items).all(|(schema, item)| fits(schema, item))
        && schema.get("items").is_none_or(|rest| items.iter().skip(prefix.len()).all(|item| fits(rest, item)))
}

fn object_fits(
    schema: &Map<String, Value>,
    members: &Map<String, Value>,
    fits: &impl Fn(&Value, &Value) -> bool,
) -> bool {
    let map = |key: &str| schema.get(key).and_then(Value::as_object);
    let patterns: Vec<(Option<Pattern>, &Value)> = map("patternProperties")
        .into_iter()
        .flatten()
        .map(|(pattern, schema)| (Pattern::parse(pattern), schema))
        .collect();
    let member_fits = |(name, value): (&String, &Value)| {
        let own = map("properties").and_then(|properties| properties.get(name));
        let matching: Vec<&Value> = patterns
            .iter()
            .filter(|(pattern, _)| pattern.as_ref().is_some_and(|pattern| pattern.is_match(name)))
            .map(|(_, schema)| *schema)
            .chain(own)
            .collect();
        let others = schema.get("additionalProperties").filter(|_| matching.is_empty());
        matching.into_iter().chain(others).all(|schema| fits(schema, value))
            && schema.get("propertyNames").is_none_or(|names| fits(names, &Value::String(name.clone())))
    };
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    count_fits(schema, members.len(), "minProperties", "maxProperties")
        && required.into_iter().all(|name| members.contains_key(name))
        && members.iter().all(member_fits)
}
