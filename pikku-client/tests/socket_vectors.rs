//! The vectors that every client of a channel has to play.

#[path = "support/socket.rs"]
mod support;

use std::{
    collections::BTreeMap,
    future::{Future, IntoFuture},
    pin::Pin,
};

use futures_util::{FutureExt, StreamExt, stream::SelectAll};
use pikku_client::{Call, Error, Http, NoError, Socket, State, Subscription, TransportError};
use serde::Deserialize;
use serde_json::{Value, json};
use support::{SOON, Server, at_once};
use tokio::time::timeout;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
    closes: Vec<Close>,
    openings: Vec<Opening>,
    credentials: Vec<Credential>,
}

#[derive(Deserialize)]
struct Case {
    rule: String,
    #[serde(default = "action")]
    routing: String,
    #[serde(default)]
    ids: Vec<String>,
    steps: Vec<serde_json::Map<String, Value>>,
}

#[derive(Deserialize)]
struct Close {
    code: u16,
    #[serde(rename = "final")]
    is_final: bool,
}

#[derive(Deserialize)]
struct Opening {
    server: String,
    route: String,
    #[serde(default)]
    params: Value,
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    token: Option<String>,
    api_key: Option<String>,
    protocols: Vec<String>,
}

fn action() -> String {
    "action".to_owned()
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../tests/vectors/channel.json")).expect("the vectors are sound")
}

type Answer = Result<Value, Error>;

/// A request that a scene has made.
struct Asked {
    reply: Pin<Box<dyn Future<Output = Answer> + Send>>,
    id: Value,
}

/// What a scene plays with.
struct Stage {
    socket: Socket,
    connection: support::Connection,
    heard: SelectAll<Pin<Box<dyn futures_util::Stream<Item = Value> + Send>>>,
    log: Vec<Value>,
    asked: BTreeMap<String, Asked>,
    /// What the client has sent, and no step has looked at yet.
    sent: std::collections::VecDeque<Value>,
}

#[tokio::test]
async fn every_scene_plays_as_written() {
    for case in vectors().cases {
        let mut server = Server::new().await;
        let ids: Vec<&str> = case.ids.iter().map(String::as_str).collect();
        let socket = server.socket().routing(&case.routing).own_ids(&ids);
        let (socket, connection) = server.connect(socket).await;
        let heard = listen(&socket);
        let (log, asked, sent) = (Vec::new(), BTreeMap::new(), Default::default());
        let mut stage = Stage { socket, connection, heard, log, asked, sent };
        for step in &case.steps {
            stage = stage.play(&case.rule, step).await;
        }
    }
}

/// All that a scene listens to.
fn listen(socket: &Socket) -> SelectAll<Pin<Box<dyn futures_util::Stream<Item = Value> + Send>>> {
    fn named(
        name: &'static str,
        heard: Subscription<Value>,
    ) -> Pin<Box<dyn futures_util::Stream<Item = Value> + Send>> {
        Box::pin(heard.map(move |item| json!({ name: item.expect("any value will do") })))
    }
    let errors = socket.errors().map(|error| json!({ "error": error.expect("none is missed").code() }));
    let mut heard = SelectAll::new();
    heard.push(named("topic", socket.topic("t")));
    heard.push(named("reply", socket.replies("whoami")));
    heard.push(named("message", socket.messages()));
    heard.push(Box::pin(errors) as Pin<Box<_>>);
    heard
}

impl Stage {
    async fn play(mut self, rule: &str, step: &serde_json::Map<String, Value>) -> Self {
        let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(call) = step.get("call") {
            let (action, data) = (text("action"), step.get("data").cloned().unwrap_or_default());
            let call_to: Call<'_, Value, NoError> = self.socket.call(&action).input(&data);
            if call == "send" {
                call_to.send().await.expect("it is sent");
                let sent = self.connection.next().await;
                self.sent.push_back(sent);
            } else {
                let mut reply = call_to.into_future();
                assert!((&mut reply).now_or_never().is_none(), "{rule}: nobody has answered");
                let sent = self.connection.next().await;
                self.asked.insert(format!("${}", text("as")), Asked { reply, id: sent["id"].clone() });
                self.sent.push_back(sent);
            }
        }
        if let Some(out) = step.get("out") {
            assert_eq!(self.sent.pop_front(), Some(self.filled(out)), "{rule}");
        }
        if let Some(frame) = step.get("in") {
            let frame = self.filled(frame);
            self.connection.send(frame).await;
        }
        if let Some(heard) = step.get("heard") {
            assert_eq!(json!(self.hear().await), *heard, "{rule}");
        }
        if let Some(code) = step.get("close").and_then(Value::as_u64) {
            self.connection.close(u16::try_from(code).expect("it is a code"), "").await;
        }
        if step.contains_key("settled") {
            let settled = self.settled(rule, &Value::from(format!("${}", text("settled")))).await;
            match (settled, step.get("error")) {
                (Ok(output), None) => {
                    assert_eq!(output, step.get("output").cloned().unwrap_or_default(), "{rule}");
                }
                (Err(error), Some(expected)) => {
                    for (name, value) in expected.as_object().expect("an error is an object") {
                        assert_eq!(member(&error, name), *value, "{rule}: {name}");
                    }
                }
                (settled, _) => panic!("{rule}: {settled:?}"),
            }
        }
        self
    }

    /// A frame with the ids of the requests that it speaks of.
    fn filled(&self, frame: &Value) -> Value {
        match frame {
            Value::String(text) => self.asked.get(text).map_or_else(|| frame.clone(), |asked| asked.id.clone()),
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), self.filled(value))).collect(),
            other => other.clone(),
        }
    }

    async fn settled(&mut self, rule: &str, name: &Value) -> Answer {
        let asked = self.asked.remove(name.as_str().unwrap_or_default()).expect("it was asked");
        timeout(SOON, asked.reply).await.unwrap_or_else(|_| panic!("{rule}: {name} is settled"))
    }

    /// All that was heard up to now: what comes after a request that is sent now was not.
    async fn hear(&mut self) -> &[Value] {
        let socket = self.socket.clone();
        let call: Call<'_, Value, NoError> = socket.call("is_that_all");
        let (answered, asked) = (call.into_future(), self.connection.answer(Value::Null));
        let (answered, _) = tokio::join!(answered, asked);
        answered.expect("it is answered");
        while let Some(Some(heard)) = self.heard.next().now_or_never() {
            self.log.push(heard);
        }
        &self.log
    }
}

/// A member of an error, as the vectors name it.
fn member(error: &Error, name: &str) -> Value {
    let problem = error.problem();
    match (error, name) {
        (Error::Transport(TransportError::Disconnected(_)), "status") => json!(0),
        (Error::Transport(TransportError::Disconnected(_)), "code") => json!("disconnected"),
        (_, "status") => json!(error.status()),
        (_, "code") => json!(error.code()),
        (_, "detail") => json!(problem.and_then(|problem| problem.detail.as_deref())),
        (_, "data") => problem.map(|problem| problem.data.clone()).unwrap_or_default(),
        (_, "requestId") => json!(error.request_id()),
        (_, "errors") => {
            let errors = problem.map(|problem| problem.errors.as_slice()).unwrap_or_default();
            errors.iter().map(|error| json!({ "pointer": error.pointer, "detail": error.detail })).collect()
        }
        (_, other) => panic!("errors have no `{other}`"),
    }
}

#[tokio::test]
async fn close_codes_say_whether_to_come_back() {
    for Close { code, is_final } in vectors().closes {
        let mut server = Server::new().await;
        let (socket, mut connection) = server.connect(server.socket()).await;
        match code {
            // It never stands in a frame: it is what no frame at all comes to.
            1006 => drop(connection),
            code => connection.close(code, "").await,
        }
        let mut states = socket.states();
        let state = timeout(SOON, async {
            loop {
                match states.next().await {
                    Some(Ok(state @ (State::Waiting { .. } | State::Connecting))) => break state,
                    Some(_) => {}
                    None => break socket.state(),
                }
            }
        });
        match (state.await.expect("it goes on or ends"), is_final) {
            (State::Closed(closed), true) => assert_eq!(closed.code, code),
            (State::Waiting { .. } | State::Connecting, false) => {
                server.accept().await;
            }
            (state, _) => panic!("{code}: {state:?}"),
        }
    }
}

#[tokio::test]
async fn a_channel_is_where_the_server_is() {
    for Opening { server, route, params, url } in vectors().openings {
        let http = Http::new(&server).expect("it is an address");
        let mut socket = http.channel::<Socket>(&route);
        if !params.is_null() {
            socket = socket.opening(&params);
        }
        assert_eq!(socket.url().expect("it can be said"), url);
    }
}

#[tokio::test]
async fn credentials_are_offered_as_protocols() {
    for Credential { token, api_key, protocols } in vectors().credentials {
        let mut server = Server::new().await;
        let mut http = server.http();
        http = token.into_iter().fold(http, Http::with_bearer);
        http = api_key.into_iter().fold(http, Http::with_api_key);
        let (_, connection) = server.connect(http.channel("/events").with_reconnect(at_once())).await;
        assert_eq!(connection.header("sec-websocket-protocol"), protocols.join(", "));
        assert_eq!((connection.uri.as_str(), connection.header("x-api-key")), ("/events", ""));
    }
}
