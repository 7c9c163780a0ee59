use pikku_core::pikku_func;
use ui::{Services, TodoError};

pub struct Todos;

impl Todos {
    #[pikku_func(http(get = "/todos"))]
    pub async fn count(&self, _services: &Services) -> Result<u32, TodoError> {
        Ok(0)
    }
}

fn main() {}
