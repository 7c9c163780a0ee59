//! What a connection begins with, and the heads of its requests.

use std::{io, time::Duration};

use http::{Request, StatusCode, Version, header};
use tokio::net::TcpStream;

use crate::error::Problem;

/// How large the headers of a request may be.
pub(super) const LARGEST_HEAD: u32 = 32 * 1024;

/// What every HTTP/2 connection begins with.
///
/// All of it is waited for here: hyper has no deadline for the rest of a preface that has begun.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What is wrong with the head of a request that hyper lets through.
pub(super) fn check_head<B>(request: &Request<B>) -> Option<Problem> {
    let (mut size, mut hosts) = (0, 0);
    for (name, value) in request.headers() {
        size += name.as_str().len() + value.len() + 4;
        hosts += usize::from(*name == header::HOST);
    }
    if size > LARGEST_HEAD as usize {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        let detail = format!("the headers are larger than {LARGEST_HEAD} bytes");
        return Some(Problem::new(status, "headers_too_large").with_detail(detail));
    }
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return Some(Problem::bad_request("a request has exactly one `Host`"));
    }
    None
}

/// Whether the client begins with the preface of HTTP/2. Nothing is taken from the stream.
pub(super) async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut start = [0; HTTP2_PREFACE.len()];
    let mut pause = Duration::from_millis(5);
    loop {
        let read = stream.peek(&mut start).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if start[..read] != HTTP2_PREFACE[..read] {
            return Ok(false);
        }
        if read == start.len() {
            return Ok(true);
        }
        // A peek is ready as soon as there is anything, so more of it is waited for without spinning.
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(Duration::from_secs(1));
    }
}
