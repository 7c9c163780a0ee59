use pikku_core::PikkuError;
use thiserror::Error;

#[derive(Debug, Error, PikkuError)]
pub enum TodoError {
    #[error("there is no such todo")]
    #[pikku(code = "todo_not_found")]
    NotFound,
}

fn main() {}
