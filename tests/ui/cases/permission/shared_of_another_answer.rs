use pikku_core::Pikku;
use ui::{Services, UiApp, UserSession};

async fn is_owner(_: &Services, _: &UserSession) -> Result<bool, String> {
    Ok(true)
}

fn main() {
    let _ = Pikku::<UiApp>::new(Services).permission(is_owner);
}
