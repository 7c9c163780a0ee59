use pikku_core::pikku_func;
use ui::{Services, TodoError};

pub struct AdminSession {
    pub user_id: u64,
}

#[pikku_func(http(get = "/me"))]
pub async fn me(_services: &Services, session: &AdminSession) -> Result<u64, TodoError> {
    Ok(session.user_id)
}

fn main() {}
