//! The functions that the guides in `docs` show, piece by piece; `guide-app` serves and tests them.

pub mod accounts;
pub mod events;
pub mod store;
pub mod todos;

use pikku_core::{HasScopes, JwtService, MemorySessionStore, Sessions};
use serde::{Deserialize, Serialize};

use store::{TodoStore, UserStore};

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserSession {
    /// The user.
    pub user_id: String,
    /// What they were granted, such as `todos:write`.
    #[serde(default)]
    pub scopes: Vec<String>,
}

pikku_core::registry!(TodoApp { services: Services, session: UserSession });

impl HasScopes for UserSession {
    fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str)
    }
}

/// What every function gets as its first parameter.
#[derive(Debug)]
pub struct Services {
    /// Makes and reads tokens.
    pub jwt: JwtService,
    /// The sessions that are kept in a store.
    pub sessions: Sessions<UserSession>,
    /// Who has an account.
    pub users: UserStore,
    /// What there is to do.
    pub todos: TodoStore,
}

impl Services {
    /// Services with the users and the todos that the guides speak of.
    #[must_use]
    pub fn new(jwt: JwtService) -> Self {
        let sessions = Sessions::new(MemorySessionStore::new(), |session: &UserSession| session.user_id.clone());
        Self { jwt, sessions, users: UserStore::new(), todos: TodoStore::new() }
    }
}
