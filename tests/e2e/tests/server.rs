//! The server's own life.

use std::{net::SocketAddr, time::Duration};

use e2e::{app, generated};
use pikku_core::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::oneshot,
    time::{sleep, timeout},
};

#[tokio::test]
async fn a_request_that_is_being_answered_is_finished_at_the_end() {
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let address = server.local_addr().expect("it is bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let router = generated::router(app().await);
    let serving = tokio::spawn(server.serve_until(router, async {
        let _ = stopped.await;
    }));
    // The deadline of this call is one second, so it is under way when the server is told to end.
    let slow = tokio::spawn(async move { reqwest::get(format!("http://{address}/end/late")).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(()).expect("it is listening");
    assert_eq!(slow.await.expect("no panic").expect("an answer").status(), 504);
    tokio::time::timeout(Duration::from_secs(5), serving).await.expect("it ends").expect("no panic");
    assert!(reqwest::get(format!("http://{address}/who")).await.is_err());
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_end() {
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let address = server.local_addr().expect("it is bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let router = generated::router(app().await);
    let serving = tokio::spawn(server.serve_until(router, async {
        let _ = stopped.await;
    }));
    let client = reqwest::Client::new();
    assert_eq!(client.get(format!("http://{address}/who")).send().await.expect("an answer").status(), 200);
    stop.send(()).expect("it is listening");
    tokio::time::timeout(Duration::from_secs(2), serving).await.expect("it ends").expect("no panic");
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_up_the_end() {
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let address = server.local_addr().expect("it is bound");
    let (stop, stopped) = oneshot::channel::<()>();
    let router = generated::router(app().await);
    let serving = tokio::spawn(server.serve_until(router, async {
        let _ = stopped.await;
    }));
    let _silent = tokio::net::TcpStream::connect(address).await.expect("a connection");
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.send(()).expect("it is listening");
    tokio::time::timeout(Duration::from_secs(2), serving).await.expect("it ends").expect("no panic");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let holder = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let taken = holder.local_addr().expect("it is bound");
    let error = Server::bind(taken).await.expect_err("it is taken");
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().starts_with(&format!("can't listen on {taken}: ")), "{error}");
}

/// Serves the functions under test, with the limits that `limit` sets.
async fn limited(limit: impl FnOnce(Server) -> Server) -> SocketAddr {
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let address = server.local_addr().expect("it is bound");
    tokio::spawn(limit(server).serve_until(generated::application(app().await), std::future::pending()));
    address
}

/// A connection that has room for little of what it is sent.
async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 << 10).expect("it is small");
    socket.connect(address).await.expect("a connection")
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: key-of-ada\r\n\r\n")
}

/// A stream of events that does not end by itself.
const ENDLESS: &str = "/lines?count=4294967295";

/// A GET as it is in HTTP/2, with windows as large as they can be.
fn get_over_http2(path: &str) -> Vec<u8> {
    fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).expect("it is short");
        [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
    }
    let literal = |text: &str| [&[u8::try_from(text.len()).expect("it is short")], text.as_bytes()].concat();
    let head = [
        &[0x82, 0x86, 0x01][..],
        &literal("localhost"),
        &[0x04],
        &literal(path),
        &[0x00],
        &literal("x-api-key"),
        &literal("key-of-ada"),
    ];
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        frame(4, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]),
        frame(8, 0, 0, &[0x7f, 0xff, 0, 0]),
        frame(1, 5, 1, &head.concat()),
    ]
    .concat()
}

/// Whether a connection ends once what is on its way has been read.
async fn ends(connection: &mut TcpStream) -> bool {
    const MORE_THAN_IS_ON_ITS_WAY: usize = 32 << 20;

    let (mut buffer, mut read) = (vec![0; 64 << 10], 0);
    while read < MORE_THAN_IS_ON_ITS_WAY {
        match timeout(Duration::from_secs(20), connection.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return true,
            Ok(Ok(some)) => read += some,
            Err(_) => return false,
        }
    }
    false
}

#[tokio::test]
async fn z4_a_client_that_does_not_take_its_answer_is_disconnected() {
    let address = limited(|server| server.write_timeout(Duration::from_millis(300))).await;
    for request in [get(ENDLESS).into_bytes(), get_over_http2(ENDLESS)] {
        let mut connection = narrow(address).await;
        connection.write_all(&request).await.expect("it is sent");
        let mut start = [0; 15];
        connection.read_exact(&mut start).await.expect("it begins");
        sleep(Duration::from_millis(1500)).await;
        assert!(ends(&mut connection).await, "the answer to {:?} goes on", request.first_chunk::<3>());
    }
}

#[tokio::test]
async fn z4_a_slow_function_and_an_idle_connection_are_no_clients_that_do_not_take_their_answers() {
    let address = limited(|server| server.write_timeout(Duration::from_millis(200))).await;
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let mut status = [0; 12];
    for (path, expected) in [("/end/late", "HTTP/1.1 504"), ("/who", "HTTP/1.1 200")] {
        connection.write_all(get(path).as_bytes()).await.expect("it is sent");
        connection.read_exact(&mut status).await.expect("an answer");
        assert_eq!(status, expected.as_bytes());
        sleep(Duration::from_millis(600)).await;
        let mut rest = [0; 4096];
        assert!(connection.try_read(&mut rest).expect("it is open") > 0);
    }
}

#[tokio::test]
async fn z4_who_is_too_many_waits_until_somebody_leaves() {
    let address = limited(|server| server.max_connections(2)).await;
    let mut status = [0; 12];
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                   sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    let mut channel = TcpStream::connect(address).await.expect("a connection");
    channel.write_all(get("/events").trim_end().as_bytes()).await.expect("it is sent");
    channel.write_all(format!("\r\n{upgrade}").as_bytes()).await.expect("it is sent");
    channel.read_exact(&mut status).await.expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 101");
    for _ in 0..3 {
        // Whoever leaves makes room for the next, and a channel keeps its place.
        let mut second = TcpStream::connect(address).await.expect("a connection");
        second.write_all(get("/who").as_bytes()).await.expect("it is sent");
        second.read_exact(&mut status).await.expect("an answer");
        let mut third = TcpStream::connect(address).await.expect("it is in the backlog");
        third.write_all(get("/who").as_bytes()).await.expect("it is sent");
        let early = timeout(Duration::from_millis(300), third.read_exact(&mut status)).await;
        assert!(early.is_err(), "it was answered: {early:?}");
        drop(second);
        timeout(Duration::from_secs(5), third.read_exact(&mut status)).await.expect("in time").expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 200");
    }
    let mut second = TcpStream::connect(address).await.expect("a connection");
    second.write_all(get("/who").as_bytes()).await.expect("it is sent");
    second.read_exact(&mut status).await.expect("an answer");
    drop(channel);
    assert!(reqwest::get(format!("http://{address}/who")).await.expect("an answer").status().is_success());
}

#[cfg(unix)]
#[tokio::test]
async fn z4_a_server_that_is_out_of_files_serves_again_when_there_are_some() {
    use std::{env, fs::File, iter, process::Command};

    // The limit is that of a process, so this test runs itself in one of its own.
    if env::var_os("FEW_FILES").is_none() {
        let test = "z4_a_server_that_is_out_of_files_serves_again_when_there_are_some";
        let few = Command::new("sh")
            .args(["-c", r#"ulimit -n 64 && exec "$0" --exact "$1""#])
            .arg(env::current_exe().expect("it runs"))
            .arg(test)
            .env("FEW_FILES", "1")
            .output()
            .expect("it runs");
        assert!(few.status.success(), "{few:?}");
        return;
    }
    let address = limited(|server| server).await;
    // None of them is accepted before all files are taken, since nothing is awaited.
    let clients: Vec<_> = (0..8).map(|_| std::net::TcpStream::connect(address).expect("a backlog")).collect();
    let files: Vec<_> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(!files.is_empty());
    sleep(Duration::from_millis(300)).await;
    drop(files);
    for client in clients {
        client.set_nonblocking(true).expect("it is a socket");
        let mut client = TcpStream::from_std(client).expect("a connection");
        client.write_all(get("/who").as_bytes()).await.expect("it is sent");
        let mut status = [0; 12];
        timeout(Duration::from_secs(5), client.read_exact(&mut status)).await.expect("in time").expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 200");
    }
}
