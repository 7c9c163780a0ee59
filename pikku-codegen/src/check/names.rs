//! What Rust calls the fields that the wire calls otherwise.
//!
//! A validation report names fields as Rust does, and no schema tells those names. Where a constraint was tried, the
//! report has told it; elsewhere a field is taken to be called what serde's `rename_all` would have made the wire's name
//! of.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::Value;

use super::sample::Definitions;
use crate::schema::{Keywords, array, members};

/// A type that holds itself is followed so often on one path.
const DEEPEST: usize = 3;

/// A table with more entries than this is of no use to anyone.
const MOST: usize = 2_000;

/// A segment of a JSON pointer.
pub(super) fn escape(segment: &str) -> Cow<'_, str> {
    match segment.contains(['~', '/']) {
        true => segment.replace('~', "~0").replace('/', "~1").into(),
        false => segment.into(),
    }
}

/// What a segment of a JSON pointer stands for.
pub(super) fn unescape(segment: &str) -> Cow<'_, str> {
    match segment.contains('~') {
        true => segment.replace("~1", "/").replace("~0", "~").into(),
        false => segment.into(),
    }
}

/// The names of one input, by their pointers on the wire, in which any item and any key is `*`.
#[derive(Debug, Default)]
pub(super) struct Names {
    steps: BTreeMap<String, Step>,
    /// What fields were found to be called in Rust: by the named type that they are of, and their name on the wire.
    fields: BTreeMap<(String, String), String>,
    /// The pointers in Rust that are of another form, as those of flattened fields are.
    pointers: BTreeMap<String, String>,
}

/// The last segment of a pointer.
#[derive(Debug, Clone)]
enum Step {
    /// A field of a named type.
    Field(String),
    /// A variant's name, around its fields, which reports don't mention.
    Variant(String),
    /// Any item, or any key.
    Any,
}

impl Names {
    /// Finds every field of an input.
    pub(super) fn new(schema: &Value, definitions: Definitions<'_>) -> Self {
        let mut names = Self::default();
        names.walk(schema, definitions, "", "", &mut Vec::new());
        names
    }

    fn walk<'m>(
        &mut self,
        schema: &Value,
        definitions: Definitions<'m>,
        at: &str,
        owner: &str,
        inside: &mut Vec<&'m str>,
    ) {
        if self.steps.len() > MOST {
            return;
        }
        let keywords = Keywords::of(schema);
        if let Some((name, target)) = keywords.reference.and_then(|reference| definitions.find(reference))
            && inside.iter().filter(|other| **other == name).count() < DEEPEST
        {
            inside.push(name);
            self.walk(target, definitions, at, name, inside);
            inside.pop();
        }
        let list = |keyword| array(keyword).into_iter().flatten();
        list(keywords.all_of).for_each(|part| self.walk(part, definitions, at, owner, inside));
        for branch in list(keywords.any_of).chain(list(keywords.one_of)) {
            match variant(branch) {
                Some((name, content)) => {
                    let at = format!("{at}/{}", escape(name));
                    self.steps.insert(at.clone(), Step::Variant(owner.to_owned()));
                    self.walk(content, definitions, &at, &format!("{owner}::{name}"), inside);
                }
                None => self.walk(branch, definitions, at, owner, inside),
            }
        }
        for (name, member) in members(keywords.properties) {
            // A field of this name could not be told from any key.
            if name != "*" {
                let at = format!("{at}/{}", escape(name));
                self.steps.insert(at.clone(), Step::Field(owner.to_owned()));
                self.walk(member, definitions, &at, &format!("{owner}/{name}"), inside);
            }
        }
        for values in list(keywords.prefix_items).chain(keywords.items).chain(keywords.map_values()) {
            let at = format!("{at}/*");
            self.steps.insert(at.clone(), Step::Any);
            self.walk(values, definitions, &at, owner, inside);
        }
    }

    /// The pointer in Rust to what stands at a pointer on the wire.
    fn rust(&self, wire: &str) -> String {
        if let Some(pointer) = self.pointers.get(wire) {
            return pointer.clone();
        }
        let Some((parent, name)) = wire.rsplit_once('/') else { return String::new() };
        let rust = self.rust(parent);
        let known = |owner: &String| self.fields.get(&(owner.clone(), name.to_owned()));
        match self.steps.get(wire) {
            Some(Step::Field(owner)) => format!("{rust}/{}", known(owner).unwrap_or(&snake_case(name))),
            Some(Step::Variant(owner)) => known(owner).map_or(rust.clone(), |name| format!("{rust}/{name}")),
            Some(Step::Any) | None => format!("{rust}/{name}"),
        }
    }

    /// Notes that a report told a fault at `rust`, which is at `pointer` on the wire, and so at `pattern`.
    pub(super) fn learn(&mut self, pattern: &str, pointer: &str, rust: &str) {
        // The parser's faults have the wire's names already, and those of types that it has to look at as a whole are
        // told of the whole.
        if format!("{pointer}/").starts_with(&format!("{rust}/")) {
            return;
        }
        let Some(rust) = generalize(pattern, pointer, rust) else { return };
        let (wires, rusts): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), rust.split('/').collect());
        let is_alike = wires.len() == rusts.len() && wires.iter().zip(&rusts).all(|(a, b)| (*a == "*") == (*b == "*"));
        if is_alike {
            for index in 1..wires.len() {
                if let Some(Step::Field(owner) | Step::Variant(owner)) = self.steps.get(&wires[..=index].join("/")) {
                    let key = (owner.clone(), wires[index].to_owned());
                    self.fields.entry(key).or_insert_with(|| rusts[index].to_owned());
                }
            }
        }
        if self.rust(pattern) != rust {
            self.pointers.insert(pattern.to_owned(), rust);
        }
    }

    fn is_learned(&self, wire: &str) -> bool {
        let name = wire.rsplit_once('/').map_or("", |(_, name)| name);
        let field = match self.steps.get(wire) {
            Some(Step::Field(owner) | Step::Variant(owner)) => {
                self.fields.contains_key(&(owner.clone(), name.to_owned()))
            }
            _ => false,
        };
        field || self.pointers.contains_key(wire)
    }

    /// The pointers in Rust that differ on the wire, and what they are there. Whatever is below a pointer goes with it.
    pub(super) fn into_table(self) -> BTreeMap<String, String> {
        let mut candidates: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for wire in self.steps.keys() {
            candidates.entry(self.rust(wire)).or_default().insert(wire);
        }
        let mut table: BTreeMap<String, String> = BTreeMap::new();
        for (rust, wires) in candidates {
            let learned: Vec<&str> = wires.iter().copied().filter(|wire| self.is_learned(wire)).collect();
            let wire = match (learned.as_slice(), wires.first()) {
                ([wire], _) => (*wire).to_owned(),
                ([], Some(wire)) if wires.len() == 1 => (*wire).to_owned(),
                ([], _) if wires.contains(rust.as_str()) => continue,
                // Reports don't tell variants apart, so the fault is told of what holds them.
                _ => common(&wires),
            };
            // A pointer comes after those that it begins with.
            if wire != moved(&rust, &table) {
                table.insert(rust, wire);
            }
        }
        table
    }
}

/// A pointer with the beginning that it gets from what it is in.
fn moved(rust: &str, table: &BTreeMap<String, String>) -> String {
    let mut parents = rust.match_indices('/').map(|(index, _)| &rust[..index]).collect::<Vec<_>>().into_iter().rev();
    let known = parents.find_map(|parent| Some((parent, table.get(parent)?)));
    known.map_or_else(|| rust.to_owned(), |(parent, wire)| format!("{wire}{}", &rust[parent.len()..]))
}

/// What all pointers begin with.
fn common(pointers: &BTreeSet<&str>) -> String {
    let mut pointers = pointers.iter().map(|pointer| pointer.split('/').collect::<Vec<_>>());
    let first = pointers.next().unwrap_or_default();
    let length = pointers.map(|other| first.iter().zip(&other).take_while(|(a, b)| a == b).count()).min();
    first[..length.unwrap_or(first.len())].join("/")
}

/// The name and the content of an enum's variant, where the schema of a branch is that.
fn variant(branch: &Value) -> Option<(&str, &Value)> {
    let mut properties = branch.get("properties")?.as_object()?.iter();
    let (name, content) = properties.next()?;
    let is_closed = branch.get("additionalProperties") == Some(&Value::Bool(false));
    (is_closed && properties.next().is_none() && name != "*").then_some((name, content))
}

/// A pointer with `*` in place of the items and keys that `pattern` has it for in `pointer`.
fn generalize(pattern: &str, pointer: &str, rust: &str) -> Option<String> {
    let mut stars: Vec<&str> = pattern
        .split('/')
        .zip(pointer.split('/'))
        .filter(|(star, _)| *star == "*")
        .map(|(_, segment)| segment)
        .collect();
    let mut segments: Vec<&str> = rust.split('/').collect();
    // A tuple struct has a number in Rust that the wire does not have, and it comes before what is in it.
    for segment in segments.iter_mut().rev() {
        if stars.last() == Some(segment) {
            stars.pop();
            *segment = "*";
        }
    }
    stars.is_empty().then(|| segments.join("/"))
}

/// `todoId` as `todo_id`: what a field is called in Rust if nobody said otherwise.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter == '-' {
            snake.push('_');
        } else {
            if letter.is_uppercase() && before != '_' && before != '-' && !before.is_uppercase() {
                snake.push('_');
            }
            snake.extend(letter.to_lowercase());
        }
        before = letter;
    }
    snake
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(names: Names) -> Vec<(String, String)> {
        names.into_table().into_iter().collect()
    }

    fn names(schema: &Value, definitions: &Value) -> Names {
        let definitions = definitions.as_object().into_iter().flatten();
        let definitions = definitions.map(|(name, schema)| (name.clone(), schema.clone())).collect();
        Names::new(schema, Definitions(&definitions))
    }

    fn entries(entries: &[(&str, &str)]) -> Vec<(String, String)> {
        entries.iter().map(|(rust, wire)| ((*rust).to_owned(), (*wire).to_owned())).collect()
    }

    #[test]
    fn names_are_those_of_the_type_that_they_stand_in() {
        let definitions = json!({
            "Part": {"type": "object", "properties": {"n": {}, "userName": {}}},
            "Snake": {"type": "object", "properties": {"user_name": {}}},
        });
        let schema = json!({"type": "object", "properties": {
            "userName": {},
            "map": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Snake"}},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
            "otherParts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
        }});
        let mut names = names(&schema, &definitions);
        names.learn("/parts/*/n", "/parts/0/n", "/parts/0/amount");
        let expected = [
            ("/other_parts", "/otherParts"),
            ("/other_parts/*/amount", "/otherParts/*/n"),
            ("/other_parts/*/user_name", "/otherParts/*/userName"),
            ("/parts/*/amount", "/parts/*/n"),
            ("/parts/*/user_name", "/parts/*/userName"),
            ("/user_name", "/userName"),
        ];
        assert_eq!(table(names), entries(&expected));
    }

    #[test]
    fn flattened_fields_and_variants_are_found_where_the_wire_has_them() {
        let variant = |name: &str| {
            json!({
                "type": "object",
                "properties": {name: {"type": "object", "properties": {"x": {}}}},
                "additionalProperties": false,
            })
        };
        let schema = json!({"type": "object", "properties": {
            "limit": {},
            "shape": {"oneOf": [variant("A"), variant("B")]},
            "one": {"oneOf": [variant("C"), {"const": "D"}]},
        }});
        let mut names = names(&schema, &Value::Null);
        names.learn("/limit", "/limit", "/page/limit");
        assert_eq!(table(names), entries(&[("/one/x", "/one/C/x"), ("/page/limit", "/limit"), ("/shape/x", "/shape")]));
    }

    #[test]
    fn numbers_of_tuple_structs_are_not_taken_for_items() {
        assert_eq!(generalize("/a/*/n", "/a/0/n", "/a/0/0/amount").as_deref(), Some("/a/0/*/amount"));
        assert_eq!(generalize("/a/*", "/a/0", "/b"), None);
    }

    #[test]
    fn what_the_parser_told_teaches_nothing() {
        let schema = json!({"type": "object", "properties": {"someId": {"type": "object", "properties": {"x": {}}}}});
        let mut names = names(&schema, &Value::Null);
        names.learn("/someId/x", "/someId/x", "/someId");
        names.learn("/someId", "/someId", "/someId");
        assert_eq!(table(names), entries(&[("/some_id", "/someId")]));
    }
}
