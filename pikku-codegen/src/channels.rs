//! Channels: from the registry to the model, and whether they can be.

use std::collections::{BTreeMap, HashMap};

use pikku_core::{ChannelEntry, FunctionEntry, On, Registry, Schemas};
use schemars::Schema;
use serde_json::Value;

use crate::{
    error::Diagnostic,
    model::{Action, Channel, Function, Model, Output, ReplyShape, Topic},
    schema::{Type, Types},
};

/// The channels of an application, with nothing judged yet: of two functions for the same, the last one stays.
pub(crate) fn collect(registry: &Registry, functions: &[Function], types: &Types) -> Vec<Channel> {
    let known = functions.iter().map(|function| (function.name.as_str(), function)).collect();
    registry.channels().iter().map(|entry| collect_channel(registry, entry, &known, types)).collect()
}

/// The typed topics.
pub(crate) fn collect_topics(registry: &Registry, schemas: &mut Schemas) -> Vec<Topic> {
    let topic = |entry: &&pikku_core::TopicEntry| Topic {
        name: entry.name.to_owned(),
        docs: entry.docs.to_owned(),
        data: Schema::to_value((entry.schema)(&mut schemas.output)),
    };
    registry.topics().iter().map(topic).collect()
}

fn collect_channel(
    registry: &Registry,
    entry: &ChannelEntry,
    known: &HashMap<&str, &Function>,
    types: &Types,
) -> Channel {
    let mut channel = Channel {
        name: entry.name.to_owned(),
        path: format!("{}::{}", entry.module, entry.rust),
        docs: entry.docs.to_owned(),
        route: entry.route.to_owned(),
        routing: entry.routing.to_owned(),
        auth: entry.auth,
        tags: entry.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        fields: Vec::new(),
        on_connect: None,
        on_disconnect: None,
        on_message: None,
        on_binary: None,
        actions: Vec::new(),
    };
    for (function, on) in bindings(registry, entry) {
        let name = || Some(function.name.to_owned());
        match on {
            On::Connect => channel.on_connect = name(),
            On::Disconnect => channel.on_disconnect = name(),
            On::Message => channel.on_message = name(),
            On::Binary => channel.on_binary = name(),
            On::Action(action) => {
                let known = known.get(function.name);
                channel.actions.push(Action {
                    action: action.to_owned(),
                    function: function.name.to_owned(),
                    reply: known.map_or(ReplyShape::Empty, |known| reply_shape(types, &known.output, entry.routing)),
                    keeps_id: known.is_some_and(|known| has_field(types, known.input.as_ref(), "id")),
                });
            }
        }
    }
    channel.actions.sort_by(|one, other| one.action.cmp(&other.action));
    channel
}

/// What the functions do on one channel, in the order of their names.
fn bindings<'r>(registry: &'r Registry, entry: &ChannelEntry) -> impl Iterator<Item = (&'r FunctionEntry, On)> {
    let id = (entry.id)();
    registry
        .functions()
        .iter()
        .flat_map(|function| function.channels.iter().map(move |binding| (*function, binding)))
        .filter(move |(_, binding)| (binding.channel)() == id)
        .map(|(function, binding)| (function, binding.on))
}

/// How an output becomes a reply: beside the routing key and the id, unless it has members of those names.
fn reply_shape(types: &Types, output: &Output, routing: &str) -> ReplyShape {
    let Output::Json(schema) = output else { return ReplyShape::Empty };
    let mut ty = types.output(schema);
    for _ in 0..64 {
        match &ty {
            Type::Ref(name) => match types.get(name) {
                Some(named) => ty = named.ty.clone(),
                None => return ReplyShape::Result,
            },
            Type::Object(object) => {
                let taken = [routing, "id", "result", "error"];
                let clashes = object.fields.iter().any(|field| taken.contains(&field.name.as_str()));
                let open = object.rest.is_some() || !object.flattened.is_empty();
                // Nothing at all beside the routing key and the id is what a reply without an output looks like.
                let may_be_empty = object.fields.iter().all(|field| !field.required);
                return if clashes || open || may_be_empty { ReplyShape::Result } else { ReplyShape::Merged };
            }
            _ => return ReplyShape::Result,
        }
    }
    ReplyShape::Result
}

fn has_field(types: &Types, input: Option<&Value>, name: &str) -> bool {
    let object = input.and_then(|schema| crate::collect::input_object(types, schema));
    object.is_some_and(|object| object.fields.iter().any(|field| field.name == name))
}

/// Checks what only shows when all functions of a channel are looked at together.
pub(crate) fn check(registry: &Registry, model: &Model, found: &mut Vec<Diagnostic>) {
    check_names(registry, model, found);
    for entry in registry.channels() {
        check_bindings(registry, entry, found);
    }
    for (entry, function) in registry.functions().iter().zip(&model.functions) {
        check_function(entry, function, found);
    }
}

fn place(entry: &FunctionEntry) -> String {
    format!("{}:{}", entry.file, entry.line)
}

fn check_names(registry: &Registry, model: &Model, found: &mut Vec<Diagnostic>) {
    let mut names = BTreeMap::new();
    for entry in registry.channels() {
        let here = format!("{}:{}", entry.file, entry.line);
        if let Some(first) = names.insert(entry.name, here.clone()) {
            found.push(Diagnostic {
                place: here.clone(),
                message: format!("the channel `{}` is there twice; the other is at {first}", entry.name),
                help: "give one of the two another name, `name = \"…\"`".to_owned(),
            });
        }
        let taken = crate::emit::routes(model).find(|(_, route)| route.method == "GET" && route.path == entry.route);
        if let Some((function, _)) = taken {
            found.push(Diagnostic {
                place: here,
                message: format!(
                    "the channel `{}` and the function `{}` both answer `GET {}`",
                    entry.name, function.name, entry.route
                ),
                help: "give one of the two another path".to_owned(),
            });
        }
    }
}

fn check_bindings(registry: &Registry, entry: &ChannelEntry, found: &mut Vec<Diagnostic>) {
    let mut known: BTreeMap<String, &FunctionEntry> = BTreeMap::new();
    for (function, on) in bindings(registry, entry) {
        let what = match on {
            On::Action(action) => format!("the action `{action}`"),
            On::Connect => "`on_connect`".to_owned(),
            On::Disconnect => "`on_disconnect`".to_owned(),
            On::Message => "`on_message`".to_owned(),
            On::Binary => "`on_binary`".to_owned(),
        };
        if let Some(first) = known.insert(what.clone(), function) {
            found.push(Diagnostic {
                place: place(function),
                message: format!(
                    "`{}` and `{}` ({}) are both for {what} of the channel `{}`",
                    function.name,
                    first.name,
                    place(first),
                    entry.name
                ),
                help: "leave one of the two".to_owned(),
            });
        }
    }
}

fn check_function(entry: &FunctionEntry, function: &Function, found: &mut Vec<Diagnostic>) {
    let mut wrong = |message: String, help: &str| {
        found.push(Diagnostic { place: place(entry), message, help: help.to_owned() });
    };
    if function.requires_channel && !function.http.is_empty() {
        wrong(
            format!("`{}` takes what is only there on a channel, and has a route of HTTP", function.name),
            "take out the route, or the parameter",
        );
    }
    if function.requires_channel && entry.channels.is_empty() {
        wrong(
            format!("`{}` takes what is only there on a channel, and is on none", function.name),
            "write `channel(Events, action = \"…\")`",
        );
    }
    if !entry.channels.is_empty() && matches!(function.output, Output::Stream(_) | Output::Raw) {
        wrong(
            format!("the output of `{}` is one that only HTTP has, and the function is on a channel", function.name),
            "answer with a value, or send through a `Channel`",
        );
    }
}
