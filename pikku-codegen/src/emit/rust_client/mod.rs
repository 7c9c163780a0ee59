//! The Rust client: `client.rs`, with a method for each function and every type that they speak.
//!
//! The types are written so that serde reads and writes them as the functions crate does. Behaviour is in
//! `pikku-client`, of which generated code names nothing but what is in `__private`.

mod channels;
mod client;
mod docs;
mod errors;
mod fields;
mod layout;
mod names;
mod recursion;
mod signature;
mod simplify;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use self::{
    channels::{Roles, SocketWriter, socket_name},
    client::{ClientWriter, Methods, client_name},
    errors::Errors,
    signature::signatures,
    simplify::simplify,
    types::{PRELUDE, TypeWriter},
};
use crate::{
    model::{Function, Model, Output, Place},
    schema::{Named, Type, Types},
};

/// The only path of the runtime that generated code names.
const RUNTIME: &str = "::pikku_client::__private";

/// How the client is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Types that the client takes from elsewhere instead of having its own, by their name in the client:
    /// `Todo` → `todo_types::Todo`.
    ///
    /// They have to implement `Debug`, `Clone`, `PartialEq`, `Serialize` and `Deserialize`.
    pub replace: BTreeMap<String, String>,
    /// Leaves the channels out, for programs that build `pikku-client` without its feature `socket`.
    pub without_channels: bool,
}

/// Why there is no Rust client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RustClientError {
    /// A replacement isn't a type.
    #[error("`{path}`, which replaces the type `{name}`, is not a path; help: write it as in `todo_types::Todo`")]
    Replacement {
        /// The type's name in the client.
        name: String,
        /// What should replace it.
        path: String,
    },
    /// There is a file where only JSON can be.
    #[error("`{place}` is a file within JSON; help: make it a field of the function's input itself")]
    File {
        /// Where it is.
        place: String,
    },
    /// A route has a method that clients can't use.
    #[error(
        "the route `{method} {path}` has a method that clients can't use; help: use `GET`, `POST`, `PUT`, `PATCH` or `DELETE`"
    )]
    Method {
        /// The method.
        method: String,
        /// The path.
        path: String,
    },
    /// What was written isn't Rust, which is a defect of the generator.
    #[error(
        "the generated client is not Rust: {fault}, in `{tokens}`; help: please report this with the type at fault"
    )]
    Syntax {
        /// What is wrong with it.
        fault: String,
        /// What was written.
        tokens: String,
    },
}

/// Writes the client of an application.
///
/// # Errors
///
/// If a type or route can't be had in a client.
pub fn render(model: &Model) -> Result<super::File, RustClientError> {
    render_with(model, &Options::default())
}

/// Writes the client of an application as the options say.
///
/// # Errors
///
/// If a type or route can't be had in a client, or an option makes no sense.
pub fn render_with(model: &Model, options: &Options) -> Result<super::File, RustClientError> {
    if options.without_channels && !model.channels.is_empty() {
        let model = Model { channels: Vec::new(), topics: Vec::new(), ..model.clone() };
        return render_with(&model, options);
    }
    let types = Types::new(model);
    let (roles, methods) = (Roles::new(model), Methods::new(model));
    let is_called =
        |function: &&Function| !function.http.is_empty() || roles.called.contains_key(function.name.as_str());
    let functions: Vec<&Function> = model.functions.iter().filter(is_called).collect();
    let replaced = parse_replacements(options)?;
    let simple: BTreeMap<String, Named> = reachable(roots(model, &functions, &roles, &types), &types, &replaced);
    let named: BTreeMap<&str, &Named> = simple.iter().map(|(name, named)| (name.as_str(), named)).collect();

    let wanted = client_name(&model.app);
    let says = says(&methods, &roles, &wanted);
    let mut writer = TypeWriter::new(named, &replaced, about(&functions, &roles, &says, &types, &simple));
    let name = writer.scope.take(&wanted);
    let sockets: Vec<String> = model.channels.iter().map(|channel| writer.scope.take(&socket_name(channel))).collect();
    for taken in PRELUDE {
        writer.scope.take(taken);
    }
    let errors = Errors::new(&functions, &mut writer);
    let heard = roles.heard.iter().filter(|function| !is_called(function));
    let signed = functions.iter().chain(heard).copied();
    let signatures = signatures(signed, &says, &types, &errors, &mut writer)?;
    let topics = channels::topics(model, &types, &mut writer)?;
    let client = ClientWriter { model, types: &types, errors: &errors, name: &name };
    let socket = SocketWriter { client: &client, signatures: &signatures, topics: &topics };

    let (mut openings, mut channels) = (Vec::new(), Vec::new());
    for ((channel, method), name) in methods.channels.iter().zip(&sockets) {
        openings.push(socket.opening(channel, method, name));
        channels.extend(socket.items(channel, method, name, &mut writer)?);
    }
    let mut client = client.items(&methods, &signatures, &openings, &writer)?;
    let loose = writer.take_made_up();
    let errors = errors.items(&types, &mut writer)?;
    let mut items = writer.items(&inputs(functions.iter().chain(&roles.heard).copied(), &types))?;
    items.extend(loose);
    client.splice(0..0, preamble(model)?);

    let mut text = super::header(model) + "\n";
    text.push_str(&layout::print(&client)?);
    for (title, items) in [("Channels", channels), ("Errors", errors), ("Types", items)] {
        if items.iter().any(|item| !item.is_empty()) {
            text.push_str(&format!("\n// {title}\n\n{}", layout::print(&items)?));
        }
    }
    Ok(super::File { path: "client.rs".into(), text })
}

/// What generated code needs of the runtime, and the check that it has the right one.
fn preamble(model: &Model) -> Result<[TokenStream; 2], RustClientError> {
    let path: syn::Path = syn::parse_str(RUNTIME)
        .map_err(|error| RustClientError::Syntax { fault: error.to_string(), tokens: RUNTIME.to_owned() })?;
    let contract = Literal::u32_unsuffixed(model.contract);
    Ok([
        quote!(use #path as runtime; use #path::prelude::*;),
        quote!(const _: () = runtime::assert_contract::<#contract>();),
    ])
}

fn parse_replacements(options: &Options) -> Result<BTreeMap<String, syn::Type>, RustClientError> {
    let parsed = options.replace.iter().map(|(name, path)| match syn::parse_str(path) {
        Ok(path) => Ok((name.clone(), path)),
        Err(_) => Err(RustClientError::Replacement { name: name.clone(), path: path.clone() }),
    });
    parsed.collect()
}

/// The types that go over the wire by themselves: inputs, outputs, errors and what is pushed.
fn roots(model: &Model, functions: &[&Function], roles: &Roles<'_>, types: &Types) -> Vec<Type> {
    let errors = functions.iter().flat_map(|function| &function.errors);
    let data = errors.filter_map(|error| error.data.as_ref()).chain(model.topics.iter().map(|topic| &topic.data));
    let mut roots: Vec<Type> = data.map(|schema| types.output(schema)).collect();
    for function in functions.iter().chain(&roles.heard) {
        roots.extend(function.input.iter().map(|schema| types.input(schema)));
        if let Output::Json(schema) | Output::Stream(schema) = &function.output {
            roots.push(types.output(schema));
        }
    }
    roots
}

/// The named types that the client has to have: those in use, up to the ones that are replaced.
fn reachable(roots: Vec<Type>, types: &Types, replaced: &BTreeMap<String, syn::Type>) -> BTreeMap<String, Named> {
    let mut waiting = Vec::new();
    for root in roots {
        references(&root, &mut waiting);
    }
    let mut found = BTreeMap::new();
    while let Some(name) = waiting.pop() {
        let Some(named) = types.get(&name).filter(|_| !replaced.contains_key(&name) && !found.contains_key(&name))
        else {
            continue;
        };
        let named = Named { ty: simplify(named.ty.clone()), ..named.clone() };
        references(&named.ty, &mut waiting);
        found.insert(name, named);
    }
    found
}

/// The named types that a type speaks of.
fn references(ty: &Type, found: &mut Vec<String>) {
    match ty {
        Type::Ref(name) => found.push(name.clone()),
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) | Type::Nullable(inner) => references(inner, found),
        Type::Tuple(items) => items.iter().for_each(|item| references(item, found)),
        Type::Object(object) => {
            let fields = object.fields.iter().map(|field| &field.ty);
            fields.chain(&object.flattened).for_each(|ty| references(ty, found));
            object.rest.iter().for_each(|rest| references(rest, found));
        }
        Type::Union(union) => {
            union.variants.iter().filter_map(|variant| variant.content.as_ref()).for_each(|ty| references(ty, found));
        }
        _ => {}
    }
}

/// The named types that are a function's input as a whole, with the fields that can be cleared.
fn inputs<'m>(functions: impl Iterator<Item = &'m Function>, types: &Types) -> BTreeMap<String, BTreeSet<String>> {
    let mut inputs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for function in functions {
        if let Some(Type::Ref(name)) = function.input.as_ref().map(|schema| types.input(schema)) {
            inputs.entry(name).or_default().extend(clearable(function));
        }
    }
    inputs
}

/// The fields of an input that are a part of a change: those in the body of a `PATCH`, where it is the custom that a field
/// which is left out stays, and one that is `null` is cleared.
///
/// No schema says whether a function tells the two apart.
fn clearable(function: &Function) -> BTreeSet<String> {
    let changes = function.http.iter().filter(|route| route.method == "PATCH");
    let fields = changes.flat_map(|route| &route.fields).filter(|field| field.place == Place::Body);
    fields.map(|field| field.name.clone()).collect()
}

/// The method that calls a function, as documentation links to it.
fn says<'m>(methods: &Methods<'m>, roles: &Roles<'m>, client: &str) -> BTreeMap<&'m str, String> {
    let on_channels = roles.called.iter().map(|(function, (channel, action))| {
        (*function, format!("[`{}::{}`]", socket_name(channel), names::snake_case(&action.action)))
    });
    let mut says: BTreeMap<_, _> = on_channels.collect();
    for (channel, method) in &methods.channels {
        let heard =
            [(&channel.on_connect, client, method.as_str()), (&channel.on_message, &socket_name(channel), "send")];
        for (function, owner, method) in heard {
            if let Some(function) = function {
                says.entry(function.as_str()).or_insert_with(|| format!("[`{owner}::{method}`]"));
            }
        }
    }
    let functions = methods.functions.iter();
    says.extend(functions.map(|(function, method)| (function.name.as_str(), format!("[`{client}::{method}`]"))));
    says
}

/// What is said of types that have no doc comment: whose input or answer they are, or which type they are a part of.
fn about(
    functions: &[&Function],
    roles: &Roles<'_>,
    says: &BTreeMap<&str, String>,
    types: &Types,
    named: &BTreeMap<String, Named>,
) -> BTreeMap<String, String> {
    let mut about = BTreeMap::new();
    for function in functions.iter().chain(&roles.heard) {
        let Some(method) = says.get(function.name.as_str()) else { continue };
        if let Some(Type::Ref(name)) = function.input.as_ref().map(|schema| types.input(schema)) {
            about.entry(name).or_insert_with(|| format!("The input of {method}."));
        }
    }
    for function in functions {
        let Some(method) = says.get(function.name.as_str()) else { continue };
        let (schema, what) = match &function.output {
            Output::Json(schema) => (schema, "The answer of"),
            Output::Stream(schema) => (schema, "What is sent by"),
            Output::None | Output::Raw => continue,
        };
        if let Type::Ref(name) = types.output(schema) {
            about.entry(name).or_insert_with(|| format!("{what} {method}."));
        }
    }
    for (name, named) in named {
        let mut parts = Vec::new();
        references(&named.ty, &mut parts);
        for part in parts.into_iter().filter(|part| part != name) {
            about.entry(part).or_insert_with(|| format!("A part of [`{name}`]."));
        }
    }
    about
}
