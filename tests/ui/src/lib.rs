//! The application that the cases add one mistaken function to.

use pikku_core::PikkuError;
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

pikku_core::registry!(
    /// The application of the cases.
    UiApp { services: Services, session: UserSession }
);

/// An input without a mistake.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FindTodo {
    /// Which one.
    pub todo_id: u64,
}

/// An output without a mistake.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Todo {
    /// Which one.
    pub todo_id: u64,
}

/// An error without a mistake.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum TodoError {
    /// There is no todo with this id.
    #[error("there is no such todo")]
    #[pikku(status = 404)]
    NotFound,
}
