use pikku_core::{Pikku, require_scope};
use ui::{Services, UiApp};

fn main() {
    let _ = Pikku::<UiApp>::new(Services).permission_for("billing", require_scope("billing:read"));
}
