//! Readers: expressions that make bigints of the integers in a decoded value. Types without such integers have none.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{key, string};
use super::types::is_big;
use crate::schema::{Named, Object, Tagging, Type, Types, Union};

/// The named types that hold integers of 64 or more bits, somewhere.
#[derive(Debug)]
pub(super) struct Readers {
    types: BTreeMap<String, Type>,
    big: BTreeSet<String>,
}

impl Readers {
    pub(super) fn new(types: &Types) -> Self {
        let types = types.named().map(|named| (named.name.clone(), named.ty.clone())).collect();
        let mut readers = Self { types, big: BTreeSet::new() };
        loop {
            let found: Vec<String> = readers
                .types
                .iter()
                .filter(|(name, ty)| !readers.big.contains(*name) && readers.is_needed(ty))
                .map(|(name, _)| name.clone())
                .collect();
            if found.is_empty() {
                return readers;
            }
            readers.big.extend(found);
        }
    }

    /// Whether a type holds such integers.
    pub(super) fn is_needed(&self, ty: &Type) -> bool {
        match ty {
            Type::Integer(format) => is_big(format.as_deref()),
            Type::List(inner) | Type::Set(inner) | Type::Map(inner) | Type::Nullable(inner) => self.is_needed(inner),
            Type::Tuple(items) => items.iter().any(|item| self.is_needed(item)),
            Type::Object(object) => {
                object.fields.iter().any(|field| self.is_needed(&field.ty))
                    || object.flattened.iter().any(|part| self.is_needed(part))
                    || object.rest.as_ref().is_some_and(|rest| self.is_needed(rest))
            }
            Type::Union(union) => {
                union.variants.iter().filter_map(|variant| variant.content.as_ref()).any(|ty| self.is_needed(ty))
            }
            Type::Ref(name) => self.big.contains(name),
            _ => false,
        }
    }

    /// What reads a named type, given as `value`, in the module of the readers.
    pub(super) fn body(&self, named: &Named) -> Option<String> {
        self.apply(&named.ty, "value", "")
    }

    /// A function that reads a type; `module` is what the names of other readers stand behind.
    pub(super) fn reader(&self, ty: &Type, module: &str) -> Option<String> {
        match ty {
            Type::Integer(format) if is_big(format.as_deref()) => Some("codecs.bigint".to_owned()),
            Type::Ref(name) if self.big.contains(name) => Some(format!("{module}{name}")),
            Type::Nullable(inner) => self.reader(inner, module),
            other => Some(format!("(value) => {}", self.apply(other, "value", module)?)),
        }
    }

    fn apply(&self, ty: &Type, value: &str, module: &str) -> Option<String> {
        if !self.is_needed(ty) {
            return None;
        }
        match ty {
            Type::List(item) | Type::Set(item) => Some(format!("codecs.list({value}, {})", self.reader(item, module)?)),
            Type::Map(values) => Some(format!("codecs.values({value}, {})", self.reader(values, module)?)),
            Type::Tuple(items) => {
                let reads: Vec<String> =
                    items.iter().map(|item| self.reader(item, module).unwrap_or("undefined".to_owned())).collect();
                Some(format!("codecs.tuple({value}, [{}])", reads.join(", ")))
            }
            Type::Object(object) => Some(self.object(object, &[], value, module)),
            Type::Union(union) => Some(self.union(union, value, module)),
            Type::Nullable(inner) => self.apply(inner, value, module),
            other => Some(format!("{}({value})", self.reader(other, module)?)),
        }
    }

    /// Each part of an object reads its own fields and hands the object on to the next.
    fn object(&self, object: &Object, tags: &[&str], value: &str, module: &str) -> String {
        let reads = object.fields.iter().map(|field| (field.name.as_str(), self.reader(&field.ty, module)));
        let mut expression = fields(value, reads);
        for part in &object.flattened {
            expression = self.apply(part, &expression, module).unwrap_or(expression);
        }
        if let Some(read) = object.rest.as_ref().and_then(|rest| self.reader(rest, module)) {
            let mut known = tags.to_vec();
            object.fields.iter().for_each(|field| known.push(&field.name));
            object.flattened.iter().for_each(|part| self.known_keys(part, &mut known));
            let known: Vec<String> = known.into_iter().map(string).collect();
            expression = format!("codecs.values({expression}, {read}, [{}])", known.join(", "));
        }
        expression
    }

    fn union(&self, union: &Union, value: &str, module: &str) -> String {
        let contents = union.variants.iter().map(|variant| (variant.name.as_str(), variant.content.as_ref()));
        match &union.tagging {
            Tagging::External => {
                fields(value, contents.map(|(name, ty)| (name, ty.and_then(|ty| self.reader(ty, module)))))
            }
            Tagging::Internal { tag } => {
                let reads = contents.map(|(name, ty)| (name, ty.and_then(|ty| self.tagged(tag, ty, module))));
                format!("codecs.tagged({value}, {}, {})", string(tag), literal(reads))
            }
            Tagging::Adjacent { tag, content } => {
                let reads = contents.map(|(name, ty)| {
                    let read = ty.and_then(|ty| self.reader(ty, module));
                    let read =
                        read.map(|read| format!("(value) => {}", fields("value", [(content.as_str(), Some(read))])));
                    (name, read)
                });
                format!("codecs.tagged({value}, {}, {})", string(tag), literal(reads))
            }
            Tagging::Untagged => {
                let choices: Vec<String> = contents
                    .filter_map(|(_, ty)| {
                        let ty = ty?;
                        let test = self.test(ty)?;
                        Some(match self.reader(ty, module) {
                            Some(read) => format!("[{test}, {read}]"),
                            None => format!("[{test}]"),
                        })
                    })
                    .collect();
                format!("codecs.first({value}, [{}])", choices.join(", "))
            }
        }
    }

    fn tagged(&self, tag: &str, ty: &Type, module: &str) -> Option<String> {
        let object = match ty {
            _ if !self.is_needed(ty) => return None,
            Type::Map(values) => Object { rest: Some(values.clone()), ..Object::default() },
            Type::Object(object) => object.clone(),
            other => return self.reader(other, module),
        };
        Some(format!("(value) => {}", self.object(&object, &[tag], "value", module)))
    }

    /// What tells an untagged variant from the others.
    fn test(&self, ty: &Type) -> Option<String> {
        match ty {
            Type::Integer(_) => Some("codecs.isInteger".to_owned()),
            Type::List(_) | Type::Set(_) | Type::Tuple(_) => Some("codecs.isList".to_owned()),
            Type::Object(object) => {
                let required: Vec<String> =
                    object.fields.iter().filter(|field| field.required).map(|field| string(&field.name)).collect();
                Some(format!("codecs.has({})", required.join(", ")))
            }
            Type::Map(_) | Type::Union(_) => Some("codecs.has()".to_owned()),
            Type::Nullable(inner) => self.test(inner),
            // A type can't be nothing but itself, so this ends.
            Type::Ref(name) => self.types.get(name).and_then(|ty| self.test(ty)),
            _ => None,
        }
    }

    /// The keys that a part of an object may bring along.
    fn known_keys<'a>(&'a self, ty: &'a Type, known: &mut Vec<&'a str>) {
        match ty {
            Type::Object(object) => {
                object.fields.iter().for_each(|field| known.push(&field.name));
                object.flattened.iter().for_each(|part| self.known_keys(part, known));
            }
            Type::Union(union) => {
                for variant in &union.variants {
                    match &union.tagging {
                        Tagging::External => known.push(&variant.name),
                        Tagging::Adjacent { tag, content } => known.extend([tag.as_str(), content.as_str()]),
                        Tagging::Internal { tag } => known.push(tag),
                        Tagging::Untagged => {}
                    }
                    if matches!(union.tagging, Tagging::Internal { .. } | Tagging::Untagged) {
                        variant.content.iter().for_each(|ty| self.known_keys(ty, known));
                    }
                }
            }
            Type::Nullable(inner) => self.known_keys(inner, known),
            Type::Ref(name) => self.types.get(name).into_iter().for_each(|ty| self.known_keys(ty, known)),
            _ => {}
        }
    }
}

fn fields<'a>(value: &str, reads: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let literal = literal(reads);
    if literal == "{}" { value.to_owned() } else { format!("codecs.fields({value}, {literal})") }
}

/// An object literal of the readers that there are.
fn literal<'a>(reads: impl IntoIterator<Item = (&'a str, Option<String>)>) -> String {
    let members: Vec<String> =
        reads.into_iter().filter_map(|(name, read)| Some(format!("{}: {}", key(name), read?))).collect();
    if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
}
