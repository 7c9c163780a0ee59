//! A client of a channel that knows nothing but frames.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use crate::Running;

/// A connection to a channel.
#[derive(Debug)]
pub struct Socket(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

/// What comes next on a connection.
#[derive(Debug, PartialEq)]
pub enum Next {
    /// A message.
    Message(Value),
    /// The end, with its code.
    Closed(u16),
    /// The end, without a word.
    Cut,
}

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(20);

impl Socket {
    /// Opens a connection.
    ///
    /// # Errors
    /// The status and the problem of a refusal.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn open(server: &Running, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, (u16, Value)> {
        let mut request = format!("ws://{}{path}", server.address).into_client_request().expect("a request");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                Err((response.status().as_u16(), serde_json::from_slice(body).unwrap_or_default()))
            }
            Err(error) => panic!("no answer: {error}"),
        }
    }

    /// What comes next.
    ///
    /// # Panics
    /// When nothing does.
    pub async fn next(&mut self) -> Next {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("in time") {
                Some(Ok(Message::Text(text))) => return Next::Message(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(Some(frame)))) => return Next::Closed(frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Next::Cut,
            }
        }
    }

    /// Sends a message, and gives what comes next.
    pub async fn ask(&mut self, message: Value) -> Next {
        // Where it can't be sent any more, that shows in what comes.
        let _ = self.0.send(Message::text(message.to_string())).await;
        self.next().await
    }

    /// Sends a message, and gives its answer.
    ///
    /// # Panics
    /// When there is none.
    pub async fn answer(&mut self, message: Value) -> Value {
        match self.ask(message).await {
            Next::Message(answer) => answer,
            end => panic!("no answer: {end:?}"),
        }
    }
}
