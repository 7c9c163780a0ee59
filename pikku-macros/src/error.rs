//! `#[derive(PikkuError)]`: what callers are told of an error, variant by variant.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Data, DeriveInput, Field, Fields, Ident, Variant, spanned::Spanned};

use crate::{
    attribute::{VariantAttribute, parse_crate},
    channel::snake_case,
    function::{docs, located},
    signature::Errors,
};

pub(crate) fn expand(item: TokenStream) -> TokenStream {
    syn::parse2(item).and_then(|input| expand_enum(&input)).unwrap_or_else(syn::Error::into_compile_error)
}

fn expand_enum(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new(
            input.ident.span(),
            "`PikkuError` is derived for enums\nhelp: make it an enum, with one variant for each way to fail",
        ));
    };
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(
            &input.generics,
            "an error that callers know by name is not generic\nhelp: name the types",
        ));
    }
    let root = parse_crate(&input.attrs)?.map_or_else(|| quote!(::pikku_core), |path| quote!(#path));
    let core = quote!(#root::__private);
    let mut errors = Errors::default();
    let (mut arms, mut entries) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        match expand_variant(variant, &core) {
            Ok((arm, entry)) => {
                arms.push(arm);
                entries.push(entry);
            }
            Err(error) => errors.combine(error),
        }
    }
    errors.finish(Some(()))?;
    let name = &input.ident;
    let text = name.to_string();
    Ok(quote! {
        impl #core::PikkuError for #name {
            const NAME: &'static ::core::primitive::str = #text;

            fn problem(&self) -> #core::Problem {
                match self {
                    #(#arms)*
                }
            }

            fn variants(
                generator: &mut #core::schemars::SchemaGenerator,
            ) -> ::std::vec::Vec<#core::ErrorVariant> {
                let _ = &generator;
                let mut variants = ::std::vec::Vec::new();
                #(#entries)*
                variants
            }
        }
    })
}

/// The arm that tells of a variant, and the code that lists it.
fn expand_variant(variant: &Variant, core: &TokenStream) -> syn::Result<(TokenStream, TokenStream)> {
    let attribute = VariantAttribute::parse(&variant.attrs)?;
    let name = &variant.ident;
    if attribute.transparent {
        return expand_transparent(variant, &attribute, core);
    }
    let Some(span) = attribute.span else {
        return Ok((quote!(Self::#name { .. } => #core::Problem::internal(),), TokenStream::new()));
    };
    let Some(status) = attribute.status else {
        return Err(syn::Error::new(span, "callers need a status\nhelp: write `#[pikku(status = 404)]`"));
    };
    let code = attribute.code.as_ref().map_or_else(|| snake_case(&name.to_string()), syn::LitStr::value);
    let docs = docs(&variant.attrs);
    let text = name.to_string();
    let plain = quote! {
        #core::ErrorVariant {
            name: #text, docs: #docs, status: #status, code: #code, data: ::core::option::Option::None,
        }
    };
    let problem = quote! {
        #core::Problem::new(
            #core::http::StatusCode::from_u16(#status).unwrap_or(#core::http::StatusCode::INTERNAL_SERVER_ERROR),
            #code,
        )
        .with_detail(#core::detail(self))
    };
    let payload = expand_payload(&variant.fields, core)?;
    let Payload { pattern, data, schema } = payload;
    let arm = quote!(Self::#name #pattern => #problem #data,);
    let entry = quote!(variants.push(#plain #schema););
    Ok((arm, entry))
}

/// How the payload of a variant is bound, told and described.
struct Payload {
    pattern: TokenStream,
    data: TokenStream,
    schema: TokenStream,
}

fn expand_payload(fields: &Fields, core: &TokenStream) -> syn::Result<Payload> {
    let told: Vec<(usize, &Field)> = fields.iter().enumerate().filter(|(_, field)| !is_cause(field)).collect();
    match (fields, told.as_slice()) {
        (_, []) => Ok(Payload { pattern: quote!({ .. }), data: TokenStream::new(), schema: TokenStream::new() }),
        (Fields::Named(_), told) => {
            let names: Vec<&Ident> = told.iter().filter_map(|(_, field)| field.ident.as_ref()).collect();
            let keys: Vec<String> =
                names.iter().map(|name| name.to_string().trim_start_matches("r#").to_owned()).collect();
            let types = told.iter().map(|(_, field)| &field.ty);
            Ok(Payload {
                pattern: quote!({ #(#names,)* .. }),
                data: quote!(.with_data(&#core::Fields(&[#((#keys, #names as &dyn #core::Payload)),*]))),
                schema: quote!(.with_fields(::std::vec![#((#keys, generator.subschema_for::<#types>())),*])),
            })
        }
        (_, [(index, field)]) => {
            let before = (0..*index).map(|_| quote!(_,));
            let (binding, ty) = (format_ident!("payload"), &field.ty);
            let data = quote_spanned!(located(ty.span())=> .with_data(#binding));
            Ok(Payload {
                pattern: quote!((#(#before)* #binding, ..)),
                data,
                schema: quote!(.with_payload::<#ty>(generator)),
            })
        }
        (fields, _) => Err(syn::Error::new(
            fields.span(),
            "a payload of several values needs names for them\nhelp: write `Variant { first: …, second: … }`",
        )),
    }
}

/// Whether a field is the cause of an error, which callers are not told.
fn is_cause(field: &Field) -> bool {
    let marked = |name| field.attrs.iter().any(|attribute| attribute.path().is_ident(name));
    marked("source")
        || marked("from")
        || marked("backtrace")
        || field.ident.as_ref().is_some_and(|name| name == "source")
}

fn expand_transparent(
    variant: &Variant,
    attribute: &VariantAttribute,
    core: &TokenStream,
) -> syn::Result<(TokenStream, TokenStream)> {
    let span = attribute.span.unwrap_or_else(Span::call_site);
    if attribute.status.is_some() || attribute.code.is_some() {
        return Err(syn::Error::new(
            span,
            "a transparent variant has the status and the code of the error inside\nhelp: write `#[pikku(transparent)]` alone",
        ));
    }
    let Fields::Unnamed(fields) = &variant.fields else {
        return Err(syn::Error::new(
            span,
            "a transparent variant holds another error\nhelp: write `Variant(OtherError)`",
        ));
    };
    let (name, Some(inner), 1) = (&variant.ident, fields.unnamed.first(), fields.unnamed.len()) else {
        return Err(syn::Error::new(
            fields.span(),
            "a transparent variant holds exactly one error\nhelp: write `Variant(OtherError)`",
        ));
    };
    let ty = &inner.ty;
    Ok((
        quote_spanned!(located(ty.span())=> Self::#name(inner) => <#ty as #core::PikkuError>::problem(inner),),
        quote!(::core::iter::Extend::extend(&mut variants, <#ty as #core::PikkuError>::variants(generator));),
    ))
}
