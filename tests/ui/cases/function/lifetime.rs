use pikku_core::pikku_func;
use ui::{Services, TodoError};

#[pikku_func(http(post = "/todos"))]
pub async fn add_todo<'s>(_services: &'s Services) -> Result<(), TodoError> {
    Ok(())
}

fn main() {}
