//! The router: the table of the routes, and the `match` from a route to its function.

use proc_macro2::{Ident, Literal};
use syn::{Arm, Expr, ImplItem, ImplItemFn, Item, ItemImpl, ItemStatic, Path, parse_quote, punctuated::Punctuated};

use super::{
    File, dispatcher, has_files, header, routes,
    syntax::{
        arm, await_generic, block, call, call_of, field, match_first, name, number, number_pattern, pair, runtime,
        slice, some, string, structure,
    },
};
use crate::{
    error::{Error, Result},
    model::{Function, HttpRoute, Model, Output, RouteField, TextKind},
};

/// Renders `router.rs`.
///
/// # Errors
/// When a name in the model is no name in Rust.
pub fn render(model: &Model) -> Result<File> {
    let mut text = header(model);
    let mut file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: Vec::new() };
    // A blank line between items; the printer leaves none.
    for item in render_items(model)? {
        let has_methods = matches!(item, Item::Impl(_));
        file.items = vec![item];
        let printed = prettyplease::unparse(&file);
        text.push('\n');
        text.push_str(&if has_methods { spaced(&printed) } else { printed });
    }
    Ok(File { path: "router.rs".into(), text })
}

/// Code with a blank line before each method but the first.
fn spaced(code: &str) -> String {
    let mut text = String::with_capacity(code.len());
    let mut before = "";
    for line in code.lines() {
        let is_method = line.starts_with("    fn ") || line.starts_with("    async fn ");
        if is_method && !before.ends_with('{') {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
        before = line;
    }
    text
}

fn render_items(model: &Model) -> Result<Vec<Item>> {
    let app = path(&format!("{}::{}", model.app_module, model.app))?;
    let contract = Literal::u32_unsuffixed(model.contract);
    let (mut entries, mut calls, mut layers) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (function, route)) in routes(model).enumerate() {
        let path = function_path(function)?;
        entries.push(render_route(function, route)?);
        if function.has_middleware {
            let middleware = call_of(path.clone(), runtime(&["PikkuFunc"]), "middleware");
            layers.push(arm(number_pattern(place), middleware));
        }
        calls.push(arm(number_pattern(place), await_generic("incoming", "serve", path, [])));
    }
    for channel in &model.channels {
        let upgrade = await_generic("incoming", "upgrade", dispatcher::dispatcher(channel), []);
        calls.push(arm(number_pattern(entries.len()), upgrade));
        entries.push(dispatcher::render_route(channel));
    }
    let table = ItemStatic {
        expr: Box::new(slice(entries)),
        ..parse_quote! {
            /// Every route; its place here is its number.
            pub static ROUTES: &[pikku::Route] = &[];
        }
    };
    let mut items: Vec<Item> = vec![
        parse_quote!(
            use ::pikku_core::__private as pikku;
        ),
        parse_quote!(type App = #app;),
        parse_quote!(const _: () = pikku::assert_contract::<#contract>();),
        Item::Static(table),
        parse_quote! {
            /// The application as an axum router, to be served, nested, layered or merged.
            pub fn router(app: pikku::Pikku<App>) -> pikku::axum::Router {
                pikku::router::<App, Routes>(app)
            }
        },
        parse_quote! {
            /// The application by itself, for a server to serve: the faster of the two, where there is nothing else.
            pub fn application(app: pikku::Pikku<App>) -> pikku::Application<App, Routes> {
                pikku::Application::new(app)
            }
        },
        parse_quote! {
            /// Serves the application until the process is told to end.
            ///
            /// # Errors
            /// When the address can't be had.
            pub async fn serve(app: pikku::Pikku<App>, address: ::std::net::SocketAddr) -> ::std::io::Result<()> {
                pikku::Server::bind(address).await?.serve(application(app)).await
            }
        },
        parse_quote! {
            /// The way from a route to its function.
            #[derive(Debug)]
            pub enum Routes {}
        },
        Item::Impl(render_dispatch(calls, layers)),
    ];
    items.extend(dispatcher::render_items(model)?);
    Ok(items)
}

/// The way from a route to its function: the arms that call it, and those that say what middleware it has.
fn render_dispatch(calls: Vec<Arm>, layers: Vec<Arm>) -> ItemImpl {
    let otherwise = parse_quote! {
        match route {
            _ => incoming.unrouted(),
        }
    };
    let dispatch = ImplItemFn {
        block: block([match_first(calls, otherwise)]),
        ..parse_quote!(
            async fn dispatch(route: usize, incoming: pikku::Incoming<'_, App>) -> Result<(), pikku::Problem> {}
        )
    };
    let middleware = match layers.is_empty() {
        true => parse_quote! {{
            let _ = route;
            Vec::new()
        }},
        false => {
            let otherwise = parse_quote! {
                match route {
                    _ => Vec::new(),
                }
            };
            block([match_first(layers, otherwise)])
        }
    };
    let middleware = ImplItemFn {
        block: middleware,
        ..parse_quote!(
            fn middleware(route: usize) -> Vec<pikku::Layer<App>> {}
        )
    };
    let mut dispatched: ItemImpl = parse_quote! {
        impl pikku::Dispatch<App> for Routes {
            const ROUTES: &'static [pikku::Route] = ROUTES;
        }
    };
    dispatched.items.extend([dispatch, middleware].map(ImplItem::Fn));
    dispatched
}

/// One entry of the table; what is as usual is left to `Route::new`.
fn render_route(function: &Function, route: &HttpRoute) -> Result<Expr> {
    let access = match (function.auth, &function.permissions) {
        (true, None) => None,
        (true, Some(permissions)) => Some(call(runtime(&["Access", "Permitted"]), [string(permissions)])),
        (false, None) => Some(name(runtime(&["Access", "Public"]))),
        (false, Some(permissions)) => Some(call(runtime(&["Access", "PublicPermitted"]), [string(permissions)])),
    };
    let usual = if function.output == Output::None { 204 } else { 200 };
    let status = (route.status != usual).then(|| some(number(Literal::u16_unsuffixed(route.status))));
    let timeout = route.timeout.map(|seconds| {
        Ok(some(call(path("std::time::Duration::from_secs")?, [number(Literal::u64_unsuffixed(seconds))])))
    });
    let fields = [
        ("access", access),
        ("tags", render_tags(&function.tags)),
        ("status", status),
        ("body_limit", route.body_limit.map(|limit| some(number(Literal::usize_unsuffixed(limit))))),
        ("timeout", timeout.transpose()?),
        ("texts", render_texts(&route.fields)),
        ("renamed", (!function.renamed.is_empty()).then(|| render_renamed(function))),
    ];
    Ok(render_entry(fields, &route.method, &route.path, &format!("{}::{}", function.module, function.name)))
}

/// `pikku::Route { fields, ..pikku::Route::new(method, path, function) }`
pub(super) fn render_entry<'a>(
    fields: impl IntoIterator<Item = (&'a str, Option<Expr>)>,
    method: &str,
    path: &str,
    function: &str,
) -> Expr {
    let fields = fields.into_iter().filter_map(|(member, value)| Some(field(member, value?)));
    let usual = call(runtime(&["Route", "new"]), [string(method), string(path), string(function)]);
    structure(runtime(&["Route"]), fields, usual)
}

/// The tags, if there are any.
pub(super) fn render_tags(tags: &[String]) -> Option<Expr> {
    (!tags.is_empty()).then(|| slice(tags.iter().map(|tag| string(tag))))
}

/// What strings become, for the fields that are none.
pub(super) fn render_texts(fields: &[RouteField]) -> Option<Expr> {
    let is_form = has_files(fields);
    let texts: Vec<Expr> = fields.iter().filter_map(|field| render_text(&field.name, field.text, is_form)).collect();
    (!texts.is_empty()).then(|| slice(texts))
}

/// What a string becomes, if it is not to stay one. Nested data travels as text in a form only.
fn render_text(field: &str, kind: TextKind, is_form: bool) -> Option<Expr> {
    let variant = match kind {
        TextKind::Text => return None,
        TextKind::Nested if !is_form => return None,
        TextKind::Nested => "Nested",
        TextKind::Number => "Number",
        TextKind::Boolean => "Boolean",
        TextKind::Scalar => "Scalar",
        TextKind::TextList => "TextList",
        TextKind::NumberList => "NumberList",
        TextKind::BooleanList => "BooleanList",
        TextKind::ScalarList => "ScalarList",
        TextKind::File => "File",
        TextKind::FileList => "FileList",
    };
    Some(pair(string(field), name(runtime(&["TextKind", variant]))))
}

/// What Rust calls fields, and what the wire calls them.
pub(super) fn render_renamed(function: &Function) -> Expr {
    slice(function.renamed.iter().map(|(rust, wire)| pair(string(rust), string(wire))))
}

/// The path of a function, from the root.
pub(super) fn function_path(function: &Function) -> Result<Path> {
    path(&format!("{}::{}", function.module, function.name))
}

/// A path from the root. Its segments may be keywords, as in `todos::r#type`.
fn path(text: &str) -> Result<Path> {
    let mut path = Path { leading_colon: Some(Default::default()), segments: Punctuated::new() };
    for segment in text.split("::") {
        let ident = syn::parse_str::<Ident>(segment).or_else(|_| syn::parse_str(&format!("r#{segment}")));
        path.segments.push(ident.map_err(|error| Error::Emit(format!("`{text}` is no path: {error}")))?.into());
    }
    Ok(path)
}
