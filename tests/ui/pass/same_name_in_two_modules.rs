//! Two modules may each have a function of one name; that clients can't is for codegen to say.

pub mod todos {
    use pikku_core::pikku_func;
    use ui::{Services, TodoError};

    /// Counts todos.
    #[pikku_func(http(get = "/todos/count"))]
    pub async fn count(_services: &Services) -> Result<u32, TodoError> {
        Ok(1)
    }
}

pub mod users {
    use pikku_core::pikku_func;
    use ui::{Services, TodoError};

    /// Counts users.
    #[pikku_func(http(get = "/users/count"))]
    pub async fn count(_services: &Services) -> Result<u32, TodoError> {
        Ok(2)
    }
}

fn main() {
    let registry = ui::UiApp::registry();
    let modules: Vec<_> = registry.functions().iter().map(|function| function.module.rsplit("::").next()).collect();
    assert_eq!(modules, [Some("todos"), Some("users")]);
}
