//! `#[pikku_channel]`, and what a function says of the channels it is on.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Ident, ItemStruct, LitStr, Path, Token, ext::IdentExt, parse::ParseStream, spanned::Spanned};

use crate::{
    attribute::ChannelAttribute,
    function::{docs, line_of, located},
};

/// What stands in `channel(…)`: the channel, and when the function is called.
pub(crate) struct Binding {
    channel: Path,
    on: On,
}

enum On {
    Action(LitStr),
    Connect,
    Disconnect,
    Message,
    Binary,
}

/// What may stand behind the channel.
const EVENTS: &str = "`action = \"…\"`, `on_connect`, `on_disconnect`, `on_message`, `on_binary`";

impl Binding {
    /// Reads `Events, action = "rename"` and whatever comes after a comma is left to the caller.
    pub(crate) fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let channel = input.call(Path::parse_mod_style)?;
        if input.is_empty() {
            return Err(syn::Error::new(
                channel.span(),
                format!(
                    "a function says when it is called on a channel\nhelp: write one of {EVENTS} behind the channel"
                ),
            ));
        }
        input.parse::<Token![,]>()?;
        let key = input.call(Ident::parse_any)?;
        let on = match key.to_string().as_str() {
            "action" => {
                input.parse::<Token![=]>()?;
                On::Action(input.parse()?)
            }
            "on_connect" => On::Connect,
            "on_disconnect" => On::Disconnect,
            "on_message" => On::Message,
            "on_binary" => On::Binary,
            other => {
                return Err(syn::Error::new(
                    key.span(),
                    format!("unknown key `{other}`\nhelp: behind the channel stands one of {EVENTS}"),
                ));
            }
        };
        Ok(Self { channel, on })
    }

    /// The entry for the registry.
    pub(crate) fn expand(&self, core: &TokenStream) -> TokenStream {
        let Self { channel, on } = self;
        let on = match on {
            On::Action(action) => quote!(Action(#action)),
            On::Connect => quote!(Connect),
            On::Disconnect => quote!(Disconnect),
            On::Message => quote!(Message),
            On::Binary => quote!(Binary),
        };
        let id = quote_spanned!(located(channel.span())=> <#channel as #core::PikkuChannel>::ID);
        quote!(#core::ChannelBinding { channel: #id, on: #core::On::#on })
    }
}

/// Expands `#[pikku_channel]`. The struct is always given back.
pub(crate) fn expand(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let expanded = syn::parse2::<ItemStruct>(item.clone())
        .map_err(|_| {
            syn::Error::new(Span::call_site(), "`#[pikku_channel]` goes on a struct\nhelp: write `pub struct Events;`")
        })
        .and_then(|item| expand_channel(attribute, &item));
    let added = expanded.unwrap_or_else(syn::Error::into_compile_error);
    quote!(#item #added)
}

fn expand_channel(attribute: TokenStream, item: &ItemStruct) -> syn::Result<TokenStream> {
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new(item.generics.span(), "a channel is not generic, since its route is one"));
    }
    let ChannelAttribute { route, name, routing, auth, tags, krate } = ChannelAttribute::parse(attribute)?;
    let core = krate.map_or_else(|| quote!(::pikku_core::__private), |path| quote!(#path::__private));
    let linkme = quote!(#core::linkme);
    let ident = &item.ident;
    let rust = ident.to_string();
    let name = name.map_or_else(|| snake_case(&rust), |name| name.value());
    let routing = routing.map_or_else(|| "action".to_owned(), |routing| routing.value());
    let auth = auth.is_none_or(|auth| auth.value);
    let docs = docs(&item.attrs);
    let line = line_of(ident.span());
    Ok(quote! {
        const _: () = {
            impl #core::PikkuChannel for #ident {
                const NAME: &'static ::core::primitive::str = #name;
            }

            #[#linkme::distributed_slice(#core::CHANNELS)]
            #[linkme(crate = #linkme)]
            static ENTRY: #core::ChannelEntry = #core::ChannelEntry {
                id: <#ident as #core::PikkuChannel>::ID,
                name: #name,
                rust: #rust,
                module: ::core::module_path!(),
                docs: #docs,
                file: ::core::file!(),
                line: #line,
                route: #route,
                routing: #routing,
                auth: #auth,
                tags: &[#(#tags),*],
            };
        };
    })
}

/// `LiveEvents` as `live_events`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
