use pikku_core::PikkuError;
use thiserror::Error;

#[derive(Debug, Error, PikkuError)]
pub enum TodoError {
    #[error(transparent)]
    #[pikku(transparent, status = 404)]
    Other(#[from] ui::TodoError),
}

fn main() {}
