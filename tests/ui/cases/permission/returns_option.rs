use pikku_core::pikku_func;
use ui::{FindTodo, Services, Todo, TodoError, UserSession};

pub async fn is_owner(_services: &Services, todo_id: &u64, session: &UserSession) -> Option<bool> {
    Some(*todo_id == session.user_id)
}

#[pikku_func(http(get = "/todos/{todo_id}"), permissions = is_owner(todo_id))]
pub async fn find_todo(_services: &Services, data: FindTodo) -> Result<Todo, TodoError> {
    Ok(Todo { todo_id: data.todo_id })
}

fn main() {}
