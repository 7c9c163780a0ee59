use pikku_core::pikku_func;
use ui::{FindTodo, Services, Todo, TodoError};

#[pikku_func(http(get = "/todos/{todo_id}"))]
pub fn find_todo(_services: &Services, data: FindTodo) -> Result<Todo, TodoError> {
    Ok(Todo { todo_id: data.todo_id })
}

fn main() {}
