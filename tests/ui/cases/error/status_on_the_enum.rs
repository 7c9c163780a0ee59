use pikku_core::PikkuError;
use thiserror::Error;

#[derive(Debug, Error, PikkuError)]
#[pikku(status = 404)]
pub enum TodoError {
    #[error("there is no such todo")]
    NotFound,
}

fn main() {}
