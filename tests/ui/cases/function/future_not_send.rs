use pikku_core::pikku_func;
use ui::{Services, TodoError};

use std::rc::Rc;

#[pikku_func(http(get = "/todos"))]
pub async fn count(_services: &Services) -> Result<u32, TodoError> {
    let count = Rc::new(1);
    std::future::ready(()).await;
    Ok(*count)
}

fn main() {}
