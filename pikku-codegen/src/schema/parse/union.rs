//! `oneOf`, `anyOf` and `enum`: which of serde's taggings made them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::{Tagging, Type, Union, Variant};
use super::names::pascal_case;
use super::shape::{is_required, list, nullable, parse_const, parse_docs, parse_type};

/// What people call the content of adjacently tagged enums. `{kind, data}` in every variant could as well be internally
/// tagged variants with one field each; both look the same on the wire, so this only decides how it reads in code.
const USUAL_CONTENT: [&str; 10] = ["content", "data", "value", "payload", "body", "args", "params", "c", "d", "v"];

/// `oneOf` is what schemars makes of tagged enums, and of plain ones whose variants have doc comments.
pub(super) fn parse_one_of(branches: &[Value]) -> Type {
    parse_branches(branches, |branches| {
        parse_tagged(branches).or_else(|| parse_external(branches)).unwrap_or_else(|| parse_untagged(branches))
    })
}

/// `anyOf` is what schemars makes of untagged enums and of `Option`.
pub(super) fn parse_any_of(branches: &[Value]) -> Type {
    parse_branches(branches, |branches| match branches {
        [only] => parse_type(only),
        several => parse_untagged(several),
    })
}

/// Plain values, of which strings are the unit variants of an enum.
pub(super) fn parse_enum(values: &[Value]) -> Type {
    let present: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
    let names: Option<Vec<&str>> = present.iter().map(|value| value.as_str()).collect();
    let ty = match (names, present.as_slice()) {
        (_, []) => Type::Null,
        (Some(names), _) => {
            let variants = names.into_iter().map(|name| unit(name, String::new())).collect();
            Type::Union(Union { tagging: Tagging::External, variants })
        }
        (None, [only]) => parse_const(only),
        (None, several) => untagged(several.iter().map(|value| (parse_const(value), String::new(), None))),
    };
    if present.len() < values.len() { nullable(ty) } else { ty }
}

/// Takes `null` out of the branches, so that the taggings are recognized inside an `Option` as well.
fn parse_branches(branches: &[Value], parse: impl FnOnce(&[Value]) -> Type) -> Type {
    let present: Vec<Value> = branches.iter().filter(|branch| branch["type"] != "null").cloned().collect();
    let ty = if present.is_empty() { Type::Null } else { parse(&present) };
    if present.len() < branches.len() { nullable(ty) } else { ty }
}

/// Internally and adjacently tagged enums: every branch is an object, and one field is a different constant in each.
fn parse_tagged(branches: &[Value]) -> Option<Type> {
    let tag = find_tag(branches)?;
    let (tagging, parse_content): (Tagging, fn(&Branch<'_>) -> Option<Type>) = match find_content(branches, tag) {
        Some(content) => (Tagging::Adjacent { tag: tag.to_owned(), content: content.to_owned() }, |branch| {
            branch.other_fields().next().map(|(_, schema)| parse_type(schema))
        }),
        None => (Tagging::Internal { tag: tag.to_owned() }, |branch| branch.parse_without_tag()),
    };
    let variants = branches
        .iter()
        .map(|schema| {
            let branch = Branch { schema, tag };
            let name = branch.constant()?.to_owned();
            Some(Variant { name, docs: parse_docs(schema), content: parse_content(&branch) })
        })
        .collect::<Option<_>>()?;
    Some(Type::Union(Union { tagging, variants }))
}

/// One branch of a tagged enum.
struct Branch<'a> {
    schema: &'a Value,
    tag: &'a str,
}

impl<'a> Branch<'a> {
    /// The name of the variant, which the tag holds.
    fn constant(&self) -> Option<&'a str> {
        let schema = self.schema.as_object().filter(|schema| is_required(schema, self.tag))?;
        let tag = schema.get("properties")?.get(self.tag)?.as_object()?;
        match (tag.get("const"), list(tag, "enum")) {
            (Some(name), _) | (None, Some([name])) => name.as_str(),
            _ => None,
        }
    }

    fn other_fields(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let fields = self.schema.get("properties").and_then(Value::as_object);
        fields.into_iter().flatten().filter(|(name, _)| *name != self.tag)
    }

    fn parse_without_tag(&self) -> Option<Type> {
        let mut schema = self.schema.as_object()?.clone();
        let fields: Map<String, Value> =
            self.other_fields().map(|(name, schema)| (name.clone(), schema.clone())).collect();
        schema.insert("properties".to_owned(), Value::Object(fields));
        match parse_type(&Value::Object(schema)) {
            Type::Object(object) if object == super::super::Object::default() => None,
            content => Some(content),
        }
    }
}

fn find_tag(branches: &[Value]) -> Option<&str> {
    let fields = branches.first()?.get("properties")?.as_object()?;
    fields.keys().map(String::as_str).find(|tag| {
        let mut seen = BTreeSet::new();
        branches.iter().all(|schema| Branch { schema, tag }.constant().is_some_and(|name| seen.insert(name)))
    })
}

/// The one field beside the tag, if no branch has another.
fn find_content<'a>(branches: &'a [Value], tag: &'a str) -> Option<&'a str> {
    let mut contents = Vec::new();
    for schema in branches {
        let wider = ["$ref", "allOf", "oneOf", "anyOf", "patternProperties", "additionalProperties"];
        let object = schema.as_object()?;
        if wider.iter().any(|keyword| object.get(*keyword).is_some_and(|value| *value != false)) {
            return None;
        }
        let fields: Vec<_> = Branch { schema, tag }.other_fields().collect();
        match fields.as_slice() {
            [] => {}
            [(name, schema)] if is_required(object, name) && schema.get("description").is_none() => {
                contents.push((name.as_str(), *schema));
            }
            _ => return None,
        }
    }
    let (name, first) = *contents.first()?;
    let same_name = contents.iter().all(|(other, _)| *other == name);
    let telling = USUAL_CONTENT.contains(&name) || contents.iter().any(|(_, schema)| *schema != first);
    (same_name && telling).then_some(name)
}

/// Externally tagged enums: strings, and objects with exactly one key.
fn parse_external(branches: &[Value]) -> Option<Type> {
    let mut variants = Vec::new();
    for branch in branches {
        let docs = parse_docs(branch);
        let schema = branch.as_object()?;
        if let Some(Value::String(name)) = schema.get("const") {
            variants.push(unit(name, docs));
        } else if let Some(names) = list(schema, "enum") {
            for name in names {
                variants.push(unit(name.as_str()?, docs.clone()));
            }
        } else {
            let (name, content) = only_field(schema)?;
            variants.push(Variant { name: name.to_owned(), docs, content: Some(parse_type(content)) });
        }
    }
    Some(Type::Union(Union { tagging: Tagging::External, variants }))
}

fn only_field(schema: &Map<String, Value>) -> Option<(&str, &Value)> {
    let known = ["type", "properties", "required", "additionalProperties", "description", "title", "deprecated"];
    let plain = schema.keys().all(|keyword| known.contains(&keyword.as_str()))
        && schema.get("additionalProperties").is_none_or(|others| *others == false);
    let mut fields = schema.get("properties")?.as_object()?.iter();
    match (fields.next(), fields.next()) {
        (Some((name, content)), None) if plain && is_required(schema, name) => Some((name, content)),
        _ => None,
    }
}

fn parse_untagged(branches: &[Value]) -> Type {
    let mut parsed = Vec::new();
    for branch in branches {
        let docs = parse_docs(branch);
        let strings = branch.as_object().and_then(|schema| list(schema, "enum"));
        match strings {
            // The unit variants of an enum that has untagged variants too.
            Some(values) if values.iter().all(Value::is_string) => {
                parsed.extend(values.iter().map(|value| (parse_const(value), docs.clone(), None)));
            }
            _ => parsed.push((parse_type(branch), docs, branch.get("title").and_then(Value::as_str))),
        }
    }
    untagged(parsed.into_iter())
}

/// An untagged union, whose variants get names after what they hold.
fn untagged<'a>(branches: impl Iterator<Item = (Type, String, Option<&'a str>)>) -> Type {
    let mut taken = BTreeSet::new();
    let variants = branches
        .map(|(ty, docs, title)| {
            let wanted = title.map(pascal_case).unwrap_or_else(|| name_after(&ty));
            let name = super::names::unique(&wanted, |name| !taken.contains(name));
            taken.insert(name.clone());
            Variant { name, docs, content: Some(ty) }
        })
        .collect();
    Type::Union(Union { tagging: Tagging::Untagged, variants })
}

fn unit(name: &str, docs: String) -> Variant {
    Variant { name: name.to_owned(), docs, content: None }
}

fn name_after(ty: &Type) -> String {
    match ty {
        Type::Any => "Any".to_owned(),
        Type::Null => "Null".to_owned(),
        Type::Boolean => "Boolean".to_owned(),
        Type::Integer(_) => "Integer".to_owned(),
        Type::Number(_) => "Number".to_owned(),
        Type::String(None) => "Text".to_owned(),
        Type::String(Some(format)) => pascal_case(format),
        Type::File => "File".to_owned(),
        Type::Const(Value::String(text)) => pascal_case(text),
        Type::Const(value) => pascal_case(&value.to_string()),
        Type::List(_) | Type::Set(_) => "List".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
        Type::Map(_) => "Map".to_owned(),
        Type::Object(object) => match object.fields.as_slice() {
            [only] => pascal_case(&only.name),
            _ => "Object".to_owned(),
        },
        Type::Union(_) => "Union".to_owned(),
        Type::Nullable(inner) => name_after(inner),
        Type::Ref(name) => pascal_case(name),
    }
}
