use pikku_core::pikku_func;
use ui::{Services, TodoError};

pub struct AddTodo {
    pub title: String,
}

#[pikku_func(http(post = "/todos"))]
pub async fn add_todo(_services: &Services, data: AddTodo) -> Result<(), TodoError> {
    drop(data.title);
    Ok(())
}

fn main() {}
