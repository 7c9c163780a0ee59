use pikku_core::pikku_func;
use ui::{Services};

#[pikku_func(http(get = "/count"))]
pub async fn count(_services: &Services) -> Result<u32, Box<dyn std::error::Error>> {
    Ok(0)
}

fn main() {}
