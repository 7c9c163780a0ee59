//! Functions and permissions are plain functions, and so are tests of them.

use guide_app::jwt;
use guide_functions::{
    Services, UserSession,
    accounts::{LoginUser, login_user},
    todos::is_todo_creator,
};
use pikku_core::UserSessionService;

#[tokio::test]
async fn the_right_password_signs_in() {
    let services = Services::new(jwt().await);
    let sessions = UserSessionService::new();
    let data = LoginUser { name: "ada".to_owned(), password: "a password of ada".to_owned() };
    login_user(&services, data, sessions.clone()).await.expect("it is her password");
    assert_eq!(sessions.get().map(|session| session.user_id.clone()), Some("ada".to_owned()));
}

#[tokio::test]
async fn nobody_else_is_the_creator() {
    let services = Services::new(jwt().await);
    let grace = UserSession { user_id: "grace".to_owned(), scopes: vec![] };
    assert!(matches!(is_todo_creator(&services, &1, &grace).await, Ok(false)));
}
