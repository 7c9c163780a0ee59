use pikku_core::pikku_func;
use ui::{TodoError};

#[pikku_func(http(get = "/todos"))]
pub async fn count() -> Result<u32, TodoError> {
    Ok(0)
}

fn main() {}
