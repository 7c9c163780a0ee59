//! Signing in and out, what a function sees of it, and sessions that are taken back.

use axum::response::Response;
use guide_app::{Socket, jwt, login, send, serve, who};
use guide_functions::{Services, TodoApp, UserSession};
use pikku_core::{HttpCall, MemorySessionStore, Middleware, Next, Pikku, Sessions, auth_cookie, testing};
use serde_json::{Value, json};

use crate::Outcome;

/// A server whose sessions are in a store.
async fn stored() -> String {
    let services = Services::new(jwt().await);
    let sessions = services.sessions.clone();
    serve(Pikku::new(services).sessions(sessions).middleware(auth_cookie("session").store())).await
}

#[tokio::test]
async fn s1_login_sets_the_session_and_logout_clears_it() {
    let server = stored().await;
    let wrong = json!({ "name": "ada", "password": "guessed" });
    let refused = send("POST", &format!("{server}/login"), &[], wrong).await;
    assert_eq!((refused.status, refused.code(), refused.cookie()), (401, "wrong_password", ""));
    let cookie = login(&server, "ada").await.cookie().to_owned();
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, (200, "ada".to_owned()));
    let out = send("POST", &format!("{server}/logout"), &[("cookie", &cookie)], Value::Null).await;
    assert_eq!((out.status, out.cookie()), (204, "__Host-session="));
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn s1_a_function_may_change_the_session_of_its_caller() {
    let server = stored().await;
    let cookie = login(&server, "grace").await.cookie().to_owned();
    let narrowed = send("POST", &format!("{server}/me/scopes"), &[("cookie", &cookie)], json!({ "scopes": [] })).await;
    assert_eq!(narrowed.status, 204);
    let create = async |cookie: &str| {
        send("POST", &format!("{server}/todos"), &[("cookie", cookie)], json!({ "title": "rest" })).await.status
    };
    assert_eq!(create(narrowed.cookie()).await, 403);
    // The session that it was before is no more.
    assert_eq!(create(&cookie).await, 401);
}

/// Signs in whoever has no account, as a guest.
struct Guests;

impl Middleware<TodoApp> for Guests {
    async fn handle(&self, call: &mut HttpCall<TodoApp>, next: Next<'_, TodoApp>) -> Response {
        if call.sessions().get().is_none() {
            call.sessions().set_initial(UserSession { user_id: "guest".to_owned(), scopes: vec![] });
        }
        next.run(call).await
    }
}

#[tokio::test]
async fn s1_middleware_says_who_is_calling_and_persists_nothing() {
    let services = Services::new(jwt().await);
    let app = Pikku::new(services).jwt(jwt().await).middleware(auth_cookie("session").jwt()).middleware(Guests);
    let server = serve(app).await;
    let guest = send("GET", &format!("{server}/me"), &[], Value::Null).await;
    assert_eq!((guest.body["userId"].as_str(), guest.cookie()), (Some("guest"), ""));
    let cookie = login(&server, "ada").await.cookie().to_owned();
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, (200, "ada".to_owned()));
}

#[tokio::test]
async fn s3_sessions_are_taken_back_one_by_one_and_all_at_once() -> Outcome {
    let server = stored().await;
    let [phone, desk, other] =
        [login(&server, "ada").await, login(&server, "ada").await, login(&server, "grace").await]
            .map(|answer| answer.cookie().to_owned());
    let mut socket = Socket::open(&server, &[("cookie", &phone)]).await.map_err(|refused| format!("{refused:?}"))?;
    assert_eq!(socket.ask(json!({ "action": "list" })).await["result"].as_array().map(Vec::len), Some(2));

    let devices = send("GET", &format!("{server}/devices"), &[("cookie", &desk)], Value::Null).await.body;
    assert_eq!(devices.as_array().map(Vec::len), Some(2));
    let key = devices[0]["key"].as_str().unwrap_or_default();
    let by_another = send("DELETE", &format!("{server}/devices/{key}"), &[("cookie", &other)], Value::Null).await;
    assert_eq!(by_another.code(), "no_such_device");

    let everywhere = send("POST", &format!("{server}/logout/everywhere"), &[("cookie", &desk)], Value::Null).await;
    assert_eq!(everywhere.status, 204);
    assert_eq!(socket.closed().await, 4401);
    for cookie in [&phone, &desk] {
        assert_eq!(who(&server, &[("cookie", cookie)]).await, (401, "invalid_token".to_owned()));
    }
    assert_eq!(who(&server, &[("cookie", &other)]).await, (200, "grace".to_owned()));

    let cookie = login(&server, "ada").await.cookie().to_owned();
    let devices = send("GET", &format!("{server}/devices"), &[("cookie", &cookie)], Value::Null).await.body;
    let key = devices[0]["key"].as_str().unwrap_or_default();
    let signed_out = send("DELETE", &format!("{server}/devices/{key}"), &[("cookie", &cookie)], Value::Null).await;
    assert_eq!(signed_out.status, 204);
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, (401, "invalid_token".to_owned()));
    Ok(())
}

#[tokio::test]
async fn s3_the_application_and_its_functions_share_the_sessions() {
    let jwt = jwt().await;
    let sessions = Sessions::new(MemorySessionStore::new(), |session: &UserSession| session.user_id.clone());
    let services = Services { sessions: sessions.clone(), ..Services::new(jwt) };
    let app = Pikku::<TodoApp>::new(services).sessions(sessions.clone()).middleware(auth_cookie("session").store());
    let server = serve(app).await;
    let cookie = login(&server, "ada").await.cookie().to_owned();
    // What happens outside of functions, such as a change of the password, may end them too.
    assert_eq!(sessions.revoke_all_of("ada").await.ok(), Some(1));
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn s3_a_store_keeps_the_rules() {
    let store = MemorySessionStore::new();
    testing::session_store(&store, |user| UserSession { user_id: user.to_owned(), scopes: vec![] }).await;
}
