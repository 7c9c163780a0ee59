//! Types that hold themselves: where a `Box` is needed, and which aliases have to be types of their own.

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Named, Type};

/// The references, from one named type to another, that have to go through a `Box`.
///
/// A type may not lie within itself, so that of every circle of types one reference is boxed: the one that closes it.
pub(super) fn boxed_references(types: &BTreeMap<&str, &Named>) -> BTreeSet<(String, String)> {
    closing_references(types, &|ty, found| inline_references(ty, found))
}

/// The aliases that lead back to themselves through nothing but aliases, which Rust doesn't take.
pub(super) fn recursive_aliases(types: &BTreeMap<&str, &Named>) -> BTreeSet<String> {
    let aliases = types.iter().filter(|(_, named)| is_alias(&named.ty)).map(|(name, named)| (*name, *named)).collect();
    closing_references(&aliases, &|ty, found| alias_references(ty, found)).into_iter().map(|(_, to)| to).collect()
}

/// Whether a named type is only another name for what other types are made of.
pub(super) fn is_alias(ty: &Type) -> bool {
    match ty {
        Type::Object(_) | Type::Union(_) => false,
        Type::Const(value) => !value.is_string(),
        _ => true,
    }
}

type References = dyn Fn(&Type, &mut Vec<String>);

/// The references that lead back to a type on the way to them, in the order of the names.
fn closing_references(types: &BTreeMap<&str, &Named>, references: &References) -> BTreeSet<(String, String)> {
    let mut walk = Walk { types, references, way: Vec::new(), done: BTreeSet::new(), closing: BTreeSet::new() };
    for name in types.keys() {
        walk.visit(name);
    }
    walk.closing
}

struct Walk<'a> {
    types: &'a BTreeMap<&'a str, &'a Named>,
    references: &'a References,
    /// The types from the first to the one that is looked at.
    way: Vec<String>,
    done: BTreeSet<String>,
    closing: BTreeSet<(String, String)>,
}

impl Walk<'_> {
    fn visit(&mut self, name: &str) {
        let Some(named) = self.types.get(name).filter(|_| !self.done.contains(name)) else { return };
        self.way.push(name.to_owned());
        let mut found = Vec::new();
        (self.references)(&named.ty, &mut found);
        for to in found {
            if self.way.contains(&to) {
                self.closing.insert((name.to_owned(), to));
            } else {
                self.visit(&to);
            }
        }
        self.way.pop();
        self.done.insert(name.to_owned());
    }
}

/// The types that lie within a type; what lists and maps hold lies elsewhere.
fn inline_references(ty: &Type, found: &mut Vec<String>) {
    match ty {
        Type::Ref(name) => found.push(name.clone()),
        Type::Nullable(inner) => inline_references(inner, found),
        Type::Tuple(items) => items.iter().for_each(|item| inline_references(item, found)),
        Type::Object(object) => {
            object.fields.iter().for_each(|field| inline_references(&field.ty, found));
            object.flattened.iter().for_each(|part| inline_references(part, found));
        }
        Type::Union(union) => {
            union.variants.iter().filter_map(|variant| variant.content.as_ref()).for_each(|content| {
                inline_references(content, found);
            });
        }
        _ => {}
    }
}

/// The types that an alias names; structs and enums without a name become types of their own and end the way.
fn alias_references(ty: &Type, found: &mut Vec<String>) {
    match ty {
        Type::Ref(name) => found.push(name.clone()),
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) | Type::Nullable(inner) => {
            alias_references(inner, found);
        }
        Type::Tuple(items) => items.iter().for_each(|item| alias_references(item, found)),
        _ => {}
    }
}
