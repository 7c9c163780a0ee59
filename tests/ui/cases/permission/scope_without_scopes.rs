use pikku_core::{has_scope, pikku_func};
use ui::{Services, TodoError};

#[pikku_func(http(get = "/count"), permissions = has_scope("todos:read"))]
pub async fn count(_services: &Services) -> Result<u32, TodoError> {
    Ok(0)
}

fn main() {}
