use pikku_core::pikku_func;
use ui::{Services, TodoError};

#[pikku_func(http(post = "/todos"))]
pub async fn add_todo(_services: &Services) -> Result<(), TodoError>
where
    Services: Sync,
{
    Ok(())
}

fn main() {}
