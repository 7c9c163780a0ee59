//! API keys, cookies and bearer tokens.

use guide_app::{jwt, login, send, serve, who};
use guide_functions::{
    Services, TodoApp, UserSession,
    accounts::{AccountError, find_session_for_api_key},
};
use pikku_core::{
    ApiKeySource, Identity, Origins, Pikku, auth_api_key, auth_api_key_jwt, auth_bearer, auth_cookie, days, hours,
    weeks,
};
use serde_json::{Value, json};

use crate::Outcome;

fn is(status: u16, said: &str) -> (u16, String) {
    (status, said.to_owned())
}

#[tokio::test]
async fn a4_several_kinds_of_credentials_are_asked_in_order() -> Outcome {
    let (jwt, token) = (jwt().await, token("grace").await?);
    let services = Services::new(jwt.clone());
    let app = Pikku::<TodoApp>::new(services)
        .jwt(jwt)
        .middleware(auth_bearer().jwt())
        .middleware(auth_api_key(ApiKeySource::Header, find_session_for_api_key))
        .middleware(auth_cookie("session").jwt().expires_in(weeks(4)));
    let server = serve(app).await;
    let bearer = format!("Bearer {token}");
    let cookie = login(&server, "ada").await.cookie().to_owned();
    assert_eq!(who(&server, &[]).await, is(401, "unauthorized"));
    assert_eq!(who(&server, &[("x-api-key", "key-of-ada")]).await, is(200, "ada"));
    assert_eq!(who(&server, &[("x-api-key", "key-of-ada"), ("authorization", &bearer)]).await, is(200, "grace"));
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, is(200, "ada"));
    assert_eq!(who(&server, &[("cookie", &cookie), ("x-api-key", "nobody's")]).await, is(401, "invalid_token"));
    assert_eq!(who(&server, &[("cookie", "__Host-session=stale"), ("authorization", &bearer)]).await, is(200, "grace"));
    assert_eq!(who(&server, &[("cookie", &cookie), ("authorization", "Basic eDp5")]).await, is(200, "ada"));
    let count = send("GET", &format!("{server}/todos/count"), &[("x-api-key", "nobody's")], Value::Null).await;
    assert_eq!((count.status, count.body), (200, json!(3)));
    Ok(())
}

async fn token(user_id: &str) -> Result<String, pikku_core::JwtError> {
    let session = UserSession { user_id: user_id.to_owned(), scopes: vec![] };
    jwt().await.encode(hours(1), &session).await
}

#[tokio::test]
async fn a1_an_api_key_is_found_by_a_function() {
    let services = Services::new(jwt().await);
    let app = Pikku::<TodoApp>::new(services).middleware(auth_api_key(ApiKeySource::All, find_session_for_api_key));
    let server = serve(app).await;
    assert_eq!(who(&server, &[("x-api-key", "key-of-ada")]).await, is(200, "ada"));
    assert_eq!(who(&server, &[("x-api-key", "")]).await, is(401, "invalid_token"));
    let in_query = send("GET", &format!("{server}/me?apiKey=key-of-ada"), &[], Value::Null).await;
    assert_eq!(in_query.status, 200, "{:?}", in_query.body);
}

#[tokio::test]
async fn a6_an_api_key_may_be_a_token_and_is_one_for_nothing_else() -> Outcome {
    let jwt = jwt().await;
    let app = Pikku::<TodoApp>::new(Services::new(jwt.clone()))
        .jwt(jwt)
        .middleware(auth_bearer().jwt())
        .middleware(auth_api_key_jwt(ApiKeySource::Header));
    let server = serve(app).await;
    let bearer = format!("Bearer {}", token("ada").await?);
    let made = send("POST", &format!("{server}/api-keys"), &[("authorization", &bearer)], Value::Null).await;
    let key = made.body["key"].as_str().unwrap_or_default();
    assert_eq!(who(&server, &[("x-api-key", key)]).await, is(200, "ada"));
    assert_eq!(who(&server, &[("authorization", &format!("Bearer {key}"))]).await, is(401, "invalid_token"));
    assert_eq!(who(&server, &[("x-api-key", &token("ada").await?)]).await, is(401, "invalid_token"));
    Ok(())
}

/// Whose a key is, and until when.
async fn find_identity(services: &Services, key: &str) -> Result<Option<Identity<UserSession>>, AccountError> {
    let Some(user) = services.users.find_by_api_key(key).await else { return Ok(None) };
    Ok(Some(Identity::new(user.session()).until(std::time::SystemTime::now() + hours(8))))
}

#[tokio::test]
async fn s4_a_key_may_hold_until_a_certain_time() {
    let app =
        Pikku::<TodoApp>::new(Services::new(jwt().await)).middleware(auth_api_key(ApiKeySource::Header, find_identity));
    assert_eq!(who(&serve(app).await, &[("x-api-key", "key-of-ada")]).await, is(200, "ada"));
}

#[tokio::test]
async fn a3_a_cookie_holds_the_session_in_a_token() {
    let jwt = jwt().await;
    let app = Pikku::<TodoApp>::new(Services::new(jwt.clone()))
        .jwt(jwt)
        .middleware(auth_cookie("session").jwt().expires_in(weeks(4)));
    let server = serve(app).await;
    let answer = login(&server, "ada").await;
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Host-session="), "{set}");
    assert!(set.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2419200"), "{set}");
    assert_eq!(who(&server, &[("cookie", answer.cookie())]).await, is(200, "ada"));
}

#[tokio::test]
async fn a3_a_cookie_holds_the_id_of_a_session_in_a_store() {
    let services = Services::new(jwt().await);
    let sessions = services.sessions.clone();
    let app = Pikku::<TodoApp>::new(services)
        .sessions(sessions)
        .middleware(auth_cookie("session").store().expires_in(weeks(4)).at_most(days(180)));
    let server = serve(app).await;
    let cookie = login(&server, "ada").await.cookie().to_owned();
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, is(200, "ada"));
}

#[tokio::test]
async fn a7_pages_of_other_origins_have_to_be_listed() {
    let services = Services::new(jwt().await);
    let app = Pikku::<TodoApp>::new(services)
        .middleware(auth_api_key(ApiKeySource::Header, find_session_for_api_key))
        .origins(Origins::Listed(vec!["https://app.example.com".to_owned()]));
    let server = serve(app).await;
    let status = async |origin: &'static str| {
        let opened = guide_app::Socket::open(&server, &[("x-api-key", "key-of-ada"), ("origin", origin)]).await;
        opened.map(drop)
    };
    assert_eq!(status("https://app.example.com").await, Ok(()));
    assert_eq!(status("https://evil.example.com").await, Err(is(403, "foreign_origin")));
}

#[tokio::test]
async fn a3_without_tls_a_cookie_has_another_name() {
    let services = Services::new(jwt().await);
    let sessions = services.sessions.clone();
    let app = Pikku::<TodoApp>::new(services).sessions(sessions).middleware(auth_cookie("session").store().insecure());
    let server = serve(app).await;
    let answer = login(&server, "ada").await;
    let set = answer.header("set-cookie");
    assert!(set.starts_with("session=") && !set.contains("Secure"), "{set}");
}

#[tokio::test]
async fn a2_a_bearer_token_is_a_jwt_or_a_callbacks_or_the_only_one() -> Outcome {
    let (jwt, robots_token) = (jwt().await, "a token that was drawn by lot");
    let robot = UserSession { user_id: "robot".to_owned(), scopes: vec!["todos:read".to_owned()] };
    let app = Pikku::<TodoApp>::new(Services::new(jwt.clone()))
        .jwt(jwt)
        .middleware_at("/todos", auth_bearer().token(robots_token, robot))
        .middleware_at("/me", auth_bearer().jwt())
        .middleware_at("/export", auth_bearer().callback(find_session_for_api_key));
    let server = serve(app).await;
    let status = async |path: &str, token: &str| {
        let bearer = format!("bearer {token}");
        send("GET", &format!("{server}{path}"), &[("authorization", &bearer)], Value::Null).await.status
    };
    assert_eq!((status("/todos", robots_token).await, status("/todos", "another").await), (200, 401));
    assert_eq!((status("/me", &token("ada").await?).await, status("/me", robots_token).await), (200, 401));
    assert_eq!((status("/export", "key-of-ada").await, status("/export", "key-of-nobody").await), (200, 401));
    Ok(())
}
