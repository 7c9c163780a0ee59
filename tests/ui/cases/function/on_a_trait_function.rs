use pikku_core::pikku_func;
use ui::{Services, TodoError};

pub trait Todos {
    #[pikku_func(http(get = "/todos"))]
    fn count(services: &Services) -> Result<u32, TodoError>;
}

fn main() {}
