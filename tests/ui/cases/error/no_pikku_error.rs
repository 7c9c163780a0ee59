use pikku_core::pikku_func;
use ui::{Services};

#[derive(Debug, thiserror::Error)]
pub enum CountError {
    #[error("there is nothing to count")]
    Nothing,
}

#[pikku_func(http(get = "/count"))]
pub async fn count(_services: &Services) -> Result<u32, CountError> {
    Err(CountError::Nothing)
}

fn main() {}
