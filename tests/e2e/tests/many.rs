//! Many connections that come and go.

use std::{env, time::Duration};

use e2e::{Running, app, serve};
use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
use pikku_core::EventHub;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, runtime::Handle, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How many there are; `tests/run soak` wants more.
fn how_many() -> usize {
    env::var("CONNECTIONS").map_or(10_000, |count| count.parse().expect("`CONNECTIONS` is a number"))
}

async fn ask(socket: &mut Socket, message: &Value) -> Value {
    socket.send(Message::text(message.to_string())).await.expect("it is sent");
    let reply = timeout(Duration::from_secs(30), socket.next()).await.expect("in time");
    let reply = reply.expect("it is open").expect("it is sound");
    serde_json::from_str(reply.to_text().expect("it is text")).expect("it is JSON")
}

/// A connection that gets on two topics and ends in one of the ways that connections do.
async fn come_and_go(server: &Running, number: usize) {
    let (mut socket, _) = connect_async(format!("ws://{}/events", server.address)).await.expect("it opens");
    assert_eq!(ask(&mut socket, &json!({ "action": "auth", "user": "ada" })).await["authResult"], true);
    for topic in ["everybody's", &format!("{number}'s")] {
        let subscribed = ask(&mut socket, &json!({ "action": "subscribe", "topic": topic })).await;
        assert_eq!(subscribed["subscribed"], true);
    }
    match number % 4 {
        // In good order.
        0 => {
            socket.close(None).await.expect("it is sent");
            socket.try_for_each(|_| async { Ok(()) }).await.expect("it ends");
        }
        // Without a word.
        1 => drop(socket),
        // By the server, while a message is handled.
        2 => {
            ask(&mut socket, &json!({ "action": "fail", "how": "panic" })).await;
            socket.send(Message::text(json!({ "action": "fail", "how": "close" }).to_string())).await.expect("sent");
            let _ = socket.try_for_each(|_| async { Ok(()) }).await;
        }
        // In the middle of a frame.
        _ => {
            socket.get_mut().write_all(&[0x81, 0xfe, 0x10]).await.expect("it is sent");
            drop(socket);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e1_connections_that_come_and_go_leave_nothing_behind() {
    let hub = EventHub::new();
    let server = serve(app().await.event_hub(hub.clone())).await;
    let metrics = Handle::current().metrics();
    let tasks = metrics.num_alive_tasks();

    stream::iter(0..how_many()).for_each_concurrent(64, |number| come_and_go(&server, number)).await;

    let gone = async {
        while hub.topics() > 0 || metrics.num_alive_tasks() > tasks {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let left = || format!("{} topics and {} tasks are left", hub.topics(), metrics.num_alive_tasks() - tasks);
    timeout(Duration::from_secs(60), gone).await.unwrap_or_else(|_| panic!("{}", left()));
}
