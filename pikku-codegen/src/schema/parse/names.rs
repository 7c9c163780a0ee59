//! What named types are called: which are one type in both directions, and which need two names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::{Named, Type};
use super::shape;

/// The named types of one direction that are in use, by the name they have in `#/$defs/`.
#[derive(Debug)]
pub(super) struct Direction {
    types: BTreeMap<String, Named>,
}

impl Direction {
    /// Parses the definitions that are reachable from these schemas.
    pub(super) fn new<'a>(definitions: &BTreeMap<String, Value>, roots: impl Iterator<Item = &'a Value>) -> Self {
        let mut types = BTreeMap::new();
        let mut waiting = BTreeSet::new();
        for root in roots {
            refs(&mut shape::parse_type(root), &mut waiting);
        }
        while let Some(name) = waiting.pop_first() {
            let Some(schema) = definitions.get(&name).filter(|_| !types.contains_key(&name)) else { continue };
            let mut named = shape::parse_named(&name, schema);
            refs(&mut named.ty, &mut waiting);
            types.insert(name, named);
        }
        Self { types }
    }

    /// The types with their names in `#/$defs/`.
    pub(super) fn into_types(self) -> impl Iterator<Item = (String, Named)> {
        self.types.into_iter()
    }
}

/// The final name of every type in use, by direction and the name in `#/$defs/`.
#[derive(Debug, Clone)]
pub(super) struct Names {
    inputs: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

impl Names {
    /// Gives every type a name of its own, or one name to a type that is the same in both directions.
    pub(super) fn new(inputs: &Direction, outputs: &Direction) -> Self {
        let split = differing(inputs, outputs);
        let mut taken = BTreeSet::new();
        let mut take = |wanted: &str| {
            let name = unique(wanted, |name| !taken.contains(name));
            taken.insert(name.clone());
            name
        };

        // Names that can stay as they are go first, so that a cleaned-up one never pushes them aside.
        let mut raw: Vec<&String> = inputs.types.keys().chain(outputs.types.keys()).collect();
        raw.sort_by_cached_key(|name| (pascal_case(name) != **name, *name));
        raw.dedup();
        let plain: BTreeMap<String, String> =
            raw.into_iter().map(|name| (name.clone(), take(&pascal_case(name)))).collect();

        let outputs = outputs.types.keys().map(|name| (name.clone(), plain[name].clone())).collect();
        let inputs = inputs
            .types
            .keys()
            .map(|name| {
                let shared = &plain[name];
                let own = if split.contains(name) { take(&format!("{shared}Input")) } else { shared.clone() };
                (name.clone(), own)
            })
            .collect();
        Self { inputs, outputs }
    }

    /// The name of a type that is read.
    pub(super) fn input(&self, raw: &str) -> Option<&str> {
        self.inputs.get(raw).map(String::as_str)
    }

    /// The name of a type that is written.
    pub(super) fn output(&self, raw: &str) -> Option<&str> {
        self.outputs.get(raw).map(String::as_str)
    }

    /// Gives a type that is read, and everything it refers to, the final names.
    pub(super) fn rename_input(&self, named: Named) -> Named {
        rename(named, |raw| self.input(raw))
    }

    /// Gives a type that is written, and everything it refers to, the final names.
    pub(super) fn rename_output(&self, named: Named) -> Named {
        rename(named, |raw| self.output(raw))
    }

    /// Gives everything that a type which is read refers to the final names.
    pub(super) fn rename_input_refs(&self, ty: &mut Type) {
        rename_refs(ty, &|raw| self.input(raw));
    }

    /// Gives everything that a type which is written refers to the final names.
    pub(super) fn rename_output_refs(&self, ty: &mut Type) {
        rename_refs(ty, &|raw| self.output(raw));
    }
}

/// The names that mean different types in the two directions, directly or through what they refer to.
fn differing(inputs: &Direction, outputs: &Direction) -> BTreeSet<String> {
    let mut differing: BTreeSet<String> = inputs
        .types
        .iter()
        .filter(|(name, input)| outputs.types.get(*name).is_some_and(|output| output != *input))
        .map(|(name, _)| name.clone())
        .collect();
    loop {
        let more: Vec<String> = inputs
            .types
            .iter()
            .filter(|(name, _)| outputs.types.contains_key(*name) && !differing.contains(*name))
            .filter(|(_, input)| {
                let mut used = BTreeSet::new();
                refs(&mut input.ty.clone(), &mut used);
                !used.is_disjoint(&differing)
            })
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return differing;
        }
        differing.extend(more);
    }
}

/// The first of `Name`, `Name2`, `Name3`, … that is free.
pub(super) fn unique(wanted: &str, is_free: impl Fn(&str) -> bool) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2;
    while !is_free(&name) {
        name = format!("{wanted}{number}");
        number += 1;
    }
    name
}

/// An identifier in PascalCase: `Page_for_Todo` becomes `PageForTodo`, `date-time` becomes `DateTime`.
pub(super) fn pascal_case(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for word in text.split(|letter: char| !letter.is_alphanumeric()) {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        name.push_str(letters.as_str());
    }
    match name.chars().next() {
        None => "Type".to_owned(),
        Some(first) if first.is_numeric() => format!("Type{name}"),
        Some(_) => name,
    }
}

fn rename<'a>(mut named: Named, name: impl Fn(&str) -> Option<&'a str>) -> Named {
    if let Some(name) = name(&named.name) {
        named.name = name.to_owned();
    }
    rename_refs(&mut named.ty, &name);
    named
}

fn rename_refs<'a>(ty: &mut Type, name: &impl Fn(&str) -> Option<&'a str>) {
    walk(ty, &mut |ty| {
        if let Type::Ref(raw) = ty {
            // A reference that leads nowhere says nothing of the value.
            *ty = name(raw).map_or(Type::Any, |name| Type::Ref(name.to_owned()));
        }
    });
}

/// Finds what a type refers to, and leaves the type as it is.
fn refs(ty: &mut Type, found: &mut BTreeSet<String>) {
    walk(ty, &mut |ty| {
        if let Type::Ref(name) = ty {
            found.insert(name.clone());
        }
    });
}

/// Visits a type and every type inside it.
fn walk(ty: &mut Type, visit: &mut impl FnMut(&mut Type)) {
    visit(ty);
    match ty {
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) | Type::Nullable(inner) => walk(inner, visit),
        Type::Tuple(items) => items.iter_mut().for_each(|item| walk(item, visit)),
        Type::Object(object) => {
            object.fields.iter_mut().for_each(|field| walk(&mut field.ty, visit));
            object.flattened.iter_mut().for_each(|part| walk(part, visit));
            object.rest.iter_mut().for_each(|rest| walk(rest, visit));
        }
        Type::Union(union) => {
            union.variants.iter_mut().filter_map(|variant| variant.content.as_mut()).for_each(|ty| walk(ty, visit));
        }
        _ => {}
    }
}
