//! Everything that the macros write, where nothing is in scope and `pikku_core` is called `engine`.
//!
//! Code that a macro wrote may lean on no name of the user's: neither on the prelude nor on the usual name of the runtime.
//! [`functions`] compiles as long as it does not. The types that other crates' macros look at stand here, since not all of
//! those get by without a prelude.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]

pub mod functions;

use garde::Validate;
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

engine::registry!(
    /// An application without a prelude.
    RenamedApp { services: Services, session: UserSession }
);

/// Which todo, and what to call it.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct RenameTodo {
    /// Which one.
    #[garde(skip)]
    pub todo_id: u64,
    /// Its new title.
    #[garde(length(chars, min = 1, max = 200))]
    pub title: String,
}

/// A todo.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Todo {
    /// Which one.
    pub todo_id: u64,
    /// What is to be done.
    pub title: String,
}

#[cfg(test)]
mod tests {
    use engine::PikkuError;

    #[test]
    fn what_the_macros_wrote_is_registered() {
        let registry = crate::RenamedApp::registry();
        let names: Vec<_> = registry.functions().iter().map(|function| function.name).collect();
        assert_eq!(names, ["login", "rename_todo"]);
        assert!((registry.functions()[1].probe)(br#"{"todo_id": 1, "title": ""}"#).is_err(), "the title is empty");
        let error = crate::functions::TodoError::Other(crate::functions::OtherError::Closed);
        assert_eq!(error.problem().code(), "closed");
    }
}
