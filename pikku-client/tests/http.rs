//! The runtime against a real server: what goes over the wire, and what comes of each answer.

mod support;

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use pikku_client::{ApiError, EncodeError, Error, Http, NoError, Retry, TransportError, Upload};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::{Reply, Server, json, problem};

/// An error as codegen writes them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "code", content = "data")]
enum TodoError {
    #[serde(rename = "todo_not_found")]
    NotFound,
    #[serde(rename = "locked")]
    Locked { until: String },
    #[serde(rename = "wrong_password")]
    WrongPassword,
}

impl fmt::Display for TodoError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl std::error::Error for TodoError {}

impl ApiError for TodoError {
    const VARIANTS: &'static [(u16, &'static str)] =
        &[(404, "todo_not_found"), (423, "locked"), (401, "wrong_password")];

    fn status(&self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Locked { .. } => 423,
            Self::WrongPassword => 401,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "todo_not_found",
            Self::Locked { .. } => "locked",
            Self::WrongPassword => "wrong_password",
        }
    }
}

type Answer = Result<Value, Error<TodoError>>;

fn client(server: &Server) -> Http {
    let retry = Retry { attempts: 3, first_wait: Duration::from_millis(5), longest_wait: Duration::from_millis(1500) };
    Http::new(&server.url).expect("it is an address").with_retry(retry)
}

async fn post(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Error<TodoError> {
    let server = Server::new(move |_, _| reply()).await;
    let answer: Answer = client(&server).post("/x").json().await;
    answer.expect_err("the answer isn't success")
}

#[tokio::test]
async fn a_functions_own_errors_are_typed() {
    assert!(matches!(post(|| problem(404, "todo_not_found", "")).await, Error::Api(TodoError::NotFound)));
    let error = post(|| problem(423, "locked", r#","data":{"until":"noon"}"#)).await;
    assert!(matches!(&error, Error::Api(TodoError::Locked { until }) if until == "noon"), "{error:?}");
    assert_eq!((error.status(), error.code()), (Some(423), Some("locked")));
    // The payload doesn't fit what the client was generated from.
    let error = post(|| problem(423, "locked", r#","data":{"till":"noon"}"#)).await;
    assert!(matches!(error, Error::Decode(_)) && error.request_id() == Some("r1"), "{error:?}");
    assert!(error.to_string().contains("help: generate the client again"), "{error}");
}

#[tokio::test]
async fn the_frameworks_errors_are_told_apart() {
    let error = post(|| problem(401, "unauthorized", "")).await;
    assert!(matches!(error, Error::Unauthorized(_)), "{error:?}");
    let error = post(|| problem(403, "forbidden", "")).await;
    assert!(matches!(error, Error::Forbidden(_)), "{error:?}");
    let error = post(|| problem(404, "route_not_found", "")).await;
    assert!(matches!(error, Error::Problem(_)) && error.status() == Some(404), "{error:?}");
    let error = post(|| problem(422, "made_up_later", "")).await;
    assert!(matches!(error, Error::Problem(_)), "{error:?}");

    let fault =
        r#","detail":"the input is not valid","errors":[{"pointer":"/title","detail":"length is lower than 1"}]"#;
    let error = post(move || problem(422, "invalid_input", fault)).await;
    let Error::Invalid(invalid) = &error else { panic!("{error:?}") };
    assert_eq!(invalid.field("/title").map(|fault| fault.detail.as_str()), Some("length is lower than 1"));
    assert_eq!(
        error.to_string(),
        "422 invalid_input: the input is not valid; `/title`: length is lower than 1 (request r1)"
    );
}

#[tokio::test]
async fn answers_of_strangers_are_problems_too() {
    let headers = "content-type: text/html\r\nx-request-id: proxy-9\r\n";
    let error = post(|| Reply::Answer { status: 502, headers, body: "<h1>no</h1>".to_owned() }).await;
    assert_eq!(error.to_string(), "502 Bad Gateway (request proxy-9)");
    let headers = "location: https://example.org/x\r\n";
    let error = post(|| Reply::Answer { status: 308, headers, body: String::new() }).await;
    assert!(error.to_string().contains("redirects to `https://example.org/x`; help:"), "{error}");
    let error = post(|| json(200, "[1")).await;
    assert!(matches!(error, Error::Decode(_)) && error.status() == Some(200), "{error:?}");
    let error = post(|| Reply::HangUp).await;
    assert!(matches!(error, Error::Transport(TransportError::Interrupted(_))), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_as_that() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}", free.local_addr().expect("it is bound"));
    drop(free);
    let http = Http::new(url).expect("it is an address").with_retry(Retry::never());
    let answer: Answer = http.get("/x?secret=1").json().await;
    let error = answer.expect_err("nobody listens").to_string();
    assert!(error.starts_with("the server can't be reached: ") && error.contains("refused"), "{error}");
    assert!(!error.contains("secret"), "{error}");
}

#[tokio::test]
async fn requests_carry_what_the_contract_says() {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Input {
        todo_id: &'static str,
        title: &'static str,
        tags: [&'static str; 2],
        due: Option<u8>,
    }
    let input = Input { todo_id: "a/../b", title: "a & b", tags: ["x", "ü"], due: None };

    let server = Server::new(|_, _| json(200, r#"{"ok":true}"#)).await;
    let http = client(&server).with_api_key("key-1").with_bearer("token-1").with_header("x-tenant", "t");
    let answer: Answer = http.patch("/todos/{todoId}").input(&input).json().await;
    assert_eq!(answer.expect("it is success"), json!({"ok": true}));
    let answer: Answer = http.get("/todos/{todoId}").input(&input).json().await;
    answer.expect("it is success");

    let seen = server.seen();
    assert_eq!(seen[0].line, "PATCH /todos/a%2F..%2Fb");
    assert_eq!(seen[0].body, r#"{"due":null,"tags":["x","ü"],"title":"a & b"}"#);
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    assert_eq!(seen[0].header("accept"), Some("application/json, application/problem+json"));
    assert_eq!(seen[0].header("x-api-key"), Some("key-1"));
    assert_eq!(seen[0].header("authorization"), Some("Bearer token-1"));
    assert_eq!(seen[0].header("x-tenant"), Some("t"));
    assert_eq!(seen[1].line, "GET /todos/a%2F..%2Fb?tags=x&tags=%C3%BC&title=a%20%26%20b");
    assert_eq!((seen[1].body.as_str(), seen[1].header("content-type")), ("", None));
}

#[tokio::test]
async fn nothing_and_raw_answers() {
    let server = Server::new(|_, seen| match seen.line.as_str() {
        "POST /logout" => json(204, ""),
        _ => Reply::Answer { status: 200, headers: "content-type: text/csv\r\n", body: "a,b".to_owned() },
    })
    .await;
    client(&server).post("/logout").empty::<NoError>().await.expect("it is success");
    let raw = client(&server).get("/export").raw::<NoError>().await.expect("it is success");
    assert_eq!((raw.content_type(), &raw.bytes[..]), (Some("text/csv"), &b"a,b"[..]));
}

#[tokio::test]
async fn files_travel_in_a_multipart_form() {
    let server = Server::new(|_, _| json(204, "")).await;
    let file = Upload::new("cat.png", vec![b'c'; 5]).with_content_type("image/png");
    let http = client(&server);
    let request = http.post("/users/{userId}/picture").input(&json!({"userId": 7, "alt": "a cat", "tags": ["x", "y"]}));
    let request = request.files("picture", &Some(file)).files("more", &Vec::<Upload>::new());
    request.empty::<NoError>().await.expect("it is success");

    let seen = &server.seen()[0];
    assert_eq!(seen.line, "POST /users/7/picture");
    assert!(seen.header("content-type").is_some_and(|value| value.starts_with("multipart/form-data; boundary=")));
    let picture = "name=\"picture\"; filename=\"cat.png\"\r\nContent-Type: image/png\r\n\r\nccccc\r\n";
    for part in ["name=\"alt\"\r\n\r\na cat\r\n", "name=\"tags\"\r\n\r\nx\r\n", "name=\"tags\"\r\n\r\ny\r\n", picture] {
        assert!(seen.body.contains(part), "{part:?} in {:?}", seen.body);
    }
}

#[tokio::test]
async fn safe_requests_are_retried_and_others_are_not() {
    let server = Server::new(|count, _| match count {
        0 => problem(503, "busy", ""),
        1 => Reply::HangUp,
        _ => json(200, "1"),
    })
    .await;
    let answer: Answer = client(&server).get("/x").json().await;
    assert_eq!(answer.expect("the third attempt is success"), json!(1));

    for reply in [|| problem(503, "busy", ""), || Reply::HangUp] {
        let server = Server::new(move |_, _| reply()).await;
        let answer: Answer = client(&server).post("/x").json().await;
        answer.expect_err("a post isn't repeated");
        assert_eq!(server.seen().len(), 1);
        let answer: Answer = client(&server).get("/x").json().await;
        answer.expect_err("the attempts run out");
        assert_eq!(server.seen().len(), 4);
    }
    let server = Server::new(|_, _| problem(404, "route_not_found", "")).await;
    let answer: Answer = client(&server).get("/x").json().await;
    answer.expect_err("there is no such route");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn retry_after_is_honoured_or_given_to_the_caller() {
    let busy = |headers| {
        move |count: usize, _: &support::Seen| match count {
            0 => Reply::Answer { status: 429, headers, body: String::new() },
            _ => json(200, "1"),
        }
    };
    let server = Server::new(busy("retry-after: 1\r\n")).await;
    let start = Instant::now();
    let answer: Answer = client(&server).get("/x").json().await;
    answer.expect("the second attempt is success");
    assert!(start.elapsed() >= Duration::from_secs(1));

    for (headers, timeout) in [("retry-after: 60\r\n", 30.0), ("retry-after: 1\r\n", 0.5)] {
        let server = Server::new(busy(headers)).await;
        let start = Instant::now();
        let answer: Answer = client(&server).with_timeout(Duration::from_secs_f64(timeout)).get("/x").json().await;
        assert_eq!(answer.expect_err("it is told at once").status(), Some(429));
        assert!(start.elapsed() < Duration::from_millis(400));
    }
}

#[tokio::test]
async fn a_call_ends_when_its_time_is_up() {
    let server = Server::new(|_, _| Reply::Silence).await;
    let limit = Duration::from_millis(50);
    let answer: Answer = client(&server).with_timeout(limit).get("/x").json().await;
    let error = answer.expect_err("there is no answer");
    assert!(matches!(error, Error::Transport(TransportError::Timeout(time)) if time == limit), "{error:?}");
    assert_eq!((error.status(), error.to_string().as_str()), (None, "there was no answer within 50ms"));
}

/// A server that takes only the token `fresh`, and a client whose hook gets it, with the number of times the hook ran.
async fn refreshing(outcome: Result<Option<&'static str>, &'static str>) -> (Server, Http, Arc<AtomicUsize>) {
    let server = Server::new(|_, seen| match seen.header("authorization") {
        Some("Bearer fresh") => json(200, "1"),
        _ if seen.line.ends_with("/login") => problem(401, "wrong_password", ""),
        _ => problem(401, "invalid_token", ""),
    })
    .await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let http = client(&server).with_bearer("stale").with_refresh(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            outcome.map(|token| token.map(str::to_owned))
        }
    });
    (server, http, runs)
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_for_all() {
    let (server, http, runs) = refreshing(Ok(Some("fresh"))).await;
    let calls = (0..8).map(|_| {
        let http = http.clone();
        tokio::spawn(async move { http.post("/x").json::<Value, NoError>().await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("it doesn't panic").expect("the second attempt is success");
    }
    assert_eq!((runs.load(Ordering::SeqCst), server.seen().len()), (1, 16));
}

#[tokio::test]
async fn a_late_refusal_does_not_refresh_again() {
    // By the time that the refusal of the stale token arrives, someone else has set another.
    let shared: Arc<OnceLock<Http>> = Arc::default();
    let setter = Arc::clone(&shared);
    let server = Server::new(move |count, seen| {
        setter.get().expect("the client is there").set_bearer("fresh");
        assert_eq!(seen.header("authorization"), Some(["Bearer stale", "Bearer fresh"][count]));
        if count == 0 { problem(401, "invalid_token", "") } else { json(200, "1") }
    })
    .await;
    let runs = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&runs);
    let http = client(&server).with_bearer("stale").with_refresh(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, TransportError>(None) }
    });
    let http = shared.get_or_init(|| http);
    let answer: Answer = http.get("/x").json().await;
    answer.expect("the second attempt is success");
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_refresh_that_fails_is_told_to_all_who_waited() {
    let (server, http, runs) = refreshing(Err("the login server is down")).await;
    let calls: Vec<_> = (0..4)
        .map(|_| {
            let http = http.clone();
            tokio::spawn(async move { http.get("/x").json::<Value, NoError>().await })
        })
        .collect();
    for call in calls {
        let error = call.await.expect("it doesn't panic").expect_err("there is no token");
        assert_eq!(error.to_string(), "no fresh token was to be had: the login server is down");
    }
    assert_eq!((runs.load(Ordering::SeqCst), server.seen().len()), (1, 4));
}

#[tokio::test]
async fn the_user_signs_in_again_where_nothing_can_be_refreshed() {
    let (_server, http, runs) = refreshing(Ok(None)).await;
    let answer: Answer = http.get("/x").json().await;
    assert!(matches!(answer, Err(Error::Unauthorized(_))), "{answer:?}");
    // A function's own 401 says nothing of the token.
    let answer: Answer = http.post("/login").json().await;
    assert!(matches!(answer, Err(Error::Api(TodoError::WrongPassword))), "{answer:?}");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn events_arrive_one_by_one() {
    let parts: [&[u8]; 4] = [b"data: 1\n\nda", b"ta: 2\n\ndata: \"x\"\n\n", b": alive\n\ndata: 3\r\n\r\n", b"data: 4"];
    let server = Server::new(move |_, _| Reply::Stream(parts.to_vec())).await;
    let http = client(&server).with_timeout(Duration::from_millis(60));
    let mut events = http.get("/events").events::<u32, NoError>().await.expect("it begins");
    let mut values = Vec::new();
    while let Some(value) = events.next().await {
        values.push(value.map_err(|error| matches!(error, Error::Decode(_))));
    }
    assert_eq!(values, [Ok(1), Ok(2), Err(true), Ok(3)]);
    assert_eq!(server.seen()[0].header("accept"), Some("text/event-stream, application/problem+json"));
}

#[tokio::test]
async fn a_stream_fails_before_it_begins_or_in_its_midst() {
    let server = Server::new(|_, _| problem(404, "todo_not_found", "")).await;
    let begun = client(&server).get("/events").events::<u32, TodoError>().await;
    assert!(matches!(begun, Err(Error::Api(TodoError::NotFound))), "{begun:?}");

    let frame = b"data: 1\n\nevent: error\ndata: {\"status\":404,\"code\":\"todo_not_found\"}\n\ndata: 2\n\n";
    let server = Server::new(move |_, _| Reply::Stream(vec![frame])).await;
    let mut events = client(&server).get("/events").events::<u32, TodoError>().await.expect("it begins");
    assert!(matches!(events.next().await, Some(Ok(1))));
    assert!(matches!(events.next().await, Some(Err(Error::Api(TodoError::NotFound)))));
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn secrets_are_not_shown_and_bad_ones_not_sent() {
    let server = Server::new(|_, _| json(200, "1")).await;
    let http = client(&server).with_api_key("hunter2").with_bearer("hunter3").with_header("cookie", "hunter4");
    let shown = format!("{http:?} {:?}", http.post("/x").input(&json!({"password": "hunter5"})));
    assert!(!shown.contains("hunter") && shown.contains("x-api-key"), "{shown}");

    let answer: Answer = client(&server).with_api_key("a\nb").get("/x").json().await;
    let error = answer.expect_err("it can't be sent");
    assert!(matches!(&error, Error::Encode(EncodeError::Header(name)) if name == "x-api-key"), "{error:?}");
    let answer: Answer = client(&server).with_bearer("a\nb").get("/x").json().await;
    assert!(matches!(answer, Err(Error::Encode(EncodeError::Header(_)))), "{answer:?}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_clone_is_changed_alone_but_for_its_token() {
    let server = Server::new(|_, _| json(200, "1")).await;
    let one = client(&server).with_bearer("a");
    let (two, three) = (one.clone().with_api_key("k"), one.clone().with_bearer("c"));
    one.set_bearer("b");
    for http in [&one, &two, &three] {
        http.get("/x").empty::<NoError>().await.expect("it is success");
    }
    let seen: Vec<_> = server.seen();
    let sent: Vec<_> = seen.iter().map(|seen| (seen.header("authorization"), seen.header("x-api-key"))).collect();
    assert_eq!(sent, [(Some("Bearer b"), None), (Some("Bearer b"), Some("k")), (Some("Bearer c"), None)]);
}

/// Calls can be made from tasks that move between threads, and their errors put into boxes.
#[test]
fn futures_and_errors_cross_threads() {
    fn assert_send<T: Send>(_: &T) {}
    fn assert_error<T: std::error::Error + Send + Sync + 'static>() {}
    let http = Http::new("http://localhost").expect("it is an address");
    assert_send(&http.get("/x").input(&1).json::<Value, TodoError>());
    assert_send(&http.get("/x").events::<Value, TodoError>());
    assert_error::<Error<TodoError>>();
}
