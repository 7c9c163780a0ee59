//! A whole application in one file, with every kind of parameter, route, permission and error.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, rust_2018_idioms)]

use std::convert::Infallible;

use garde::Validate;
use pikku_core::{App, FromWire, Http, PikkuError, Problem, UserSessionService, Wire, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What every function shares.
#[derive(Debug)]
pub struct Services;

/// Who is calling.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserSession {
    /// The user.
    pub user_id: u64,
}

pikku_core::registry!(OneFileApp { services: Services, session: UserSession });

/// How the functions fail.
#[derive(Debug, thiserror::Error, PikkuError)]
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
        /// Why, which callers are not told.
        source: std::fmt::Error,
    },
    /// A service failed.
    #[error(transparent)]
    Service(#[from] pikku_core::Error),
}

/// The answer of every function here, under a name of its own.
pub type Answer<T> = Result<T, TodoError>;

/// Which todo.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct FindTodo {
    /// Which one.
    #[garde(range(min = 1))]
    pub todo_id: u64,
    /// Whom it is for.
    #[garde(dive)]
    pub owner: Owner,
}

/// Whom a todo is for.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct Owner {
    /// The user.
    #[garde(skip)]
    pub user_id: u64,
}

/// A parameter of a type of one's own.
#[derive(Debug)]
pub struct Account(pub u64);

impl FromWire<'_, OneFileApp> for Account {
    const REQUIRES_SESSION: bool = true;

    async fn from_wire(wire: &Wire<'_, OneFileApp>) -> Result<Self, Problem> {
        wire.session().map(|session| Self(session.user_id)).ok_or_else(Problem::unauthorized)
    }
}

/// A parameter that borrows from the call.
#[derive(Debug)]
pub struct Agent<'wire>(pub Option<&'wire str>);

impl<'wire, A: App> FromWire<'wire, A> for Agent<'wire> {
    async fn from_wire(wire: &'wire Wire<'_, A>) -> Result<Self, Problem> {
        let header = wire.request().and_then(|request| request.headers.get("user-agent"));
        Ok(Self(header.and_then(|value| value.to_str().ok())))
    }
}

/// Whether the caller owns it.
pub async fn is_owner(_services: &Services, user_id: &u64, session: &UserSession) -> Answer<bool> {
    Ok(*user_id == session.user_id)
}

/// Whether the weather is fine; nobody has to be signed in for that.
pub async fn is_fine(_services: &Services, level: &str, session: Option<&UserSession>) -> bool {
    level == "fine" || session.is_some()
}

/// Finds a todo.
#[pikku_func(
    http(get = "/todos/{todo_id}", timeout = 5),
    http(post = "/todos/{todo_id}/find", status = 202, body_limit = 1024),
    permissions = (is_owner(owner.user_id) || !is_fine("rain")) && is_fine("fine"),
    tags("todos", "find"),
)]
pub async fn find_todo(
    _services: &Services,
    data: FindTodo,
    session: &UserSession,
    account: Account,
    agent: Agent<'_>,
    http: Http,
) -> Answer<u64> {
    drop((agent, http));
    if data.owner.user_id == session.user_id { Ok(account.0 + data.todo_id) } else { Err(TodoError::NotFound) }
}

/// Signs in.
#[pikku_func(http(post = "/login"), auth = false, permissions = is_fine("fine"))]
pub async fn login(
    _services: &Services,
    session: Option<&UserSession>,
    sessions: UserSessionService<UserSession>,
) -> Answer<()> {
    if session.is_none() {
        sessions.set(UserSession { user_id: 1 }).await?;
    }
    Ok(())
}

/// Takes its input apart on the spot.
#[pikku_func]
pub async fn unrouted(_: &Services, FindTodo { todo_id, .. }: FindTodo) -> Answer<u64> {
    Ok(todo_id)
}

/// Can't fail, and answers with a word that lives as long as the program.
#[pikku_func(http(get = "/word"), auth = false)]
pub async fn word(_services: &Services) -> Result<&'static str, Infallible> {
    Ok("word")
}

fn main() {
    let registry = OneFileApp::registry();
    let names: Vec<_> = registry.functions().iter().map(|function| function.name).collect();
    assert_eq!(names, ["find_todo", "login", "unrouted", "word"]);
    let find = registry.functions()[0];
    assert_eq!(find.docs, "Finds a todo.");
    assert_eq!(find.permissions, Some("(is_owner(owner.user_id) || !is_fine(\"rain\")) && is_fine(\"fine\")"));
    assert_eq!(find.http.len(), 2);
    assert!(find.auth && !registry.functions()[1].auth);
    assert!((find.probe)(br#"{"todo_id": 1, "owner": {"user_id": 1}}"#).is_ok());
    assert!((find.probe)(br#"{"todo_id": 0, "owner": {"user_id": 1}}"#).is_err());
}
