use pikku_core::pikku_func;
use ui::{Services};

#[pikku_func(http(get = "todos"), permision = is_admin)]
fn count(_services: Services) {}

fn main() {}
