//! From a request to a connection.

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::{body::Body, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts};
use hyper::upgrade::OnUpgrade;
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

/// What the key of a client is hashed with, by RFC 6455.
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Upgrades a request that has passed the middleware.
pub(crate) fn upgrade<A: App, D: ChannelDispatch<A>>(call: &mut HttpCall<A>) -> Result<Response, Problem> {
    let config = &call.runtime.config.channel;
    if !config.origins.allow(call.request()) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "foreign_origin")
            .with_detail("pages of this origin may not open a connection"));
    }
    if !is_upgrade(call.headers()) {
        return Err(Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required")
            .with_detail("this is a channel; open it with a WebSocket"));
    }
    if only(call.headers(), &header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
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
    let outbound = Outbound::new(config.outbound_limit, config.slow_consumer);
    let (accepted, on_upgrade) = accept(&mut call.context.parts)?;
    let connected = Box::new(Connected {
        runtime: Arc::clone(&call.runtime),
        connection: Arc::new(Connection::new(new_id(), outbound)),
        sessions: call.sessions.clone(),
        route: call.route,
        number: call.number,
        caller: call.caller(),
        opening,
    });
    let peer = call.context.peer.clone();
    tokio::spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => connection::serve::<A, D>(upgraded, connected, peer).await,
            Err(error) => tracing::debug!(%error, "a connection was not upgraded"),
        }
    });
    Ok(accepted)
}

/// Accepts a handshake: the answer to it, and the connection once that is written.
fn accept(parts: &mut Parts) -> Result<(Response, OnUpgrade), Problem> {
    let refused = |why: &str| Problem::bad_request(format!("this can't be upgraded: {why}"));
    if parts.method != Method::GET {
        return Err(refused("the method is not `GET`"));
    }
    let key = only(&parts.headers, &header::SEC_WEBSOCKET_KEY).filter(|key| is_key(key));
    let key = key.ok_or_else(|| refused("there is not one `Sec-WebSocket-Key` of 16 bytes in base64"))?;
    let on_upgrade = parts.extensions.remove::<OnUpgrade>().ok_or_else(|| refused("the connection stays as it is"))?;

    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, proof_of(key));
    if has_token(&parts.headers, &header::SEC_WEBSOCKET_PROTOCOL, |token| token == PROTOCOL.as_bytes()) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    }
    Ok((response, on_upgrade))
}

/// The value of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a key is 16 bytes in base64, by RFC 6455.
fn is_key(key: &HeaderValue) -> bool {
    // Its 24 characters could be 18 bytes.
    let mut bytes = [0; 18];
    BASE64.decode_slice(key, &mut bytes) == Ok(16)
}

/// What shows a client that its key was read by somebody who speaks the protocol.
fn proof_of(key: &HeaderValue) -> HeaderValue {
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(key.as_bytes());
    hash.update(KEY_SUFFIX.as_bytes());
    HeaderValue::from_str(&BASE64.encode(hash.finish())).expect("base64 has only characters that a header may have")
}

/// Whether a request asks for a WebSocket at all.
fn is_upgrade(headers: &HeaderMap) -> bool {
    has_token(headers, &header::CONNECTION, |token| token.eq_ignore_ascii_case(b"upgrade"))
        && has_token(headers, &header::UPGRADE, |token| token.eq_ignore_ascii_case(b"websocket"))
}

/// Whether the list that a header is has such a member.
fn has_token(headers: &HeaderMap, name: &HeaderName, is_wanted: impl Fn(&[u8]) -> bool) -> bool {
    let mut tokens = headers.get_all(name).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    tokens.any(|token| is_wanted(token.trim_ascii()))
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
    // One whose bytes no protocol may have is a bad credential, not none.
    for protocol in offered.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
        let protocol = protocol.trim_ascii();
        if let Some(token) = protocol.strip_prefix(b"bearer.") {
            append_secret(headers, header::AUTHORIZATION, &[b"Bearer ", token].concat());
        } else if let Some(key) = protocol.strip_prefix(b"apiKey.") {
            append_secret(headers, HeaderName::from_static("x-api-key"), key);
        } else if let Ok(protocol) = HeaderValue::from_bytes(protocol) {
            headers.append(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
    }
}

/// Adds a header that is marked as a secret, so that nothing prints it. Two of one kind are for the authenticators to
/// refuse.
fn append_secret(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    if let Ok(mut value) = HeaderValue::from_bytes(value) {
        value.set_sensitive(true);
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c1_a_key_is_answered_as_in_the_example_of_rfc_6455() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(proof_of(&key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
