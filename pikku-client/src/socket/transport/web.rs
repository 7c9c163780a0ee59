//! Connections of the browser's `WebSocket`. The browser answers pings, and doesn't show them.

use std::{cell::Cell, rc::Rc};

use bytes::Bytes;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use tokio::sync::mpsc;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{BinaryType, CloseEvent, Event, EventTarget, MessageEvent, WebSocket};

use super::{End, Message, Target};
use crate::socket::state::Closed;

/// What the browser tells of a connection.
enum Told {
    Opened,
    Message(Message),
    Closed(Closed),
}

/// The browser's side, which ends with the last of the two that have it.
struct Connection {
    socket: WebSocket,
    // What the browser calls; they live as long as the connection does.
    _opened: Closure<dyn FnMut(Event)>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
    /// Whether the connection was closed with a code, by either side.
    is_closed: Cell<bool>,
}

/// What the server says.
pub(in crate::socket) struct Reader {
    told: mpsc::UnboundedReceiver<Told>,
    message_limit: usize,
    _connection: Rc<Connection>,
}

/// What is said to the server.
pub(in crate::socket) struct Writer(Rc<Connection>);

/// Opens a connection.
pub(in crate::socket) async fn open(target: &Target) -> Result<(Writer, Reader), Closed> {
    let protocols: Array = target.protocols.iter().map(|protocol| JsValue::from_str(protocol)).collect();
    let socket = WebSocket::new_with_str_sequence(target.url.as_str(), &protocols)
        .map_err(|error| Closed::lost(format!("the browser opens no connection: {error:?}")))?;
    socket.set_binary_type(BinaryType::Arraybuffer);

    let (teller, mut told) = mpsc::unbounded_channel();
    // Where nobody is told any more, the connection is about to be dropped.
    let tell = move |what| drop(teller.send(what));
    let opened = Closure::new({
        let tell = tell.clone();
        move |_: Event| tell(Told::Opened)
    });
    let message = Closure::new({
        let tell = tell.clone();
        move |event: MessageEvent| {
            let data = event.data();
            if let Some(text) = data.as_string() {
                tell(Told::Message(Message::Text(text)));
            } else if let Ok(buffer) = data.dyn_into::<ArrayBuffer>() {
                tell(Told::Message(Message::Binary(Bytes::from(Uint8Array::new(&buffer).to_vec()))));
            }
        }
    });
    let closed = Closure::new(move |event: CloseEvent| {
        let reason = match event.reason() {
            reason if reason.is_empty() && event.code() == 1006 => "the connection broke off".to_owned(),
            reason => reason,
        };
        tell(Told::Closed(Closed::new(event.code(), reason)));
    });
    socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
    socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
    socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
    let is_closed = Cell::new(false);
    let connection = Rc::new(Connection { socket, _opened: opened, _message: message, _closed: closed, is_closed });

    match told.recv().await {
        Some(Told::Opened) => {}
        Some(Told::Closed(closed)) => return Err(closed),
        _ => return Err(Closed::lost("the connection did not open")),
    }
    let writer = Writer(Rc::clone(&connection));
    Ok((writer, Reader { told, message_limit: target.message_limit, _connection: connection }))
}

/// Leaves the rest of a connection that was closed to the browser.
pub(in crate::socket) async fn linger(_: Writer, _: Reader) {}

/// Waits until the browser says that the network is back.
pub(in crate::socket) async fn online() {
    let (teller, mut told) = mpsc::unbounded_channel();
    let handler = Closure::new(move |_: Event| {
        // It is told once, and that is enough.
        let _ = teller.send(());
    });
    // The window, or the worker.
    let Ok(target) = js_sys::global().dyn_into::<EventTarget>() else { return std::future::pending().await };
    let listening = Listening { target, handler };
    let callback = listening.handler.as_ref().unchecked_ref();
    if listening.target.add_event_listener_with_callback(ONLINE, callback).is_err() {
        return std::future::pending().await;
    }
    told.recv().await;
}

const ONLINE: &str = "online";

/// Ends with its handler.
struct Listening {
    target: EventTarget,
    handler: Closure<dyn FnMut(Event)>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Where it wasn't added there is nothing to remove.
        let _ = self.target.remove_event_listener_with_callback(ONLINE, self.handler.as_ref().unchecked_ref());
    }
}

impl Reader {
    /// The next message, or how the connection ended.
    pub(in crate::socket) async fn next(&mut self) -> Result<Message, End> {
        loop {
            let message = match self.told.recv().await {
                Some(Told::Opened) => continue,
                Some(Told::Message(message)) => message,
                Some(Told::Closed(closed)) => return Err(End::by_server(closed)),
                None => return Err(End::gone(Closed::lost("the connection broke off"))),
            };
            let size = match &message {
                Message::Text(text) => text.len(),
                Message::Binary(bytes) => bytes.len(),
            };
            if size > self.message_limit {
                return Err(End::too_large(self.message_limit));
            }
            return Ok(message);
        }
    }
}

impl Writer {
    /// Hands a message over, which the browser sends as soon as it can.
    pub(in crate::socket) async fn feed(&mut self, message: Message) -> Result<(), Closed> {
        let sent = match &message {
            Message::Text(text) => self.0.socket.send_with_str(text),
            Message::Binary(bytes) => self.0.socket.send_with_u8_array(bytes),
        };
        sent.map_err(|error| Closed::lost(format!("the browser sends nothing: {error:?}")))
    }

    pub(in crate::socket) async fn flush(&mut self) -> Result<(), Closed> {
        Ok(())
    }

    /// Closes the connection, or answers to the server's closing it, which the browser does by itself.
    pub(in crate::socket) async fn close(&mut self, with: Option<(u16, &str)>) {
        if let Some((code, reason)) = with {
            let reason = &reason[..reason.floor_char_boundary(123)];
            let closed = self.0.socket.close_with_code_and_reason(code, reason);
            // A page may use 1000 and codes from 3000 on; with any other it still has to be closed.
            self.0.is_closed.set(closed.is_ok());
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        if !self.is_closed.get() {
            // It can't fail without a code.
            let _ = self.socket.close();
        }
    }
}
