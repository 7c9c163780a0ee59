use pikku_core::pikku_func;
use ui::{Services, Todo};

#[pikku_func(http(get = "/todos"))]
pub async fn list_todos(_services: &Services) -> impl Iterator<Item = Todo> {
    std::iter::empty()
}

fn main() {}
