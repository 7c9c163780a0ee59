use pikku_core::Pikku;
use ui::{Services, TodoError, UiApp, UserSession};

async fn is_owner(_: &Services, _todo_id: &u64, _: &UserSession) -> Result<bool, TodoError> {
    Ok(true)
}

fn main() {
    let _ = Pikku::<UiApp>::new(Services).permission(is_owner);
}
