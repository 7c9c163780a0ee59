//! Types as Rust: what stands in a signature, and the structs and enums behind it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::{
    RustClientError,
    docs::{carried, doc},
    fields::FieldStyle,
    names::{Rule, Scope, ident, pascal_case},
    recursion::{boxed_references, is_alias, recursive_aliases},
};
use crate::schema::{Named, Tagging, Type, Variant};

/// Names that generated code uses without a path, unless the application has a type of that name.
pub(super) const PRELUDE: &[&str] = &["AsRef", "BTreeMap", "Box", "From", "Into", "Option", "Result", "String", "Vec"];

/// Writes types, and collects the items that they need.
pub(super) struct TypeWriter<'a> {
    named: BTreeMap<&'a str, &'a Named>,
    replaced: &'a BTreeMap<String, syn::Type>,
    /// The references, from one named type to another, that go through a `Box`.
    boxed: BTreeSet<(String, String)>,
    /// Aliases that have to be types of their own.
    newtypes: BTreeSet<String>,
    /// What is said of types that have no doc comment.
    about: BTreeMap<String, String>,
    /// The names of the module.
    pub(super) scope: Scope,
    /// Types without a name in the schema, which have been met and given one.
    made_up: Vec<TokenStream>,
}

/// Where a type stands.
#[derive(Debug, Clone)]
pub(super) struct Position {
    /// The named type that it is a part of, if it is part of one.
    pub(super) owner: String,
    /// The struct or enum that it is written in, which is `Self` there.
    item: String,
    /// What it is called if it has no name.
    pub(super) name: String,
    /// What is said of it then.
    pub(super) about: String,
    /// Whether it lies within its owner, and not behind a pointer.
    is_inline: bool,
    /// Whether its fields may be files.
    pub(super) takes_files: bool,
    /// The fields that a change may leave as they are, clear or set.
    pub(super) clearable: BTreeSet<String>,
}

impl Position {
    /// Outside of all named types.
    pub(super) fn new(name: String, about: String) -> Self {
        Self {
            owner: String::new(),
            item: String::new(),
            name,
            about,
            is_inline: true,
            takes_files: false,
            clearable: BTreeSet::new(),
        }
    }

    /// The same, where an input stands: its fields may be files, and these be cleared.
    pub(super) fn of_input(self, clearable: BTreeSet<String>) -> Self {
        Self { takes_files: true, clearable, ..self }
    }

    /// A part of what stands here.
    pub(super) fn part(&self, name: &str, about: String) -> Self {
        let name = format!("{}{}", self.name, pascal_case(name));
        Self { name, about, takes_files: false, clearable: BTreeSet::new(), ..self.clone() }
    }

    /// The items of a list or map that stands here.
    fn items(&self, name: &str) -> Self {
        Self { is_inline: false, ..self.part(name, self.about.clone()) }
    }
}

/// A variant of an enum that is to be written.
pub(super) struct Case<'a> {
    pub(super) ident: Ident,
    pub(super) wire: &'a str,
    pub(super) docs: String,
    pub(super) content: Option<&'a Type>,
}

impl<'a> TypeWriter<'a> {
    pub(super) fn new(
        named: BTreeMap<&'a str, &'a Named>,
        replaced: &'a BTreeMap<String, syn::Type>,
        about: BTreeMap<String, String>,
    ) -> Self {
        let mut scope = Scope::default();
        for name in named.keys() {
            scope.take(name);
        }
        let (boxed, newtypes) = (boxed_references(&named), recursive_aliases(&named));
        Self { named, replaced, boxed, newtypes, about, scope, made_up: Vec::new() }
    }

    /// A name of the standard library's, with a path if the application has taken it.
    pub(super) fn std(&self, name: &str) -> TokenStream {
        let ident = format_ident!("{name}");
        if self.named.contains_key(name) { quote!(runtime::prelude::#ident) } else { quote!(#ident) }
    }

    /// The types without a name that were met since the last time.
    pub(super) fn take_made_up(&mut self) -> Vec<TokenStream> {
        std::mem::take(&mut self.made_up)
    }

    /// The items of all named types, each followed by those that it needed; `inputs` are those that are inputs as a
    /// whole, with the fields that can be cleared.
    pub(super) fn items(
        &mut self,
        inputs: &BTreeMap<String, BTreeSet<String>>,
    ) -> Result<Vec<TokenStream>, RustClientError> {
        let mut items = Vec::new();
        for (name, named) in self.named.clone() {
            let about = self.about.get(name).cloned().unwrap_or_else(|| format!("`{name}`, as it is on the wire."));
            let docs = if named.docs.is_empty() { about } else { carried(&named.docs) };
            let position = Position::new(name.to_owned(), String::new());
            let position = match inputs.get(name) {
                Some(clearable) => position.of_input(clearable.clone()),
                None => position,
            };
            let position = Position { owner: name.to_owned(), ..position };
            items.push(self.item(name, &docs, &named.ty, &position)?);
            items.append(&mut self.made_up);
        }
        Ok(items)
    }

    /// A type where one is expected.
    pub(super) fn ty(&mut self, ty: &Type, position: &Position) -> Result<TokenStream, RustClientError> {
        Ok(match ty {
            Type::Any => quote!(runtime::Value),
            Type::Null => quote!(()),
            Type::Boolean => quote!(bool),
            Type::Integer(format) => integer(format.as_deref()),
            Type::Number(format) if format.as_deref() == Some("float") => quote!(f32),
            Type::Number(_) => quote!(f64),
            Type::String(format) if format.as_deref() == Some("uuid") => quote!(runtime::Uuid),
            Type::String(_) => self.std("String"),
            Type::File => return Err(RustClientError::File { place: position.name.clone() }),
            Type::List(item) | Type::Set(item) => {
                let (vec, item) = (self.std("Vec"), self.ty(item, &position.items("Item"))?);
                quote!(#vec<#item>)
            }
            Type::Map(values) => {
                let (map, string) = (self.std("BTreeMap"), self.std("String"));
                let values = self.ty(values, &position.items("Value"))?;
                quote!(#map<#string, #values>)
            }
            // The empty tuple would be `null`, and not a list of nothing.
            Type::Tuple(items) if items.is_empty() => quote!([(); 0]),
            Type::Tuple(items) => {
                let items = self.tuple(items, position)?;
                quote!((#(#items,)*))
            }
            Type::Nullable(inner) => {
                // A nullable alias is a name for the option, so what is in it needs another.
                let is_alias = position.name == position.owner;
                let inner = match is_alias {
                    true => self.ty(inner, &position.part("Value", position.about.clone()))?,
                    false => self.ty(inner, position)?,
                };
                let option = self.std("Option");
                quote!(#option<#inner>)
            }
            Type::Ref(name) => {
                let path = if *name == position.item { quote!(Self) } else { self.path(name) };
                let is_boxed = position.is_inline && self.boxed.contains(&(position.owner.clone(), name.clone()));
                let wrapper = self.std("Box");
                if is_boxed { quote!(#wrapper<#path>) } else { path }
            }
            Type::Const(_) | Type::Object(_) | Type::Union(_) => {
                let name = self.scope.take(&position.name);
                let position = Position { name: name.clone(), ..position.clone() };
                let place = self.made_up.len();
                let item = self.item(&name, &position.about, ty, &position)?;
                // Before the ones that it needed itself.
                self.made_up.insert(place, item);
                let ident = ident(&name);
                quote!(#ident)
            }
        })
    }

    /// A type as a parameter that borrows it.
    pub(super) fn borrowed(&mut self, ty: &Type, position: &Position) -> Result<TokenStream, RustClientError> {
        Ok(match ty {
            Type::String(format) if format.as_deref() != Some("uuid") => quote!(&str),
            Type::List(item) | Type::Set(item) => {
                let item = self.ty(item, &position.items("Item"))?;
                quote!(&[#item])
            }
            _ => {
                let ty = self.ty(ty, position)?;
                quote!(&#ty)
            }
        })
    }

    /// The types of a tuple's items.
    fn tuple(&mut self, items: &[Type], position: &Position) -> Result<Vec<TokenStream>, RustClientError> {
        let items = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.ty(item, &position.part(&format!("Item{}", index + 1), position.about.clone())));
        items.collect()
    }

    /// A named type.
    fn path(&self, name: &str) -> TokenStream {
        match self.replaced.get(name) {
            Some(path) => quote!(#path),
            None => {
                let ident = ident(name);
                quote!(#ident)
            }
        }
    }

    /// A struct, enum or alias.
    fn item(&mut self, name: &str, docs: &str, ty: &Type, position: &Position) -> Result<TokenStream, RustClientError> {
        let ident = ident(name);
        // An alias is not a type of its own, and has no `Self`.
        let is_alias = is_alias(ty) && !self.newtypes.contains(name);
        let position = &Position { item: if is_alias { String::new() } else { name.to_owned() }, ..position.clone() };
        match ty {
            Type::Object(object) => {
                let fields = self.fields(object, position, FieldStyle::Struct)?;
                let docs = &match fields.have_patches {
                    true => format!("{docs}\n\nWhat is a `Patch` stays as it is unless it is cleared or set."),
                    false => docs.to_owned(),
                };
                let mut derives = vec!["Debug", "Clone", "PartialEq"];
                derives.extend(fields.are_optional.then_some("Default"));
                derives.push("Serialize");
                derives.extend((!fields.have_files).then_some("Deserialize"));
                let head = head(docs, &derives, fields.are_documented, &rename_all(fields.rule));
                let tokens = fields.tokens;
                Ok(quote!(#head pub struct #ident { #(#tokens,)* }))
            }
            Type::Union(union) => {
                let cases = cases(&union.variants);
                let is_plain = union.tagging == Tagging::External && cases.iter().all(|case| case.content.is_none());
                let derives: &[&str] = match is_plain {
                    true => &["Debug", "Clone", "Copy", "PartialEq", "Eq", "Hash", "Serialize", "Deserialize"],
                    false => &["Debug", "Clone", "PartialEq", "Serialize", "Deserialize"],
                };
                self.enumeration(&ident, docs, derives, &union.tagging, &cases, position)
            }
            Type::Const(value) => {
                let wire = value.as_str().unwrap_or_default();
                let (attributes, variant) =
                    (variant_attributes(&[rename(&pascal_case(wire), wire)]), pascal_case(wire));
                let (variant, derives) = (
                    super::names::ident(&variant),
                    ["Debug", "Clone", "Copy", "Default", "PartialEq", "Eq", "Hash", "Serialize", "Deserialize"],
                );
                let (head, says) = (head(docs, &derives, true, &[]), doc(&format!("Always `{wire}`.")));
                Ok(quote!(#head pub enum #ident { #says #[default] #attributes #variant }))
            }
            _ if !is_alias => {
                let (inner, says) = (self.ty(ty, position)?, doc("What it stands for."));
                let derives = ["Debug", "Clone", "PartialEq", "Serialize", "Deserialize"];
                let head = head(docs, &derives, true, &[quote!(transparent)]);
                Ok(quote!(#head pub struct #ident(#says pub #inner);))
            }
            _ => {
                let (docs, inner) = (doc(docs), self.ty(ty, position)?);
                Ok(quote!(#docs pub type #ident = #inner;))
            }
        }
    }

    /// An enum.
    pub(super) fn enumeration(
        &mut self,
        ident: &Ident,
        docs: &str,
        derives: &[&str],
        tagging: &Tagging,
        cases: &[Case<'_>],
        position: &Position,
    ) -> Result<TokenStream, RustClientError> {
        let pairs: Vec<_> = cases.iter().map(|case| (case.ident.clone(), case.wire)).collect();
        // Untagged variants have no names on the wire.
        let rule = if *tagging == Tagging::Untagged { None } else { Rule::choose(&pairs, Rule::of_variant) };
        let mut attributes = match tagging {
            Tagging::External => vec![],
            Tagging::Internal { tag } => vec![quote!(tag = #tag)],
            Tagging::Adjacent { tag, content } => vec![quote!(tag = #tag), quote!(content = #content)],
            Tagging::Untagged => vec![quote!(untagged)],
        };
        attributes.extend(rename_all(rule));

        let mut are_documented = true;
        let mut variants = Vec::new();
        for case in cases {
            let Case { ident, wire, docs, content } = case;
            are_documented &= !docs.is_empty();
            let text = super::names::plain_text(ident);
            let wire_by_rule = rule.map_or_else(|| text.clone(), |rule| rule.of_variant(&text));
            let mut attributes = match tagging {
                Tagging::Untagged => vec![],
                _ => vec![rename(&wire_by_rule, wire)],
            };
            let part = position.part(&text, format!("What is in [`{}::{text}`].", position.name));
            let body = match content {
                None => quote!(),
                Some(Type::Object(object)) => {
                    let fields = self.fields(object, &part, FieldStyle::Variant)?;
                    are_documented &= fields.are_documented;
                    attributes.push(rename_all(fields.rule).into_iter().next());
                    let tokens = fields.tokens;
                    quote!({ #(#tokens,)* })
                }
                // Fewer than two would make a newtype or a unit of it, which look different on the wire.
                Some(Type::Tuple(items)) if items.len() > 1 && !matches!(tagging, Tagging::Internal { .. }) => {
                    let items = self.tuple(items, &part)?;
                    quote!((#(#items),*))
                }
                Some(other) => {
                    let inner = self.ty(other, &part)?;
                    quote!((#inner))
                }
            };
            let (docs, attributes) = (doc(docs), variant_attributes(&attributes));
            variants.push(quote!(#docs #attributes #ident #body));
        }
        let head = head(docs, derives, are_documented, &attributes);
        Ok(quote!(#head pub enum #ident { #(#variants,)* }))
    }
}

/// The variants of a schema's union, with identifiers.
fn cases(variants: &[Variant]) -> Vec<Case<'_>> {
    let mut scope = Scope::default();
    let cases = variants.iter().map(|variant| Case {
        ident: ident(&scope.take(&pascal_case(&variant.name))),
        wire: &variant.name,
        docs: carried(&variant.docs),
        content: variant.content.as_ref(),
    });
    cases.collect()
}

/// What stands before a struct or enum.
fn head(docs: &str, derives: &[&str], are_documented: bool, attributes: &[TokenStream]) -> TokenStream {
    let (docs, derives) = (doc(docs), derives.iter().map(|name| format_ident!("{name}")));
    let lint = (!are_documented).then(|| quote!(#[allow(missing_docs)]));
    quote! {
        #docs
        #lint
        #[derive(#(#derives),*)]
        #[serde(crate = "runtime::serde" #(, #attributes)*)]
    }
}

pub(super) fn rename_all(rule: Option<Rule>) -> Vec<TokenStream> {
    let rule = rule.map(Rule::attribute);
    rule.into_iter().map(|rule| quote!(rename_all = #rule)).collect()
}

/// Says what something is called on the wire, if that isn't what it would be called anyway.
pub(super) fn rename(otherwise: &str, wire: &str) -> Option<TokenStream> {
    (otherwise != wire).then(|| quote!(rename = #wire))
}

fn variant_attributes(attributes: &[Option<TokenStream>]) -> Option<TokenStream> {
    let attributes: Vec<_> = attributes.iter().flatten().collect();
    (!attributes.is_empty()).then(|| quote!(#[serde(#(#attributes),*)]))
}

fn integer(format: Option<&str>) -> TokenStream {
    match format {
        Some("uint8") => quote!(u8),
        Some("uint16") => quote!(u16),
        Some("uint32") => quote!(u32),
        Some("uint64") => quote!(u64),
        Some("uint128") => quote!(u128),
        Some("uint") => quote!(usize),
        Some("int8") => quote!(i8),
        Some("int16") => quote!(i16),
        Some("int32") => quote!(i32),
        Some("int128") => quote!(i128),
        Some("int") => quote!(isize),
        _ => quote!(i64),
    }
}
