//! Connections over tokio-tungstenite. It answers pings by itself, as long as somebody reads.

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use reqwest::header::{self, HeaderName, HeaderValue};
use tokio::{
    io::{self, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{
        self, Error,
        client::IntoClientRequest,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::{End, Message, Target};
use crate::{problem::Problem, socket::state::Closed};

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How much is read at once. The library's own 128 KiB are a lot where connections are many and messages small.
const READ_BUFFER: usize = 16 * 1024;

/// What the server says.
#[derive(Debug)]
pub(in crate::socket) struct Reader {
    stream: SplitStream<Stream>,
    message_limit: usize,
}

/// What is said to the server.
#[derive(Debug)]
pub(in crate::socket) struct Writer(SplitSink<Stream, tungstenite::Message>);

/// Opens a connection.
pub(in crate::socket) async fn open(target: &Target) -> Result<(Writer, Reader), Closed> {
    let request = request(target).map_err(Closed::lost)?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .max_message_size(Some(target.message_limit))
        .max_frame_size(Some(target.message_limit));
    #[cfg(feature = "tls")]
    let connected = {
        let connector = match target.url.scheme() {
            "wss" => Some(tls::connector()?),
            _ => None,
        };
        tokio_tungstenite::connect_async_tls_with_config(request, Some(config), true, connector).await
    };
    #[cfg(not(feature = "tls"))]
    let connected = tokio_tungstenite::connect_async_with_config(request, Some(config), true).await;
    let (stream, _) = connected.map_err(|error| refusal(&error))?;
    let (writer, stream) = stream.split();
    Ok((Writer(writer), Reader { stream, message_limit: target.message_limit }))
}

/// Waits until the server, which was told, has ended the connection as well, and takes what still comes. If it were left
/// unread, the system would reset the connection, and what the server was told could be lost.
pub(in crate::socket) async fn linger(writer: Writer, reader: Reader) {
    let Ok(mut stream) = writer.0.reunite(reader.stream) else { return };
    let stream = stream.get_mut();
    // It may be gone already, which is as good as closed.
    let _ = stream.shutdown().await;
    let _ = io::copy(stream, &mut io::sink()).await;
}

/// Waits until the network is back, of which nobody tells.
pub(in crate::socket) async fn online() {
    std::future::pending().await
}

/// The request to upgrade, with the headers that requests of HTTP have too.
fn request(target: &Target) -> Result<tungstenite::handshake::client::Request, Error> {
    let mut request = target.url.as_str().into_client_request()?;
    for (name, value) in &target.headers {
        if !is_of_the_upgrade(name) {
            request.headers_mut().insert(name.clone(), value.clone());
        }
    }
    let mut protocols =
        HeaderValue::try_from(target.protocols.join(", ")).map_err(|error| Error::HttpFormat(error.into()))?;
    protocols.set_sensitive(true);
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocols);
    Ok(request)
}

/// Whether a header is what makes the request an upgrade, which nobody else may set.
fn is_of_the_upgrade(name: &HeaderName) -> bool {
    matches!(*name, header::HOST | header::CONNECTION | header::UPGRADE) || name.as_str().starts_with("sec-websocket-")
}

/// Why a connection did not open: what the server said, or what happened.
fn refusal(error: &Error) -> Closed {
    let Error::Http(response) = error else { return Closed::lost(error) };
    let body = response.body().as_deref().unwrap_or_default();
    let problem = Box::new(Problem::parse(response.status(), body, None));
    Closed { problem: Some(problem.clone()), ..Closed::lost(problem) }
}

impl Reader {
    /// The next message, or how the connection ended.
    pub(in crate::socket) async fn next(&mut self) -> Result<Message, End> {
        loop {
            match self.stream.next().await {
                Some(Ok(tungstenite::Message::Text(text))) => return Ok(Message::Text(text.as_str().to_owned())),
                // A slice would keep all of the read buffer from being freed.
                Some(Ok(tungstenite::Message::Binary(bytes))) => {
                    return Ok(Message::Binary(bytes::Bytes::copy_from_slice(&bytes)));
                }
                Some(Ok(tungstenite::Message::Close(frame))) => {
                    let (code, reason) = frame
                        .map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.as_str().to_owned()));
                    return Err(End::by_server(Closed::new(code, reason)));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(self.end(&error)),
                None => return Err(End::gone(Closed::lost("the connection broke off"))),
            }
        }
    }

    fn end(&self, error: &Error) -> End {
        match error {
            Error::Capacity(_) => End::too_large(self.message_limit),
            Error::Utf8(_) => End::fault(1007, error.to_string()),
            Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_) => {
                End::gone(Closed::lost("the connection broke off"))
            }
            Error::Protocol(_) => End::fault(1002, error.to_string()),
            other => End::gone(Closed::lost(other)),
        }
    }
}

impl Writer {
    /// Hands a message over, to be sent with the next flush at the latest.
    pub(in crate::socket) async fn feed(&mut self, message: Message) -> Result<(), Closed> {
        let message = match message {
            Message::Text(text) => tungstenite::Message::text(text),
            Message::Binary(bytes) => tungstenite::Message::binary(bytes),
        };
        self.0.feed(message).await.map_err(Closed::lost)
    }

    pub(in crate::socket) async fn flush(&mut self) -> Result<(), Closed> {
        self.0.flush().await.map_err(Closed::lost)
    }

    /// Closes the connection, or answers to the server's closing it.
    pub(in crate::socket) async fn close(&mut self, with: Option<(u16, &str)>) {
        // It may be gone already, which is as good as closed.
        let _ = match with {
            Some((code, reason)) => {
                let frame = CloseFrame { code: CloseCode::from(code), reason: cut(reason).into() };
                self.0.send(tungstenite::Message::Close(Some(frame))).await
            }
            None => self.0.flush().await,
        };
    }
}

/// As much of a reason as a close frame has room for.
fn cut(reason: &str) -> &str {
    &reason[..reason.floor_char_boundary(123)]
}

#[cfg(feature = "tls")]
mod tls {
    use std::sync::{Arc, OnceLock};

    use rustls::{ClientConfig, crypto::CryptoProvider};
    use rustls_platform_verifier::BuilderVerifierExt;
    use tokio_tungstenite::Connector;

    use crate::socket::state::Closed;

    /// The connector of all sockets, which trusts whom the platform does, as HTTP does.
    pub(super) fn connector() -> Result<Connector, Closed> {
        static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
        if let Some(config) = CONFIG.get() {
            return Ok(Connector::Rustls(Arc::clone(config)));
        }
        let config = config().map_err(Closed::lost)?;
        Ok(Connector::Rustls(Arc::clone(CONFIG.get_or_init(|| Arc::new(config)))))
    }

    fn config() -> Result<ClientConfig, rustls::Error> {
        let provider = CryptoProvider::get_default().cloned();
        let provider = provider.unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(builder.with_platform_verifier()?.with_no_client_auth())
    }
}
