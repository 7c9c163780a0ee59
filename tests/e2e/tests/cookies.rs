//! Session cookies, rule by rule.

use e2e::{Answer, Running, app, jwt, serve, socket::Socket};
use pikku_core::{
    ApiKeySource, Error, MemorySessionStore, Origins, Pikku, Sessions, auth_api_key, auth_bearer, auth_cookie, days,
    hours, weeks,
};
use serde_json::json;
use test_functions::{Services, TestApp, UserSession};

async fn with_store() -> Pikku<TestApp> {
    app().await.sessions(sessions()).middleware(auth_cookie("s").store().expires_in(weeks(4)))
}

async fn with_jwt() -> Pikku<TestApp> {
    app().await.middleware(auth_cookie("s").jwt().expires_in(weeks(4)))
}

fn sessions() -> Sessions<UserSession> {
    Sessions::new(MemorySessionStore::new(), |session: &UserSession| session.user_id.clone())
}

fn set_cookies(answer: &Answer) -> Vec<String> {
    let values = answer.headers.get_all("set-cookie").iter();
    values.map(|value| value.to_str().expect("it is text").to_owned()).collect()
}

/// The cookie that an answer sets, as the next request sends it.
fn cookie(answer: &Answer) -> String {
    let cookies = set_cookies(answer);
    assert_eq!(cookies.len(), 1, "{} {}: {cookies:?}", answer.status, answer.text);
    cookies[0].split(';').next().unwrap_or_default().to_owned()
}

async fn sign_in(server: &Running, user: &str) -> String {
    cookie(&server.post("/login", &json!({ "name": user }).to_string()).await)
}

async fn who(server: &Running, headers: &[(&str, &str)]) -> (u16, String) {
    let answer = server.send("GET", "/me", headers, "").await;
    let problem = answer.json();
    (answer.status, problem.as_str().or(problem["code"].as_str()).unwrap_or_default().to_owned())
}

fn is(status: u16, what: &str) -> (u16, String) {
    (status, what.to_owned())
}

#[tokio::test]
async fn a3_sign_in_sets_the_cookie_and_sign_out_expires_it() {
    for app in [with_jwt().await, with_store().await] {
        let server = serve(app).await;
        let answer = server.post("/login", r#"{"name": "ada"}"#).await;
        let set = set_cookies(&answer).concat();
        assert!(set.starts_with("__Host-s="), "{set}");
        assert!(set.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2419200"), "{set}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let cookie = cookie(&answer);
        assert_eq!(who(&server, &[("cookie", &cookie)]).await, is(200, "ada"));
        let answer = server.send("POST", "/logout", &[("cookie", &cookie)], "").await;
        assert_eq!(answer.status, 204);
        let expired = set_cookies(&answer).concat();
        assert!(expired.starts_with("__Host-s=;") && expired.contains("Max-Age=0"), "{expired}");
        assert_eq!(who(&server, &[]).await, is(401, "unauthorized"));
    }
}

#[tokio::test]
async fn a3_the_name_that_the_guide_gives_it_is_one() {
    let server = serve(app().await.middleware(auth_cookie("pikku:session").jwt().insecure())).await;
    let cookie = sign_in(&server, "ada").await;
    assert!(cookie.starts_with("pikku:session="), "{cookie}");
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, is(200, "ada"));
}

// Seen to fail with the cookie set as soon as the function calls `set`.
#[tokio::test]
async fn h7_a_function_that_fails_sets_no_cookie_and_signs_nobody_out() {
    let server = serve(with_store().await).await;
    let failed = server.post("/login/fail", "").await;
    assert_eq!((failed.status, set_cookies(&failed)), (404, vec![]));
    let cookie = sign_in(&server, "ada").await;
    let failed = server.send("POST", "/login/fail", &[("cookie", &cookie)], "").await;
    assert_eq!((failed.status, set_cookies(&failed)), (404, vec![]));
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, is(200, "ada"));
}

#[tokio::test]
async fn a3_a_session_is_renewed_when_less_than_half_of_its_life_is_left() {
    // The two servers are one, before and after its sessions were made to last longer.
    let (sessions, stored) = (sessions(), |life| auth_cookie("s").store().expires_in(life));
    let app_with_store = async || app().await.sessions(sessions.clone());
    let (short, long) = (app_with_store().await, app_with_store().await);
    check_renewal(short.middleware(stored(hours(1))), long.middleware(stored(weeks(1)))).await;
    let by_jwt = |life| auth_cookie("s").jwt().expires_in(life);
    check_renewal(app().await.middleware(by_jwt(hours(1))), app().await.middleware(by_jwt(weeks(1)))).await;
}

async fn check_renewal(short: Pikku<TestApp>, long: Pikku<TestApp>) {
    let (short, long) = (serve(short).await, serve(long).await);
    let old = sign_in(&short, "ada").await;
    let fresh = short.send("GET", "/me", &[("cookie", &old)], "").await;
    assert_eq!((fresh.status, set_cookies(&fresh)), (200, vec![]));
    let renewed = long.send("GET", "/me", &[("cookie", &old)], "").await;
    assert!(set_cookies(&renewed).concat().contains("Max-Age=604800"), "{:?}", set_cookies(&renewed));
    let again = long.send("GET", "/me", &[("cookie", &cookie(&renewed))], "").await;
    assert_eq!((again.json(), set_cookies(&again)), (json!("ada"), vec![]));
    // What fails renews nothing, and neither does what signs in by something else.
    let failed = long.send("POST", "/things", &[("cookie", &old), ("content-type", "application/json")], "{").await;
    assert_eq!((failed.status, set_cookies(&failed)), (400, vec![]));
}

#[tokio::test]
async fn a3_a_session_lasts_no_longer_than_it_may_at_the_most() {
    for stored in [true, false] {
        let sessions = sessions();
        let layer = |life| auth_cookie("s").expires_in(life).at_most(weeks(1));
        let (short, long) = match stored {
            true => (
                app().await.sessions(sessions.clone()).middleware(layer(hours(1)).at_most(hours(2)).store()),
                app().await.sessions(sessions).middleware(layer(days(1)).store()),
            ),
            false => (
                app().await.middleware(layer(hours(1)).at_most(hours(2)).jwt()),
                app().await.middleware(layer(days(1)).jwt()),
            ),
        };
        let (short, long) = (serve(short).await, serve(long).await);
        let old = sign_in(&short, "ada").await;
        let renewed = set_cookies(&long.send("GET", "/me", &[("cookie", &old)], "").await).concat();
        let (_, age) = renewed.rsplit_once("Max-Age=").expect("it is renewed");
        let age: u64 = age.parse().expect("a number");
        assert!((7000..=7200).contains(&age), "{renewed}");
    }
}

#[tokio::test]
async fn s1_a_session_that_is_set_until_a_time_is_never_renewed_beyond_it() {
    for app in [with_jwt().await, with_store().await] {
        let server = serve(app).await;
        let answer = server.post("/login/minute", r#"{"name": "ada"}"#).await;
        let set = set_cookies(&answer).concat();
        let (_, age) = set.rsplit_once("Max-Age=").expect("it is set");
        assert!(age.parse::<u64>().is_ok_and(|age| (1..=60).contains(&age)), "{set}");
        let used = server.send("GET", "/me", &[("cookie", &cookie(&answer))], "").await;
        assert_eq!((used.json(), set_cookies(&used)), (json!("ada"), vec![]));
    }
}

// Seen to fail with the age of the token in place of a limit that it doesn't have.
#[tokio::test]
async fn a3_a_token_that_was_made_for_something_else_is_never_renewed_as_a_cookie() {
    let server = serve(with_jwt().await).await;
    let session = UserSession { user_id: "ada".to_owned(), admin: false };
    let token = jwt().await.encode(std::time::Duration::from_secs(60), &session).await.expect("it is signed");
    let used = server.send("GET", "/me", &[("cookie", &format!("__Host-s={token}"))], "").await;
    assert_eq!((used.json(), set_cookies(&used)), (json!("ada"), vec![]));
}

// Seen to fail with a jar that decodes names.
#[tokio::test]
async fn z3_a_name_that_decodes_to_ours_is_another() {
    let server = serve(with_jwt().await).await;
    let cookie = sign_in(&server, "ada").await;
    for prefix in ["__%48ost-s", "__host-s", "s", "x__Host-s"] {
        let forged = cookie.replacen("__Host-s", prefix, 1);
        assert_eq!(who(&server, &[("cookie", &forged)]).await, is(401, "unauthorized"), "{prefix}");
    }
}

// Seen to fail with the header read as a text.
#[tokio::test]
async fn z3_a_byte_in_another_cookie_signs_nobody_out() {
    let server = serve(with_jwt().await).await;
    let cookie = sign_in(&server, "ada").await;
    let odd = format!("other=\u{e9}\u{80}; {cookie}; last=\"\u{ff}");
    assert_eq!(who(&server, &[("cookie", &odd)]).await, is(200, "ada"));
    let twice = format!("{cookie}; {cookie}");
    assert_eq!(who(&server, &[("cookie", &twice)]).await, is(200, "ada"));
    let differing = format!("{cookie}; __Host-s=x");
    assert_eq!(who(&server, &[("cookie", &differing)]).await, is(401, "invalid_token"));
}

// Seen to fail with a bad credential answered as an internal error.
#[tokio::test]
async fn a5_a_bad_cookie_is_never_a_5xx_and_what_is_public_answers() {
    for app in [with_jwt().await, with_store().await] {
        let server = serve(app).await;
        for bad in ["x", "a.b.c", "%00", "\"\"", &"x".repeat(9000)] {
            let sent = format!("__Host-s={bad}");
            let refused = server.send("GET", "/me", &[("cookie", &sent)], "").await;
            assert_eq!((refused.status, refused.header("www-authenticate")), (401, r#"Bearer error="invalid_token""#));
            let public = server.send("GET", "/who", &[("cookie", &sent)], "").await;
            assert_eq!((public.status, public.json()), (200, json!(null)));
        }
    }
}

// Seen to fail with a cookie asked for behind a bad credential.
#[tokio::test]
async fn a5_what_the_caller_says_counts_more_than_a_cookie_in_whatever_order() {
    let token = {
        let server = serve(app().await).await;
        let answer = server.post("/login", r#"{"name": "bob"}"#).await;
        format!("Bearer {}", answer.json()["token"].as_str().unwrap_or_default())
    };
    let cookie_layer = || auth_cookie("s").jwt();
    let cookie_first = Pikku::new(Services::new(jwt().await))
        .jwt(jwt().await)
        .middleware(cookie_layer())
        .middleware(auth_bearer().jwt())
        .middleware(auth_api_key(ApiKeySource::All, e2e::find_session));
    let cookie_last = app().await.middleware(cookie_layer());
    for (app, first) in [(cookie_first, "ada"), (cookie_last, "bob")] {
        let server = serve(app).await;
        let cookie = sign_in(&server, "ada").await;
        let with =
            async |cookie: &str, name: &str, value: &str| who(&server, &[("cookie", cookie), (name, value)]).await;
        // A bad one is not made up for by the cookie, neither here nor where nobody has to be signed in.
        assert_eq!(with(&cookie, "authorization", "Bearer x").await, is(401, "invalid_token"));
        assert_eq!(with(&cookie, "x-api-key", "x").await, is(401, "invalid_token"));
        let public = server.send("GET", "/who", &[("cookie", &cookie), ("authorization", "Bearer x")], "").await;
        assert_eq!((public.status, public.json()), (200, json!(null)));
        // A good one beside a stale cookie is good.
        assert_eq!(with("__Host-s=stale", "authorization", &token).await, is(200, "bob"));
        assert_eq!(with("__Host-s=stale", "x-api-key", "key-of-bob").await, is(200, "bob"));
        // Of two good ones it is the first that was added, and another scheme is nobody's business.
        assert_eq!(with(&cookie, "authorization", &token).await, is(200, first));
        assert_eq!(with(&cookie, "authorization", "Basic x").await, is(200, "ada"));
    }
}

async fn find_of(_: &Services, credential: &str) -> Result<Option<UserSession>, Error> {
    Ok(credential.strip_prefix("of-").map(|user| UserSession { user_id: user.to_owned(), admin: false }))
}

async fn find_nobody(_: &Services, _: &str) -> Result<Option<UserSession>, Error> {
    Ok(None)
}

async fn find_in_vain(_: &Services, _: &str) -> Result<Option<UserSession>, Error> {
    Err(Error::new("the database is down"))
}

// Seen to fail with a credential taken for bad as soon as one of those that look at it doesn't know it.
#[tokio::test]
async fn a4_a_credential_is_bad_only_if_nobody_accepts_it_in_whatever_order() {
    for knowing in 0..3 {
        let mut app = Pikku::new(Services::new(jwt().await)).jwt(jwt().await).middleware(auth_cookie("s").jwt());
        for number in 0..3 {
            app = match number == knowing {
                true => app.middleware(auth_bearer().callback(find_of)),
                false => app.middleware(auth_bearer().callback(find_nobody)),
            };
        }
        let server = serve(app).await;
        let cookie = sign_in(&server, "ada").await;
        let with = async |bearer: &str| who(&server, &[("cookie", &cookie), ("authorization", bearer)]).await;
        // The cookie was first, so it is whose session counts.
        assert_eq!(with("Bearer of-bob").await, is(200, "ada"));
        assert_eq!(with("Bearer x").await, is(401, "invalid_token"));
        // And still a token is a proof that no page of another site has made up the request.
        let post = async |bearer: &str| {
            let headers = [("cookie", cookie.as_str()), ("authorization", bearer), ("sec-fetch-site", "cross-site")];
            server.send("POST", "/logout", &headers, "").await.status
        };
        assert_eq!(post("Basic x").await, 403);
        assert_eq!(post("Bearer of-bob").await, 204);
    }
}

// Seen to fail with credentials told apart by their name alone.
#[tokio::test]
async fn a5_a_good_key_in_the_query_does_not_make_up_for_a_bad_one_in_the_header() {
    for source in [ApiKeySource::Header, ApiKeySource::All] {
        let app = Pikku::new(Services::new(jwt().await))
            .jwt(jwt().await)
            .middleware(auth_cookie("s").jwt())
            .middleware(auth_api_key(source, find_of))
            .middleware(auth_api_key(ApiKeySource::Query, find_of));
        let server = serve(app).await;
        let cookie = sign_in(&server, "ada").await;
        let me = async |target: &str, key: &str| {
            server.send("GET", target, &[("cookie", &cookie), ("x-api-key", key)], "").await.json()
        };
        // The bad one takes the cookie's word away, and the good one is somebody of its own.
        assert_eq!(me("/me?apiKey=of-bob", "x").await, "bob");
        assert_eq!(me("/me?apiKey=of-bob", "of-eve").await, "ada");
        assert_eq!(me("/me?apiKey=x", "x").await["code"], "invalid_token");
    }
}

// Seen to fail with the first refusal taken for the last word.
#[tokio::test]
async fn a5_what_can_not_be_found_out_is_no_bad_credential_in_whatever_order() {
    let (ignorant, down) = (|| auth_bearer().callback(find_nobody), || auth_bearer().callback(find_in_vain));
    let app = async || Pikku::new(Services::new(jwt().await));
    for app in
        [app().await.middleware(ignorant()).middleware(down()), app().await.middleware(down()).middleware(ignorant())]
    {
        let server = serve(app).await;
        assert_eq!(who(&server, &[("authorization", "Bearer of-bob")]).await, is(500, "internal_error"));
    }
}

// Seen to fail with the check taken out.
#[tokio::test]
async fn a7_a_page_of_another_site_changes_nothing_with_a_cookie_alone() {
    let server = serve(with_jwt().await.origins(Origins::Listed(vec!["https://app.example".to_owned()]))).await;
    let own = format!("http://{}", server.address);
    let cookie = sign_in(&server, "ada").await;
    let post = async |headers: &[(&str, &str)]| {
        let all = [&[("cookie", cookie.as_str()), ("content-type", "application/json")], headers].concat();
        let answer = server.send("POST", "/things", &all, r#"{"owner": "ada"}"#).await;
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    let (fine, refused) = (is(204, ""), is(403, "cross_site_request"));
    assert_eq!(post(&[]).await, fine);
    assert_eq!(post(&[("sec-fetch-site", "same-origin"), ("origin", &own)]).await, fine);
    assert_eq!(post(&[("sec-fetch-site", "none")]).await, fine);
    assert_eq!(post(&[("origin", &own)]).await, fine);
    assert_eq!(post(&[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")]).await, fine);
    assert_eq!(post(&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]).await, refused);
    assert_eq!(post(&[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:1")]).await, refused);
    assert_eq!(post(&[("sec-fetch-site", "cross-site")]).await, refused);
    assert_eq!(post(&[("origin", "https://evil.example")]).await, refused);
    assert_eq!(post(&[("origin", "null")]).await, refused);
    // With a credential that no page can make a browser send it is somebody's own doing.
    assert_eq!(post(&[("origin", "https://evil.example"), ("x-api-key", "key-of-ada")]).await, fine);
    // Reading changes nothing, and what is read stays hidden from the page.
    let read = who(&server, &[("cookie", &cookie), ("sec-fetch-site", "cross-site")]).await;
    assert_eq!(read, is(200, "ada"));
    // Without a cookie there is nothing to be abused.
    let public = server
        .send(
            "POST",
            "/notify",
            &[("origin", "https://evil.example"), ("content-type", "application/json")],
            r#"{"user": "a", "text": "b"}"#,
        )
        .await;
    assert_eq!(public.status, 200);
}

// Seen to fail with any good credential taken as a proof.
#[tokio::test]
async fn a7_a_key_in_the_query_is_no_proof_since_a_form_can_have_it() {
    let app = Pikku::new(Services::new(jwt().await))
        .jwt(jwt().await)
        .middleware(auth_cookie("s").jwt())
        .middleware(auth_api_key(ApiKeySource::All, e2e::find_session));
    let server = serve(app).await;
    let cookie = sign_in(&server, "ada").await;
    let headers =
        [("cookie", cookie.as_str()), ("content-type", "application/json"), ("origin", "https://evil.example")];
    let forged = server.send("POST", "/things?apiKey=key-of-eve", &headers, r#"{"owner": "ada"}"#).await;
    assert_eq!((forged.status, &forged.json()["code"]), (403, &json!("cross_site_request")));
}

// Seen to fail with only those requests looked at that a cookie signs in.
#[tokio::test]
async fn a7_a_page_of_another_site_signs_nobody_in_or_out() {
    let server = serve(with_store().await).await;
    let foreign = [("content-type", "application/json"), ("sec-fetch-site", "cross-site")];
    let answer = server.send("POST", "/login", &foreign, r#"{"name": "eve"}"#).await;
    assert_eq!((answer.status, set_cookies(&answer)), (403, vec![]));
    let cookie = sign_in(&server, "ada").await;
    let sent = [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")];
    assert_eq!(server.send("POST", "/logout", &sent, "").await.status, 403);
    assert_eq!(who(&server, &[("cookie", &cookie)]).await, is(200, "ada"));
    // Coming back from where one has signed in is a link.
    let linked = server.send("GET", "/login/link?name=ada", &[("sec-fetch-site", "cross-site")], "").await;
    assert_eq!((linked.status, set_cookies(&linked).len()), (204, 1));
}

// Seen to fail with the `Origin` of an upgrade alone looked at.
#[tokio::test]
async fn z5_a_page_of_another_site_opens_no_channel_with_a_cookie() {
    let server = serve(with_jwt().await).await;
    let own = format!("http://{}", server.address);
    let cookie = sign_in(&server, "ada").await;
    let open = async |headers: &[(&'static str, &str)]| {
        let all = [&[("cookie", cookie.as_str())], headers].concat();
        match Socket::open(&server, "/private", &all).await {
            Ok(mut socket) => (101, socket.answer(json!({ "action": "whoami" })).await["result"].clone()),
            Err((status, problem)) => (status, problem["code"].clone()),
        }
    };
    assert_eq!(open(&[]).await, (101, json!("ada")));
    assert_eq!(open(&[("origin", &own)]).await, (101, json!("ada")));
    assert_eq!(open(&[("origin", "https://evil.example")]).await, (403, json!("foreign_origin")));
    assert_eq!(open(&[("origin", "null")]).await, (403, json!("foreign_origin")));
    assert_eq!(open(&[("sec-fetch-site", "cross-site")]).await, (403, json!("cross_site_request")));
    assert_eq!(open(&[("origin", &own), ("sec-fetch-site", "same-site")]).await, (403, json!("cross_site_request")));
}

fn start(app: Pikku<TestApp>) -> String {
    let started = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(e2e::generated::router(app))));
    let Err(panic) = started else { return "it starts".to_owned() };
    panic.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[tokio::test]
async fn z3_what_would_not_be_safe_or_could_not_work_does_not_start() {
    let bare = || async { Pikku::<TestApp>::new(Services::new(jwt().await)) };
    let with_origins = |origins| async { with_jwt().await.origins(origins) };
    for (app, says) in [
        (with_jwt().await, "it starts"),
        (bare().await.middleware(auth_cookie("s").jwt()), "needs a JWT service"),
        (bare().await.middleware(auth_bearer().jwt()), "needs a JWT service"),
        (bare().await.sessions(sessions()).middleware(auth_cookie("s").store()), "it starts"),
        (bare().await.middleware(auth_cookie("s").store()), "needs sessions"),
        (app().await.middleware(auth_cookie("a b").jwt()), "can't be the name of a cookie"),
        (app().await.middleware(auth_cookie("__Host-s").domain("a.example").jwt()), "browsers refuse the cookie"),
        (
            app().await.middleware(auth_cookie("s").same_site(pikku_core::SameSite::None).insecure().jwt()),
            "browsers refuse the cookie",
        ),
        (with_origins(Origins::Any).await, "pages of any origin could act"),
        (with_origins(Origins::Listed(vec!["app.example".to_owned()])).await, "`app.example` is no origin"),
        (with_origins(Origins::Listed(vec!["*".to_owned()])).await, "`*` is no origin"),
    ] {
        let said = start(app);
        assert!(said.contains(says), "{said} / {says}");
        assert!(says == "it starts" || said.contains("help: "), "{said}");
    }
}
