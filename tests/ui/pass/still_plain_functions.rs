//! A function stays the plain function that it was, and its name goes on meaning both.

use pikku_core::pikku_func;
use ui::{FindTodo, Services, Todo, TodoError, UserSession};

/// Finds a todo.
#[pikku_func(http(get = "/todos/{todo_id}"))]
pub async fn find_todo(_services: &Services, data: FindTodo, session: &UserSession) -> Result<Todo, TodoError> {
    Ok(Todo { todo_id: data.todo_id + session.user_id })
}

/// Calls it as the function that it is.
#[pikku_func(http(get = "/next/{todo_id}"))]
pub async fn find_next(services: &Services, data: FindTodo, session: &UserSession) -> Result<Todo, TodoError> {
    find_todo(services, FindTodo { todo_id: data.todo_id + 1 }, session).await
}

fn name_of<F: pikku_core::PikkuFunc>() -> &'static str {
    F::NAME
}

fn main() {
    assert_eq!(name_of::<find_todo>(), "find_todo");
    drop(find_next(&Services, FindTodo { todo_id: 1 }, &UserSession { user_id: 1 }));
}
