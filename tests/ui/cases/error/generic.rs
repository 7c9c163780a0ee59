use pikku_core::PikkuError;
use thiserror::Error;

#[derive(Debug, Error, PikkuError)]
pub enum TodoError<T> {
    #[error("there is no such todo")]
    #[pikku(status = 404)]
    NotFound(T),
}

fn main() {}
