//! One schema becomes one [`Type`]; references keep the names they have in `#/$defs/`.

use serde_json::{Map, Value};

use super::super::{Field, Keywords, Named, Object, Type, array, members};
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
    match schema {
        Value::Object(schema) => parse_schema(schema, &schema.into()),
        _ => Type::Any,
    }
}

fn parse_schema(schema: &Schema, keywords: &Keywords<'_>) -> Type {
    if let Some(Value::Array(types)) = keywords.ty {
        return parse_any_of_types(schema, keywords, types);
    }
    if is_object(keywords) {
        return parse_object(keywords);
    }
    if let Some(name) = parse_reference(keywords) {
        return Type::Ref(name);
    }
    if let Some(branches) = array(keywords.one_of) {
        return union::parse_one_of(branches);
    }
    if let Some(branches) = array(keywords.any_of) {
        return union::parse_any_of(branches);
    }
    if let Some(value) = keywords.constant {
        return parse_const(value);
    }
    if let Some(values) = array(keywords.values) {
        return union::parse_enum(values);
    }
    parse_plain(keywords)
}

/// The doc comment that a schema carries: its title, if it has one, and its description.
pub(super) fn parse_docs(schema: &Value) -> String {
    let keywords = Keywords::of(schema);
    match (text(keywords.title), text(keywords.description)) {
        (Some(title), Some(description)) => format!("{title}\n\n{description}"),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => String::new(),
    }
}

fn text(keyword: Option<&Value>) -> Option<&str> {
    keyword.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
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
fn parse_any_of_types(schema: &Schema, keywords: &Keywords<'_>, types: &[Value]) -> Type {
    let present: Vec<&Value> = types.iter().filter(|ty| *ty != "null").collect();
    let ty = match present.as_slice() {
        [] => Type::Null,
        [only] => parse_schema(schema, &Keywords { ty: Some(only), ..*keywords }),
        several => {
            let branch = |ty: &&Value| {
                let mut branch = schema.clone();
                branch.insert("type".to_owned(), (*ty).clone());
                Value::Object(branch)
            };
            union::parse_any_of(&several.iter().map(branch).collect::<Vec<_>>())
        }
    };
    if present.len() < types.len() { nullable(ty) } else { ty }
}

fn is_object(keywords: &Keywords<'_>) -> bool {
    let Keywords { ty, properties, pattern_properties, additional_properties, all_of, .. } = keywords;
    ty.is_some_and(|ty| ty == "object")
        || [properties, pattern_properties, additional_properties, all_of].iter().any(|keyword| keyword.is_some())
}

/// Parses the members of an object, and whatever `$ref`, `allOf`, `oneOf` or `anyOf` beside them adds to the same
/// object: that is how schemars writes `#[serde(flatten)]` and the newtype variants of internally tagged enums.
fn parse_object(keywords: &Keywords<'_>) -> Type {
    let required = array(keywords.required).unwrap_or_default();
    let fields: Vec<Field> = members(keywords.properties)
        .map(|(name, field)| parse_field(name, field, required.iter().any(|required| required == name)))
        .collect();

    let mut flattened: Vec<Type> = parse_reference(keywords).map(Type::Ref).into_iter().collect();
    flattened.extend(array(keywords.all_of).into_iter().flatten().map(parse_type));
    flattened.extend(array(keywords.one_of).map(union::parse_one_of));
    flattened.extend(array(keywords.any_of).map(union::parse_any_of));
    // Nothing is known of the members of `true`, which therefore adds none.
    flattened.retain(|ty| *ty != Type::Any);

    match (fields.is_empty(), flattened.as_slice(), parse_rest(keywords)) {
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
fn parse_rest(keywords: &Keywords<'_>) -> Option<Type> {
    let patterns = members(keywords.pattern_properties).map(|(_, schema)| schema);
    let others = keywords.additional_properties.filter(|others| **others != false);
    let mut types: Vec<Type> = patterns.chain(others).map(parse_type).collect();
    types.dedup();
    if types.len() > 1 { Some(Type::Any) } else { types.pop() }
}

fn parse_plain(keywords: &Keywords<'_>) -> Type {
    let format = || keywords.format.and_then(Value::as_str).map(str::to_owned);
    match keywords.ty.and_then(Value::as_str) {
        Some("null") => Type::Null,
        Some("boolean") => Type::Boolean,
        Some("integer") => Type::Integer(format()),
        Some("number") => Type::Number(format()),
        Some("string") if is_file(keywords) => Type::File,
        Some("string") => Type::String(format()),
        Some("array") => parse_array(keywords),
        _ if keywords.items.is_some() || keywords.prefix_items.is_some() => parse_array(keywords),
        _ => Type::Any,
    }
}

fn is_file(keywords: &Keywords<'_>) -> bool {
    keywords.format.is_some_and(|format| format == "binary") || keywords.pikku.is_some_and(|kind| kind == "file")
}

fn parse_array(keywords: &Keywords<'_>) -> Type {
    let fixed = length(keywords.max_items).filter(|most| Some(*most) == length(keywords.min_items));
    let items = || keywords.items.map_or(Type::Any, parse_type);

    if let Some(types) = array(keywords.prefix_items) {
        let closed = fixed == Some(types.len()) || keywords.items.is_some_and(|items| *items == false);
        return if closed {
            Type::Tuple(types.iter().map(parse_type).collect())
        } else {
            Type::List(Box::new(Type::Any))
        };
    }
    if keywords.unique_items.is_some_and(|unique| *unique == true) {
        return Type::Set(Box::new(items()));
    }
    match fixed {
        Some(length @ 1..=LONGEST_FIXED_ARRAY) => Type::Tuple(vec![items(); length]),
        _ => Type::List(Box::new(items())),
    }
}

fn length(keyword: Option<&Value>) -> Option<usize> {
    usize::try_from(keyword?.as_u64()?).ok()
}

/// The name behind `#/$defs/`, which is written as a JSON pointer in a URI fragment.
fn parse_reference(keywords: &Keywords<'_>) -> Option<String> {
    let pointer = keywords.reference?.as_str()?.strip_prefix("#/$defs/")?;
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
