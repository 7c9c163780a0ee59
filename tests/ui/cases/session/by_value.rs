use pikku_core::pikku_func;
use ui::{Services, TodoError, UserSession};

#[pikku_func(http(get = "/me"))]
pub async fn me(_services: &Services, session: UserSession) -> Result<u64, TodoError> {
    Ok(session.user_id)
}

fn main() {}
