use pikku_core::pikku_func;
use ui::{Services};

#[pikku_func(http(get = "/count"))]
pub async fn count(_services: &Services) -> Result<u32, String> {
    Err("there is nothing to count".to_owned())
}

fn main() {}
