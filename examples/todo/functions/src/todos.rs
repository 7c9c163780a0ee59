//! What there is to do.

mod store;

use chrono::{DateTime, Utc};
use garde::Validate;
use pikku_core::{EventHub, PikkuError, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

pub use self::store::TodoStore;
use crate::{
    Services, UserSession,
    events::{Events, TodoCreated, TodoRemoved, TodoUpdated},
};

/// Something to do.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema, FromRow)]
#[serde(rename_all = "camelCase")]
pub struct Todo {
    /// Stays the same for good.
    pub todo_id: Uuid,
    /// What is to be done.
    pub title: String,
    /// What it is filed under.
    #[sqlx(json)]
    pub tags: Vec<String>,
    /// Whether it is done.
    pub completed: bool,
    /// When it has to be done, if it matters.
    pub due: Option<DateTime<Utc>>,
    /// The user who made it, and alone may see and change it.
    pub created_by: Uuid,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What can go wrong with todos.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum TodoError {
    /// There is no todo of that id.
    #[error("there is no such todo")]
    #[pikku(status = 404, code = "todo_not_found")]
    NotFound,
    /// The session is of a user who is no longer there.
    #[error("your account is not there any more")]
    #[pikku(status = 401)]
    UnknownUser,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The event hub failed.
    #[error(transparent)]
    Hub(#[from] pikku_core::Error),
}

/// Which todos to list. Everything may be left out.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct ListTodos {
    /// Only those that are done, or only those that are not.
    #[garde(skip)]
    pub completed: Option<bool>,
    /// Only those with this in the title, in upper or lower case.
    #[garde(length(chars, max = 200))]
    pub search: Option<String>,
    /// How many to list at most.
    #[garde(range(min = 1, max = 1000))]
    #[serde(default = "default_limit")]
    pub limit: u32,
    /// How many to leave out at the start, for the pages after the first.
    #[garde(skip)]
    #[serde(default)]
    pub offset: u32,
}

fn default_limit() -> u32 {
    100
}

/// One page of todos.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoPage {
    /// The todos of the page.
    pub todos: Vec<Todo>,
    /// How many there are on all pages together.
    pub total: u32,
}

/// Lists one's own todos, the newest first.
#[pikku_func(http(get = "/todos"), channel(Events, action = "list"), tags("todos"))]
pub async fn list_todos(services: &Services, data: ListTodos, session: &UserSession) -> Result<TodoPage, TodoError> {
    Ok(services.todos.list(&session.user_id, &data).await?)
}

/// Something new to do.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct CreateTodo {
    /// What is to be done.
    #[garde(length(chars, min = 1, max = 200))]
    pub title: String,
    /// What to file it under.
    #[garde(length(max = 10), inner(length(chars, min = 1, max = 30)))]
    #[serde(default)]
    pub tags: Vec<String>,
    /// When it has to be done, if it matters.
    #[garde(skip)]
    pub due: Option<DateTime<Utc>>,
}

/// Adds a todo.
#[pikku_func(http(post = "/todos", status = 201), channel(Events, action = "create"), tags("todos"))]
pub async fn create_todo(
    services: &Services,
    data: CreateTodo,
    session: &UserSession,
    hub: EventHub,
) -> Result<Todo, TodoError> {
    let todo = match services.todos.create(&session.user_id, data).await {
        Err(error) if is_foreign_key_violation(&error) => return Err(TodoError::UnknownUser),
        created => created?,
    };
    hub.emit(&TodoCreated(todo.clone()), None).await?;
    Ok(todo)
}

/// One todo by its id.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GetTodo {
    /// The todo to show.
    #[garde(skip)]
    pub todo_id: Uuid,
}

/// Shows a todo. Only its creator may see it.
#[pikku_func(http(get = "/todos/{todoId}"), permissions = is_todo_creator(todo_id), tags("todos"))]
pub async fn get_todo(services: &Services, data: GetTodo) -> Result<Todo, TodoError> {
    services.todos.find(&data.todo_id).await?.ok_or(TodoError::NotFound)
}

/// What to change about a todo. What is left out stays as it is.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct UpdateTodo {
    /// The todo to change.
    #[garde(skip)]
    pub todo_id: Uuid,
    /// What is to be done.
    #[garde(length(chars, min = 1, max = 200))]
    pub title: Option<String>,
    /// Whether it is done.
    #[garde(skip)]
    pub completed: Option<bool>,
    /// When it has to be done; `null` if it no longer matters.
    #[garde(skip)]
    #[serde(default, deserialize_with = "null_or_value", skip_serializing_if = "Option::is_none")]
    pub due: Option<Option<DateTime<Utc>>>,
}

/// Keeps a `null` apart from a field that was left out, which serde takes for the same thing.
fn null_or_value<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Changes a todo. Only its creator may.
#[pikku_func(
    http(patch = "/todos/{todoId}"),
    channel(Events, action = "update"),
    permissions = is_todo_creator(todo_id),
    tags("todos"),
)]
pub async fn update_todo(services: &Services, data: UpdateTodo, hub: EventHub) -> Result<Todo, TodoError> {
    let todo = services.todos.update(&data).await?.ok_or(TodoError::NotFound)?;
    hub.emit(&TodoUpdated(todo.clone()), None).await?;
    Ok(todo)
}

/// The todo to delete.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub struct DeleteTodo {
    /// The todo to delete.
    #[garde(skip)]
    pub todo_id: Uuid,
}

/// Deletes a todo. Only its creator may.
#[pikku_func(
    http(delete = "/todos/{todoId}"),
    channel(Events, action = "remove"),
    permissions = is_todo_creator(todo_id),
    tags("todos"),
)]
pub async fn delete_todo(
    services: &Services,
    data: DeleteTodo,
    session: &UserSession,
    hub: EventHub,
) -> Result<(), TodoError> {
    if !services.todos.delete(&data.todo_id).await? {
        return Err(TodoError::NotFound);
    }
    hub.emit(&TodoRemoved { todo_id: data.todo_id, created_by: session.user_id }, None).await?;
    Ok(())
}

/// Whether the todo was made by the one who is calling.
///
/// # Errors
/// [`TodoError::NotFound`] if there is no such todo, and when the database fails.
pub async fn is_todo_creator(services: &Services, todo_id: &Uuid, session: &UserSession) -> Result<bool, TodoError> {
    let creator = services.todos.creator(todo_id).await?.ok_or(TodoError::NotFound)?;
    Ok(creator == session.user_id)
}

fn is_foreign_key_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}

#[cfg(test)]
mod tests;
