//! The plain model of an application: what `pikku.json` holds and every emitter reads.
//!
//! It is serializable and its maps are ordered, so that the same functions always give the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A whole application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The version of the contract between generated code and runtime.
    pub contract: u32,
    /// The application's Rust name, `TodoApp`.
    pub app: String,
    /// The module that it stands in, `todo_functions`.
    pub app_module: String,
    /// The crate of the functions, `todo-functions`.
    pub source: String,
    /// The functions, in the order of their names.
    pub functions: Vec<Function>,
    /// The channels, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// The typed topics, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Topic>,
    /// Named types as they are read, by their name in `#/$defs/`.
    pub inputs: BTreeMap<String, Value>,
    /// Named types as they are written.
    pub outputs: BTreeMap<String, Value>,
}

/// One function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// The Rust name, `rename_todo`.
    pub name: String,
    /// The module path, `todo_functions::todos`.
    pub module: String,
    /// The source file, relative to the workspace or absolute as the compiler was given it.
    pub file: String,
    /// The line of the function's name.
    pub line: u32,
    /// The doc comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Whether callers must be signed in.
    pub auth: bool,
    /// The permission expression, as it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<String>,
    /// What it is grouped under.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The schema of the input, if there is one; references point into [`Model::inputs`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Value>,
    /// What it answers with; references point into [`Model::outputs`].
    pub output: Output,
    /// The Rust name of the error type, `TodoError`.
    pub error: String,
    /// The errors that it can answer with of itself, beside those of the framework.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorVariant>,
    /// Whether it takes what is only there on a channel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requires_channel: bool,
    /// Whether it has middleware of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_middleware: bool,
    /// Its HTTP routes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRoute>,
    /// Pointers in validation reports, with `*` for any index or key, and what the wire has there where that differs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub renamed: BTreeMap<String, String>,
}

/// What a function answers with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "schema", rename_all = "snake_case")]
pub enum Output {
    /// Nothing: 204.
    None,
    /// One JSON value.
    Json(Value),
    /// A stream of JSON values: server-sent events.
    Stream(Value),
    /// A response of the function's own making.
    Raw,
}

/// One variant of a function's error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorVariant {
    /// The Rust name, `NotFound`.
    pub name: String,
    /// The doc comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The HTTP status.
    pub status: u16,
    /// The code on the wire, `not_found`.
    pub code: String,
    /// The schema of the `data` member, if the variant has fields; references point into [`Model::outputs`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// One channel: a connection over which many functions are called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// What clients call it, `events`.
    pub name: String,
    /// The Rust path of its type, `todo_functions::Events`.
    pub path: String,
    /// The doc comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Its route, which may have `{parameters}`.
    pub route: String,
    /// The key of a message whose value picks the function.
    pub routing: String,
    /// Whether callers have to sign in, if not when they connect then soon after.
    pub auth: bool,
    /// What it is grouped under.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where each field of the opening data travels: in the path or the query.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<RouteField>,
    /// The function that runs when a connection opens; its input is what the route and the query say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_connect: Option<String>,
    /// The function that runs when a connection has closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disconnect: Option<String>,
    /// The function for messages without the routing key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_message: Option<String>,
    /// The function for binary messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_binary: Option<String>,
    /// The functions for messages with the routing key, in the order of the actions.
    pub actions: Vec<Action>,
}

/// One action of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The value of the routing key.
    pub action: String,
    /// The name of the function.
    pub function: String,
    /// How the function's output becomes a reply.
    pub reply: ReplyShape,
    /// Whether the input has a field `id`, so that the id of the message is a part of the data too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keeps_id: bool,
}

/// How the output of a function becomes a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyShape {
    /// An object, whose members go beside the routing key and the id; at least one of them is always there.
    Merged,
    /// Anything else, or an object that could be taken for another part of a reply: it goes under `result`.
    Result,
    /// Nothing: the reply is the routing key and the id.
    Empty,
}

/// A typed topic: what is pushed to whoever is subscribed, as `{"topic": name, "data": …}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    /// The name, `todo-created`.
    pub name: String,
    /// The doc comment of its type.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The schema of the data; references point into [`Model::outputs`].
    pub data: Value,
}

/// One HTTP route of a function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpRoute {
    /// The method in capitals.
    pub method: String,
    /// The path with `{parameters}`, named as the wire names the fields.
    pub path: String,
    /// The status of a success.
    pub status: u16,
    /// The largest body in bytes, where it isn't the server's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_limit: Option<usize>,
    /// The deadline in seconds, where it isn't the server's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// Where each top-level field of the input travels, in the order of the schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<RouteField>,
}

/// Where one field of the input travels on one route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteField {
    /// The name on the wire.
    pub name: String,
    /// Where generated clients put it. The server finds it wherever it is.
    #[serde(rename = "in")]
    pub place: Place,
    /// What a string in a path, query or form becomes.
    pub text: TextKind,
}

/// The part of a request that a field travels in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A segment of the path.
    Path,
    /// The query string.
    Query,
    /// The body.
    Body,
}

/// What a string in a path, query or form becomes before it is parsed as JSON, as the field's schema asks.
///
/// Text that does not fit stays a string, and is then refused by the type that wanted something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// A string as it is.
    Text,
    /// A number, if the text is one.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A number or a boolean if the text is one, for fields that take several kinds.
    Scalar,
    /// A list of strings, one for each time the key is given.
    TextList,
    /// A list of numbers.
    NumberList,
    /// A list of booleans.
    BooleanList,
    /// A list of whatever each text is.
    ScalarList,
    /// Nested data, which only a JSON body can carry.
    Nested,
    /// A file of a multipart form.
    File,
    /// A list of files.
    FileList,
}
