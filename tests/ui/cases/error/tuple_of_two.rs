use pikku_core::PikkuError;
use thiserror::Error;

#[derive(Debug, Error, PikkuError)]
pub enum TodoError {
    #[error("`{0}` is taken by {1}")]
    #[pikku(status = 409)]
    Taken(String, u64),
}

fn main() {}
