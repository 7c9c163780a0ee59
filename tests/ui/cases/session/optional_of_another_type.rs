use pikku_core::pikku_func;
use ui::{Services, TodoError};

pub struct AdminSession {
    pub user_id: u64,
}

#[pikku_func(http(get = "/me"), auth = false)]
pub async fn me(_services: &Services, session: Option<&AdminSession>) -> Result<u64, TodoError> {
    Ok(session.map_or(0, |session| session.user_id))
}

fn main() {}
