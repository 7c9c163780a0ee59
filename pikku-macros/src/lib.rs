//! The attributes of pikku: what turns a plain `async` function into one that can be served.
//!
//! Each reads its input, checks it, and then writes code; every mistake that can be told from the tokens alone is told at
//! the token that is wrong, and all of them at once.

mod attribute;
mod channel;
mod error;
mod function;
mod path;
mod permission;
mod signature;
mod topic;

use proc_macro::TokenStream;

/// Registers a function with its routes, its authentication and its permissions.
///
/// The function stays what it is and can be called like any other. Its parameters are found by their kind: the services
/// first (`services: &Services`), the input if there is one (`data: Input`), and then in any order the session
/// (`session: &Session`, or `Option<&Session>` where nobody has to be signed in) and handles by value
/// (`UserSessionService<Session>`, `Http`, any `FromWire`).
///
/// | key | what it says |
/// |---|---|
/// | `http(get = "/path/{parameter}", status = 201, body_limit = 65536, timeout = 5)` | a route; there may be several |
/// | `auth = false` | nobody has to be signed in |
/// | `permissions = is_admin \|\| is_owner(todo_id)` | who may: calls joined with `&&`, `\|\|` and `!`; arguments are fields of the input, and literals |
/// | `tags("billing")` | what it is grouped under |
/// | `middleware(rate_limit(Quota::per_minute(10)))` | middleware of its own, innermost; only limits are for messages, and others are refused where nothing but messages calls it |
/// | `crate = path::to::pikku_core` | where the runtime is, if it was renamed |
///
/// ```ignore
/// /// Renames a todo. Only its creator may.
/// #[pikku_func(http(patch = "/todos/{todo_id}"), permissions = is_todo_creator(todo_id))]
/// pub async fn rename_todo(services: &Services, data: RenameTodo, session: &UserSession) -> Result<Todo, TodoError> {
///     services.todos.rename(&data.todo_id, &data.title).await?.ok_or(TodoError::NotFound)
/// }
/// ```
#[proc_macro_attribute]
pub fn pikku_func(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let attribute = attribute::FunctionAttribute::parse(attribute.into());
    function::expand(attribute, &item.into()).into()
}

/// Registers a function of a channel: `#[pikku_channel_func(Events, action = "subscribe")]`.
///
/// It is short for `#[pikku_func(channel(Events, action = "subscribe"))]`. Behind the channel stands when the function is
/// called, and behind that whatever else `#[pikku_func]` takes:
///
/// | | |
/// |---|---|
/// | `action = "subscribe"` | for messages whose routing key has this value |
/// | `on_message` | for messages without the routing key; with the input `data: Text` for any other text too, JSON or not |
/// | `on_binary` | for binary messages; the input is `data: Binary` |
/// | `on_connect` | when a connection opens; the input is what the route and the query say |
/// | `on_disconnect` | when it has closed |
#[proc_macro_attribute]
pub fn pikku_channel_func(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let attribute = attribute::FunctionAttribute::parse_on_channel(attribute.into());
    function::expand(attribute, &item.into()).into()
}

/// Makes a struct a channel, for functions to be on: `#[pikku_channel(route = "/events")] pub struct Events;`.
///
/// | key | what it says |
/// |---|---|
/// | `route = "/rooms/{room}"` | where it is opened |
/// | `routing = "action"` | the key of a message whose value picks the function |
/// | `auth = false` | nobody has to sign in, neither before nor after it is opened |
/// | `name = "events"` | what clients call it; the name of the struct in snake case, if it is not said |
/// | `tags("live")` | what it is grouped under |
#[proc_macro_attribute]
pub fn pikku_channel(attribute: TokenStream, item: TokenStream) -> TokenStream {
    channel::expand(attribute.into(), &item.into()).into()
}

/// Makes a type a topic: `#[derive(Serialize, JsonSchema, Topic)] #[topic("todo-created")]`.
///
/// With `#[topic("todo-created", scope = owner)]` an event goes to those only who are subscribed within the scope that its
/// field `owner` names.
#[proc_macro_derive(Topic, attributes(topic))]
pub fn topic(item: TokenStream) -> TokenStream {
    topic::expand(item.into()).into()
}

/// Makes an enum the error of functions.
///
/// A variant with `#[pikku(status = 404)]` is told to callers, under the code `not_found` after its name, or
/// `#[pikku(status = 404, code = "todo_not_found")]`. Its fields are its payload, but for those that are a `#[source]` or
/// `#[from]`. `#[pikku(transparent)]` passes on what the error inside says. Any other variant is internal: callers get a
/// 500 that says nothing, and the log gets the error. `#[pikku(crate = path::to::pikku_core)]` on the enum says where the
/// runtime is, if it was renamed.
///
/// The text of the problem is that of `Display`, which `thiserror` derives.
///
/// ```ignore
/// #[derive(Debug, thiserror::Error, PikkuError)]
/// pub enum TodoError {
///     /// There is no todo with this id.
///     #[error("there is no such todo")]
///     #[pikku(status = 404)]
///     NotFound,
///     #[error(transparent)]
///     Database(#[from] sqlx::Error),
/// }
/// ```
#[proc_macro_derive(PikkuError, attributes(pikku))]
pub fn pikku_error(item: TokenStream) -> TokenStream {
    error::expand(item.into()).into()
}
