//! What `cfg` takes out is neither compiled nor registered.

#![deny(warnings)]

use pikku_core::pikku_func;
use ui::{FindTodo, Services, Todo, TodoError};

/// Is there.
#[pikku_func(http(get = "/there/{todo_id}"))]
#[cfg(not(any()))]
pub async fn there(_services: &Services, data: FindTodo) -> Result<Todo, TodoError> {
    Ok(Todo { todo_id: data.todo_id })
}

/// Is not there, and could not be.
#[cfg(any())]
#[pikku_func(http(get = "/gone"))]
pub async fn gone(_services: &Nothing) -> Result<Nothing, Nothing> {
    Nothing
}

/// Is not there either, where the attributes stand the other way round.
#[pikku_func(http(get = "/gone-too"))]
#[cfg(any())]
pub async fn gone_too(_services: &Nothing) -> Result<Nothing, Nothing> {
    Nothing
}

fn main() {
    let registry = ui::UiApp::registry();
    assert_eq!(registry.functions().iter().map(|function| function.name).collect::<Vec<_>>(), ["there"]);
}
