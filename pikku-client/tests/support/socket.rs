//! A small WebSocket server whose connections a test plays by hand.

#![allow(dead_code, reason = "each test uses what it needs of this")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use pikku_client::{Connect, Http, Retry, Socket};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::{HeaderMap, HeaderValue},
        protocol::CloseFrame,
    },
};

/// How long a test waits for what has to come; a slow machine needs much less.
pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) url: String,
    connections: mpsc::UnboundedReceiver<Connection>,
    refusals: Arc<Mutex<VecDeque<(u16, Value)>>>,
}

/// The server's end of a connection.
pub(crate) struct Connection {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
}

impl Server {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (sender, connections) = mpsc::unbounded_channel();
        let refusals: Arc<Mutex<VecDeque<_>>> = Arc::default();
        let refusing = Arc::clone(&refusals);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let refusal = refusing.lock().expect("no test panics with it").pop_front();
                let sender = sender.clone();
                tokio::spawn(async move {
                    if let Some(connection) = accept(stream, refusal).await {
                        let _ = sender.send(connection);
                    }
                });
            }
        });
        Self { url, connections, refusals }
    }

    /// Answers the next attempts to connect with a status and a body instead.
    pub(crate) fn refuse(&self, status: u16, body: Value) {
        self.refusals.lock().expect("no test panics with it").push_back((status, body));
    }

    pub(crate) async fn accept(&mut self) -> Connection {
        timeout(SOON, self.connections.recv()).await.expect("a client connects").expect("the server is there")
    }

    pub(crate) fn http(&self) -> Http {
        Http::new(&self.url).expect("it is an address")
    }

    /// A socket that comes back at once.
    pub(crate) fn socket(&self) -> Connect {
        self.http().channel("/events").with_reconnect(at_once())
    }

    /// A socket and the server's end of it.
    pub(crate) async fn connect(&mut self, socket: Connect) -> (Socket, Connection) {
        let (socket, connection) = tokio::join!(socket.connect(), self.accept());
        (socket.expect("it opens"), connection)
    }
}

/// Tries again without much ado, so that tests needn't wait.
pub(crate) fn at_once() -> Retry {
    let (first_wait, longest_wait) = (Duration::from_millis(2), Duration::from_millis(20));
    Retry { attempts: u32::MAX, first_wait, longest_wait }
}

#[expect(clippy::result_large_err, reason = "the library has it so")]
async fn accept(stream: TcpStream, refusal: Option<(u16, Value)>) -> Option<Connection> {
    let (mut uri, mut headers) = (String::new(), HeaderMap::new());
    let handshake = |request: &Request, mut response: Response| {
        uri = request.uri().to_string();
        headers = request.headers().clone();
        if let Some((status, body)) = refusal {
            let mut refused = ErrorResponse::new(Some(body.to_string()));
            *refused.status_mut() = status.try_into().expect("it is a status");
            return Err(refused);
        }
        response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("pikku.v1"));
        Ok(response)
    };
    let socket = accept_hdr_async(stream, handshake).await.ok()?;
    Some(Connection { socket, uri, headers })
}

impl Connection {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) async fn frame(&mut self) -> Option<Message> {
        let frame = timeout(SOON, self.socket.next()).await.expect("something comes or it ends");
        frame?.ok()
    }

    /// The next message, as JSON.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.frame().await {
                Some(Message::Text(text)) => return serde_json::from_str(&text).expect("it is JSON"),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("it is no message: {other:?}"),
            }
        }
    }

    /// The actions of so many messages.
    pub(crate) async fn actions(&mut self, count: usize) -> Vec<String> {
        let mut actions = Vec::new();
        while actions.len() < count {
            actions.push(self.next().await["action"].as_str().expect("it has one").to_owned());
        }
        actions
    }

    /// How the client closes the connection.
    pub(crate) async fn end(&mut self) -> Option<CloseFrame> {
        loop {
            match self.frame().await {
                Some(Message::Close(frame)) => return frame,
                Some(_) => {}
                None => return None,
            }
        }
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_frame(Message::text(message.to_string())).await;
    }

    pub(crate) async fn send_frame(&mut self, frame: Message) {
        self.socket.send(frame).await.expect("it is open");
    }

    /// Answers the next message.
    pub(crate) async fn answer(&mut self, output: Value) -> Value {
        let asked = self.next().await;
        self.send(serde_json::json!({ "action": asked["action"], "id": asked["id"], "result": output })).await;
        asked
    }

    /// Closes the connection, and waits for the client to agree.
    pub(crate) async fn close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: code.into(), reason: reason.to_owned().into() };
        let _ = self.socket.close(Some(frame)).await;
        while let Ok(Some(Ok(_))) = timeout(SOON, self.socket.next()).await {}
    }
}
