//! The errors of functions: one enum for each set of variants, and an alias for each function.

use std::collections::BTreeMap;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{
    RustClientError,
    docs::{carried, doc},
    names::{ident, pascal_case, plain_text},
    simplify::simplify,
    types::{Case, Position, TypeWriter},
};
use crate::{
    model::{ErrorVariant, Function},
    schema::{Tagging, Type, Types},
};

/// The errors of all functions.
pub(super) struct Errors {
    /// The name of every function's error, by the function's name.
    aliases: BTreeMap<String, String>,
    groups: Vec<Group>,
}

/// The functions that share one enum.
struct Group {
    /// What the enum is called; `None` if it has no variants.
    name: Option<String>,
    /// The Rust name of the error in the functions crate.
    source: String,
    variants: Vec<ErrorVariant>,
    functions: Vec<String>,
}

impl Errors {
    /// Finds out which functions share their errors, and gives everything a name.
    pub(super) fn new(functions: &[&Function], writer: &mut TypeWriter<'_>) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for function in functions {
            let variants = distinct(&function.errors);
            let same = groups
                .iter_mut()
                .find(|group| group.variants == variants && (variants.is_empty() || group.source == function.error));
            match same {
                Some(group) => group.functions.push(function.name.clone()),
                None => groups.push(Group {
                    name: None,
                    source: function.error.clone(),
                    variants,
                    functions: vec![function.name.clone()],
                }),
            }
        }

        let wanted = |function: &str| format!("{}Error", pascal_case(function));
        // An error that is called as one of its functions' aliases would be needs no such alias. Under another
        // function's alias it would stand for the wrong thing.
        for group in &mut groups {
            let source = pascal_case(group.source.rsplit("::").next().unwrap_or_default());
            let is_foreign = functions
                .iter()
                .any(|function| wanted(&function.name) == source && !group.functions.contains(&function.name));
            if !group.variants.is_empty() {
                let own = wanted(&group.functions[0]);
                let name = if is_foreign || writer.scope.has(&source) { own } else { source };
                group.name = Some(writer.scope.take(&name));
            }
        }
        let mut aliases = BTreeMap::new();
        for group in &groups {
            for function in &group.functions {
                let wanted = wanted(function);
                let is_the_enum = group.name.as_ref() == Some(&wanted);
                let alias = if is_the_enum { wanted } else { writer.scope.take(&wanted) };
                aliases.insert(function.clone(), alias);
            }
        }
        Self { aliases, groups }
    }

    /// What a function's error is called.
    pub(super) fn name(&self, function: &str) -> &str {
        self.aliases.get(function).map_or("", String::as_str)
    }

    /// What a function's `# Errors` section says of its own errors, if it has any.
    pub(super) fn describe(&self, function: &Function) -> Option<String> {
        let group = self.groups.iter().find(|group| group.functions.contains(&function.name))?;
        let variants: Vec<_> = group
            .variants
            .iter()
            .map(|variant| format!("`{}` ({})", plain_text(&ident(&variant.name)), variant.status))
            .collect();
        (!variants.is_empty()).then(|| join(&variants))
    }

    /// The enums and their aliases.
    pub(super) fn items(
        &self,
        types: &Types,
        writer: &mut TypeWriter<'_>,
    ) -> Result<Vec<TokenStream>, RustClientError> {
        let mut items = Vec::new();
        for group in self.groups.iter().filter(|group| group.name.is_some()) {
            items.extend(group.items(types, writer)?);
        }
        items.push(self.alias_items());
        Ok(items)
    }

    fn alias_items(&self) -> TokenStream {
        let aliases =
            self.groups.iter().flat_map(|group| group.functions.iter().map(move |function| (function, group)));
        let aliases: BTreeMap<_, _> = aliases.collect();
        let aliases = aliases.into_iter().filter_map(|(function, group)| {
            let (alias, function) = (self.name(function), function.trim_start_matches("r#"));
            let (says, target) = match &group.name {
                Some(name) if name == alias => return None,
                Some(name) => (format!("The errors of `{function}`."), {
                    let ident = ident(name);
                    quote!(#ident)
                }),
                None => (format!("The errors of `{function}`, which has none of its own."), quote!(runtime::NoError)),
            };
            let (docs, alias) = (doc(&says), ident(alias));
            Some(quote!(#docs pub type #alias = #target;))
        });
        quote!(#(#aliases)*)
    }
}

impl Group {
    fn items(&self, types: &Types, writer: &mut TypeWriter<'_>) -> Result<Vec<TokenStream>, RustClientError> {
        let Some(name) = &self.name else { return Ok(vec![]) };
        let contents: Vec<Option<Type>> = self
            .variants
            .iter()
            .map(|variant| variant.data.as_ref().map(|schema| simplify(types.output(schema))))
            .collect();
        let cases: Vec<_> = self
            .variants
            .iter()
            .zip(&contents)
            .map(|(variant, content)| Case {
                ident: ident(&variant.name),
                wire: &variant.code,
                docs: documentation(variant),
                content: content.as_ref(),
            })
            .collect();

        let users: Vec<_> =
            self.functions.iter().map(|function| format!("`{}`", function.trim_start_matches("r#"))).collect();
        let docs = format!("What {} can refuse.", join(&users));
        let tagging = Tagging::Adjacent { tag: "code".to_owned(), content: "data".to_owned() };
        let position = Position::new(name.clone(), String::new());
        let derives = ["Debug", "Clone", "PartialEq", "Deserialize"];
        let item = writer.enumeration(&ident(name), &docs, &derives, &tagging, &cases, &position)?;
        let mut items = vec![item];
        items.extend(writer.take_made_up());
        items.push(self.implementation(name, &cases));
        Ok(items)
    }

    fn implementation(&self, name: &str, cases: &[Case<'_>]) -> TokenStream {
        let name = ident(name);
        let patterns: Vec<_> = cases
            .iter()
            .map(|Case { ident, content, .. }| match content {
                None => quote!(Self::#ident),
                Some(_) => quote!(Self::#ident { .. }),
            })
            .collect();
        let statuses: Vec<_> = self.variants.iter().map(|variant| Literal::u16_unsuffixed(variant.status)).collect();
        let codes: Vec<_> = self.variants.iter().map(|variant| &variant.code).collect();
        let says = self.variants.iter().map(summary);
        let mut by_status: Vec<(u16, Vec<&TokenStream>)> = Vec::new();
        for (variant, pattern) in self.variants.iter().zip(&patterns) {
            match by_status.iter_mut().find(|(status, _)| *status == variant.status) {
                Some((_, patterns)) => patterns.push(pattern),
                None => by_status.push((variant.status, vec![pattern])),
            }
        }
        let status_arms = by_status.iter().map(|(status, patterns)| {
            let status = Literal::u16_unsuffixed(*status);
            quote!(#(#patterns)|* => #status)
        });
        quote! {
            impl runtime::ApiError for #name {
                const VARIANTS: &'static [(u16, &'static str)] = &[#((#statuses, #codes)),*];

                fn status(&self) -> u16 {
                    match self { #(#status_arms,)* }
                }

                fn code(&self) -> &'static str {
                    match self { #(#patterns => #codes,)* }
                }
            }

            impl runtime::fmt::Display for #name {
                fn fmt(&self, formatter: &mut runtime::fmt::Formatter<'_>) -> runtime::fmt::Result {
                    let text = match self { #(#patterns => #says,)* };
                    formatter.write_str(text)
                }
            }

            impl runtime::StdError for #name {}
        }
    }
}

/// The variants without those that share their code with one before, as the wire can't tell them apart.
fn distinct(variants: &[ErrorVariant]) -> Vec<ErrorVariant> {
    let mut distinct: Vec<ErrorVariant> = Vec::new();
    for variant in variants {
        if !distinct.iter().any(|other| other.code == variant.code) {
            distinct.push(variant.clone());
        }
    }
    distinct
}

/// The doc comment of a variant, with what it is on the wire.
fn documentation(variant: &ErrorVariant) -> String {
    let wire = format!("`{}` with status {}.", variant.code, variant.status);
    let docs = carried(&variant.docs);
    if docs.is_empty() { wire } else { format!("{docs}\n\n{wire}") }
}

/// What an error says of itself: the first line of its doc comment, as error messages are written, or its code in words.
fn summary(variant: &ErrorVariant) -> String {
    let line = variant.docs.lines().next().unwrap_or_default().trim().trim_end_matches('.');
    if line.is_empty() {
        return variant.code.replace('_', " ");
    }
    // `JSON …` stays as it is, `There …` becomes `there …`.
    let mut letters = line.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(letters).collect(),
        _ => line.to_owned(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn join(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}
