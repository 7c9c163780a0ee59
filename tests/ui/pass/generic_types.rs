//! Inputs, outputs and errors of generic types, and results under an alias.

#![deny(warnings)]

use pikku_core::{EventStream, Raw, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ui::{Services, Todo, TodoError};

/// A page of anything.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many there are.
    pub total: u64,
}

/// Lists todos.
#[pikku_func(http(get = "/todos"))]
pub async fn list(_services: &Services) -> Result<Page<Todo>, TodoError> {
    Ok(Page { items: Vec::new(), total: 0 })
}

/// Adds numbers.
#[pikku_func(http(post = "/numbers"))]
pub async fn add(_services: &Services, data: Page<u32>) -> Result<u32, TodoError> {
    Ok(data.items.into_iter().sum())
}

/// Reads a list and maybe nothing.
#[pikku_func(http(post = "/maybe"))]
pub async fn maybe(_services: &Services, data: Option<Vec<(String, f64)>>) -> Result<Option<usize>, TodoError> {
    Ok(data.map(|list| list.len()))
}

/// Streams.
#[pikku_func(http(get = "/stream"))]
pub async fn stream(_services: &Services) -> Result<EventStream<Page<u32>>, TodoError> {
    Err(TodoError::NotFound)
}

/// Answers with whatever it wants.
#[pikku_func(http(get = "/raw"))]
pub async fn raw(_services: &Services) -> Result<Raw, TodoError> {
    Err(TodoError::NotFound)
}

fn main() {
    assert_eq!(ui::UiApp::registry().functions().len(), 5);
}
