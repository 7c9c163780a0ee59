//! From a request to a connection.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, ws::WebSocketUpgrade},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::sync::watch;

use super::{ChannelDispatch, connection, handle::Connection, message::Connected, outbound::Outbound};
use crate::{
    app::App,
    error::Problem,
    http::{HttpCall, opening_document},
};

/// Tells a connection that the server is about to end; while it is held, the server waits.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(pub(crate) watch::Receiver<()>);

/// The protocol that the server speaks, and the only one that it ever selects.
const PROTOCOL: &str = "pikku.v1";

/// How much is read at once. Most messages fit, and an idle connection keeps no more than this; much larger ones take a few
/// reads more.
const READ_BUFFER: usize = 1536;

/// Upgrades a request that has passed the middleware.
pub(crate) async fn upgrade<A: App, D: ChannelDispatch<A>>(call: &mut HttpCall<A>) -> Result<Response, Problem> {
    let config = &call.runtime.config.channel;
    if !config.origins.allow(call.request()) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "foreign_origin")
            .with_detail("pages of this origin may not open a connection"));
    }
    if !is_upgrade(call.headers()) {
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required")
            .with_detail("this is a channel; open it with a WebSocket"));
    }
    if call.headers().get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, "websocket_version")
            .with_detail("this server speaks version 13 of the WebSocket protocol"));
    }
    call.check_cross_site_upgrade()?;
    if !D::PUBLIC && !call.sessions.is_signed_in() {
        // Whoever says who they are, and is wrong about it, would wait in vain to be somebody.
        if let Some(problem) = call.explicit_trouble() {
            return Err(problem.clone());
        }
        if !D::HAS_PUBLIC_ROUTES {
            return Err(call.nobody());
        }
    }
    let opening = opening_document(call)?;
    D::check_opening(&opening)?;
    let config = config.clone();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut call.context.parts, &()).await;
    let upgrade = upgrade.map_err(|error| Problem::bad_request(format!("this can't be upgraded: {error}")))?;
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(4 << 10)
        .max_message_size(config.message_limit)
        .max_frame_size(config.message_limit)
        .protocols([PROTOCOL]);
    let connected = Connected {
        runtime: Arc::clone(&call.runtime),
        connection: Arc::new(Connection::new(new_id(), Outbound::new(config.outbound_limit, config.slow_consumer))),
        sessions: call.sessions.service().clone().into(),
        route: call.route,
        number: call.number,
        caller: call.caller(),
    };
    let peer = call.context.peer.clone();
    Ok(upgrade.on_upgrade(move |socket| connection::serve::<A, D>(socket, connected, opening, peer)))
}

/// Whether a request asks for a WebSocket at all.
fn is_upgrade(headers: &HeaderMap) -> bool {
    let has = |name: HeaderName, wanted: &[u8]| {
        let mut values = headers.get_all(name).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        values.any(|value| value.trim_ascii().eq_ignore_ascii_case(wanted))
    };
    has(header::CONNECTION, b"upgrade") && has(header::UPGRADE, b"websocket")
}

/// An id that nobody can guess, so that it is safe to hand around.
pub(crate) fn new_id() -> String {
    use std::fmt::Write as _;

    let mut bytes = [0; 16];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "there is no randomness for the id of a connection");
    }
    let mut id = String::with_capacity(32);
    for byte in bytes {
        // Writing to a string can't fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// Puts a credential that came as a protocol where the authenticators look for it.
///
/// A browser can set no headers on a WebSocket, only the protocols that it would speak: `bearer.<token>` and
/// `apiKey.<key>`, where token and key have only the characters that a protocol may have. They are never echoed, and what
/// looks at the request from here on finds them among its protocols no more. A request that opens no connection has no
/// business with protocols, and what it says there is nobody's credential.
pub(crate) fn credentials_from_protocols(headers: &mut HeaderMap) {
    if !is_upgrade(headers) || !headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL) {
        return;
    }
    let offered: Vec<HeaderValue> = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().cloned().collect();
    headers.remove(header::SEC_WEBSOCKET_PROTOCOL);
    for protocol in offered.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let protocol = protocol.trim();
        if let Some(token) = protocol.strip_prefix("bearer.") {
            append_secret(headers, header::AUTHORIZATION, &format!("Bearer {token}"));
        } else if let Some(key) = protocol.strip_prefix("apiKey.") {
            append_secret(headers, HeaderName::from_static("x-api-key"), key);
        } else if let Ok(protocol) = HeaderValue::from_str(protocol) {
            headers.append(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
    }
}

/// Adds a header that is marked as a secret, so that nothing prints it. Two of one kind are for the authenticators to
/// refuse.
fn append_secret(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(true);
        headers.append(name, value);
    }
}
