use pikku_core::pikku_func;
use ui::{Services, TodoError};

#[pikku_func(http(post = "/todos"))]
pub async fn add_todo<T>(_services: &Services, data: T) -> Result<(), TodoError> {
    drop(data);
    Ok(())
}

fn main() {}
