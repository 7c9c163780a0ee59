use pikku_core::PikkuError;
use thiserror::Error;

#[derive(Debug, Error, PikkuError)]
pub enum TodoError {
    #[error("other")]
    #[pikku(transparent)]
    Other,
}

fn main() {}
