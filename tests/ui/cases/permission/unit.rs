use pikku_core::pikku_func;
use ui::{Services, TodoError};

#[pikku_func(http(get = "/count"), permissions = ())]
pub async fn count(_services: &Services) -> Result<u32, TodoError> {
    Ok(0)
}

fn main() {}
