//! Signing in on a channel, before it is opened and after.

use std::time::Duration;

use guide_app::{Socket, jwt, login, send, serve};
use guide_functions::{Services, TodoApp, UserSession, accounts::find_session_for_api_key};
use pikku_core::{ApiKeySource, Pikku, auth_api_key, auth_bearer, auth_cookie, hours};
use serde_json::{Value, json};

async fn app() -> Pikku<TodoApp> {
    let jwt = jwt().await;
    Pikku::new(Services::new(jwt.clone()))
        .jwt(jwt)
        .middleware(auth_bearer().jwt())
        .middleware(auth_api_key(ApiKeySource::Header, find_session_for_api_key))
}

async fn open(server: &str, headers: &[(&'static str, &str)]) -> Socket {
    Socket::open(server, headers).await.expect("it opens")
}

async fn token(expires_in: Duration) -> String {
    let session = UserSession { user_id: "ada".to_owned(), scopes: vec![] };
    jwt().await.encode(expires_in, &session).await.expect("it is signed")
}

async fn list(socket: &mut Socket) -> Value {
    let answer = socket.ask(json!({ "action": "list" })).await;
    answer["error"].get("code").unwrap_or(&answer["result"][0]["createdBy"]).clone()
}

#[tokio::test]
async fn c7_a_connection_may_be_opened_with_a_credential() {
    let server = serve(app().await).await;
    let token = token(hours(1)).await;
    let bearer = format!("Bearer {token}");
    let (by_token, by_key) = (format!("pikku.v1, bearer.{token}"), "pikku.v1, apiKey.key-of-ada");
    for header in [
        ("authorization", bearer.as_str()),
        ("x-api-key", "key-of-ada"),
        ("sec-websocket-protocol", &by_token),
        ("sec-websocket-protocol", by_key),
    ] {
        assert_eq!(list(&mut open(&server, &[header]).await).await, "ada", "{header:?}");
    }
    let refused = Socket::open(&server, &[("x-api-key", "nobody's")]).await.map(drop);
    assert_eq!(refused, Err((401, "invalid_token".to_owned())));
}

#[tokio::test]
async fn c2_or_signed_in_by_a_message() {
    let server = serve(app().await).await;
    let mut socket = open(&server, &[]).await;
    assert_eq!(list(&mut socket).await, "unauthorized");
    let wrong = socket.ask(json!({ "action": "auth", "token": "x" })).await;
    assert_eq!(wrong["error"]["code"], "bad_token");
    let right = socket.ask(json!({ "action": "auth", "token": token(hours(1)).await })).await;
    assert_eq!(right, json!({ "action": "auth" }));
    assert_eq!(list(&mut socket).await, "ada");
    assert_eq!(socket.ask(json!({ "action": "signOut" })).await, json!({ "action": "signOut" }));
    assert_eq!(list(&mut socket).await, "unauthorized");
}

#[tokio::test]
async fn c2_whoever_does_not_sign_in_is_disconnected() {
    let server = serve(app().await.sign_in_timeout(Duration::from_millis(200))).await;
    assert_eq!(open(&server, &[]).await.closed().await, 4401);
}

#[tokio::test]
async fn p2_permissions_are_asked_for_each_message() {
    let server = serve(app().await).await;
    let mut socket = open(&server, &[("x-api-key", "key-of-ada")]).await;
    let own = socket.ask(json!({ "action": "subscribe", "topic": "todos/ada" })).await;
    assert_eq!(own, json!({ "action": "subscribe" }));
    let other = socket.ask(json!({ "action": "subscribe", "id": 7, "topic": "todos/grace" })).await;
    assert_eq!((&other["id"], &other["error"]["code"]), (&json!(7), &json!("forbidden")));
    let rename = socket.ask(json!({ "action": "rename", "todoId": 2, "title": "mine" })).await;
    assert_eq!(rename["error"]["status"], 403);
}

/// Signs in by a token that is good for a moment, on a server where nobody's clock may differ.
async fn signed_in_for_a_moment() -> Socket {
    let jwt = jwt().await.leeway(Duration::ZERO);
    let app = Pikku::<TodoApp>::new(Services::new(jwt.clone())).jwt(jwt).middleware(auth_bearer().jwt());
    let mut socket = open(&serve(app.sign_in_timeout(Duration::from_secs(60))).await, &[]).await;
    // On a slow machine a moment may be over before it is used.
    for seconds in [2, 4, 8, 16] {
        let token = token(Duration::from_secs(seconds)).await;
        if socket.ask(json!({ "action": "auth", "token": token })).await == json!({ "action": "auth" }) {
            return socket;
        }
    }
    panic!("nobody can sign in");
}

#[tokio::test]
async fn s4_a_session_ends_with_its_token() {
    let mut socket = signed_in_for_a_moment().await;
    let mut said = list(&mut socket).await;
    while said == "ada" {
        tokio::time::sleep(Duration::from_millis(50)).await;
        said = list(&mut socket).await;
    }
    assert_eq!(said, "unauthorized");
}

#[tokio::test]
async fn s3_signing_out_elsewhere_closes_the_connection() {
    let services = Services::new(jwt().await);
    let sessions = services.sessions.clone();
    let server = serve(Pikku::new(services).sessions(sessions).middleware(auth_cookie("session").store())).await;
    let cookie = login(&server, "ada").await.cookie().to_owned();
    let mut socket = open(&server, &[("cookie", &cookie)]).await;
    assert_eq!(list(&mut socket).await, "ada");
    send("POST", &format!("{server}/logout"), &[("cookie", &cookie)], Value::Null).await;
    assert_eq!(socket.closed().await, 4401);
}
