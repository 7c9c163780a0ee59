//! The router: the table of the routes, and the `match` from a route to its function.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Path;

use super::{File, dispatcher, has_files, header, routes};
use crate::{
    error::{Error, Result},
    model::{Function, HttpRoute, Model, RouteField, TextKind},
};

/// Renders `router.rs`.
///
/// # Errors
/// When a name in the model is no name in Rust.
pub fn render(model: &Model) -> Result<File> {
    let mut text = header(model);
    let mut file: syn::File = syn::parse2(render_code(model)?).map_err(|error| Error::Emit(error.to_string()))?;
    // A blank line between items; the printer leaves none.
    for item in std::mem::take(&mut file.items) {
        file.items = vec![item];
        let printed = prettyplease::unparse(&file);
        text.push('\n');
        text.push_str(&spaced(&printed));
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

fn render_code(model: &Model) -> Result<TokenStream> {
    let app = path(&format!("{}::{}", model.app_module, model.app))?;
    let routes: Vec<(&Function, &HttpRoute)> = routes(model).collect();
    let entries = routes.iter().map(|(function, route)| render_route(function, route));
    let numbers = (0..routes.len()).map(Literal::usize_unsuffixed);
    let functions: Vec<Path> = routes
        .iter()
        .map(|(function, _)| path(&format!("{}::{}", function.module, function.name)))
        .collect::<Result<_>>()?;
    let mut entries: Vec<TokenStream> = entries.collect();
    entries.extend(dispatcher::render_routes(model));
    let channel_numbers = (routes.len()..).map(Literal::usize_unsuffixed);
    let upgrades = model.channels.iter().zip(channel_numbers).map(|(channel, number)| {
        let dispatcher = dispatcher::dispatcher(channel);
        quote!(#number => incoming.upgrade::<#dispatcher>().await,)
    });
    let dispatchers = dispatcher::render_items(model)?;
    let layered: Vec<TokenStream> = routes
        .iter()
        .zip(&functions)
        .enumerate()
        .filter(|(_, ((function, _), _))| function.has_middleware)
        .map(|(number, (_, function))| {
            let number = Literal::usize_unsuffixed(number);
            quote!(#number => <#function as pikku::PikkuFunc>::middleware(),)
        })
        .collect();
    let middleware = match layered.is_empty() {
        true => quote! {
            let _ = route;
            Vec::new()
        },
        false => quote! {
            match route {
                #(#layered)*
                _ => Vec::new(),
            }
        },
    };
    let contract = Literal::u32_unsuffixed(model.contract);
    Ok(quote! {
        use ::pikku_core::__private as pikku;

        type App = #app;

        const _: () = pikku::assert_contract::<#contract>();

        /// Every route; its place here is its number.
        pub static ROUTES: &[pikku::Route] = &[#(#entries),*];

        /// The application as an axum router, to be served, nested, layered or merged.
        pub fn router(app: pikku::Pikku<App>) -> pikku::axum::Router {
            pikku::router::<App, Routes>(app)
        }

        /// The application by itself, for a server to serve: the faster of the two, where there is nothing else.
        pub fn application(app: pikku::Pikku<App>) -> pikku::Application<App, Routes> {
            pikku::Application::new(app)
        }

        /// Serves the application until the process is told to end.
        ///
        /// # Errors
        /// When the address can't be had.
        pub async fn serve(app: pikku::Pikku<App>, address: ::std::net::SocketAddr) -> ::std::io::Result<()> {
            pikku::Server::bind(address).await?.serve(application(app)).await
        }

        /// The way from a route to its function.
        #[derive(Debug)]
        pub enum Routes {}

        impl pikku::Dispatch<App> for Routes {
            const ROUTES: &'static [pikku::Route] = ROUTES;

            async fn dispatch(route: usize, incoming: pikku::Incoming<'_, App>) {
                match route {
                    #(#numbers => incoming.serve::<#functions>().await,)*
                    #(#upgrades)*
                    _ => incoming.unrouted(),
                }
            }

            fn middleware(route: usize) -> Vec<pikku::Layer<App>> {
                #middleware
            }
        }

        #(#dispatchers)*
    })
}

/// One entry of the table; what is as usual is left to `Route::new`.
fn render_route(function: &Function, route: &HttpRoute) -> TokenStream {
    let HttpRoute { method, path, .. } = route;
    let name = format!("{}::{}", function.module, function.name);
    let access = match (function.auth, &function.permissions) {
        (true, None) => None,
        (true, Some(permissions)) => Some(quote!(Permitted(#permissions))),
        (false, None) => Some(quote!(Public)),
        (false, Some(permissions)) => Some(quote!(PublicPermitted(#permissions))),
    };
    let access = access.map(|access| quote!(access: pikku::Access::#access,));
    let tags = (!function.tags.is_empty()).then(|| {
        let tags = &function.tags;
        quote!(tags: &[#(#tags),*],)
    });
    let usual = if function.output == crate::model::Output::None { 204 } else { 200 };
    let status = (route.status != usual).then(|| {
        let status = Literal::u16_unsuffixed(route.status);
        quote!(status: Some(#status),)
    });
    let body_limit = route.body_limit.map(|limit| {
        let limit = Literal::usize_unsuffixed(limit);
        quote!(body_limit: Some(#limit),)
    });
    let timeout = route.timeout.map(|seconds| {
        let seconds = Literal::u64_unsuffixed(seconds);
        quote!(timeout: Some(::std::time::Duration::from_secs(#seconds)),)
    });
    let texts = render_texts(&route.fields);
    let renamed = (!function.renamed.is_empty()).then(|| {
        let pairs = function.renamed.iter().map(|(rust, wire)| quote!((#rust, #wire)));
        quote!(renamed: &[#(#pairs),*],)
    });
    quote! {
        pikku::Route {
            #access #tags #status #body_limit #timeout #texts #renamed
            ..pikku::Route::new(#method, #path, #name)
        }
    }
}

/// What strings become, for the fields that are none.
pub(super) fn render_texts(fields: &[RouteField]) -> Option<TokenStream> {
    let is_form = has_files(fields);
    let texts: Vec<TokenStream> =
        fields.iter().filter_map(|field| render_text(&field.name, field.text, is_form)).collect();
    (!texts.is_empty()).then(|| quote!(texts: &[#(#texts),*],))
}

/// What a string becomes, if it is not to stay one. Nested data travels as text in a form only.
fn render_text(name: &str, kind: TextKind, is_form: bool) -> Option<TokenStream> {
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
    let variant = format_ident!("{variant}");
    Some(quote!((#name, pikku::TextKind::#variant)))
}

/// A path from the root. Its segments may be keywords, as in `todos::r#type`.
pub(super) fn path(text: &str) -> Result<Path> {
    let segments = text.split("::").map(|segment| match syn::parse_str::<Ident>(segment) {
        Ok(_) => segment.to_owned(),
        Err(_) => format!("r#{segment}"),
    });
    let path = segments.fold(String::new(), |path, segment| format!("{path}::{segment}"));
    syn::parse_str(&path).map_err(|error| Error::Emit(format!("`{text}` is no path: {error}")))
}
