use pikku_core::pikku_func;
use ui::{FindTodo, Services, Todo, TodoError};

#[pikku_func(http(post = "/todos"))]
pub async fn add_todo(_services: &Services, input: FindTodo) -> Result<Todo, TodoError> {
    Ok(Todo { todo_id: input.todo_id })
}

fn main() {}
