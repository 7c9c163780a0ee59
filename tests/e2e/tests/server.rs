//! The server's own life.

use std::{net::SocketAddr, time::Duration};

use e2e::{app, generated};
use pikku_core::Server;
use tokio::sync::oneshot;

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
