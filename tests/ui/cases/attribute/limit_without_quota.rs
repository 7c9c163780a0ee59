use pikku_core::{Quota, pikku_func, rate_limit};
use ui::{Services, TodoError};

#[pikku_func(http(get = "/count"), middleware(rate_limit(10)))]
pub async fn count(_services: &Services) -> Result<u32, TodoError> {
    let _ = Quota::per_second(1);
    Ok(0)
}

fn main() {}
