use pikku_core::pikku_func;

#[pikku_func(http(get = "/todos"))]
pub struct Todos;

fn main() {}
