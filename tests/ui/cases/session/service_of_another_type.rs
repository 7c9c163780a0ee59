use pikku_core::pikku_func;
use ui::{Services, TodoError};

use pikku_core::UserSessionService;

#[derive(Clone)]
pub struct AdminSession;

#[pikku_func(http(get = "/me"))]
pub async fn me(_services: &Services, sessions: UserSessionService<AdminSession>) -> Result<(), TodoError> {
    drop(sessions);
    Ok(())
}

fn main() {}
