use pikku_core::pikku_func;
use ui::{TodoError};

use pikku_core::registry;

pub struct OtherServices;
pub struct OtherSession;

registry!(OtherApp { services: OtherServices, session: OtherSession });

#[pikku_func(http(get = "/me"))]
pub async fn me(_services: &OtherServices, _session: &OtherSession) -> Result<(), TodoError> {
    Ok(())
}

fn main() {}
