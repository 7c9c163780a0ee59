//! What a server has to survive.

use std::time::Duration;

use e2e::{Running, app, generated, serve, serve_on, socket::Socket};
use pikku_core::Server;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A server that gives the head of a request half a second, and an idle connection too.
async fn impatient() -> Running {
    let server = Server::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    serve_on(server.header_timeout(Duration::from_millis(500)), generated::router(app().await))
}

/// What comes back for raw bytes, until the server closes or ten seconds are over.
async fn raw(address: std::net::SocketAddr, bytes: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(bytes).await.expect("it is sent");
    let mut answer = Vec::new();
    // A reset is an end as well.
    timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
        .await
        .ok()
        .map(|_| String::from_utf8_lossy(&answer).into_owned())
}

#[tokio::test]
async fn z4_slow_and_silent_connections_are_closed_and_others_served() {
    let server = impatient().await;
    let address = server.address;
    let half = b"GET /who HTTP/1.1\r\nhost: x\r\n";
    let slow_body =
        b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{\"name\"";
    let half_prefaces = [&b"PRI * HT"[..], b"PRI * HTTP/2.0", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"];
    let slow = [&b""[..], b"G", half, slow_body].into_iter().chain(half_prefaces);
    let slow: Vec<_> = slow.map(|bytes| tokio::spawn(raw(address, bytes))).collect();
    assert_eq!(server.get("/who").await.status, 200);
    for (index, connection) in slow.into_iter().enumerate() {
        let answer = connection.await.expect("no panic");
        assert!(answer.is_some(), "connection {index} was left open");
    }
    assert_eq!(server.get("/who").await.status, 200);
}

#[tokio::test]
async fn z4_bad_requests_are_refused() {
    let server = impatient().await;
    let large = format!("GET /who HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "x".repeat(40_000));
    for (request, status) in [
        (large.as_str(), "431"),
        ("GET /who HTTP/1.1\r\n\r\n", "400"),
        ("GET /who HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", "400"),
        ("nonsense\r\n\r\n", "400"),
        ("GET /who HTTP/9.9\r\nhost: x\r\n\r\n", "400"),
        ("POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: nope\r\n\r\n", "400"),
    ] {
        let answer = raw(server.address, request.as_bytes()).await.unwrap_or_default();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request:.60}: {answer:.80}");
    }
}

#[tokio::test]
async fn x3_a_panic_leaves_its_connection_alive() {
    let server = serve(app().await).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    for (path, status) in [("/end/panic", "500"), ("/end/well", "204"), ("/end/panic", "500")] {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.expect("it is sent");
        let mut answer = [0; 4096];
        let read =
            timeout(Duration::from_secs(2), stream.read(&mut answer)).await.expect("in time").expect("an answer");
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    }
}

// Seen to fail with replies written outside of the net for panics.
#[tokio::test]
async fn x3_a_panic_while_a_reply_is_written_is_an_error_frame_and_the_connection_lives() {
    let server = serve(app().await).await;
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    let answer = socket.answer(json!({ "action": "unspeakable", "id": 7 })).await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!("internal_error")));
    assert!(!answer.to_string().contains("hunter2"), "{answer}");
    // What was not answered did not happen.
    assert_eq!(socket.answer(json!({ "action": "whoami" })).await["error"]["code"], "unauthorized");
}

// Seen to fail with a goodbye that waits for as long as the client gives signs of life.
#[tokio::test]
async fn c8_who_takes_nothing_is_cut_off_whatever_it_sends() {
    let server = serve(app().await).await;
    let socket = Socket::open(&server, "/events", &[("x-api-key", "key-of-ada")]).await.expect("it opens");
    let mut raw = socket.0.into_inner();
    let flood = br#"{"action":"fail","how":"flood"}"#;
    let length = 0x80 | u8::try_from(flood.len()).expect("it is short");
    raw.write_all(&[&[0x81, length, 0, 0, 0, 0], &flood[..]].concat()).await.expect("it is sent");
    let cut_off = async {
        while raw.write_all(&[0x89, 0x80, 0, 0, 0, 0]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), cut_off).await.expect("it is cut off");
}
