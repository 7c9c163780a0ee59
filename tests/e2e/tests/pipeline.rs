//! The order of things: middleware, authentication, input, permissions, function.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use e2e::{app, jwt, serve};
use pikku_core::{JwtService, Key, Middleware, Next, Pikku, auth_bearer};
use test_functions::{Services, TestApp, admin::Noting};

/// Takes what was noted out of the services and into a header, for the test to see.
struct Telling;

impl Middleware<TestApp> for Telling {
    async fn handle(
        &self,
        call: &mut pikku_core::HttpCall<TestApp>,
        next: Next<'_, TestApp>,
    ) -> pikku_core::__private::axum::response::Response {
        drop(call.services().noted());
        let mut response = next.run(call).await;
        let noted = call.services().noted().join(", ");
        response.headers_mut().insert("x-noted", noted.parse().expect("notes are ASCII"));
        response
    }
}

async fn noted(app: Pikku<TestApp>, path: &str) -> String {
    serve(app).await.get(path).await.header("x-noted").to_owned()
}

async fn bare() -> Pikku<TestApp> {
    Pikku::new(Services::new(jwt().await)).middleware(Telling)
}

// Seen to fail with the order in which layers were added, whatever they are for.
#[tokio::test]
async fn h1_middleware_is_an_onion_global_prefix_tag_own() {
    let app = bare()
        .await
        .middleware_for("noted", Noting("tag"))
        .middleware_at("/admin", Noting("prefix"))
        .middleware(Noting("first"))
        .middleware(Noting("second"));
    assert_eq!(
        noted(app, "/admin/x").await,
        "> first, > second, > prefix, > tag, > own, ran, < own, < tag, < prefix, < second, < first"
    );
}

// Seen to fail with `layers` as a map from the type of the middleware, where the second took the place of the first.
#[tokio::test]
async fn h1_middleware_added_twice_runs_twice() {
    let app = bare().await.middleware(Noting("same")).middleware(Noting("same"));
    assert_eq!(noted(app, "/admin").await, "> same, > same, ran, < same, < same");
}

// Seen to fail with a prefix compared as text.
#[tokio::test]
async fn h2_a_prefix_is_whole_segments() {
    let with_prefix = || async { bare().await.middleware_at("/admin", Noting("prefix")) };
    assert_eq!(noted(with_prefix().await, "/admin").await, "> prefix, ran, < prefix");
    assert_eq!(noted(with_prefix().await, "/administrator").await, "ran");
}

#[tokio::test]
async fn h1_middleware_may_answer_by_itself() {
    let app = bare().await;
    let server = serve(app).await;
    let answer = server.get("/closed").await;
    assert_eq!((answer.status, answer.text.as_str(), answer.header("x-noted")), (503, "closed", ""));
}

// Seen to fail with the input read before it is asked who is calling.
#[tokio::test]
async fn h1_authentication_comes_before_input_and_input_before_permissions() {
    let server = serve(app().await.middleware(Telling)).await;
    let send = async |key: &str, body: &str| {
        let headers = [("x-api-key", key), ("content-type", "application/json")];
        let answer = server.send("POST", "/things", &headers, body).await;
        (answer.status, answer.header("x-noted").to_owned())
    };
    assert_eq!(send("wrong", "not json").await.0, 401);
    assert_eq!(send("key-of-ada", "not json").await, (400, String::new()));
    assert_eq!(send("key-of-ada", r#"{"owner": 1}"#).await, (422, String::new()));
    assert_eq!(send("key-of-ada", r#"{"owner": "eve"}"#).await, (403, "is_admin, is_owner".to_owned()));
    assert_eq!(send("key-of-ada", r#"{"owner": "ada"}"#).await, (204, "is_admin, is_owner, is_locked, ran".to_owned()));
}

#[tokio::test]
async fn p1_permissions_short_circuit_from_left_to_right() {
    let server = serve(app().await.middleware(Telling)).await;
    let send = async |key: &str, body: &str| {
        let headers = [("x-api-key", key), ("content-type", "application/json")];
        let answer = server.send("POST", "/things", &headers, body).await;
        (answer.status, answer.header("x-noted").to_owned())
    };
    assert_eq!(send("key-of-admin", r#"{"owner": "eve"}"#).await, (204, "is_admin, ran".to_owned()));
    let locked = r#"{"owner": "ada", "how": {"locked": true}}"#;
    assert_eq!(send("key-of-ada", locked).await, (403, "is_admin, is_owner, is_locked".to_owned()));
    assert_eq!(server.get("/things/today").await.status, 204);
    assert_eq!(server.get("/things/tomorrow").await.status, 403);
}

// Seen to fail with every error of a permission taken for a no.
#[tokio::test]
async fn p2_the_error_of_a_permission_keeps_its_status() {
    let server = serve(app().await).await;
    let headers = [("x-api-key", "key-of-ada"), ("content-type", "application/json")];
    let answer = server.send("POST", "/things", &headers, r#"{"owner": "nobody"}"#).await;
    assert_eq!((answer.status, &answer.json()["code"]), (404, &"not_found".into()));
}

#[tokio::test]
async fn f4_a_function_is_still_a_plain_function() {
    let services = Arc::new(Services::new(jwt().await));
    let session = test_functions::UserSession { user_id: "ada".to_owned(), admin: false };
    let me = test_functions::sessions::me(&services, &session).await;
    assert_eq!(me.expect("it can't fail"), "ada");
}

/// Panics, or never answers.
struct Broken(bool);

impl Middleware<TestApp> for Broken {
    async fn handle(
        &self,
        _: &mut pikku_core::HttpCall<TestApp>,
        _: Next<'_, TestApp>,
    ) -> pikku_core::__private::axum::response::Response {
        if self.0 {
            panic!("hunter2");
        }
        std::future::pending().await
    }
}

#[tokio::test]
async fn x3_a_panic_in_middleware_is_a_500_and_a_hang_ends_at_the_deadline() {
    let panics = serve(Pikku::new(Services::new(jwt().await)).middleware(Broken(true))).await;
    let answer = panics.get("/who").await;
    assert_eq!((answer.status, &answer.json()["code"]), (500, &"internal_error".into()));
    assert!(!answer.text.contains("hunter2"));
    let hangs = serve(Pikku::new(Services::new(jwt().await)).middleware(Broken(false))).await;
    assert_eq!(hangs.get("/end/well").await.status, 504);
}

#[tokio::test]
async fn x3_middleware_sees_the_500_of_a_panic_in_a_function() {
    let server = serve(bare().await.middleware(Noting("around"))).await;
    let answer = server.get("/end/panic").await;
    assert_eq!((answer.status, answer.header("x-noted")), (500, "> around, < around"));
}

// Seen to fail with a look-up that fails taken for a bad key.
#[tokio::test]
async fn a5_a_lookup_that_fails_is_a_500_and_signs_nobody_out() {
    async fn fails(_: &Services, key: &str) -> Result<Option<test_functions::UserSession>, pikku_core::Error> {
        match key {
            "panic" => panic!("hunter2"),
            _ => Err(pikku_core::Error::new("the database hunter2 is down")),
        }
    }
    let with_key = pikku_core::auth_api_key(pikku_core::ApiKeySource::Header, fails);
    let server = serve(Pikku::new(Services::new(jwt().await)).middleware(with_key)).await;
    let send = async |path: &str, key: &str| server.send("GET", path, &[("x-api-key", key)], "").await;
    let answer = send("/me", "key").await;
    assert_eq!((answer.status, &answer.json()["code"]), (500, &"internal_error".into()));
    assert!(!answer.text.contains("hunter2"));
    assert_eq!(send("/who", "key").await.status, 200);
    assert_eq!(send("/who", "panic").await.status, 500);
    assert_eq!(send("/me", "").await.status, 401);
}

// Seen to fail with an outage taken for a bad token.
#[tokio::test]
async fn j2_a_token_waits_for_its_key_and_an_outage_signs_nobody_out() {
    const SECRET: &str = "a secret of thirty-two bytes or more";
    // The key that the source has, or none while it is down.
    let current = Arc::new(Mutex::new(Some("old")));
    let source = Arc::clone(&current);
    let keys = move || {
        let id = *source.lock().expect("nothing panics with it");
        std::future::ready(id.map(|id| vec![Key::hs256(id, SECRET)]).ok_or("the source hunter2 is down"))
    };
    let has = |id| *current.lock().expect("nothing panics with it") = id;
    let jwt = JwtService::new(keys).await.expect("a good key");
    let bearer = async |id| {
        let other = JwtService::with_keys([Key::hs256(id, SECRET)]).expect("a good key");
        let session = test_functions::UserSession { user_id: "ada".to_owned(), admin: false };
        format!("Bearer {}", other.encode(Duration::from_secs(60), &session).await.expect("a good session"))
    };

    let app = Pikku::new(Services::new(jwt.clone())).jwt(jwt.clone()).middleware(auth_bearer().jwt());
    let server = serve(app).await;
    let send = async |path: &str, bearer: &str| server.send("GET", path, &[("authorization", bearer)], "").await;
    has(Some("new"));
    assert_eq!(send("/me", &bearer("new").await).await.status, 200);
    assert_eq!(send("/me", &bearer("old").await).await.status, 401);

    // Keys that are good for no time are asked for each time.
    let app = Pikku::new(Services::new(jwt.clone())).jwt(jwt.key_ttl(Duration::ZERO)).middleware(auth_bearer().jwt());
    let server = serve(app).await;
    let send = async |path: &str, bearer: &str| server.send("GET", path, &[("authorization", bearer)], "").await;
    assert_eq!(send("/me", &bearer("new").await).await.status, 200);
    has(None);
    let answer = send("/me", &bearer("new").await).await;
    assert_eq!((answer.status, &answer.json()["code"]), (500, &"internal_error".into()));
    assert!(!answer.text.contains("hunter2"));
    assert_eq!(send("/who", &bearer("new").await).await.status, 200);
}

// Seen to fail with nothing asked of what is added.
#[tokio::test]
#[should_panic(expected = "this middleware is around nothing")]
async fn h1_middleware_around_nothing_is_refused_at_the_start() {
    drop(e2e::generated::router(bare().await.middleware_at("admin", Noting("prefix"))));
}

// Seen to fail with nothing asked of what is added.
#[tokio::test]
#[should_panic(expected = "this middleware is around nothing")]
async fn h1_middleware_for_an_unknown_tag_is_refused_at_the_start() {
    drop(e2e::generated::router(bare().await.middleware_for("notde", Noting("tag"))));
}
