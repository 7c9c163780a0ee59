use pikku_core::pikku_func;
use ui::{Services, TodoError};

use serde::Serialize;

#[derive(Serialize)]
pub struct Count {
    pub count: u32,
}

#[pikku_func(http(get = "/counts"))]
pub async fn counts(_services: &Services) -> Result<Vec<Count>, TodoError> {
    Ok(Vec::new())
}

fn main() {}
