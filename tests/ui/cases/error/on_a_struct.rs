use pikku_core::PikkuError;
use thiserror::Error;

#[derive(Debug, Error, PikkuError)]
#[error("it failed")]
pub struct TodoError;

fn main() {}
