//! Requests and connections that send what the tables say, byte by byte.

use std::time::Duration;

use e2e::{
    Running,
    socket::{Next, Socket},
};
use futures_util::{SinkExt, StreamExt};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

/// How long something that has to come may take, on however slow a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Headers, in order and with whatever bytes.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The header `www-authenticate`.
    pub(crate) challenge: Option<String>,
    /// The headers `set-cookie`.
    pub(crate) cookies: Vec<String>,
    /// The body as JSON; null if it is none.
    pub(crate) body: Value,
}

impl Answer {
    /// `401 invalid_token`, or whom the function has seen.
    pub(crate) fn outcome(&self) -> String {
        match (self.status, &self.body) {
            (200, Value::Null) => "nobody".to_owned(),
            (200, Value::String(who)) => who.clone(),
            (status, body) => match body["code"].as_str() {
                Some(code) => format!("{status} {code}"),
                None => status.to_string(),
            },
        }
    }
}

/// Sends a request.
pub(crate) async fn request(
    http: &reqwest::Client,
    server: &Running,
    method: &str,
    target: &str,
    headers: &Headers,
    body: Option<&Value>,
) -> Result<Answer, String> {
    let mut sent = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().map_err(|_| format!("`{name}` is no header"))?;
        sent.append(name, HeaderValue::from_bytes(value).map_err(|_| "a value that no client can send")?);
    }
    let mut request = http.request(method.parse().expect("a method"), format!("http://{}{target}", server.address));
    if let Some(body) = body {
        request = request.json(body);
    }
    let answered = timeout(PATIENCE, request.headers(sent).send()).await.map_err(|_| "no answer in time")?;
    let response = answered.map_err(|error| format!("no answer: {error}"))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.map_err(|error| format!("half an answer: {error}"))?;
    let text_of = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Answer {
        status,
        challenge: headers.get("www-authenticate").map(text_of),
        cookies: headers.get_all("set-cookie").iter().map(text_of).collect(),
        body: serde_json::from_str(&text).unwrap_or_default(),
    })
}

/// Opens a connection, or says what it got instead.
pub(crate) async fn connect(
    server: &Running,
    target: &str,
    headers: &Headers,
) -> Result<Result<Connection, Answer>, String> {
    timeout(PATIENCE, upgrade(server, target, headers)).await.map_err(|_| "no answer in time".to_owned())?
}

async fn upgrade(server: &Running, target: &str, headers: &Headers) -> Result<Result<Connection, Answer>, String> {
    let lost = |error: std::io::Error| format!("the connection was lost: {error}");
    let mut stream = TcpStream::connect(server.address).await.map_err(lost)?;
    let mut head = format!(
        "GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        server.address
    )
    .into_bytes();
    for (name, value) in headers {
        head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    stream.write_all(&head).await.map_err(lost)?;

    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut read).await.map_err(lost)? == 0 {
            return Err("a reset in place of an answer".to_owned());
        }
    };
    let mut body = read.split_off(end + 4);
    let head = String::from_utf8_lossy(&read).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no status")?;
    if status == 101 {
        let stream = MaybeTlsStream::Plain(stream);
        let stream = WebSocketStream::from_partially_read(stream, body, Role::Client, None).await;
        return Ok(Ok(Connection(Socket(stream))));
    }
    let header = |wanted: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).ok_or("an answer without a length")?;
    while body.len() < length {
        if stream.read_buf(&mut body).await.map_err(lost)? == 0 {
            return Err("half an answer".to_owned());
        }
    }
    Ok(Err(Answer {
        status,
        challenge: header("www-authenticate"),
        cookies: header("set-cookie").into_iter().collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }))
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection(Socket);

impl Connection {
    /// What comes next.
    pub(crate) async fn next(&mut self) -> Result<Next, String> {
        loop {
            let next = timeout(PATIENCE, self.0.0.next()).await.map_err(|_| "nothing came in time")?;
            return Ok(match next {
                Some(Ok(Message::Text(text))) => {
                    Next::Message(serde_json::from_str(&text).map_err(|_| format!("`{text}` is no JSON"))?)
                }
                Some(Ok(Message::Close(Some(frame)))) => Next::Closed(frame.code.into()),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Next::Cut,
            });
        }
    }

    /// Sends a message, and gives its answer.
    pub(crate) async fn ask(&mut self, message: &Value) -> Result<Value, String> {
        // Where it can't be sent any more, that shows in what comes.
        let _ = self.0.0.send(Message::text(message.to_string())).await;
        match self.next().await? {
            Next::Message(answer) => Ok(answer),
            end => Err(format!("no answer to {message}: {end:?}")),
        }
    }

    /// Whom a function has seen, or what it was refused with.
    pub(crate) async fn outcome(&mut self, action: &str) -> Result<String, String> {
        let answer = self.ask(&serde_json::json!({ "action": action })).await?;
        let error = &answer["error"];
        Ok(match (error.is_null(), &answer["result"]) {
            (true, Value::Null) => "nobody".to_owned(),
            (true, Value::String(who)) => who.clone(),
            (true, _) => format!("an odd answer: {answer}"),
            (false, _) => format!("{} {}", error["status"], error["code"].as_str().unwrap_or_default()),
        })
    }
}
