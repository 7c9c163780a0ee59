//! What there is to do, and who may do what with it.

use pikku_core::{PikkuError, Quota, has_scope, pikku_func, rate_limit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Services, UserSession, events::Events};

/// What can go wrong with todos.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum TodoError {
    /// There is no such todo.
    #[error("there is no such todo")]
    #[pikku(status = 404)]
    NotFound,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Todo {
    /// Stays the same for good.
    pub todo_id: u32,
    /// What it is.
    pub title: String,
    /// Whose it is.
    pub created_by: String,
}

/// Counts the todos of everybody.
#[pikku_func(http(get = "/todos/count"), auth = false)]
pub async fn count_todos(services: &Services) -> Result<usize, TodoError> {
    Ok(services.todos.count().await)
}

/// Lists the caller's todos.
#[pikku_func(http(get = "/todos"), channel(Events, action = "list"))]
pub async fn list_todos(services: &Services, session: &UserSession) -> Result<Vec<Todo>, TodoError> {
    Ok(services.todos.list(&session.user_id).await)
}

/// A new title.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RenameTodo {
    /// The todo.
    pub todo_id: u32,
    /// What to call it.
    pub title: String,
}

/// Renames a todo. Only its creator may, and an admin.
#[pikku_func(
    http(patch = "/todos/{todoId}"),
    channel(Events, action = "rename"),
    permissions = is_admin || (is_todo_creator(todo_id) && !is_archived(todo_id))
)]
pub async fn rename_todo(services: &Services, data: RenameTodo) -> Result<Todo, TodoError> {
    services.todos.rename(data.todo_id, data.title).await.ok_or(TodoError::NotFound)
}

/// Whether the caller may do anything.
pub async fn is_admin(services: &Services, session: &UserSession) -> bool {
    services.users.is_admin(&session.user_id).await
}

/// Whether the todo is the caller's.
///
/// # Errors
/// When there is no such todo.
pub async fn is_todo_creator(services: &Services, todo_id: &u32, session: &UserSession) -> Result<bool, TodoError> {
    let todo = services.todos.find(*todo_id).await.ok_or(TodoError::NotFound)?;
    Ok(todo.created_by == session.user_id)
}

/// Whether nobody but an admin may change the todo.
pub async fn is_archived(services: &Services, todo_id: &u32, _: Option<&UserSession>) -> bool {
    services.todos.is_archived(*todo_id).await
}

/// What to do.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CreateTodo {
    /// What it is.
    pub title: String,
}

/// Adds a todo.
#[pikku_func(
    http(post = "/todos"),
    permissions = has_scope("todos:write"),
    middleware(rate_limit(Quota::per_hour(60).burst(10)).per_session())
)]
pub async fn create_todo(services: &Services, data: CreateTodo, session: &UserSession) -> Result<Todo, TodoError> {
    Ok(services.todos.create(data.title, &session.user_id).await)
}

/// How many todos there are.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Statistics {
    /// Everybody's.
    pub todos: usize,
}

/// Looks at everything from above.
#[pikku_func(http(get = "/admin/statistics"))]
pub async fn statistics(services: &Services) -> Result<Statistics, TodoError> {
    Ok(Statistics { todos: services.todos.count().await })
}

/// Gives the caller's todos out in one piece.
#[pikku_func(http(get = "/export"), tags("export"))]
pub async fn export_todos(services: &Services, session: &UserSession) -> Result<Vec<Todo>, TodoError> {
    Ok(services.todos.list(&session.user_id).await)
}
