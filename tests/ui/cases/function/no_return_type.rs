use pikku_core::pikku_func;
use ui::{Services};

#[pikku_func(http(delete = "/todos"))]
pub async fn delete_todos(_services: &Services) {}

fn main() {}
