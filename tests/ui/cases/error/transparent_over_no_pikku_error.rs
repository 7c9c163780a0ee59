use pikku_core::PikkuError;
use thiserror::Error;

#[derive(Debug, Error, PikkuError)]
pub enum TodoError {
    #[error(transparent)]
    #[pikku(transparent)]
    Io(#[from] std::io::Error),
}

fn main() {}
