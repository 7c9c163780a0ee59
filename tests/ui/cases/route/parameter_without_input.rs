use pikku_core::pikku_func;
use ui::{Services, Todo, TodoError};

#[pikku_func(http(get = "/todos/{todo_id}"))]
pub async fn find_todo(_services: &Services) -> Result<Todo, TodoError> {
    Err(TodoError::NotFound)
}

fn main() {}
