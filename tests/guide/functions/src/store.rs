//! What stands in for a database: three users and three todos.

use std::sync::{Mutex, PoisonError};

use crate::{UserSession, todos::Todo};

/// A user with everything that is known of them.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user.
    pub user_id: String,
    /// Plain text, since it guards nothing; a real one belongs through argon2.
    password: &'static str,
    api_key: &'static str,
    /// What the user was granted.
    pub scopes: Vec<String>,
}

impl Account {
    /// The session of the user.
    #[must_use]
    pub fn session(&self) -> UserSession {
        UserSession { user_id: self.user_id.clone(), scopes: self.scopes.clone() }
    }
}

/// The users: `ada`, `grace` who is an admin, and `eve` who is suspended.
#[derive(Debug)]
pub struct UserStore(Vec<Account>);

impl UserStore {
    pub(crate) fn new() -> Self {
        let account = |user_id: &str, password, api_key, scope: &str| Account {
            user_id: user_id.to_owned(),
            password,
            api_key,
            scopes: vec![scope.to_owned()],
        };
        Self(vec![
            account("ada", "a password of ada", "key-of-ada", "todos:*"),
            account("grace", "a password of grace", "key-of-grace", "*"),
            account("eve", "a password of eve", "key-of-eve", "todos:read"),
        ])
    }

    /// The user of that name, if the password is theirs.
    pub async fn verify(&self, name: &str, password: &str) -> Option<Account> {
        self.0.iter().find(|user| user.user_id == name && user.password == password).cloned()
    }

    /// The user that an API key belongs to.
    pub async fn find_by_api_key(&self, key: &str) -> Option<Account> {
        self.0.iter().find(|user| user.api_key == key).cloned()
    }

    /// Whether a user may do anything.
    pub async fn is_admin(&self, user_id: &str) -> bool {
        user_id == "grace"
    }

    /// Whether a user may do nothing for now.
    pub async fn is_suspended(&self, user_id: &str) -> bool {
        user_id == "eve"
    }
}

/// The todos, of which the last one is archived.
#[derive(Debug)]
pub struct TodoStore(Mutex<Vec<Todo>>);

impl TodoStore {
    pub(crate) fn new() -> Self {
        let todo = |todo_id, title: &str, created_by: &str| Todo {
            todo_id,
            title: title.to_owned(),
            created_by: created_by.to_owned(),
        };
        Self(Mutex::new(vec![
            todo(1, "buy milk", "ada"),
            todo(2, "write a compiler", "grace"),
            todo(3, "read the notes on the engine", "ada"),
        ]))
    }

    /// Those of a user.
    pub async fn list(&self, user_id: &str) -> Vec<Todo> {
        self.with(|todos| todos.iter().filter(|todo| todo.created_by == user_id).cloned().collect())
    }

    /// How many there are.
    pub async fn count(&self) -> usize {
        self.with(|todos| todos.len())
    }

    /// One of them.
    pub async fn find(&self, todo_id: u32) -> Option<Todo> {
        self.with(|todos| todos.iter().find(|todo| todo.todo_id == todo_id).cloned())
    }

    /// Whether one may not be changed any more.
    pub async fn is_archived(&self, todo_id: u32) -> bool {
        todo_id == 3
    }

    /// Adds one.
    pub async fn create(&self, title: String, created_by: &str) -> Todo {
        self.with(|todos| {
            let todo_id = todos.iter().map(|todo| todo.todo_id).max().unwrap_or_default() + 1;
            let todo = Todo { todo_id, title, created_by: created_by.to_owned() };
            todos.push(todo.clone());
            todo
        })
    }

    /// Gives one another title.
    pub async fn rename(&self, todo_id: u32, title: String) -> Option<Todo> {
        self.with(|todos| {
            let todo = todos.iter_mut().find(|todo| todo.todo_id == todo_id)?;
            todo.title = title;
            Some(todo.clone())
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Vec<Todo>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
