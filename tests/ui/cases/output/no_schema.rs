use pikku_core::pikku_func;
use ui::{Services, TodoError};

use serde::Serialize;

#[derive(Serialize)]
pub struct Count {
    pub count: u32,
}

#[pikku_func(http(get = "/count"))]
pub async fn count(_services: &Services) -> Result<Count, TodoError> {
    Ok(Count { count: 0 })
}

fn main() {}
