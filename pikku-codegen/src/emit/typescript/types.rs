//! Types as TypeScript writes them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::names::{docs, key, string};
use crate::schema::{Field, Named, Object, Tagging, Type, Union, Variant};

/// The widest that an object or union may be to stand on one line.
const ONE_LINE: usize = 80;

/// Writes types, and remembers the named ones that it came across.
#[derive(Debug, Default)]
pub(super) struct Printer {
    /// The names of the types that what was written refers to.
    pub(super) used: BTreeSet<String>,
}

/// A type that has been written, with what it has to be put into brackets for.
struct Text {
    text: String,
    binds: Binds,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    AsUnion,
    AsIntersection,
    Tightly,
}

/// How the members of an object are laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout<'a> {
    /// A line for each, as in an interface.
    Lines,
    /// All on one line if they are short, and else one for each, deeper than this.
    AsFits(&'a str),
}

impl Text {
    fn tight(text: impl Into<String>) -> Self {
        Self { text: text.into(), binds: Binds::Tightly }
    }

    fn inside(self, least: Binds) -> String {
        if self.binds < least { format!("({})", self.text) } else { self.text }
    }
}

impl Printer {
    /// Writes the declaration of a named type, with its doc comment.
    pub(super) fn declare(&mut self, named: &Named) -> String {
        let comment = docs(&named.docs, false, "");
        let name = &named.name;
        match &named.ty {
            Type::Object(object) if object.flattened.is_empty() => {
                format!("{comment}export interface {name} {}", self.members(object, None, Layout::Lines))
            }
            Type::Union(union) => {
                let variants = self.variants(union, "  ");
                let bare = union.variants.iter().all(|variant| variant.docs.is_empty());
                let line = variants.join(" | ");
                if bare && line.len() <= ONE_LINE && !line.contains('\n') {
                    let line = if line.is_empty() { "never" } else { &line };
                    return format!("{comment}export type {name} = {line}");
                }
                let lines: String = std::iter::zip(&union.variants, variants)
                    .map(|(variant, text)| format!("\n{}  | {text}", docs(&variant.docs, false, "  ")))
                    .collect();
                format!("{comment}export type {name} ={lines}")
            }
            other => format!("{comment}export type {name} = {}", self.print(other)),
        }
    }

    /// Writes a type where it is used.
    pub(super) fn print(&mut self, ty: &Type) -> String {
        self.text(ty, "").text
    }

    fn text(&mut self, ty: &Type, indent: &str) -> Text {
        match ty {
            Type::Any => Text::tight("unknown"),
            Type::Null => Text::tight("null"),
            Type::Boolean => Text::tight("boolean"),
            Type::Integer(format) if is_big(format.as_deref()) => Text::tight("bigint"),
            Type::Integer(_) | Type::Number(_) => Text::tight("number"),
            Type::String(_) => Text::tight("string"),
            Type::File => Text::tight("globalThis.Blob"),
            Type::Const(Value::String(text)) => Text::tight(string(text)),
            Type::Const(value) => Text::tight(value.to_string()),
            Type::List(item) | Type::Set(item) => {
                Text::tight(format!("{}[]", self.text(item, indent).inside(Binds::Tightly)))
            }
            Type::Tuple(items) => {
                let items: Vec<String> = items.iter().map(|item| self.text(item, indent).text).collect();
                Text::tight(format!("[{}]", items.join(", ")))
            }
            // `Record` would not let a type refer to itself.
            Type::Map(values) => Text::tight(format!("{{ [key: string]: {} }}", self.text(values, indent).text)),
            Type::Object(object) => self.object(object, None, indent),
            Type::Union(union) => join(self.variants(union, indent)),
            Type::Nullable(inner) => {
                let inner = self.text(inner, indent).text;
                Text { text: format!("{inner} | null"), binds: Binds::AsUnion }
            }
            Type::Ref(name) => {
                self.used.insert(name.clone());
                Text::tight(name)
            }
        }
    }

    /// Writes an object, and what is flattened into it as an intersection.
    fn object(&mut self, object: &Object, tag: Option<(&str, &str)>, indent: &str) -> Text {
        let mut parts = Vec::new();
        if !object.fields.is_empty() || object.rest.is_some() || tag.is_some() || object.flattened.is_empty() {
            parts.push(self.members(object, tag, Layout::AsFits(indent)));
        }
        for part in &object.flattened {
            parts.push(match only_objects(part) {
                // Of an `Option`, nothing at all may be there.
                Type::Nullable(inner) => format!("({} | {{}})", self.text(&inner, indent).text),
                other => self.text(&other, indent).inside(Binds::AsIntersection),
            });
        }
        let binds = if parts.len() > 1 { Binds::AsIntersection } else { Binds::Tightly };
        Text { text: parts.join(" & "), binds }
    }

    fn members(&mut self, object: &Object, tag: Option<(&str, &str)>, layout: Layout<'_>) -> String {
        let indent = if let Layout::AsFits(indent) = layout { indent } else { "" };
        let deeper = format!("{indent}  ");
        let mut members = Vec::new();
        let mut comments = Vec::new();
        if let Some((tag, name)) = tag {
            members.push(format!("{}: {}", key(tag), string(name)));
            comments.push(String::new());
        }
        for Field { name, ty, required, docs: text, deprecated } in &object.fields {
            let optional = if *required { "" } else { "?" };
            members.push(format!("{}{optional}: {}", key(name), self.text(ty, &deeper).text));
            comments.push(docs(text, *deprecated, &deeper));
        }
        if let Some(rest) = &object.rest {
            members.push(format!("[key: string]: {}", self.index(object, rest, tag, &deeper)));
            comments.push(String::new());
        }

        let line = members.join("; ");
        let short = indent.len() + line.len() <= ONE_LINE && !line.contains('\n');
        if members.is_empty() {
            "{}".to_owned()
        } else if layout != Layout::Lines && short && comments.iter().all(String::is_empty) {
            format!("{{ {line} }}")
        } else {
            let lines: String = std::iter::zip(comments, members)
                .map(|(comment, member)| format!("{comment}{deeper}{member}\n"))
                .collect();
            format!("{{\n{lines}{indent}}}")
        }
    }

    /// What all other keys hold. TypeScript wants the named fields to fit in with that.
    fn index(&mut self, object: &Object, rest: &Type, tag: Option<(&str, &str)>, indent: &str) -> String {
        let mut types = vec![self.text(rest, indent).text];
        types.extend(tag.map(|(_, name)| string(name)));
        for field in &object.fields {
            types.push(self.text(&field.ty, indent).text);
            types.extend((!field.required).then(|| "undefined".to_owned()));
        }
        if types.iter().any(|ty| ty == "unknown") {
            return "unknown".to_owned();
        }
        let mut seen = BTreeSet::new();
        types.retain(|ty| seen.insert(ty.clone()));
        types.join(" | ")
    }

    fn variants(&mut self, union: &Union, indent: &str) -> Vec<String> {
        union.variants.iter().map(|variant| self.variant(&union.tagging, variant, indent)).collect()
    }

    fn variant(&mut self, tagging: &Tagging, variant: &Variant, indent: &str) -> String {
        let Variant { name, content, .. } = variant;
        let holding =
            |printer: &mut Self, field: &str, ty: &Type| format!("{}: {}", key(field), printer.text(ty, indent).text);
        match (tagging, content) {
            (Tagging::External, None) => string(name),
            (Tagging::External, Some(ty)) => format!("{{ {} }}", holding(self, name, ty)),
            (Tagging::Internal { tag } | Tagging::Adjacent { tag, .. }, None) => {
                format!("{{ {}: {} }}", key(tag), string(name))
            }
            (Tagging::Adjacent { tag, content }, Some(ty)) => {
                format!("{{ {}: {}; {} }}", key(tag), string(name), holding(self, content, ty))
            }
            (Tagging::Internal { tag }, Some(ty)) => {
                let object = match ty {
                    Type::Object(object) => object.clone(),
                    Type::Map(values) => Object { rest: Some(values.clone()), ..Object::default() },
                    other => Object { flattened: vec![other.clone()], ..Object::default() },
                };
                self.object(&object, Some((tag, name)), indent).text
            }
            (Tagging::Untagged, Some(ty)) => self.text(ty, indent).inside(Binds::AsIntersection),
            (Tagging::Untagged, None) => "null".to_owned(),
        }
    }
}

/// Whether an integer has more digits than a `number` keeps.
pub(super) fn is_big(format: Option<&str>) -> bool {
    matches!(format, Some("int64" | "uint64" | "int128" | "uint128" | "int" | "uint"))
}

fn join(mut variants: Vec<String>) -> Text {
    match variants.len() {
        0 => Text::tight("never"),
        1 => Text { text: variants.remove(0), binds: Binds::AsIntersection },
        _ => Text { text: variants.join(" | "), binds: Binds::AsUnion },
    }
}

/// What of a type can lie in the object that it is flattened into.
fn only_objects(ty: &Type) -> Type {
    let Type::Union(union) = ty else { return ty.clone() };
    let mut union = union.clone();
    if union.tagging == Tagging::Untagged {
        union.variants.retain(|variant| {
            let object = |ty: &Type| matches!(ty, Type::Object(_) | Type::Map(_) | Type::Ref(_) | Type::Union(_));
            variant.content.as_ref().is_some_and(object)
        });
    }
    Type::Union(union)
}
