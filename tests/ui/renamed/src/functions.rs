//! Functions, errors, permissions, middleware and parameters where nothing is in scope.

#![no_implicit_prelude]

use ::core::{
    clone::Clone,
    fmt::Debug,
    option::Option::{self, Some},
    result::Result::{self, Err, Ok},
};
use ::std::string::String;

use ::engine::{App, FromWire, HttpCall, Middleware, Next, PikkuError, Problem, UserSessionService, Wire, pikku_func};
use ::thiserror::Error;

use crate::{RenameTodo, Services, Todo, UserSession};

/// How the functions fail.
#[derive(Debug, Error, PikkuError)]
#[pikku(crate = ::engine)]
pub enum TodoError {
    /// There is no such todo.
    #[error("there is no such todo")]
    #[pikku(status = 404)]
    NotFound,
    /// The name is taken.
    #[error("`{name}` is taken")]
    #[pikku(status = 409, code = "name_taken")]
    Taken {
        /// What it is called.
        name: String,
        /// How often.
        times: u32,
    },
    /// Too much was asked for.
    #[error("at most {0}")]
    #[pikku(status = 429)]
    TooMany(u32),
    /// What another error says.
    #[error(transparent)]
    #[pikku(transparent)]
    Other(OtherError),
    /// What callers are not told.
    #[error(transparent)]
    Service(#[from] ::engine::Error),
}

/// How something else fails.
#[derive(Debug, Error, PikkuError)]
#[pikku(crate = ::engine)]
pub enum OtherError {
    /// It is closed.
    #[error("closed")]
    #[pikku(status = 423)]
    Closed,
}

/// A parameter that is made anew for each call.
#[derive(Debug)]
pub struct Locale;

impl<A: App> FromWire<'_, A> for Locale {
    async fn from_wire(_: &Wire<'_, A>) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// Middleware that does nothing.
#[derive(Debug)]
pub struct Idle;

impl<A: App> Middleware<A> for Idle {
    async fn handle(&self, call: &mut HttpCall<A>, next: Next<'_, A>) -> ::axum::response::Response {
        next.run(call).await
    }
}

/// Whether the caller made the todo.
///
/// # Errors
/// Never.
pub async fn is_creator(_: &Services, todo_id: &u64, session: &UserSession) -> Result<bool, TodoError> {
    Ok(*todo_id == session.user_id)
}

/// Whether anybody may.
pub async fn is_open(_: &Services, _: Option<&UserSession>) -> bool {
    true
}

/// Renames a todo.
///
/// # Errors
/// When it is not there.
#[pikku_func(
    crate = ::engine,
    http(patch = "/todos/{todo_id}", status = 202, body_limit = 4096, timeout = 5),
    http(put = "/todos/{todo_id}"),
    permissions = is_creator(todo_id) || !(is_open && is_creator(todo_id)),
    tags("todos"),
    middleware(Idle)
)]
pub async fn rename_todo(
    _: &Services,
    RenameTodo { todo_id, title }: RenameTodo,
    session: &UserSession,
    _locale: Locale,
) -> Result<Todo, TodoError> {
    if session.user_id == todo_id { Ok(Todo { todo_id, title }) } else { Err(TodoError::NotFound) }
}

/// Signs in.
///
/// # Errors
/// When the session can't be kept.
#[pikku_func(crate = ::engine, http(post = "/login"), auth = false, permissions = is_open)]
pub async fn login(
    _: &Services,
    session: Option<&UserSession>,
    sessions: UserSessionService<UserSession>,
) -> Result<(), TodoError> {
    if let Some(session) = session {
        sessions.set(Clone::clone(session)).await?;
    }
    Ok(())
}
