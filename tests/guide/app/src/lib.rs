//! The application that the guides in `docs` show, on a port of its own for each test.

use std::{net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use guide_functions::TodoApp;
use pikku_core::{JwtService, Key, Pikku, Server};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

pikku_core::include_generated!();

/// The generated Rust client.
pub mod client {
    pikku_client::include_generated!();
}

/// A JWT service with one key.
///
/// # Panics
/// When the key is refused, which it is not.
pub async fn jwt() -> JwtService {
    JwtService::new(async || [Key::hs256("test", "a secret of thirty-two bytes or more")]).await.expect("a good key")
}

/// Serves an application until the test ends, and says where: `http://127.0.0.1:4002`.
///
/// # Panics
/// When there is no free port.
pub async fn serve(app: Pikku<TodoApp>) -> String {
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let address = server.local_addr().expect("it is bound");
    tokio::spawn(server.serve_until(generated::router(app), std::future::pending()));
    format!("http://{address}")
}

/// An answer, read to the end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body; `null` if it is not JSON.
    pub body: Value,
}

impl Answer {
    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The code of a problem, or nothing.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The cookie that it sets, as the next request sends it, or nothing.
    #[must_use]
    pub fn cookie(&self) -> &str {
        self.header("set-cookie").split(';').next().unwrap_or_default()
    }
}

/// Sends a request: `send("GET", &(server + "/me"), &[("x-api-key", key)], Value::Null)`.
///
/// # Panics
/// When there is no answer.
pub async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: Value) -> Answer {
    let mut request = reqwest::Client::new().request(method.parse().expect("a method"), url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await.expect("a whole answer");
    Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
}

/// Asks who is signed in: the status, and the user or the code of the problem.
pub async fn who(server: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let answer = send("GET", &format!("{server}/me"), headers, Value::Null).await;
    let said = answer.body["userId"].as_str().unwrap_or(answer.code());
    (answer.status, said.to_owned())
}

/// Signs somebody in by their password.
pub async fn login(server: &str, name: &str) -> Answer {
    let body = json!({ "name": name, "password": format!("a password of {name}") });
    send("POST", &format!("{server}/login"), &[], body).await
}

/// A connection to the channel.
#[derive(Debug)]
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a connection.
    ///
    /// # Errors
    /// The status and the code of a refusal.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn open(server: &str, headers: &[(&'static str, &str)]) -> Result<Self, (u16, String)> {
        let url = format!("{}/events", server.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => {
                let body: Value =
                    serde_json::from_slice(response.body().as_deref().unwrap_or_default()).unwrap_or_default();
                Err((response.status().as_u16(), body["code"].as_str().unwrap_or_default().to_owned()))
            }
            Err(error) => panic!("no answer: {error}"),
        }
    }

    /// Sends a message, and gives its answer.
    ///
    /// # Panics
    /// When there is none.
    pub async fn ask(&mut self, message: Value) -> Value {
        self.0.send(Message::text(message.to_string())).await.expect("it is sent");
        loop {
            match self.next().await {
                Some(Message::Text(text)) => return serde_json::from_str(&text).expect("it is JSON"),
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                end => panic!("no answer: {end:?}"),
            }
        }
    }

    /// The code that the server closes the connection with.
    ///
    /// # Panics
    /// When it does not.
    pub async fn closed(&mut self) -> u16 {
        loop {
            match self.next().await {
                Some(Message::Close(Some(frame))) => return frame.code.into(),
                Some(_) => {}
                None => panic!("the connection was lost"),
            }
        }
    }

    async fn next(&mut self) -> Option<Message> {
        timeout(Duration::from_secs(30), self.0.next()).await.expect("in time")?.ok()
    }
}
