//! Functions that a macro wrote are registered like any other.

#![deny(warnings)]

macro_rules! getter {
    ($name:ident, $path:literal, $answer:ty, $value:expr) => {
        #[pikku_core::pikku_func(http(get = $path), permissions = may_read(todo_id))]
        pub async fn $name(
            services: &ui::Services,
            data: ui::FindTodo,
            session: &ui::UserSession,
            sessions: pikku_core::UserSessionService<ui::UserSession>,
        ) -> Result<$answer, ui::TodoError> {
            let _ = (services, sessions);
            assert!(data.todo_id > 0 && session.user_id > 0);
            Ok($value)
        }
    };
}

/// Whether somebody may read it.
pub async fn may_read(_services: &ui::Services, todo_id: &u64, session: &ui::UserSession) -> bool {
    *todo_id == session.user_id
}

getter!(one, "/one/{todo_id}", u64, 1);
getter!(two, "/two/{todo_id}", Vec<String>, vec!["two".to_owned()]);

fn main() {
    let registry = ui::UiApp::registry();
    let paths: Vec<_> = registry.functions().iter().map(|function| function.http[0].path).collect();
    assert_eq!(paths, ["/one/{todo_id}", "/two/{todo_id}"]);
}
