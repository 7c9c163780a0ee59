//! The dispatchers: for each channel, the `match` from a message to its function.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::router::{path, render_texts};
use crate::{
    error::Result,
    model::{Channel, Function, Model, ReplyShape},
};

/// The entries of the table of routes.
pub(super) fn render_routes(model: &Model) -> Vec<TokenStream> {
    model.channels.iter().map(render_route).collect()
}

fn render_route(channel: &Channel) -> TokenStream {
    let Channel { route, path, tags, .. } = channel;
    // The upgrade lets in whoever may sign in later, so what it asks for is said by the dispatcher.
    let access = (!channel.auth).then(|| quote!(access: pikku::Access::Public,));
    let tags = (!tags.is_empty()).then(|| quote!(tags: &[#(#tags),*],));
    let texts = render_texts(&channel.fields);
    quote! {
        pikku::Route { #access #tags #texts ..pikku::Route::new("GET", #route, #path) }
    }
}

/// The name of a channel's dispatcher.
pub(super) fn dispatcher(channel: &Channel) -> Ident {
    let name = channel.path.rsplit("::").next().unwrap_or(&channel.path);
    format_ident!("{name}Dispatcher")
}

/// The dispatchers themselves.
pub(super) fn render_items(model: &Model) -> Result<Vec<TokenStream>> {
    model.channels.iter().map(|channel| render_dispatcher(model, channel)).collect()
}

fn render_dispatcher(model: &Model, channel: &Channel) -> Result<TokenStream> {
    let name = dispatcher(channel);
    let Channel { routing, auth, .. } = channel;
    let docs = format!("Dispatches the channel `{}` at `{}`.", channel.name, channel.route);
    let public = !auth;
    let find = |name: &str| model.functions.iter().find(|function| function.name == name);
    let in_public = |name: &String| find(name).is_some_and(|function| !function.auth);
    let actions = channel.actions.iter().map(|action| &action.function);
    let has_public_routes = actions.chain(&channel.on_message).chain(&channel.on_binary).any(in_public);

    let opened = |name: &Option<String>| match name.as_deref().and_then(find) {
        Some(function) => {
            let (path, renamed) = (function_path(function)?, render_renamed(function));
            Ok(quote!(opened.run::<#path>(#renamed).await))
        }
        None => Ok(quote! {
            let _ = opened;
            pikku::Handled::silently()
        }),
    };
    let check_opening = match channel.on_connect.as_deref().and_then(find) {
        Some(function) => {
            let (path, renamed) = (function_path(function)?, render_renamed(function));
            quote!(pikku::check_opening::<#path>(opening, #renamed))
        }
        None => quote! {
            let _ = opening;
            Ok(())
        },
    };
    let (connect, disconnect) = (opened(&channel.on_connect)?, opened(&channel.on_disconnect)?);
    let handled = |name: &Option<String>| match name.as_deref().and_then(find) {
        Some(function) => {
            let (path, renamed) = (function_path(function)?, render_renamed(function));
            let shape = if function.output == crate::model::Output::None { quote!(Empty) } else { quote!(Result) };
            Ok(quote!(message.run::<#path>(pikku::ReplyShape::#shape, false, #renamed).await))
        }
        None => Ok(quote!(message.unknown())),
    };
    let (fallback, binary) = (handled(&channel.on_message)?, handled(&channel.on_binary)?);
    // A `match` on strings compares them one after the other, so it is on the place in a sorted list.
    let mut actions: Vec<_> = channel.actions.iter().collect();
    actions.sort_by_key(|action| &action.action);
    let (mut values, mut arms) = (Vec::new(), Vec::new());
    for action in actions {
        let Some(function) = find(&action.function) else { continue };
        let (number, keeps_id) = (Literal::usize_unsuffixed(arms.len()), action.keeps_id);
        let (path, renamed) = (function_path(function)?, render_renamed(function));
        let shape = format_ident!(
            "{}",
            match action.reply {
                ReplyShape::Merged => "Merged",
                ReplyShape::Result => "Result",
                ReplyShape::Empty => "Empty",
            }
        );
        values.push(&action.action);
        arms.push(
            quote!(Some(Ok(#number)) => message.run::<#path>(pikku::ReplyShape::#shape, #keeps_id, #renamed).await,),
        );
    }
    Ok(quote! {
        #[doc = #docs]
        #[derive(Debug)]
        pub enum #name {}

        impl pikku::ChannelDispatch<App> for #name {
            const ROUTING: &'static str = #routing;
            const PUBLIC: bool = #public;
            const HAS_PUBLIC_ROUTES: bool = #has_public_routes;

            fn check_opening(opening: &[u8]) -> Result<(), pikku::Problem> {
                #check_opening
            }

            async fn connect(opened: pikku::Opened<'_, App>) -> pikku::Handled {
                #connect
            }

            async fn disconnect(opened: pikku::Opened<'_, App>) -> pikku::Handled {
                #disconnect
            }

            async fn message(message: &pikku::Message<'_, App>) -> pikku::Handled {
                /// Every action; its place here is its number.
                const ACTIONS: &[&str] = &[#(#values),*];

                match message.action().map(|action| ACTIONS.binary_search(&action)) {
                    #(#arms)*
                    Some(_) => message.unknown(),
                    None => #fallback,
                }
            }

            async fn binary(message: &pikku::Message<'_, App>) -> pikku::Handled {
                #binary
            }
        }
    })
}

fn function_path(function: &Function) -> Result<syn::Path> {
    path(&format!("{}::{}", function.module, function.name))
}

fn render_renamed(function: &Function) -> TokenStream {
    let pairs = function.renamed.iter().map(|(rust, wire)| quote!((#rust, #wire)));
    quote!(&[#(#pairs),*])
}
