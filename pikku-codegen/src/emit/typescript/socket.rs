//! The sockets: what each channel becomes in TypeScript.

use std::collections::BTreeSet;

use serde::Serialize;
use tera::Error;

use super::super::{File, access};
use super::api::Api;
use super::fold::{WIDTH, fold};
use super::names::{docs, key, string, take_constant, take_type};
use super::view::{Imports, import_lines};
use super::{file, fill};
use crate::model::{Action, Channel, Function, Model, Output, ReplyShape};
use crate::schema::Type;

/// The functions that are actions of channels.
pub(super) fn functions(model: &Model) -> impl Iterator<Item = &Function> {
    let actions: BTreeSet<&str> = actions(model).map(|action| action.function.as_str()).collect();
    model.functions.iter().filter(move |function| actions.contains(function.name.as_str()))
}

/// What comes over channels with a type: the outputs of actions, and the data of topics.
pub(super) fn written_types(api: &Api<'_>) -> Vec<Type> {
    let outputs = functions(api.model).filter_map(|function| output(api, function));
    outputs.chain(api.model.topics.iter().map(|topic| api.types.output(&topic.data))).collect()
}

fn actions(model: &Model) -> impl Iterator<Item = &Action> {
    model.channels.iter().flat_map(|channel| &channel.actions)
}

fn find<'m>(model: &'m Model, name: &str) -> Option<&'m Function> {
    model.functions.iter().find(|function| function.name == name)
}

fn input(api: &Api<'_>, function: &Function) -> Option<Type> {
    function.input.as_ref().map(|schema| api.types.input(schema)).filter(|ty| *ty != Type::Null)
}

fn output(api: &Api<'_>, function: &Function) -> Option<Type> {
    match &function.output {
        Output::Json(schema) => Some(api.types.output(schema)),
        Output::None | Output::Stream(_) | Output::Raw => None,
    }
}

/// `pikku-websocket.js` and `pikku-websocket.d.ts`
#[derive(Debug, Serialize)]
pub(super) struct Sockets {
    header: String,
    app: String,
    imports: Vec<String>,
    /// What the module imports from the runtime.
    runtime_values: String,
    names: Names,
    channels: Vec<ChannelView>,
    /// The channel, where there is no other.
    only: Option<ChannelView>,
    topics: Vec<TopicView>,
    /// Whether a channel uses a codec.
    pub(super) codecs: bool,
    /// Whether a channel uses a reader.
    pub(super) readers: bool,
}

/// What is called differently where the application has types of those names.
#[derive(Debug, Serialize)]
struct Names {
    channels: String,
    topics: String,
    socket: String,
    options: String,
}

#[derive(Debug, Clone, Serialize)]
struct ChannelView {
    docs: String,
    name: String,
    literal: String,
    key: String,
    /// The channel in a table of channels.
    entry: String,
    constant: String,
    class: String,
    interface: String,
    /// What the runtime knows of the channel.
    spec: String,
    /// The parameter for the options.
    options: String,
    routing: String,
    message: String,
    opening: String,
    actions: Vec<ActionView>,
}

#[derive(Debug, Clone, Serialize)]
struct ActionView {
    docs: String,
    key: String,
    args: String,
    output: String,
    error: String,
}

#[derive(Debug, Serialize)]
struct TopicView {
    docs: String,
    key: String,
    ty: String,
}

impl Sockets {
    /// The sockets, if there are channels.
    pub(super) fn new(api: &Api<'_>) -> Option<Self> {
        let model = api.model;
        if model.channels.is_empty() {
            return None;
        }
        let mut writer = Writer { api, imports: Imports::new(api), sockets: BTreeSet::new() };
        let names = Names {
            channels: api.runtime("Channels"),
            topics: api.runtime("Topics"),
            socket: writer.socket("Socket"),
            options: writer.socket("SocketOptions"),
        };
        // Names that the module has already.
        let imported = ["socketFor", "socketForOneOf", "routeWith", "PikkuError", "PikkuWebSocket"];
        let (mut constants, mut classes): (BTreeSet<_>, BTreeSet<_>) =
            (imported.map(str::to_owned).into(), imported.map(str::to_owned).into());
        let channels: Vec<ChannelView> = model
            .channels
            .iter()
            .map(|channel| {
                let rust = channel.path.rsplit("::").next().unwrap_or(&channel.path).trim_start_matches("r#");
                let class = take_type(&api.runtime(&format!("{rust}Socket")), &mut classes);
                let interface = take_type(&api.runtime(&format!("{rust}Channel")), &mut classes);
                let constant = take_constant(rust, &mut constants);
                writer.channel(channel, &names, [class, interface, constant])
            })
            .collect();
        let topics = model
            .topics
            .iter()
            .map(|topic| TopicView {
                docs: docs(&topic.docs, false, "  "),
                key: key(&topic.name),
                ty: writer.imports.printer.print(&api.types.output(&topic.data)),
            })
            .collect();
        let uses = |text: &str| channels.iter().any(|channel| channel.spec.contains(text));
        let values = [(uses("routeWith("), "routeWith"), (true, "socketFor"), (channels.len() > 1, "socketForOneOf")];
        let values: Vec<&str> = values.into_iter().filter_map(|(used, name)| used.then_some(name)).collect();
        Some(Self {
            header: header(model),
            app: model.app.clone(),
            runtime_values: values.join(", "),
            names,
            codecs: uses("codecs."),
            readers: uses("readers."),
            only: (channels.len() == 1).then(|| channels[0].clone()),
            channels,
            topics,
            imports: writer.into_lines(),
        })
    }

    /// The files of the sockets.
    pub(super) fn render(&self) -> Result<Vec<File>, Error> {
        Ok(vec![
            file("pikku-socket-runtime.js", include_str!("../../../templates/typescript/pikku-socket-runtime.js")),
            file("pikku-socket-runtime.d.ts", include_str!("../../../templates/typescript/pikku-socket-runtime.d.ts")),
            file("pikku-socket-extras.js", include_str!("../../../templates/typescript/pikku-socket-extras.js")),
            file("pikku-socket-extras.d.ts", include_str!("../../../templates/typescript/pikku-socket-extras.d.ts")),
            fill("pikku-websocket.js", include_str!("../../../templates/typescript/websocket.js.tera"), self)?,
            fill("pikku-websocket.d.ts", include_str!("../../../templates/typescript/websocket.d.ts.tera"), self)?,
        ])
    }
}

/// Writes types, and collects what they need to import.
struct Writer<'a> {
    api: &'a Api<'a>,
    imports: Imports<'a>,
    /// What is imported from the runtime of sockets.
    sockets: BTreeSet<&'static str>,
}

impl Writer<'_> {
    fn socket(&mut self, name: &'static str) -> String {
        self.sockets.insert(name);
        self.api.runtime(name)
    }

    fn into_lines(self) -> Vec<String> {
        let import = |name: &&str| {
            let keyword = if *name == "Socket" { "" } else { "type " };
            match self.api.runtime(name) {
                local if local == **name => format!("{keyword}{name}"),
                local => format!("{keyword}{name} as {local}"),
            }
        };
        let names: Vec<String> = self.sockets.iter().map(import).collect();
        let mut lines = import_lines("import", &names, "./pikku-socket-runtime.js");
        lines.extend(self.imports.into_lines());
        lines
    }

    fn channel(&mut self, channel: &Channel, names: &Names, [class, interface, constant]: [String; 3]) -> ChannelView {
        let opening = channel.on_connect.as_deref().and_then(|name| find(self.api.model, name));
        let opening = opening.and_then(|function| input(self.api, function)).filter(|_| !channel.fields.is_empty());
        let (opening, required) = match opening {
            Some(ty) => {
                let required = !self.api.is_optional(&ty);
                let mark = if required { "" } else { "?" };
                (format!("{{ params{mark}: {} }}", self.imports.printer.print(&ty)), required)
            }
            None => ("{}".to_owned(), false),
        };
        let options = match (required, opening.as_str()) {
            (true, _) => format!("options: {}<{interface}> & {opening}", names.options),
            (false, "{}") => format!("options?: string | {}<{interface}>", names.options),
            (false, _) => format!("options?: string | ({}<{interface}> & {opening})", names.options),
        };
        ChannelView {
            docs: docs(&channel.docs, false, ""),
            name: channel.name.clone(),
            literal: string(&channel.name),
            key: key(&channel.name),
            entry: match key(&channel.name) {
                key if key == constant => key,
                key => format!("{key}: {constant}"),
            },
            spec: fold(&format!("const {constant} = "), &self.spec(channel)),
            constant,
            class,
            interface,
            options,
            routing: string(&channel.routing),
            message: self.plain_messages(channel),
            opening,
            actions: channel.actions.iter().filter_map(|action| self.action(action)).collect(),
        }
    }

    /// What may be sent without an action: whole messages, and bytes.
    fn plain_messages(&mut self, channel: &Channel) -> String {
        let mut messages = Vec::new();
        if let Some(function) = channel.on_message.as_deref().and_then(|name| find(self.api.model, name)) {
            messages.push(match input(self.api, function) {
                Some(ty) => self.object(&ty),
                None => "{}".to_owned(),
            });
        }
        if channel.on_binary.is_some() {
            messages.push("globalThis.ArrayBufferView".to_owned());
        }
        if messages.is_empty() { "never".to_owned() } else { messages.join(" | ") }
    }

    /// The data of a message, which lies beside the routing key and so has to be an object.
    fn object(&mut self, ty: &Type) -> String {
        let text = self.imports.printer.print(ty);
        if !self.api.may_be_no_object(ty) {
            return text;
        }
        format!("Exclude<{text}, string | number | bigint | boolean | null | readonly unknown[]>")
    }

    fn action(&mut self, action: &Action) -> Option<ActionView> {
        let function = find(self.api.model, &action.function)?;
        let data = input(self.api, function);
        let args = match &data {
            Some(ty) => {
                let mark = if self.api.is_optional(ty) { "?" } else { "" };
                format!("data{mark}: {}", self.object(ty))
            }
            None => "data?: undefined".to_owned(),
        };
        let mut errors = self.api.own_errors(function);
        self.imports.printer.used.extend(errors.iter().cloned());
        if function.permissions.is_some() {
            errors.push(self.imports.runtime("PermissionError"));
        }
        let of_channels = [(function.auth, "SignInError"), (data.is_some(), "DataError"), (true, "ChannelError")];
        for (_, name) in of_channels.into_iter().filter(|(possible, _)| *possible) {
            errors.push(self.socket(name));
        }
        Some(ActionView {
            docs: docs(&function.docs, false, "    "),
            key: key(&action.action),
            args,
            output: match output(self.api, function) {
                Some(ty) => self.imports.printer.print(&ty),
                None => "void".to_owned(),
            },
            error: fold_union(&errors),
        })
    }

    /// What the runtime has to know of a channel, as a literal.
    fn spec(&self, channel: &Channel) -> String {
        let route = string(&channel.route);
        let mut properties = vec![if channel.fields.is_empty() && !channel.route.contains('{') {
            format!("route: {route}")
        } else {
            format!("route: /* @__PURE__ */ routeWith({route})")
        }];
        if channel.routing != "action" {
            properties.push(format!("routing: {}", string(&channel.routing)));
        }
        let own_ids: Vec<String> =
            channel.actions.iter().filter(|action| action.keeps_id).map(|action| string(&action.action)).collect();
        if !own_ids.is_empty() {
            properties.push(format!("ids: [{}]", own_ids.join(", ")));
        }
        properties.extend(self.decoding(channel));
        if self.sends_big(channel) {
            properties.push("encode: codecs.encodeExactly".to_owned());
        }
        format!("{{ {} }}", properties.join(", "))
    }

    /// How frames are decoded, where JSON.parse is not all of it.
    fn decoding(&self, channel: &Channel) -> Option<String> {
        let functions = |action: &Action| find(self.api.model, &action.function);
        let reader = |ty: &Type| self.api.readers.reader(ty, "readers.");
        let under = |name: &str, read: &str| format!("(value) => codecs.fields(value, {{ {name}: {read} }})");
        let actions = channel.actions.iter().filter_map(|action| {
            let function = functions(action)?;
            let read = output(self.api, function).and_then(|ty| reader(&ty));
            let read = match (read, action.reply) {
                (Some(read), ReplyShape::Merged) => read,
                (Some(read), _) => under("result", &read),
                // The id is a part of the data here, and comes back with all the digits that it has.
                (None, _) if action.keeps_id && self.is_big_input(function) => "(value) => value".to_owned(),
                (None, _) => return None,
            };
            Some(format!("{}: {read}", key(&action.action)))
        });
        let actions: Vec<String> = actions.collect();
        let topics = self.api.model.topics.iter().filter_map(|topic| {
            let read = under("data", &reader(&self.api.types.output(&topic.data))?);
            Some(format!("{}: {read}", key(&topic.name)))
        });
        let topics: Vec<String> = topics.collect();
        let errors: BTreeSet<String> = channel
            .actions
            .iter()
            .filter_map(functions)
            .flat_map(|function| &function.errors)
            .filter_map(|error| {
                let read = reader(&self.api.types.output(error.data.as_ref()?))?;
                Some(format!("{}: {}", key(&error.code), under("error", &under("data", &read))))
            })
            .collect();
        if actions.is_empty() && topics.is_empty() && errors.is_empty() {
            return None;
        }
        let table = |entries: &[String]| match entries {
            [] => "{}".to_owned(),
            entries => format!("{{ {} }}", entries.join(", ")),
        };
        let errors: Vec<String> = errors.into_iter().collect();
        let tables = [table(&actions), table(&topics), table(&errors)].join(", ");
        Some(format!("decode: /* @__PURE__ */ codecs.decodeFrames({}, {tables})", string(&channel.routing)))
    }

    fn is_big_input(&self, function: &Function) -> bool {
        input(self.api, function).is_some_and(|ty| self.api.readers.is_needed(&ty))
    }

    /// Whether a message may hold integers that a number can't.
    fn sends_big(&self, channel: &Channel) -> bool {
        let actions = channel.actions.iter().map(|action| action.function.as_str());
        let mut functions = actions.chain(channel.on_message.as_deref()).filter_map(|name| find(self.api.model, name));
        functions.any(|function| self.is_big_input(function))
    }
}

/// A union, on one line or on one for each of its types.
fn fold_union(types: &[String]) -> String {
    let line = types.join(" | ");
    if line.len() + "      error: ".len() <= WIDTH {
        format!(" {line}")
    } else {
        format!("\n        | {}", types.join("\n        | "))
    }
}

/// The first lines: who made it, and a table of the channels and their actions.
fn header(model: &Model) -> String {
    let mut rows = Vec::new();
    for channel in &model.channels {
        let mut row = |action: &str, name: &Option<String>| {
            if let Some(function) = name.as_deref().and_then(|name| find(model, name)) {
                rows.push([channel.route.clone(), action.to_owned(), function.name.clone(), access(function)]);
            }
        };
        row("(opens)", &channel.on_connect);
        for action in &channel.actions {
            row(&format!("{}: {}", channel.routing, action.action), &Some(action.function.clone()));
        }
        row("(any other)", &channel.on_message);
        row("(bytes)", &channel.on_binary);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    let mut lines =
        vec![format!("// @generated by pikku-codegen from {}; do not edit by hand.", model.source), "//".to_owned()];
    for [route, action, function, who] in &rows {
        lines.push(format!("// {route:<0$}  {action:<1$}  {function:<2$}  {who}", widths[0], widths[1], widths[2]));
    }
    lines.join("\n")
}
