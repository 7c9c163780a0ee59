//! `#[derive(Topic)]`: an event that both clients know the type of.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Ident, LitStr, Member, Token, parse::ParseStream, punctuated::Punctuated, spanned::Spanned};

use crate::function::docs;

pub(crate) fn expand(item: TokenStream) -> TokenStream {
    syn::parse2(item).and_then(|input| expand_topic(&input)).unwrap_or_else(syn::Error::into_compile_error)
}

/// What stands in `#[topic(…)]`.
struct TopicAttribute {
    name: LitStr,
    /// The field that names the scope, or a field of a field.
    scope: Option<Punctuated<Member, Token![.]>>,
}

const WRITE: &str =
    "help: write `#[topic(\"todo-created\")]`, or `#[topic(\"todo-created\", scope = owner)]` with a field";

fn expand_topic(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Some(attribute) = input.attrs.iter().find(|attribute| attribute.path().is_ident("topic")) else {
        return Err(syn::Error::new(input.ident.span(), format!("a topic needs a name\n{WRITE}")));
    };
    if !input.generics.params.is_empty() {
        return Err(syn::Error::new(input.generics.span(), "a topic is not generic, since its name is one"));
    }
    let TopicAttribute { name, scope } = attribute.parse_args_with(parse_attribute)?;
    let core = quote!(::pikku_core::__private);
    let linkme = quote!(#core::linkme);
    let (ident, docs) = (&input.ident, docs(&input.attrs));
    let scope = scope.map(|field| {
        quote! {
            fn scope(&self) -> ::core::option::Option<::std::borrow::Cow<'_, ::core::primitive::str>> {
                ::core::option::Option::Some(::std::borrow::Cow::Owned(::std::string::ToString::to_string(&self.#field)))
            }
        }
    });
    Ok(quote! {
        const _: () = {
            impl #core::Topic for #ident {
                const NAME: &'static ::core::primitive::str = #name;
                #scope
            }

            #[#linkme::distributed_slice(#core::TOPICS)]
            #[linkme(crate = #linkme)]
            static ENTRY: #core::TopicEntry = #core::TopicEntry {
                name: #name,
                module: ::core::module_path!(),
                docs: #docs,
                schema: #core::schemars::SchemaGenerator::subschema_for::<#ident>,
            };
        };
    })
}

fn parse_attribute(input: ParseStream<'_>) -> syn::Result<TopicAttribute> {
    let name: LitStr = input.parse()?;
    if name.value().is_empty() {
        return Err(syn::Error::new(name.span(), format!("a topic needs a name\n{WRITE}")));
    }
    let mut scope = None;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
        let key: Ident = input.parse()?;
        if key != "scope" {
            return Err(syn::Error::new(key.span(), format!("unknown key `{key}`\n{WRITE}")));
        }
        input.parse::<Token![=]>()?;
        scope = Some(Punctuated::parse_separated_nonempty(input)?);
    }
    Ok(TopicAttribute { name, scope })
}
