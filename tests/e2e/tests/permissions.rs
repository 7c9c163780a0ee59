//! Permissions of many functions, scopes, and the table of who may call what.

use e2e::{Running, app, jwt, serve};
use futures_util::{SinkExt, StreamExt};
use pikku_core::{HttpCall, Middleware, Next, Pikku, require_scope};
use serde_json::{Value, json};
use test_functions::{Services, TestApp, TestError, UserSession};
use tokio::{
    net::TcpStream,
    time::{Duration, Instant, sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// Takes what was noted out of the services and into a header, for the test to see.
struct Telling;

impl Middleware<TestApp> for Telling {
    async fn handle(
        &self,
        call: &mut HttpCall<TestApp>,
        next: Next<'_, TestApp>,
    ) -> pikku_core::__private::axum::response::Response {
        let mut response = next.run(call).await;
        let noted = call.services().noted().join(", ");
        response.headers_mut().insert("x-noted", noted.parse().expect("notes are ASCII"));
        response
    }
}

async fn is_calm(services: &Services, session: Option<&UserSession>) -> bool {
    services.note("is_calm");
    session.is_none_or(|session| session.user_id != "angry")
}

async fn is_admin(services: &Services, session: &UserSession) -> Result<bool, TestError> {
    services.note("is_admin");
    Ok(session.admin)
}

/// Nobody is told that the thing is there.
async fn is_known(services: &Services, session: Option<&UserSession>) -> Result<bool, TestError> {
    services.note("is_known");
    if session.is_some() { Ok(true) } else { Err(TestError::NotFound) }
}

async fn is_down(_: &Services, _: Option<&UserSession>) -> Result<bool, TestError> {
    Err(TestError::Internal { secret: "hunter2" })
}

/// The status, the code of the problem, and what ran.
async fn call(server: &Running, method: &str, path: &str, key: &str, body: &str) -> (u16, String, String) {
    let mut headers = vec![("content-type", "application/json")];
    if !key.is_empty() {
        headers.push(("x-api-key", key));
    }
    let answer = server.send(method, path, &headers, body).await;
    let code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
    (answer.status, code, answer.header("x-noted").to_owned())
}

fn told(status: u16, code: &str, noted: &str) -> (u16, String, String) {
    (status, code.to_owned(), noted.to_owned())
}

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn open(server: &Running, path: &str, key: &str) -> Self {
        let mut request = format!("ws://{}{path}", server.address).into_client_request().expect("a request");
        if !key.is_empty() {
            request.headers_mut().insert("x-api-key", key.parse().expect("a header"));
        }
        Self(connect_async(request).await.expect("it opens").0)
    }

    async fn ask(&mut self, message: Value) -> Value {
        self.0.send(Message::text(message.to_string())).await.expect("it is sent");
        loop {
            let message = timeout(Duration::from_secs(30), self.0.next()).await.expect("in time");
            if let Message::Text(text) = message.expect("it is open").expect("it is sound") {
                return serde_json::from_str(&text).expect("it is JSON");
            }
        }
    }

    /// The status of the failure of an action; 0 if there is none.
    async fn status(&mut self, action: &str) -> u64 {
        self.ask(json!({ "action": action })).await["error"]["status"].as_u64().unwrap_or_default()
    }
}

// Seen to fail with shared permissions skipped for public functions.
#[tokio::test]
async fn p3_a_permission_of_everything_holds_for_public_functions_too() {
    let server = serve(app().await.middleware(Telling).permission(is_calm)).await;
    assert_eq!(call(&server, "GET", "/who", "", "").await, told(200, "", "is_calm"));
    assert_eq!(call(&server, "GET", "/who", "key-of-ada", "").await, told(200, "", "is_calm"));
    assert_eq!(call(&server, "GET", "/who", "key-of-angry", "").await, told(403, "forbidden", "is_calm"));
    assert_eq!(call(&server, "GET", "/me", "key-of-angry", "").await, told(403, "forbidden", "is_calm"));
}

// Seen to fail with permissions that take a session skipped where there is none.
#[tokio::test]
async fn p3_one_that_takes_a_session_answers_401_where_there_is_none() {
    let server = serve(app().await.middleware(Telling).permission(is_admin)).await;
    assert_eq!(call(&server, "GET", "/who", "", "").await, told(401, "unauthorized", ""));
    assert_eq!(call(&server, "GET", "/who", "wrong", "").await, told(401, "invalid_token", ""));
    assert_eq!(call(&server, "GET", "/who", "key-of-ada", "").await, told(403, "forbidden", "is_admin"));
    assert_eq!(call(&server, "GET", "/who", "key-of-admin", "").await, told(200, "", "is_admin"));
}

// Seen to fail with permissions asked in the order in which they were added, with one that agrees enough, and with
// shared ones in place of the function's own.
#[tokio::test]
async fn p3_all_have_to_agree_from_the_wide_to_the_narrow_and_the_function_last() {
    let app = app().await.middleware(Telling).permission_for("money", is_admin);
    let server = serve(app.permission_at("/pay", is_known).permission(is_calm)).await;
    let all = "is_calm, is_known, is_admin, paid";
    assert_eq!(call(&server, "POST", "/pay", "key-of-admin", "").await, told(204, "", all));
    assert_eq!(call(&server, "POST", "/pay", "key-of-angry", "").await, told(403, "forbidden", "is_calm"));
    let two = "is_calm, is_known, is_admin";
    assert_eq!(call(&server, "POST", "/pay", "key-of-ada", "").await, told(403, "forbidden", two));
    // The permissions of the function itself come last.
    let owner = r#"{"owner": "ada"}"#;
    let own = "is_calm, is_admin, is_owner, is_locked, ran";
    assert_eq!(call(&server, "POST", "/things", "key-of-ada", owner).await, told(204, "", own));
    let other = r#"{"owner": "eve"}"#;
    let own = "is_calm, is_admin, is_owner";
    assert_eq!(call(&server, "POST", "/things", "key-of-ada", other).await, told(403, "forbidden", own));
}

// Seen to fail with a second permission that replaces the first, and with one that agrees enough.
#[tokio::test]
async fn p3_a_second_permission_never_replaces_the_first() {
    let server = serve(app().await.middleware(Telling).permission(is_known).permission(is_calm)).await;
    assert_eq!(call(&server, "GET", "/me", "key-of-ada", "").await, told(200, "", "is_known, is_calm"));
    assert_eq!(call(&server, "GET", "/me", "key-of-angry", "").await, told(403, "forbidden", "is_known, is_calm"));
}

// Seen to fail with permissions asked before the input is parsed.
#[tokio::test]
async fn p3_it_comes_after_authentication_and_input() {
    let server = serve(app().await.middleware(Telling).permission(is_calm)).await;
    assert_eq!(call(&server, "POST", "/things", "", "not json").await, told(401, "unauthorized", ""));
    assert_eq!(call(&server, "POST", "/things", "key-of-angry", "not json").await, told(400, "bad_request", ""));
    assert_eq!(call(&server, "POST", "/things", "key-of-angry", "{}").await, told(422, "invalid_input", ""));
    let sound = r#"{"owner": "angry"}"#;
    assert_eq!(call(&server, "POST", "/things", "key-of-angry", sound).await, told(403, "forbidden", "is_calm"));
}

// Seen to fail with every error of a shared permission taken for a no.
#[tokio::test]
async fn p2_the_error_of_a_shared_permission_keeps_its_status() {
    let app = app().await.middleware(Telling).permission_at("/who", is_known).permission_at("/me", is_down);
    let server = serve(app).await;
    assert_eq!(call(&server, "GET", "/who", "", "").await, told(404, "not_found", "is_known"));
    let answer = server.send("GET", "/me", &[("x-api-key", "key-of-ada")], "").await;
    assert_eq!((answer.status, &answer.json()["code"]), (500, &"internal_error".into()));
    assert!(!answer.text.contains("hunter2"));
}

// Seen to fail with a prefix compared as text.
#[tokio::test]
async fn p3_a_prefix_is_whole_segments() {
    let server = serve(app().await.middleware(Telling).permission_at("/admin", is_known)).await;
    assert_eq!(call(&server, "GET", "/admin", "", "").await.0, 404);
    assert_eq!(call(&server, "GET", "/admin/x", "", "").await.0, 404);
    assert_eq!(call(&server, "GET", "/administrator", "", "").await.0, 204);
}

// Seen to fail with shared permissions not asked for messages.
#[tokio::test]
async fn p3_on_a_channel_a_prefix_is_its_route_and_every_message_is_asked() {
    let server = serve(app().await.permission_at("/office", is_calm)).await;
    let mut socket = Socket::open(&server, "/office/desk", "").await;
    assert_eq!(socket.status("ask").await, 401);
    assert_eq!(socket.ask(json!({ "action": "auth", "name": "ada" })).await, json!({ "action": "auth" }));
    assert_eq!(socket.status("ask").await, 0);
    // Whoever is signed in by the next message is judged by it.
    assert_eq!(socket.ask(json!({ "action": "auth", "name": "angry" })).await, json!({ "action": "auth" }));
    assert_eq!(socket.status("ask").await, 403);
    assert_eq!(socket.status("pay").await, 403);
    let refused = socket.ask(json!({ "action": "auth", "id": 7, "name": "ada" })).await;
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(7), &json!("forbidden")));
}

// Seen to fail with the tags of functions not looked at on channels, and with those of the channel not looked at.
#[tokio::test]
async fn p3_on_a_channel_a_tag_is_the_functions_or_the_channels() {
    let app = app().await.permission_for("money", is_admin);
    let server = serve(app).await;
    let mut socket = Socket::open(&server, "/office/desk", "key-of-ada").await;
    assert_eq!((socket.status("pay").await, socket.status("ask").await, socket.status("close").await), (403, 0, 0));
    // The same function is guarded wherever it is called.
    assert_eq!(server.send("POST", "/pay", &[("x-api-key", "key-of-ada")], "").await.status, 403);

    // A tag of a function that has no route of HTTP.
    let server = serve(e2e::app().await.permission_for("accounts", is_admin)).await;
    let mut socket = Socket::open(&server, "/office/desk", "key-of-ada").await;
    assert_eq!((socket.status("pay").await, socket.status("ask").await, socket.status("close").await), (0, 0, 403));

    let server = serve(e2e::app().await.permission_for("desks", is_admin)).await;
    let mut socket = Socket::open(&server, "/office/desk", "key-of-ada").await;
    assert_eq!((socket.status("pay").await, socket.status("ask").await, socket.status("close").await), (403, 403, 403));
    let mut socket = Socket::open(&server, "/office/desk", "key-of-admin").await;
    assert_eq!((socket.status("pay").await, socket.status("ask").await, socket.status("close").await), (0, 0, 0));
    assert_eq!(server.send("POST", "/pay", &[("x-api-key", "key-of-ada")], "").await.status, 204);
}

/// Refuses everybody.
async fn nobody(_: &Services, _: Option<&UserSession>) -> bool {
    false
}

// Seen to fail with shared permissions asked at the end of a connection too.
#[tokio::test]
async fn p3_what_cleans_up_after_a_connection_is_nobodys_call() {
    let server = serve(app().await.permission_at("/office", nobody).middleware_at("/who", Telling)).await;
    let mut socket = Socket::open(&server, "/office/desk", "key-of-ada").await;
    assert_eq!(socket.status("ask").await, 403);
    drop(socket);
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut noted = String::new();
    while !noted.contains("left the desk") {
        assert!(Instant::now() < deadline, "nobody cleaned up");
        sleep(Duration::from_millis(20)).await;
        noted += server.get("/who").await.header("x-noted");
    }
}

#[tokio::test]
async fn p1_a_scope_is_a_permission_like_any_other() {
    let server = serve(app().await).await;
    let scoped = async |key: &str| call(&server, "POST", "/scoped", key, "").await.0;
    assert_eq!(scoped("").await, 401);
    assert_eq!(scoped("key-of-ada").await, 403);
    assert_eq!(scoped("key-of-ada+todos:read").await, 403);
    assert_eq!(scoped("key-of-ada+todos").await, 403);
    assert_eq!(scoped("key-of-ada+todos:read+todos:write").await, 204);
    assert_eq!(scoped("key-of-ada+todos:*").await, 204);
    assert_eq!(scoped("key-of-ada+*").await, 204);
    let either = async |key: &str, day: &str| call(&server, "GET", &format!("/scoped/{day}"), key, "").await.0;
    assert_eq!(either("", "tomorrow").await, 403);
    assert_eq!(either("", "today").await, 204);
    assert_eq!(either("key-of-ada+todos:read", "tomorrow").await, 204);
}

// Seen to fail with scopes compared by their first word.
#[tokio::test]
async fn p3_a_scope_can_be_asked_of_many_functions() {
    let server = serve(app().await.permission_for("money", require_scope("billing:pay"))).await;
    let pay = async |key: &str| call(&server, "POST", "/pay", key, "").await.0;
    assert_eq!(pay("").await, 401);
    assert_eq!(pay("key-of-ada+billing:read").await, 403);
    assert_eq!(pay("key-of-ada+billing:*").await, 204);
}

async fn bare() -> Pikku<TestApp> {
    Pikku::new(Services::new(jwt().await))
}

// Seen to fail with permissions shown in the order in which they were added.
#[tokio::test]
async fn p3_the_table_says_who_may_call_what() {
    let app = bare().await.permission_for("money", is_admin).permission_at("/office", require_scope("desk"));
    let table = app.permission(is_calm).permission(async |_: &Services, _: Option<&UserSession>| true).access_table();
    let access = |place: &str| {
        let row = table.rows().iter().find(|row| row.place() == place).expect("it is there");
        (row.method, row.function.as_str(), row.access())
    };
    let all = "is_calm && p3_the_table_says_who_may_call_what";
    assert_eq!(access("/who"), ("GET", "sessions::who", format!("anyone, {all}")));
    assert_eq!(access("/pay"), ("POST", "permissions::pay", format!("signed in, {all} && is_admin")));
    let things = format!("signed in, {all} && (is_admin || is_owner(owner) && !is_locked(how.locked))");
    assert_eq!(access("/things").2, things);
    assert_eq!(access("/office/desk"), ("WS", "permissions::Desk", "anyone".to_owned()));
    assert_eq!(access("/private"), ("WS", "channels::Private", "signed in".to_owned()));
    let desk = format!(r#"signed in, {all} && has_scope("desk") && is_day("today")"#);
    assert_eq!(access("/office/desk ask"), ("WS", "permissions::ask_at_desk", desk));
    assert_eq!(access("/office/desk on_disconnect").2, "anyone");
    assert_eq!(access("/scoped").2, format!(r#"signed in, {all} && has_scope("todos:write")"#));
    // It has a line for each row, and each begins with the method.
    let text = table.to_string();
    assert_eq!(text.lines().count(), table.rows().len());
    assert!(text.lines().zip(&table).all(|(line, row)| line.starts_with(row.method)), "{text}");
    let routes = table.rows().iter().filter(|row| row.on.is_none()).count();
    assert_eq!(routes, e2e::generated::ROUTES.len());
}

// Seen to fail with permissions that cover nothing let through.
#[tokio::test]
#[should_panic(expected = "the permission `is_admin` covers nothing")]
async fn p3_a_permission_that_covers_no_path_is_refused_at_the_start() {
    drop(e2e::generated::router(bare().await.permission_at("/offices", is_admin)));
}

// Seen to fail with permissions that cover nothing let through.
#[tokio::test]
#[should_panic(expected = "the permission `is_admin` covers nothing")]
async fn p3_a_permission_for_an_unknown_tag_is_refused_at_the_start() {
    drop(e2e::generated::router(bare().await.permission_for("mony", is_admin)));
}
