use pikku_core::pikku_func;
use ui::{Services, TodoError, UserSession};

pub async fn is_owner(_services: &Services, todo_id: &u64, session: &UserSession) -> Result<bool, TodoError> {
    Ok(*todo_id == session.user_id)
}

#[pikku_func(http(get = "/count"), permissions = is_owner(todo_id))]
pub async fn count(_services: &Services) -> Result<u64, TodoError> {
    Ok(0)
}

fn main() {}
