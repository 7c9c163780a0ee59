//! The attributes of pikku: what turns a plain `async` function into one that can be served.
//!
//! Each reads its input, checks it, and then writes code; every mistake that can be told from the tokens alone is told at
//! the token that is wrong, and all of them at once.

mod attribute;
mod error;
mod function;
mod permission;
mod signature;

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
/// | `permissions = is_admin \|\| is_owner(todo_id)` | who may, in terms of fields of the input |
/// | `tags("billing")` | what it is grouped under |
/// | `middleware(rate_limit(10))` | middleware of its own, innermost |
/// | `crate = path::to::pikku_core` | where the runtime is, if it was renamed |
///
/// ```ignore
/// /// Renames a todo. Only its creator may.
/// #[pikku_func(http(patch = "/todos/{todo_id}"), permissions = is_todo_creator(todo_id))]
/// pub async fn rename_todo(services: &Services, data: RenameTodo, session: &UserSession) -> Result<Todo, TodoError> {
///     …
/// }
/// ```
#[proc_macro_attribute]
pub fn pikku_func(attribute: TokenStream, item: TokenStream) -> TokenStream {
    function::expand(attribute.into(), &item.into()).into()
}

/// Makes an enum the error of functions.
///
/// A variant with `#[pikku(status = 404)]` is told to callers, under the code `not_found` after its name, or
/// `#[pikku(status = 404, code = "todo_not_found")]`. Its fields are its payload, but for those that are a `#[source]` or
/// `#[from]`. `#[pikku(transparent)]` passes on what the error inside says. Any other variant is internal: callers get a
/// 500 that says nothing, and the log gets the error.
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
