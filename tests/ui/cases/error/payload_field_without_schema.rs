use pikku_core::PikkuError;
use thiserror::Error;

#[derive(Debug)]
pub struct Owner;

#[derive(Debug, Error, PikkuError)]
pub enum TodoError {
    #[error("it is taken")]
    #[pikku(status = 409)]
    Taken { by: Owner },
}

fn main() {}
