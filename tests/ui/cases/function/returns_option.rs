use pikku_core::pikku_func;
use ui::{FindTodo, Services, Todo};

#[pikku_func(http(get = "/todos/{todo_id}"))]
pub async fn find_todo(_services: &Services, data: FindTodo) -> Option<Todo> {
    Some(Todo { todo_id: data.todo_id })
}

fn main() {}
