use pikku_core::pikku_func;
use ui::{Services, TodoError};

use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Deserialize, JsonSchema)]
pub struct AddTodo<'a> {
    pub title: &'a str,
}

#[pikku_func(http(post = "/todos"))]
pub async fn add_todo(_services: &Services, data: AddTodo<'_>) -> Result<(), TodoError> {
    let _ = data.title;
    Ok(())
}

fn main() {}
