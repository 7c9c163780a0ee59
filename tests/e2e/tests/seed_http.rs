//! What the authentication guide shows over HTTP, one by one, each under the name of what it shows.

use std::time::Duration;

use e2e::{Answer, Running, client::TestClient, serve};
use pikku_client::Error as ClientError;
use pikku_core::{
    ApiKeySource, HttpCall, JwtError, JwtService, Key, Middleware, Next, Pikku, auth_api_key, auth_bearer, auth_cookie,
    weeks,
};
use serde_json::{Value, json};
use test_functions::{Services, TestApp, TestError, UserSession, guide::find_session_for_api_key};

const SECRET: &str = "your-secret-key, of thirty-two bytes or more";

async fn jwt() -> JwtService {
    JwtService::new(async || [Key::hs256("my-key", SECRET)]).await.expect("a good key")
}

async fn app() -> Pikku<TestApp> {
    let jwt = jwt().await;
    Pikku::new(Services::new(jwt.clone())).jwt(jwt)
}

/// All that the guide installs.
async fn guide() -> Running {
    let app = app()
        .await
        .middleware(auth_api_key(ApiKeySource::All, find_session_for_api_key))
        .middleware(auth_bearer().jwt())
        .middleware(auth_cookie("pikku:session").jwt().expires_in(weeks(4)));
    serve(app).await
}

async fn login(server: &Running, name: &str) -> Answer {
    server.post("/guide/login", &json!({ "name": name }).to_string()).await
}

/// The API key of a user.
async fn key_of(server: &Running, name: &str) -> String {
    login(server, name).await.json()["apiKey"].as_str().expect("a key").to_owned()
}

async fn send(server: &Running, method: &str, path: &str, key: &str, body: Value) -> Answer {
    let headers = [("x-api-key", key), ("content-type", "application/json")];
    server.send(method, path, &headers, &body.to_string()).await
}

#[tokio::test]
async fn seed_api_key_middleware_global() {
    let server = guide().await;
    let key = key_of(&server, "ada").await;
    // `source: 'all'`: in the header, and in the query.
    for (path, headers) in
        [("/guide/todos".to_owned(), vec![("x-api-key", key.as_str())]), (format!("/guide/todos?apiKey={key}"), vec![])]
    {
        assert_eq!(server.send("GET", &path, &headers, "").await.status, 200, "{path}");
    }
    // Global: it is around every function.
    assert_eq!(server.send("GET", "/me", &[("x-api-key", &key)], "").await.json(), "user-1");
    let refused = server.send("GET", "/guide/todos", &[("x-api-key", "invalid")], "").await;
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("invalid_token")));
}

#[tokio::test]
async fn seed_cookie_middleware() {
    let server = guide().await;
    let answer = login(&server, "ada").await;
    let set = answer.header("set-cookie").to_owned();
    assert!(set.starts_with("__Host-pikku:session="), "{set}");
    for attribute in ["SameSite=Lax", "Path=/", "Max-Age=2419200", "HttpOnly", "Secure"] {
        assert!(set.split("; ").any(|part| part == attribute), "{attribute} in {set}");
    }
    // `jwt: true`: the cookie itself is the session.
    let (name, token) = set.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
    assert_eq!(jwt().await.decode::<UserSession>(token).await.map(|session| session.user_id), Ok("user-1".to_owned()));
    let cookie = format!("{name}={token}");
    assert_eq!(server.send("GET", "/guide/todos", &[("cookie", &cookie)], "").await.status, 200);
    assert_eq!(server.send("GET", "/guide/todos", &[("cookie", &format!("{cookie}x"))], "").await.status, 401);
}

#[tokio::test]
async fn seed_bearer_middleware() {
    async fn get_session(services: &Services, token: &str) -> Result<Option<UserSession>, TestError> {
        services.note("custom validation");
        Ok(services.jwt.decode(token).await.ok())
    }
    let session = UserSession { user_id: "ada".to_owned(), admin: false };
    let token = jwt().await.encode(Duration::from_secs(60), &session).await.expect("it is signed");
    for app in
        [app().await.middleware(auth_bearer().jwt()), app().await.middleware(auth_bearer().callback(get_session))]
    {
        let server = serve(app).await;
        let me = async |token: &str| {
            let answer = server.send("GET", "/me", &[("authorization", &format!("Bearer {token}"))], "").await;
            (answer.status, answer.json())
        };
        assert_eq!(me(&token).await, (200, json!("ada")));
        assert_eq!(me(&format!("{token}x")).await.0, 401);
    }
}

#[tokio::test]
async fn seed_login_function() {
    let server = guide().await;
    let created = login(&server, "Ada").await;
    assert_eq!(created.json(), json!({ "userId": "user-1", "name": "ada", "apiKey": "api-key-1" }));
    // The second time it is the same user, whatever the case of the name.
    let found = login(&server, "aDA").await;
    assert_eq!(found.json(), created.json());
    assert_eq!(login(&server, "eve").await.json()["userId"], "user-2");
    // `set` has persisted the session.
    assert!(found.header("set-cookie").starts_with("__Host-pikku:session="));
}

#[tokio::test]
async fn seed_logout_function() {
    let server = guide().await;
    let answer = login(&server, "ada").await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let out = server.send("POST", "/guide/logout", &[("cookie", &cookie)], "").await;
    assert_eq!((out.status, out.text.as_str()), (204, ""));
    let expired = out.header("set-cookie");
    assert!(expired.starts_with("__Host-pikku:session=;") && expired.contains("Max-Age=0"), "{expired}");
}

#[tokio::test]
async fn seed_public_route() {
    let server = guide().await;
    assert_eq!(login(&server, "ada").await.status, 200);
    // A credential that is no good is none of its business.
    let headers = [("x-api-key", "invalid"), ("content-type", "application/json")];
    assert_eq!(server.send("POST", "/guide/login", &headers, r#"{"name": "ada"}"#).await.status, 200);
}

#[tokio::test]
async fn seed_protected_route() {
    let server = guide().await;
    let refused = server.post("/guide/logout", "{}").await;
    assert_eq!(
        (refused.status, refused.header("www-authenticate"), &refused.json()["code"]),
        (401, "Bearer", &json!("unauthorized"))
    );
    let key = key_of(&server, "ada").await;
    assert_eq!(send(&server, "POST", "/guide/logout", &key, json!({})).await.status, 204);
}

#[tokio::test]
async fn seed_route_with_permissions() {
    let server = guide().await;
    let (key, new_name) = (key_of(&server, "ada").await, json!({ "name": "Ada the First" }));
    // Who is calling comes first, and what they may after that.
    let anonymous = server.send("PATCH", "/guide/user/user-1", &[("content-type", "application/json")], "{}").await;
    assert_eq!(anonymous.status, 401);
    let renamed = send(&server, "PATCH", "/guide/user/user-1", &key, new_name.clone()).await;
    assert_eq!((renamed.status, &renamed.json()["name"]), (200, &json!("ada the first")));
    let refused = send(&server, "PATCH", "/guide/user/user-2", &key, new_name).await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("forbidden")));
}

// Seen to fail with the body read over the path.
#[tokio::test]
async fn seed_is_user_updating_self() {
    let server = guide().await;
    let (ada, eve) = (key_of(&server, "ada").await, key_of(&server, "eve").await);
    let rename = async |key: &str, user: &str, body: Value| {
        send(&server, "PATCH", &format!("/guide/user/{user}"), key, body).await.status
    };
    assert_eq!(rename(&ada, "user-1", json!({ "name": "a" })).await, 200);
    assert_eq!(rename(&eve, "user-1", json!({ "name": "a" })).await, 403);
    // The permission and the function see the same user, whatever a body says of them.
    assert_eq!(rename(&eve, "user-1", json!({ "name": "a", "userId": "user-2" })).await, 422);
    assert_eq!(rename(&eve, "user-2", json!({ "name": "e", "userId": "user-1" })).await, 422);
    // Nothing but a user of that very id is oneself.
    assert_eq!(rename(&eve, "", json!({ "name": "e" })).await, 404);
    assert_eq!(rename(&eve, "USER-2", json!({ "name": "e" })).await, 403);
}

#[tokio::test]
async fn seed_is_todo_creator() {
    let server = guide().await;
    let (ada, eve) = (key_of(&server, "ada").await, key_of(&server, "eve").await);
    let todo = send(&server, "POST", "/guide/todos", &ada, json!({ "title": "write" })).await.json();
    assert_eq!(todo, json!({ "todoId": 1, "title": "write", "createdBy": "user-1" }));
    let rename = async |key: &str, id: u32| {
        let answer = send(&server, "PATCH", &format!("/guide/todos/{id}"), key, json!({ "title": "read" })).await;
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(rename(&eve, 1).await, (403, "forbidden".to_owned()));
    assert_eq!(rename(&ada, 1).await, (200, String::new()));
    // `executeTakeFirstOrThrow`: the error of a permission keeps its own status.
    assert_eq!(rename(&ada, 2).await, (404, "not_found".to_owned()));
}

/// Says who is calling without persisting it, as middleware does.
struct SetInitial;

impl Middleware<TestApp> for SetInitial {
    async fn handle(
        &self,
        call: &mut HttpCall<TestApp>,
        next: Next<'_, TestApp>,
    ) -> pikku_core::__private::axum::response::Response {
        call.sessions().set_initial(UserSession { user_id: "initial".to_owned(), admin: false });
        next.run(call).await
    }
}

#[tokio::test]
async fn seed_session_set_set_initial_clear_get() {
    let cookie = || auth_cookie("pikku:session").jwt();
    let server = serve(app().await.middleware(cookie()).middleware(SetInitial)).await;
    // The third parameter and the service say the same, and what is set initially is not persisted.
    let seen = server.get("/guide/session").await;
    assert_eq!((seen.json(), seen.header("set-cookie")), (json!(["initial", "initial"]), ""));
    // `set` and `clear` are seen at once by whoever reads after them.
    assert_eq!(server.post("/switch", "").await.json(), json!(["initial", "switched", null]));
    let set = server.post("/login", r#"{"name": "ada"}"#).await;
    assert!(set.header("set-cookie").contains("Max-Age=604800"));
    let cleared = server.post("/logout", "").await;
    assert!(cleared.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test]
async fn seed_jwt_service_with_a_key_list() {
    // The guide's own secret can be guessed, and is refused at the start.
    let guessable = JwtService::new(async || [Key::hs256("my-key", "your-secret-key")]).await;
    assert!(matches!(guessable, Err(JwtError::WeakKey { bits: 120, least: 256, .. })), "{guessable:?}");

    let jwt = jwt().await;
    let token = jwt.encode(Duration::from_secs(60), &json!({ "userId": "ada" })).await.expect("it is signed");
    assert_eq!(jwt.verify(&token).await, Ok(()));
    assert_eq!(jwt.decode::<Value>(&token).await, Ok(json!({ "userId": "ada" })));
    // A token names its key, so that another one can take its place.
    let newer = async || [Key::hs256("newer", SECRET.to_uppercase()), Key::hs256("my-key", SECRET)];
    let newer = JwtService::new(newer).await.expect("good keys");
    assert_eq!(newer.verify(&token).await, Ok(()));
    let token = newer.encode(Duration::from_secs(60), &json!({})).await.expect("it is signed");
    assert_eq!(jwt.verify(&token).await, Err(JwtError::UnknownKey));
}

#[tokio::test]
async fn seed_client_with_api_key() {
    let server = guide().await;
    let key = key_of(&server, "ada").await;
    send(&server, "POST", "/guide/todos", &key, json!({ "title": "write" })).await;
    let client = TestClient::new(format!("http://{}", server.address)).expect("it is an address");
    let refused = client.list_guide_todos().await;
    assert!(matches!(refused, Err(ClientError::Unauthorized(_))), "{refused:?}");
    let client = client.with_api_key(&key);
    let titles: Vec<_> =
        client.list_guide_todos().await.expect("it is known").into_iter().map(|todo| todo.title).collect();
    assert_eq!(titles, ["write"]);
}
