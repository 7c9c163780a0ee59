use pikku_core::pikku_func;
use ui::{Services, TodoError};

#[pikku_func(http(post = "/move"))]
pub async fn r#move(_services: &Services) -> Result<(), TodoError> {
    Ok(())
}

fn main() {}
