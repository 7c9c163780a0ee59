//! Whether a value fits a schema, as far as schemas of serde types go. A keyword that isn't known here refuses nothing.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{pattern::Pattern, sample::Definitions};

/// What no format takes: trials of formats hold it.
pub(super) const NO_FORMAT: char = '\u{1}';

/// Whether a value fits.
pub(super) fn fits(schema: &Value, value: &Value, definitions: Definitions<'_>) -> bool {
    match schema {
        Value::Object(schema) => {
            schema.iter().all(|(keyword, says)| keyword_fits(schema, (keyword, says), value, definitions))
        }
        schema => schema != &Value::Bool(false),
    }
}

/// Whether a value fits one keyword of a schema, `says` being what the keyword has there.
fn keyword_fits(
    schema: &Map<String, Value>,
    (keyword, says): (&str, &Value),
    value: &Value,
    definitions: Definitions<'_>,
) -> bool {
    let each = |schema: &Value, value: &Value| fits(schema, value, definitions);
    let ordered = |is: fn(Ordering) -> bool| compare(value, says).is_none_or(is);
    match (keyword, value) {
        ("$ref", _) => definitions.find(says).is_none_or(|(_, target)| each(target, value)),
        ("type", _) => is_of_type(says, value),
        ("const", _) => says == value,
        ("enum", _) => says.as_array().is_none_or(|values| values.contains(value)),
        ("not", _) => !each(says, value),
        ("allOf", _) => says.as_array().is_none_or(|parts| parts.iter().all(|part| each(part, value))),
        // Serde takes the first branch that fits and doesn't ask the others.
        ("anyOf" | "oneOf", _) => says.as_array().is_none_or(|parts| parts.iter().any(|part| each(part, value))),
        ("minLength", Value::String(text)) => is_at_least(text.chars().count(), says),
        ("maxLength", Value::String(text)) => is_at_most(text.chars().count(), says),
        ("format", Value::String(text)) => !text.contains(NO_FORMAT),
        ("pattern", Value::String(text)) => {
            says.as_str().and_then(Pattern::parse).is_none_or(|pattern| pattern.is_match(text))
        }
        ("minimum", Value::Number(_)) => ordered(Ordering::is_ge),
        ("maximum", Value::Number(_)) => ordered(Ordering::is_le),
        ("exclusiveMinimum", Value::Number(_)) => ordered(Ordering::is_gt),
        ("exclusiveMaximum", Value::Number(_)) => ordered(Ordering::is_lt),
        ("multipleOf", Value::Number(_)) => is_multiple(value, says),
        ("minItems", Value::Array(items)) => is_at_least(items.len(), says),
        ("maxItems", Value::Array(items)) => is_at_most(items.len(), says),
        ("prefixItems", Value::Array(items)) => {
            says.as_array().is_none_or(|schemas| schemas.iter().zip(items).all(|(schema, item)| each(schema, item)))
        }
        ("items", Value::Array(items)) => {
            let fixed = schema.get("prefixItems").and_then(Value::as_array).map_or(0, Vec::len);
            items.iter().skip(fixed).all(|item| each(says, item))
        }
        ("minProperties", Value::Object(members)) => is_at_least(members.len(), says),
        ("maxProperties", Value::Object(members)) => is_at_most(members.len(), says),
        ("required", Value::Object(members)) => {
            let mut names = says.as_array().into_iter().flatten().filter_map(Value::as_str);
            names.all(|name| members.contains_key(name))
        }
        ("properties", Value::Object(members)) => says.as_object().is_none_or(|properties| {
            members.iter().all(|(name, value)| properties.get(name).is_none_or(|schema| each(schema, value)))
        }),
        ("patternProperties", Value::Object(members)) => patterns(says).all(|(pattern, schema)| {
            members.iter().filter(|(name, _)| pattern.is_match(name)).all(|(_, value)| each(schema, value))
        }),
        ("additionalProperties", Value::Object(members)) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let patterns: Vec<Pattern> =
                schema.get("patternProperties").into_iter().flat_map(patterns).map(|(pattern, _)| pattern).collect();
            let is_other = |name: &String| {
                !properties.is_some_and(|properties| properties.contains_key(name))
                    && !patterns.iter().any(|pattern| pattern.is_match(name))
            };
            members.iter().filter(|(name, _)| is_other(name)).all(|(_, value)| each(says, value))
        }
        ("propertyNames", Value::Object(members)) => {
            members.keys().all(|name| each(says, &Value::String(name.clone())))
        }
        _ => true,
    }
}

fn is_of_type(types: &Value, value: &Value) -> bool {
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
        Value::Array(names) => names.iter().any(is),
        name => is(name),
    }
}

fn is_at_least(count: usize, limit: &Value) -> bool {
    limit.as_u64().is_none_or(|least| count as u64 >= least)
}

fn is_at_most(count: usize, limit: &Value) -> bool {
    limit.as_u64().is_none_or(|most| count as u64 <= most)
}

fn is_multiple(value: &Value, step: &Value) -> bool {
    match (value.as_f64(), step.as_f64()) {
        (Some(number), Some(step)) if step > 0.0 => {
            let steps = number / step;
            (steps - steps.round()).abs() < 1e-9
        }
        _ => true,
    }
}

/// The patterns of keys, and the schemas of the values. What can't be parsed matches nothing.
fn patterns(schemas: &Value) -> impl Iterator<Item = (Pattern, &Value)> {
    let schemas = schemas.as_object().into_iter().flatten();
    schemas.filter_map(|(pattern, schema)| Some((Pattern::parse(pattern)?, schema)))
}

fn compare(value: &Value, limit: &Value) -> Option<Ordering> {
    let whole = |value: &Value| value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
    match (whole(value), whole(limit)) {
        (Some(value), Some(limit)) => Some(value.cmp(&limit)),
        _ => value.as_f64()?.partial_cmp(&limit.as_f64()?),
    }
}
