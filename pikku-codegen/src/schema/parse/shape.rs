//! One schema becomes one [`Type`]; references keep the names they have in `#/$defs/`.

use serde_json::{Map, Value};

use super::super::{Field, Named, Object, Type};
use super::union;

type Schema = Map<String, Value>;

/// Arrays of a fixed length up to this one become tuples; longer ones would be unreadable as that.
const LONGEST_FIXED_ARRAY: usize = 4;

/// Parses a named schema.
pub(super) fn parse_named(name: &str, schema: &Value) -> Named {
    Named { name: name.to_owned(), docs: parse_docs(schema), ty: parse_type(schema) }
}

/// Parses a schema. Whatever it says that a [`Type`] can't is left out, which makes the type wider and never narrower.
pub(super) fn parse_type(schema: &Value) -> Type {
    let Some(schema) = schema.as_object() else { return Type::Any };
    if let Some(Value::Array(types)) = schema.get("type") {
        return parse_any_of_types(schema, types);
    }
    if is_object(schema) {
        return parse_object(schema);
    }
    if let Some(name) = parse_reference(schema) {
        return Type::Ref(name);
    }
    if let Some(branches) = list(schema, "oneOf") {
        return union::parse_one_of(branches);
    }
    if let Some(branches) = list(schema, "anyOf") {
        return union::parse_any_of(branches);
    }
    if let Some(value) = schema.get("const") {
        return parse_const(value);
    }
    if let Some(values) = list(schema, "enum") {
        return union::parse_enum(values);
    }
    parse_plain(schema)
}

/// The doc comment that a schema carries: its title, if it has one, and its description.
pub(super) fn parse_docs(schema: &Value) -> String {
    let text = |key| schema.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    match (text("title"), text("description")) {
        (Some(title), Some(description)) => format!("{title}\n\n{description}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => String::new(),
    }
}

/// Makes a type nullable, unless it takes `null` already.
pub(super) fn nullable(ty: Type) -> Type {
    match ty {
        Type::Any | Type::Null | Type::Nullable(_) => ty,
        other => Type::Nullable(Box::new(other)),
    }
}

/// The items of a keyword that holds a list.
pub(super) fn list<'a>(schema: &'a Schema, keyword: &str) -> Option<&'a [Value]> {
    schema.get(keyword)?.as_array().map(Vec::as_slice)
}

/// Whether the keyword `required` lists a field.
pub(super) fn is_required(schema: &Schema, field: &str) -> bool {
    list(schema, "required").is_some_and(|names| names.iter().any(|name| name == field))
}

/// The value of a `const`, or of an `enum` that has only one.
pub(super) fn parse_const(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Type::Const(value.clone()),
        Value::Array(_) | Value::Object(_) => Type::Any,
    }
}

/// `"type": ["string", "null"]` is how schemars writes an `Option` of something that has no name.
fn parse_any_of_types(schema: &Schema, types: &[Value]) -> Type {
    let branches: Vec<Value> = types
        .iter()
        .filter(|ty| *ty != "null")
        .map(|ty| {
            let mut branch = schema.clone();
            branch.insert("type".to_owned(), ty.clone());
            Value::Object(branch)
        })
        .collect();
    let ty = match branches.as_slice() {
        [] => Type::Null,
        [only] => parse_type(only),
        several => union::parse_any_of(several),
    };
    if branches.len() < types.len() { nullable(ty) } else { ty }
}

fn is_object(schema: &Schema) -> bool {
    schema.get("type").is_some_and(|ty| ty == "object")
        || ["properties", "patternProperties", "additionalProperties", "allOf"]
            .iter()
            .any(|keyword| schema.contains_key(*keyword))
}

/// Parses the members of an object, and whatever `$ref`, `allOf`, `oneOf` or `anyOf` beside them adds to the same
/// object: that is how schemars writes `#[serde(flatten)]` and the newtype variants of internally tagged enums.
fn parse_object(schema: &Schema) -> Type {
    let fields: Vec<Field> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(name, field)| parse_field(name, field, is_required(schema, name)))
        .collect();

    let mut flattened: Vec<Type> = parse_reference(schema).map(Type::Ref).into_iter().collect();
    flattened.extend(list(schema, "allOf").into_iter().flatten().map(parse_type));
    flattened.extend(list(schema, "oneOf").map(union::parse_one_of));
    flattened.extend(list(schema, "anyOf").map(union::parse_any_of));
    // Nothing is known of the members of `true`, which therefore adds none.
    flattened.retain(|ty| *ty != Type::Any);

    match (fields.is_empty(), flattened.as_slice(), parse_rest(schema)) {
        (true, [], Some(values)) => Type::Map(Box::new(values)),
        (true, [_], None) => flattened.remove(0),
        (_, _, rest) => Type::Object(Object { fields, flattened, rest: rest.map(Box::new) }),
    }
}

fn parse_field(name: &str, schema: &Value, required: bool) -> Field {
    Field {
        name: name.to_owned(),
        docs: parse_docs(schema),
        ty: parse_type(schema),
        required,
        deprecated: schema.get("deprecated").is_some_and(|deprecated| deprecated == true),
    }
}

/// What the values of keys that have no field of their own are, if such keys are spoken of.
fn parse_rest(schema: &Schema) -> Option<Type> {
    let patterns = schema.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let others = schema.get("additionalProperties").filter(|others| **others != false);
    let mut types: Vec<Type> = patterns.chain(others).map(parse_type).collect();
    types.dedup();
    if types.len() > 1 { Some(Type::Any) } else { types.pop() }
}

fn parse_plain(schema: &Schema) -> Type {
    let format = || schema.get("format").and_then(Value::as_str).map(str::to_owned);
    match schema.get("type").and_then(Value::as_str) {
        Some("null") => Type::Null,
        Some("boolean") => Type::Boolean,
        Some("integer") => Type::Integer(format()),
        Some("number") => Type::Number(format()),
        Some("string") if is_file(schema) => Type::File,
        Some("string") => Type::String(format()),
        Some("array") => parse_array(schema),
        _ if schema.contains_key("items") || schema.contains_key("prefixItems") => parse_array(schema),
        _ => Type::Any,
    }
}

fn is_file(schema: &Schema) -> bool {
    schema.get("format").is_some_and(|format| format == "binary")
        || schema.get("x-pikku").is_some_and(|kind| kind == "file")
}

fn parse_array(schema: &Schema) -> Type {
    let fixed = length(schema, "maxItems").filter(|most| Some(*most) == length(schema, "minItems"));
    let items = || schema.get("items").map_or(Type::Any, parse_type);

    if let Some(types) = list(schema, "prefixItems") {
        let closed = fixed == Some(types.len()) || schema.get("items").is_some_and(|items| *items == false);
        return if closed {
            Type::Tuple(types.iter().map(parse_type).collect())
        } else {
            Type::List(Box::new(Type::Any))
        };
    }
    if schema.get("uniqueItems").is_some_and(|unique| *unique == true) {
        return Type::Set(Box::new(items()));
    }
    match fixed {
        Some(length @ 1..=LONGEST_FIXED_ARRAY) => Type::Tuple(vec![items(); length]),
        _ => Type::List(Box::new(items())),
    }
}

fn length(schema: &Schema, keyword: &str) -> Option<usize> {
    usize::try_from(schema.get(keyword)?.as_u64()?).ok()
}

/// The name behind `#/$defs/`, which is written as a JSON pointer in a URI fragment.
fn parse_reference(schema: &Schema) -> Option<String> {
    let pointer = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
    Some(percent_decode(pointer).replace("~1", "/").replace("~0", "~"))
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = if *first == b'%' { text_to_byte(tail) } else { None };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn text_to_byte(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}
