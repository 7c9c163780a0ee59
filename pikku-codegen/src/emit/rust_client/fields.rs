//! The fields of structs, and of enum variants that look like structs.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{
    RustClientError,
    docs::{carried, doc},
    names::{Rule, Scope, ident, plain_text, snake_case},
    types::{Position, TypeWriter, rename},
};
use crate::schema::{Field, Object, Tagging, Type};

/// What the fields stand in, which decides whether they say `pub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldStyle {
    Struct,
    Variant,
}

/// The fields of one struct or variant.
pub(super) struct Fields {
    pub(super) tokens: Vec<TokenStream>,
    pub(super) rule: Option<Rule>,
    /// Whether none has to be given.
    pub(super) are_optional: bool,
    pub(super) are_documented: bool,
    pub(super) have_files: bool,
    pub(super) have_patches: bool,
}

impl TypeWriter<'_> {
    pub(super) fn fields(
        &mut self,
        object: &Object,
        position: &Position,
        style: FieldStyle,
    ) -> Result<Fields, RustClientError> {
        let mut scope = Scope::default();
        let idents = field_idents(object);
        for ident in &idents {
            scope.take(&plain_text(ident));
        }
        let pairs: Vec<_> = idents.into_iter().zip(object.fields.iter().map(|field| field.name.as_str())).collect();
        let rule = Rule::choose(&pairs, Rule::of_field);
        let public = (style == FieldStyle::Struct).then(|| quote!(pub));

        let mut tokens = Vec::new();
        let (mut have_files, mut have_patches) = (false, false);
        for ((ident, wire), field) in pairs.iter().zip(&object.fields) {
            let text = plain_text(ident);
            let wire_by_rule = rule.map_or_else(|| text.clone(), |rule| rule.of_field(&text));
            let part = position.part(&text, format!("What a [`{}`] has as `{text}`.", position.name));
            let is_file = position.takes_files && is_file(&field.ty);
            let (ty, attributes) = if is_file {
                have_files = true;
                // Files go beside the JSON, so there is nothing to write of them here.
                (self.file_type(field), vec![quote!(skip)])
            } else if position.clearable.contains(&field.name) && is_clearable(field) {
                have_patches = true;
                (
                    self.patch_type(field, &part)?,
                    vec![quote!(default), quote!(skip_serializing_if = "runtime::Patch::is_keep")],
                )
            } else {
                self.field_type(field, &part)?
            };
            let attributes: Vec<_> =
                rename(&wire_by_rule, wire).filter(|_| !is_file).into_iter().chain(attributes).collect();
            let attributes = (!attributes.is_empty()).then(|| quote!(#[serde(#(#attributes),*)]));
            let docs = doc(&field_docs(field));
            tokens.push(quote!(#docs #attributes #public #ident: #ty));
        }
        for ty in &object.flattened {
            let name = flattened_name(ty);
            let inner = self.ty(ty, &position.part(&name, format!("What lies in a [`{}`] itself.", position.name)))?;
            let (ident, docs) = (ident(&scope.take(&name)), doc("What lies in the same object."));
            tokens.push(quote!(#docs #[serde(flatten)] #public #ident: #inner));
        }
        if let Some(rest) = &object.rest {
            let part = position.part("OtherValue", format!("What a [`{}`] has under other keys.", position.name));
            let map = self.ty(&Type::Map(rest.clone()), &part)?;
            let (ident, docs) = (ident(&scope.take("other")), doc("All other keys."));
            tokens.push(quote!(#docs #[serde(flatten)] #public #ident: #map));
        }
        Ok(Fields {
            tokens,
            rule,
            are_optional: object.fields.iter().all(|field| !field.required) && object.flattened.is_empty(),
            are_documented: object.fields.iter().all(|field| !field_docs(field).is_empty()),
            have_files,
            have_patches,
        })
    }

    /// The type of a field, and what serde has to know of it.
    fn field_type(
        &mut self,
        field: &Field,
        part: &Position,
    ) -> Result<(TokenStream, Vec<TokenStream>), RustClientError> {
        let ty = self.ty(&field.ty, part)?;
        if field.required {
            return Ok((ty, vec![]));
        }
        let option = self.std("Option");
        let ty = if matches!(field.ty, Type::Nullable(_)) { ty } else { quote!(#option<#ty>) };
        let is_none = format!("{}::is_none", option.to_string().replace(' ', ""));
        Ok((ty, vec![quote!(default), quote!(skip_serializing_if = #is_none)]))
    }

    /// The type of a field that a change may leave as it is, clear or set.
    fn patch_type(&mut self, field: &Field, part: &Position) -> Result<TokenStream, RustClientError> {
        let inner = match &field.ty {
            Type::Nullable(inner) => inner,
            other => other,
        };
        let ty = self.ty(inner, part)?;
        Ok(quote!(runtime::Patch<#ty>))
    }

    fn file_type(&self, field: &Field) -> TokenStream {
        let (option, vec) = (self.std("Option"), self.std("Vec"));
        let (inner, is_nullable) = match &field.ty {
            Type::Nullable(inner) => (&**inner, true),
            other => (other, false),
        };
        let ty = if *inner == Type::File { quote!(runtime::Upload) } else { quote!(#vec<runtime::Upload>) };
        if is_nullable || !field.required { quote!(#option<#ty>) } else { ty }
    }
}

/// The fields' names in Rust, in their order.
pub(super) fn field_idents(object: &Object) -> Vec<Ident> {
    let mut scope = Scope::default();
    object.fields.iter().map(|field| ident(&scope.take(&snake_case(&field.name)))).collect()
}

/// Whether a field is a file, perhaps one, or a list of files.
pub(super) fn is_file(ty: &Type) -> bool {
    match ty {
        Type::File => true,
        Type::List(inner) | Type::Set(inner) | Type::Nullable(inner) => is_file(inner),
        _ => false,
    }
}

/// Whether a field may be left out, and may be `null`.
fn is_clearable(field: &Field) -> bool {
    !field.required && matches!(field.ty, Type::Nullable(_))
}

fn field_docs(field: &Field) -> String {
    let docs = carried(&field.docs);
    match (field.deprecated, docs.is_empty()) {
        (false, _) => docs,
        (true, true) => "Deprecated.".to_owned(),
        (true, false) => format!("{docs}\n\nDeprecated."),
    }
}

/// What a field is called whose members lie in the same object, so that its name never was on the wire.
fn flattened_name(ty: &Type) -> String {
    match ty {
        Type::Ref(name) => snake_case(name),
        Type::Nullable(inner) => flattened_name(inner),
        Type::Union(union) => match &union.tagging {
            Tagging::Internal { tag } | Tagging::Adjacent { tag, .. } => snake_case(tag),
            Tagging::External | Tagging::Untagged => "kind".to_owned(),
        },
        _ => "part".to_owned(),
    }
}
