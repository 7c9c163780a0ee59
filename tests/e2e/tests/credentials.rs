//! API keys and bearer tokens, rule by rule.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use e2e::{Answer, app, find_session, jwt, serve, socket::Socket};
use pikku_core::{
    ApiKeySource, Error, HttpCall, Middleware, Next, Pikku, auth_api_key, auth_api_key_jwt, auth_bearer, auth_cookie,
};
use serde_json::{Value, json};
use test_functions::{Services, TestApp, UserSession};

fn session(user: &str) -> UserSession {
    UserSession { user_id: user.to_owned(), admin: false }
}

async fn bare() -> Pikku<TestApp> {
    let jwt = jwt().await;
    Pikku::new(Services::new(jwt.clone())).jwt(jwt)
}

async fn me(app: Pikku<TestApp>, headers: &[(&str, &str)]) -> Answer {
    serve(app).await.send("GET", "/me", headers, "").await
}

async fn find_token(_: &Services, token: &str) -> Result<Option<UserSession>, Error> {
    Ok(token.strip_prefix("token-of-").map(session))
}

async fn token() -> String {
    jwt().await.encode(Duration::from_secs(60), &session("ada")).await.expect("it is signed")
}

// Seen to fail with the scheme matched in one case only.
#[tokio::test]
async fn a2_a_bearer_token_is_a_jwt_or_a_callbacks_or_a_static_one() {
    let (by_jwt, by_callback) = (auth_bearer().jwt(), auth_bearer().callback(find_token));
    let signed = format!("bEaReR  {}", token().await);
    assert_eq!(me(bare().await.middleware(by_jwt), &[("authorization", &signed)]).await.json(), "ada");
    let given = [("authorization", "bearer token-of-eve")];
    assert_eq!(me(bare().await.middleware(by_callback), &given).await.json(), "eve");
    for (token, expect) in
        [("secret", json!("robot")), ("secre", Value::Null), ("secrets", Value::Null), ("", Value::Null)]
    {
        let fixed = auth_bearer().token("secret", session("robot"));
        let answer = me(bare().await.middleware(fixed), &[("authorization", &format!("Bearer {token}"))]).await;
        let json = answer.json();
        assert_eq!(if json.is_string() { json } else { Value::Null }, expect, "{token}");
    }
}

// Seen to fail with any text taken for a token.
#[tokio::test]
#[should_panic(expected = "can't be empty")]
async fn a2_an_empty_static_token_is_refused() {
    let _ = auth_bearer().token("", session("anybody"));
}

static ASKED: AtomicUsize = AtomicUsize::new(0);

async fn find_and_count(_: &Services, key: &str) -> Result<Option<UserSession>, Error> {
    ASKED.fetch_add(1, Ordering::Relaxed);
    Ok(Some(session(key)))
}

// Seen to fail with all of them asked, and the last one winning.
#[tokio::test]
async fn a4_the_first_that_yields_a_session_wins_and_later_ones_are_not_asked() {
    let both = [("authorization", "Bearer token-of-ada"), ("x-api-key", "eve")];
    let (bearer, key) = (|| auth_bearer().callback(find_token), || auth_api_key(ApiKeySource::Header, find_and_count));
    let bearer_first = bare().await.middleware(bearer()).middleware(key());
    assert_eq!(me(bearer_first, &both).await.json(), "ada");
    assert_eq!(ASKED.load(Ordering::Relaxed), 0);
    let key_first = bare().await.middleware(key()).middleware(bearer());
    assert_eq!(me(key_first, &both).await.json(), "eve");
    assert_eq!(ASKED.load(Ordering::Relaxed), 1);
    // What finds nobody leaves it to the next one.
    let bad_first = [("authorization", "Bearer garbage"), ("x-api-key", "eve")];
    assert_eq!(me(bare().await.middleware(bearer()).middleware(key()), &bad_first).await.json(), "eve");
}

// Seen to fail with an error of the verification answered as it is.
#[tokio::test]
async fn a5_a_bad_credential_is_a_401_with_the_reason_and_never_a_5xx() {
    let server = serve(app().await).await;
    let long = format!("Bearer {}", "x".repeat(9000));
    for (name, value) in [
        ("authorization", "Bearer x"),
        ("authorization", "Bearer"),
        ("authorization", "Bearer \u{e9}"),
        ("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
        ("authorization", &long),
        ("x-api-key", "x"),
        ("x-api-key", "\u{e9}"),
        ("x-api-key", ""),
    ] {
        let refused = server.send("GET", "/me", &[(name, value)], "").await;
        assert_eq!(
            (refused.status, refused.header("www-authenticate"), &refused.json()["code"]),
            (401, r#"Bearer error="invalid_token""#, &json!("invalid_token")),
            "{name}: {value:.40}"
        );
        let public = server.send("GET", "/who", &[(name, value)], "").await;
        assert_eq!((public.status, public.json()), (200, Value::Null), "{name}: {value:.40}");
        let upgrade = Socket::open(&server, "/private", &[]).await.err().unwrap_or_default();
        assert_eq!(upgrade.0, 401);
    }
}

#[tokio::test]
async fn z2_without_a_credential_there_is_no_error_to_speak_of() {
    let server = serve(app().await).await;
    for headers in [&[][..], &[("authorization", "Basic eDp5")], &[("authorization", "Digest username=x")]] {
        let refused = server.send("GET", "/me", headers, "").await;
        assert_eq!(
            (refused.status, refused.header("www-authenticate"), &refused.json()["code"]),
            (401, "Bearer", &json!("unauthorized"))
        );
    }
    // Another scheme is no error beside a good credential.
    let answer = server.send("GET", "/me", &[("authorization", "Basic eDp5"), ("x-api-key", "key-of-ada")], "").await;
    assert_eq!(answer.json(), "ada");
}

async fn find_unless_revoked(_: &Services, key: &str) -> Result<Option<UserSession>, Error> {
    Ok(match key {
        "good" => Some(session("ada")),
        // It was there once.
        "revoked" => None,
        _ => None,
    })
}

#[tokio::test]
async fn z2_unknown_and_revoked_keys_get_the_same_answer_byte_by_byte() {
    let server = serve(bare().await.middleware(auth_api_key(ApiKeySource::All, find_unless_revoked))).await;
    let mut answers = Vec::new();
    for key in ["revoked", "unknown"] {
        let answer = server.send("GET", "/me", &[("x-api-key", key), ("x-request-id", "1")], "").await;
        let mut headers: Vec<_> =
            answer.headers.iter().filter(|(name, _)| *name != "date").map(|h| format!("{h:?}")).collect();
        headers.sort();
        answers.push((answer.status, headers, answer.text));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 401);
}

// Seen to fail with the key left in the query.
#[tokio::test]
async fn a1_a_key_in_the_query_signs_in_and_is_seen_by_nobody_else() {
    let server = serve(app().await).await;
    assert_eq!(server.get("/me?apiKey=key-of-ada").await.json(), "ada");
    assert_eq!(server.get("/target?a=1&apiKey=key-of-ada&b=%20").await.json(), "/target?a=1&b=%20");
    assert_eq!(server.get("/target?apiKey=wrong").await.json(), "/target");
    assert_eq!(server.get("/me?apiKey=key-of-ada&apiKey=key-of-eve").await.status, 401);
    // Where the query is no place for keys, it is like any other member.
    let header_only = serve(bare().await.middleware(auth_api_key(ApiKeySource::Header, find_session))).await;
    assert_eq!(header_only.get("/me?apiKey=key-of-ada").await.status, 401);
    assert_eq!(header_only.get("/target?apiKey=x").await.json(), "/target?apiKey=x");
}

// Seen to fail with one purpose for all tokens.
#[tokio::test]
async fn a6_a_token_is_good_for_its_purpose_only() {
    let app = || async { bare().await.middleware(auth_api_key_jwt(ApiKeySource::All)).middleware(auth_bearer().jwt()) };
    let (session_token, minute) = (token().await, Duration::from_secs(60));
    let keys = jwt().await.for_api_keys();
    let key = keys.encode(minute, &session("ada")).await.expect("it is signed");
    let link = jwt().await.for_purpose("signed-link").encode(minute, &session("ada")).await.expect("it is signed");
    let bearer = |token: &str| format!("Bearer {token}");
    assert_eq!(me(app().await, &[("x-api-key", &key)]).await.json(), "ada");
    assert_eq!(me(app().await, &[("authorization", &bearer(&session_token))]).await.json(), "ada");
    for (name, value) in [
        ("x-api-key", session_token),
        ("x-api-key", link.clone()),
        ("authorization", bearer(&key)),
        ("authorization", bearer(&link)),
    ] {
        assert_eq!(me(app().await, &[(name, &value)]).await.status, 401, "{name}");
    }
}

/// Says who is signed in, and which protocols are left, in a header.
struct Telling;

impl Middleware<TestApp> for Telling {
    async fn handle(
        &self,
        call: &mut HttpCall<TestApp>,
        next: Next<'_, TestApp>,
    ) -> pikku_core::__private::axum::response::Response {
        let who = call.sessions().get().map_or("nobody".to_owned(), |session| session.user_id.clone());
        let protocols = call.headers().get("sec-websocket-protocol").cloned();
        let mut response = next.run(call).await;
        response.headers_mut().insert("x-who", who.parse().expect("a header"));
        if let Some(protocols) = protocols {
            response.headers_mut().insert("x-protocols", protocols);
        }
        response
    }
}

// Seen to fail with protocols read on every request to a channel.
#[tokio::test]
async fn c7_what_opens_no_connection_has_no_credential_in_its_protocols() {
    let server = serve(app().await.middleware(Telling)).await;
    let protocols = ("sec-websocket-protocol", "pikku.v1, apiKey.key-of-ada");
    assert_eq!(server.send("GET", "/me", &[protocols], "").await.status, 401);
    let plain = server.send("GET", "/private", &[protocols], "").await;
    assert_eq!((plain.status, plain.header("x-who")), (426, "nobody"));
    // Where they count, they are taken out before anything else can tell of them.
    let upgrade = [protocols, ("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "8")];
    let old = server.send("GET", "/private", &upgrade, "").await;
    assert_eq!((old.status, old.header("x-who"), old.header("x-protocols")), (426, "ada", "pikku.v1"));
    let two = [("sec-websocket-protocol", "pikku.v1, apiKey.key-of-ada, apiKey.key-of-eve")];
    assert_eq!(Socket::open(&server, "/private", &two).await.err().map(|refused| refused.0), Some(401));
}

// Seen to fail with the connection opened, and its messages refused.
#[tokio::test]
async fn c7_a_bad_credential_of_ones_own_gets_a_status_even_where_one_may_sign_in_later() {
    let server = serve(app().await).await;
    for (name, value) in
        [("x-api-key", "wrong"), ("authorization", "Bearer x"), ("sec-websocket-protocol", "pikku.v1, bearer.x")]
    {
        let refused = Socket::open(&server, "/events", &[(name, value)]).await.err().unwrap_or_default();
        assert_eq!((refused.0, &refused.1["code"]), (401, &json!("invalid_token")), "{name}");
    }
    assert!(Socket::open(&server, "/events", &[]).await.is_ok());
    assert!(Socket::open(&server, "/rooms/1", &[("x-api-key", "wrong")]).await.is_ok());
}

// Seen to fail with all protocols forgotten where one is not ASCII.
#[tokio::test]
async fn a5_a_bad_credential_among_the_protocols_is_refused_whatever_its_bytes_are() {
    let server = serve(app().await.middleware(auth_cookie("s").jwt())).await;
    let login = server.post("/login", r#"{"name": "ada"}"#).await;
    let cookie = login.header("set-cookie").split(';').next().unwrap_or_default();
    let open = async |protocols, cookie| {
        let upgrade = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")];
        let headers = [&upgrade[..], &[("sec-websocket-protocol", protocols), ("cookie", cookie)]].concat();
        server.send("GET", "/private", &headers, "").await
    };
    // There is no key to accept, so that nothing is upgraded.
    assert_eq!(open("pikku.v1, \u{e9}", cookie).await.status, 400);
    for protocols in ["pikku.v1, bearer.\u{e9}", "pikku.v1, apiKey.\u{e9}", "\u{e9}, bearer.x"] {
        for cookie in ["", cookie] {
            let refused = open(protocols, cookie).await;
            assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("invalid_token")), "{protocols}");
        }
    }
}
