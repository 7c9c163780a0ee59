//! What is counted.

/// One thing to count.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) app: App,
    pub(crate) exchange: Exchange,
    /// How often it is asked while counting.
    pub(crate) turns: u64,
    /// The case of hand-written axum that it is compared with.
    pub(crate) yardstick: &'static str,
}

/// An application.
#[derive(Debug, Clone, Copy)]
pub(crate) enum App {
    Contract,
    #[cfg(feature = "large")]
    Large(crate::large::Large),
}

/// What a client says.
pub(crate) enum Exchange {
    Http(Vec<u8>),
    Message { path: &'static str, text: String },
    Publish { subscribers: usize, other_topics: usize },
}

/// The token of a user, which lasts until 2100.
const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c2VyLTEiLCJleHAiOjQxMDI0NDQ4MDAsInJvbGUiOiJ1c2VyIn0.\
    usR96wf3S5dRfXWbjL4U42PNsQEYJkuaBs6cwxb76i4";

const TODO: &str = r#"{"title":"Buy milk, bread and two dozen eggs","tags":["home","errand","weekly"],"priority":2,"due":"2026-12-01T10:00:00Z"}"#;

/// The same without its priority.
const PART_OF_A_TODO: &str =
    r#"{"title":"Buy milk, bread and two dozen eggs","tags":["home","errand","weekly"],"due":"2026-12-01T10:00:00Z"}"#;

/// Everything whose count is kept, in the order of the table. What hand-written axum has no equal of is compared with its
/// todos.
pub(crate) fn cases() -> Vec<Case> {
    let bearer = format!("authorization: Bearer {TOKEN}\r\n");
    let cookie = format!("cookie: theme=dark; __Host-session={TOKEN}\r\n");
    let publish = |name, subscribers, turns| Case { turns, ..case(name, "todos", publish(subscribers, 0)) };
    vec![
        case("hello", "hello", get("/hello", "")),
        case("todos", "todos", post("/todos/inbox", TODO)),
        case("me", "me", get("/me", &bearer)),
        case("me by cookie", "me", get("/me", &cookie)),
        case("path, query and body", "todos", post("/todos/inbox?priority=2", PART_OF_A_TODO)),
        case("message", "todos", echo("echo")),
        publish("publish to 1", 1, 1000),
        publish("publish to 100", 100, 100),
        publish("publish to 10,000", 10_000, 10),
    ]
}

pub(crate) fn case(name: &str, yardstick: &'static str, exchange: Exchange) -> Case {
    Case { name: name.to_owned(), app: App::Contract, exchange, turns: 1000, yardstick }
}

pub(crate) fn get(path: &str, headers: &str) -> Exchange {
    Exchange::Http(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n").into_bytes())
}

fn post(path: &str, body: &str) -> Exchange {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n");
    Exchange::Http(format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes())
}

pub(crate) fn echo(action: &str) -> Exchange {
    let data = r#"{"id":42,"kind":"note","text":"the quick brown fox jumps","list":[1,2,3]}"#;
    Exchange::Message { path: "/echo", text: format!(r#"{{"action":"{action}","data":{data}}}"#) }
}

pub(crate) fn publish(subscribers: usize, other_topics: usize) -> Exchange {
    Exchange::Publish { subscribers, other_topics }
}
