use pikku_core::pikku_func;
use ui::{FindTodo, Services, Todo, TodoError};

pub async fn is_public(_services: &Services, todo_id: &u64) -> Result<bool, TodoError> {
    Ok(*todo_id == 0)
}

#[pikku_func(http(get = "/todos/{todo_id}"), permissions = is_public(todo_id))]
pub async fn find_todo(_services: &Services, data: FindTodo) -> Result<Todo, TodoError> {
    Ok(Todo { todo_id: data.todo_id })
}

fn main() {}
