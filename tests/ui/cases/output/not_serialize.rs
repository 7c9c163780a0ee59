use pikku_core::pikku_func;
use ui::{Services, TodoError};

use schemars::JsonSchema;

#[derive(JsonSchema)]
pub struct Count {
    pub count: u32,
}

#[pikku_func(http(get = "/count"))]
pub async fn count(_services: &Services) -> Result<Count, TodoError> {
    Ok(Count { count: 0 })
}

fn main() {}
