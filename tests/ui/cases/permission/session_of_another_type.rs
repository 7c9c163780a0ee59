use pikku_core::pikku_func;
use ui::{FindTodo, Services, Todo, TodoError};

pub struct AdminSession {
    pub user_id: u64,
}


pub async fn is_owner(_services: &Services, todo_id: &u64, session: &AdminSession) -> Result<bool, TodoError> {
    Ok(*todo_id == session.user_id)
}

#[pikku_func(http(get = "/todos/{todo_id}"), permissions = is_owner(todo_id))]
pub async fn find_todo(_services: &Services, data: FindTodo) -> Result<Todo, TodoError> {
    Ok(Todo { todo_id: data.todo_id })
}

fn main() {}
