//! The table of what is refused how, row by row.

use guide_app::{Answer, Socket, jwt, login, send, serve};
use guide_functions::{Services, TodoApp, UserSession, accounts::find_session_for_api_key};
use pikku_core::{ApiKeySource, Error, Pikku, Quota, auth_api_key, auth_bearer, auth_cookie, rate_limit};
use serde_json::{Value, json};

use crate::page::page;

/// A database that is down.
async fn find_nothing(_: &Services, _: &str) -> Result<Option<UserSession>, Error> {
    Err(Error::new("the database is down"))
}

async fn app() -> Pikku<TodoApp> {
    let jwt = jwt().await;
    let services = Services::new(jwt.clone());
    let sessions = services.sessions.clone();
    Pikku::new(services)
        .jwt(jwt)
        .sessions(sessions)
        .middleware_at("/export", rate_limit(Quota::per_hour(1)))
        .middleware_at("/admin", auth_api_key(ApiKeySource::Query, find_nothing))
        .middleware(auth_bearer().jwt())
        .middleware(auth_api_key(ApiKeySource::Header, find_session_for_api_key))
        .middleware(auth_cookie("session").store())
}

fn row(what: &str, answer: &Answer) -> String {
    let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
    let (status, challenge) = (answer.status, answer.header("www-authenticate"));
    format!("| {what} | {status} | {} | {} |", code(answer.code()), code(challenge))
}

#[tokio::test]
async fn the_table_says_what_the_server_does() {
    let server = serve(app().await).await;
    let get = async |path: &str, headers: &[(&str, &str)]| {
        send("GET", &format!("{server}{path}"), headers, Value::Null).await
    };
    let post = async |path: &str, headers: &[(&str, &str)], body: Value| {
        send("POST", &format!("{server}{path}"), headers, body).await
    };
    let (of_ada, of_page) = (("x-api-key", "key-of-ada"), ("origin", "https://evil.example"));
    let (title, guess) = (json!({ "title": "mine" }), json!({ "name": "ada", "password": "guessed" }));
    let cookie = login(&server, "ada").await.cookie().to_owned();
    let ended = login(&server, "ada").await.cookie().to_owned();
    post("/logout", &[("cookie", &ended)], Value::Null).await;
    get("/export", &[of_ada]).await;
    let rows = [
        row("nobody is signed in, and somebody has to be", &get("/me", &[]).await),
        row("a credential is bad", &get("/me", &[("authorization", "Bearer x")]).await),
        row("a session has ended, or was taken back", &get("/me", &[("cookie", &ended)]).await),
        row("a permission says no", &post("/todos", &[("x-api-key", "key-of-eve")], title.clone()).await),
        row(
            "a cookie signs in for a page of another site",
            &post("/todos", &[("cookie", &cookie), of_page], title).await,
        ),
        row("there were too many calls", &get("/export", &[of_ada]).await),
        row("whose a credential is can't be found out right now", &get("/admin/statistics?apiKey=x", &[]).await),
        row("a function refuses by an error of its own, a wrong password, say", &post("/login", &[], guess).await),
    ];
    let page = page();
    let table = page.lines().skip_while(|line| !line.starts_with("| what happened |")).skip(2);
    let table: Vec<_> = table.take_while(|line| line.starts_with('|')).collect();
    assert_eq!(table, rows);
}

#[tokio::test]
async fn c7_a_channel_is_refused_before_it_is_opened() {
    let server = serve(app().await).await;
    let refused = async |headers: &[(&'static str, &str)]| Socket::open(&server, headers).await.map(drop);
    let foreign = refused(&[("origin", "https://evil.example")]).await;
    assert_eq!(foreign, Err((403, "foreign_origin".to_owned())));
    assert_eq!(refused(&[("x-api-key", "nobody's")]).await, Err((401, "invalid_token".to_owned())));
    let page = page();
    assert!(page.contains("`foreign_origin`") && page.contains("`invalid_token`"));
}
