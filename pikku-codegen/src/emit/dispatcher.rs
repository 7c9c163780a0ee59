//! The dispatchers: for each channel, the `match` from a message to its function.

use std::collections::HashMap;

use proc_macro2::Ident;
use quote::{format_ident, quote};
use syn::{Expr, ImplItem, ImplItemFn, Item, ItemConst, ItemImpl, Stmt, parse_quote};

use super::{
    router::{function_path, render_entry, render_renamed, render_tags, render_texts},
    syntax::{
        arm, await_generic, block, boolean, match_first, name, number_pattern, runtime, slice, string, variant_pattern,
    },
};
use crate::{
    error::Result,
    model::{Channel, Function, Model, Output, ReplyShape},
};

/// The entry of the table of routes.
pub(super) fn render_route(channel: &Channel) -> Expr {
    // The upgrade lets in whoever may sign in later, so what it asks for is said by the dispatcher.
    let access = (!channel.auth).then(|| name(runtime(&["Access", "Public"])));
    let fields = [("access", access), ("tags", render_tags(&channel.tags)), ("texts", render_texts(&channel.fields))];
    render_entry(fields, "GET", &channel.route, &channel.path)
}

/// The name of a channel's dispatcher.
pub(super) fn dispatcher(channel: &Channel) -> Ident {
    let name = channel.path.rsplit("::").next().unwrap_or(&channel.path);
    format_ident!("{name}Dispatcher")
}

/// The dispatchers themselves.
pub(super) fn render_items(model: &Model) -> Result<Vec<Item>> {
    let functions = model.functions.iter().map(|function| (function.name.as_str(), function)).collect();
    let mut items = Vec::new();
    for channel in &model.channels {
        items.extend(render_dispatcher(&functions, channel)?);
    }
    Ok(items)
}

fn render_dispatcher(functions: &HashMap<&str, &Function>, channel: &Channel) -> Result<[Item; 2]> {
    let name = dispatcher(channel);
    let Channel { routing, auth, .. } = channel;
    let docs = format!("Dispatches the channel `{}` at `{}`.", channel.name, channel.route);
    let public = !auth;
    let find = |name: &str| functions.get(name).copied();
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
            let shape = if function.output == Output::None { "Empty" } else { "Result" };
            render_run(function, shape, false)
        }
        None => Ok(parse_quote!(message.unknown())),
    };
    let (fallback, binary) = (handled(&channel.on_message)?, handled(&channel.on_binary)?);
    // A `match` on strings compares them one after the other, so it is on the place in a sorted list.
    let mut actions: Vec<_> = channel.actions.iter().collect();
    actions.sort_by_key(|action| &action.action);
    let (mut values, mut arms) = (Vec::new(), Vec::new());
    for action in actions {
        let Some(function) = find(&action.function) else { continue };
        let shape = match action.reply {
            ReplyShape::Merged => "Merged",
            ReplyShape::Result => "Result",
            ReplyShape::Empty => "Empty",
        };
        let found = variant_pattern("Some", variant_pattern("Ok", number_pattern(arms.len())));
        arms.push(arm(found, render_run(function, shape, action.keeps_id)?));
        values.push(string(&action.action));
    }
    let values = ItemConst {
        expr: Box::new(slice(values)),
        ..parse_quote! {
            /// Every action; its place here is its number.
            const ACTIONS: &[&str] = &[];
        }
    };
    let otherwise = parse_quote! {
        match message.action().map(|action| ACTIONS.binary_search(&action)) {
            Some(_) => message.unknown(),
            None => #fallback,
        }
    };
    let message = ImplItemFn {
        block: block([Stmt::Item(Item::Const(values)), match_first(arms, otherwise)]),
        ..parse_quote!(
            async fn message(message: &pikku::Message<'_, App>) -> pikku::Handled {}
        )
    };
    let mut dispatch: ItemImpl = parse_quote! {
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
        }
    };
    let binary: ImplItemFn = parse_quote! {
        async fn binary(message: &pikku::Message<'_, App>) -> pikku::Handled {
            #binary
        }
    };
    dispatch.items.extend([message, binary].map(ImplItem::Fn));
    let declaration = parse_quote! {
        #[doc = #docs]
        #[derive(Debug)]
        pub enum #name {}
    };
    Ok([declaration, Item::Impl(dispatch)])
}

/// `message.run::<function>(pikku::ReplyShape::shape, keeps_id, renamed).await`
fn render_run(function: &Function, shape: &str, keeps_id: bool) -> Result<Expr> {
    let arguments = [name(runtime(&["ReplyShape", shape])), boolean(keeps_id), render_renamed(function)];
    Ok(await_generic("message", "run", function_path(function)?, arguments))
}
