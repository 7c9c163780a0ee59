//! The contract app that frameworks are compared by, as anybody would write it.

pub mod channels;

use std::{
    convert::Infallible,
    sync::atomic::{AtomicU64, Ordering},
};

use garde::Validate;
use pikku_core::pikku_func;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the functions share.
#[derive(Debug, Default)]
pub struct Services {
    todos: AtomicU64,
}

/// Who is calling: the claims of a token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserSession {
    /// The user.
    pub sub: String,
    /// What they may do.
    pub role: String,
}

pikku_core::registry!(ContractApp { services: Services, session: UserSession });

/// A greeting.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Greeting {
    /// What is said.
    pub message: &'static str,
}

/// Greets anybody.
#[pikku_func(http(get = "/hello"), auth = false)]
pub async fn hello(_services: &Services) -> Result<Greeting, Infallible> {
    Ok(Greeting { message: "hello" })
}

/// A todo that is about to be.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct NewTodo {
    /// The list that it is on.
    #[garde(skip)]
    pub list_id: String,
    /// What is to be done.
    #[garde(length(chars, min = 1, max = 200))]
    pub title: String,
    /// What it is filed under.
    #[garde(skip)]
    pub tags: Vec<String>,
    /// How urgent it is.
    #[garde(range(min = 0, max = 5))]
    pub priority: i64,
    /// When it has to be done.
    #[garde(skip)]
    pub due: Option<String>,
}

/// A todo.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Todo {
    /// Its number.
    pub id: u64,
    /// The list that it is on.
    pub list_id: String,
    /// What is to be done.
    pub title: String,
    /// What it is filed under.
    pub tags: Vec<String>,
    /// How urgent it is.
    pub priority: i64,
    /// When it has to be done.
    pub due: Option<String>,
    /// Whether it is done.
    pub done: bool,
}

/// Puts a todo on a list.
#[pikku_func(http(post = "/todos/{listId}"), auth = false)]
pub async fn create_todo(services: &Services, data: NewTodo) -> Result<Todo, Infallible> {
    let NewTodo { list_id, title, tags, priority, due } = data;
    let id = services.todos.fetch_add(1, Ordering::Relaxed) + 1;
    Ok(Todo { id, list_id, title, tags, priority, due, done: false })
}

/// Somebody.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The user.
    pub user_id: String,
    /// What they may do.
    pub role: String,
}

/// Says who is calling.
#[pikku_func(http(get = "/me"), permissions = is_user)]
pub async fn me(_services: &Services, session: &UserSession) -> Result<Me, Infallible> {
    Ok(Me { user_id: session.sub.clone(), role: session.role.clone() })
}

/// Whether the caller is a user.
///
/// # Errors
/// None.
pub async fn is_user(_services: &Services, session: &UserSession) -> Result<bool, Infallible> {
    Ok(session.role == "user")
}
