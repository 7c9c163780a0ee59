//! The functions of the authentication guide, over a database of two tables.

use std::sync::{Mutex, PoisonError};

use pikku_core::{UserSessionService, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Services, TestError, UserSession};

/// The tables `user` and `todo`.
#[derive(Debug, Default)]
pub struct Database(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    /// Who there is; a user's id is the place in here.
    users: Vec<GuideUser>,
    todos: Vec<GuideTodo>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuideUser {
    /// Stays the same for good.
    pub user_id: String,
    /// In lower case.
    pub name: String,
    /// What programs sign in with.
    pub api_key: String,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuideTodo {
    /// Stays the same for good.
    pub todo_id: u32,
    /// What is to be done.
    pub title: String,
    /// The user who made it.
    pub created_by: String,
}

impl Database {
    fn tables<T>(&self, work: impl FnOnce(&mut Tables) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<&GuideUser> for UserSession {
    fn from(user: &GuideUser) -> Self {
        Self { user_id: user.user_id.clone(), admin: false }
    }
}

/// Whose an API key is.
///
/// # Errors
/// None; a database could fail.
pub async fn find_session_for_api_key(services: &Services, key: &str) -> Result<Option<UserSession>, TestError> {
    Ok(services.guide.tables(|tables| tables.users.iter().find(|user| user.api_key == key).map(UserSession::from)))
}

/// Who signs in.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LoginUser {
    /// The name; upper and lower case are the same.
    pub name: String,
}

/// Signs a user in, who is created on the first visit.
#[pikku_func(http(post = "/guide/login"), auth = false)]
pub async fn login_user(
    services: &Services,
    data: LoginUser,
    sessions: UserSessionService<UserSession>,
) -> Result<GuideUser, TestError> {
    let name = data.name.to_lowercase();
    let user = services.guide.tables(|tables| {
        if let Some(user) = tables.users.iter().find(|user| user.name == name) {
            return user.clone();
        }
        let number = tables.users.len() + 1;
        let user = GuideUser { user_id: format!("user-{number}"), name, api_key: format!("api-key-{number}") };
        tables.users.push(user.clone());
        user
    });
    sessions.set(UserSession::from(&user)).await?;
    Ok(user)
}

/// Signs the caller out.
#[pikku_func(http(post = "/guide/logout"))]
pub async fn logout_user(_services: &Services, sessions: UserSessionService<UserSession>) -> Result<(), TestError> {
    Ok(sessions.clear().await?)
}

/// A user's new name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateUser {
    /// The user.
    pub user_id: String,
    /// What to be called from now on.
    pub name: String,
}

/// Whether users change themselves.
pub async fn is_user_updating_self(_: &Services, user_id: &str, session: &UserSession) -> bool {
    session.user_id == user_id
}

/// Renames a user.
#[pikku_func(http(patch = "/guide/user/{userId}"), permissions = is_user_updating_self(user_id))]
pub async fn update_user(services: &Services, data: UpdateUser) -> Result<GuideUser, TestError> {
    services.guide.tables(|tables| {
        let user = tables.users.iter_mut().find(|user| user.user_id == data.user_id).ok_or(TestError::NotFound)?;
        user.name = data.name.to_lowercase();
        Ok(user.clone())
    })
}

/// What there is to do.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct NewTodo {
    /// What is to be done.
    pub title: String,
}

/// Adds something to do.
#[pikku_func(http(post = "/guide/todos"))]
pub async fn add_guide_todo(services: &Services, data: NewTodo, session: &UserSession) -> Result<GuideTodo, TestError> {
    Ok(services.guide.tables(|tables| {
        let todo_id = u32::try_from(tables.todos.len() + 1).unwrap_or(u32::MAX);
        let todo = GuideTodo { todo_id, title: data.title, created_by: session.user_id.clone() };
        tables.todos.push(todo.clone());
        todo
    }))
}

/// Lists what the caller has to do.
#[pikku_func(http(get = "/guide/todos"))]
pub async fn list_guide_todos(services: &Services, session: &UserSession) -> Result<Vec<GuideTodo>, TestError> {
    let is_own = |todo: &&GuideTodo| todo.created_by == session.user_id;
    Ok(services.guide.tables(|tables| tables.todos.iter().filter(is_own).cloned().collect()))
}

/// A todo's new title.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RenameTodo {
    /// The todo.
    pub todo_id: u32,
    /// What is to be done now.
    pub title: String,
}

/// Whether a todo is the caller's; one that is not there is not found.
///
/// # Errors
/// When there is no such todo.
pub async fn is_todo_creator(services: &Services, todo_id: &u32, session: &UserSession) -> Result<bool, TestError> {
    let created_by = services
        .guide
        .tables(|tables| tables.todos.iter().find(|todo| todo.todo_id == *todo_id).map(|todo| todo.created_by.clone()));
    Ok(created_by.ok_or(TestError::NotFound)? == session.user_id)
}

/// Renames a todo.
#[pikku_func(http(patch = "/guide/todos/{todoId}"), permissions = is_todo_creator(todo_id))]
pub async fn rename_guide_todo(services: &Services, data: RenameTodo) -> Result<GuideTodo, TestError> {
    services.guide.tables(|tables| {
        let todo = tables.todos.iter_mut().find(|todo| todo.todo_id == data.todo_id).ok_or(TestError::NotFound)?;
        todo.title = data.title;
        Ok(todo.clone())
    })
}

/// Says who is calling, by the parameter and by the service.
#[pikku_func(http(get = "/guide/session"))]
pub async fn my_function(
    _services: &Services,
    session: &UserSession,
    sessions: UserSessionService<UserSession>,
) -> Result<Vec<String>, TestError> {
    let by_service = sessions.get().map(|session| session.user_id.clone());
    Ok([Some(session.user_id.clone()), by_service].into_iter().flatten().collect())
}
