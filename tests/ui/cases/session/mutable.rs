use pikku_core::pikku_func;
use ui::{Services, TodoError, UserSession};

#[pikku_func(http(post = "/me"))]
pub async fn be(_services: &Services, session: &mut UserSession) -> Result<(), TodoError> {
    session.user_id = 1;
    Ok(())
}

fn main() {}
