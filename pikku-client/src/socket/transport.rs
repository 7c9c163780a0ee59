//! One connection, natively or of the browser's.

use bytes::Bytes;
use reqwest::{Url, header::HeaderMap};

use super::state::Closed;
use crate::error::Failure;

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(not(target_family = "wasm"))]
pub(super) use native::{Reader, Writer, linger, online, open};
#[cfg(target_family = "wasm")]
mod web;
#[cfg(target_family = "wasm")]
pub(super) use web::{Reader, Writer, linger, online, open};

/// The subprotocol, and the only one that a server ever selects.
pub(super) const PROTOCOL: &str = "pikku.v1";

/// A message, in either direction.
#[derive(Debug, Clone)]
pub(super) enum Message {
    Text(String),
    Binary(Bytes),
}

/// Where to connect, and as whom. It holds credentials, so it can't be printed.
pub(super) struct Target {
    pub(super) url: Url,
    /// [`PROTOCOL`], and perhaps a credential.
    pub(super) protocols: Vec<String>,
    /// A browser lets nobody set them.
    #[cfg_attr(target_family = "wasm", allow(dead_code, reason = "a browser lets nobody set headers"))]
    pub(super) headers: HeaderMap,
    /// The largest message that is taken.
    pub(super) message_limit: usize,
}

/// How a connection ended, or why there is none.
#[derive(Debug)]
pub(super) struct End {
    pub(super) closed: Closed,
    /// Whether the server is still there, to agree to the end.
    pub(super) is_connected: bool,
    /// What to close the connection with, where the server has not done so itself.
    pub(super) answer: Option<u16>,
}

impl End {
    /// The connection is gone.
    pub(super) fn gone(closed: Closed) -> Self {
        Self { closed, is_connected: false, answer: None }
    }

    /// The server has closed the connection.
    pub(super) fn by_server(closed: Closed) -> Self {
        Self { closed, is_connected: true, answer: None }
    }

    /// The connection has to be closed with a code.
    pub(super) fn with(code: u16, closed: Closed) -> Self {
        Self { closed, is_connected: true, answer: Some(code) }
    }

    /// The server doesn't keep to the protocol.
    pub(super) fn fault(code: u16, reason: impl Into<String>) -> Self {
        Self::with(code, Closed::new(code, reason))
    }

    /// A message was larger than is taken.
    pub(super) fn too_large(limit: usize) -> Self {
        Self::fault(1009, format!("a message was larger than {limit} bytes"))
    }
}

impl From<Closed> for Failure {
    fn from(closed: Closed) -> Self {
        match closed.problem {
            Some(problem) => Self::Problem(problem),
            None => Self::Transport(crate::TransportError::Disconnected(Box::new(closed))),
        }
    }
}
