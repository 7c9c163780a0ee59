//! What a socket does over real connections, and when they fail; what goes over the wire is in the vectors.

#[path = "support/socket.rs"]
mod support;

use std::{
    future::{Future, IntoFuture},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use pikku_client::{
    Call, Connect, EncodeError, Error, Http, NoError, Retry, Socket, State, Subscription, SubscriptionError,
    TransportError,
};
use serde_json::{Value, json};
use support::{SOON, Server, at_once};
use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_tungstenite::tungstenite::Message;

fn call<'a>(socket: &'a Socket, action: &'a str) -> Call<'a, Value, NoError> {
    socket.call(action)
}

/// Waits for what has to happen.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.expect("it has to happen")
}

async fn next<T>(subscription: &mut Subscription<T>) -> Option<Result<T, SubscriptionError>> {
    soon(subscription.next()).await
}

/// Waits until the socket is in a state.
async fn until(states: &mut Subscription<State>, is: impl Fn(&State) -> bool) -> State {
    loop {
        let state = next(states).await.expect("it goes on").expect("none is missed");
        if is(&state) {
            return state;
        }
    }
}

/// The code and the reason that a request failed with because the connection was lost.
fn lost(answer: Result<Value, Error>) -> (u16, String) {
    match answer {
        Err(Error::Transport(TransportError::Disconnected(closed))) => (closed.code, closed.reason),
        other => panic!("it isn't lost: {other:?}"),
    }
}

#[tokio::test]
async fn g4_what_was_sent_and_not_answered_fails_and_what_waits_is_sent() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket()).await;
    let pay = tokio::spawn(call(&socket, "pay").into_future());
    assert_eq!(connection.next().await["action"], "pay");
    connection.close(1012, "the server restarts").await;
    assert_eq!(lost(soon(pay).await.expect("it doesn't panic")), (1012, "the server restarts".to_owned()));

    let later = tokio::spawn(call(&socket, "later").into_future());
    let mut connection = server.accept().await;
    assert_eq!(connection.answer(json!(1)).await["action"], "later");
    assert_eq!(soon(later).await.expect("it doesn't panic").expect("it is answered"), 1);
}

#[tokio::test]
async fn g4_sign_in_comes_first_then_what_is_kept_then_what_waits() {
    let mut server = Server::new().await;
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let socket = server
        .socket()
        .with_sign_in(async |socket: Socket| {
            let name = call(&socket, "auth").await?;
            socket.call::<(), NoError>("greet").input(&json!({ "name": name })).send().await
        })
        .with_on_open(move |socket: Socket| {
            let count = Arc::clone(&count);
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                // What is kept by a hook is not kept once more with each connection.
                call(&socket, "opened").keep().expect("it is a message");
            }
        })
        .connect_lazy()
        .expect("there is nothing to refuse");
    call(&socket, "waiting").send().await.expect("there is room");
    let kept = call(&socket, "subscribe").keep().expect("it is a message");
    let mut connection = server.accept().await;
    assert_eq!(connection.next().await["action"], "auth");
    assert_eq!(socket.state(), State::SigningIn);
    call(&socket, "meanwhile").send().await.expect("there is room");
    drop(connection);

    let mut connection = server.accept().await;
    assert_eq!(connection.answer(json!("ada")).await["action"], "auth");
    assert_eq!(connection.next().await, json!({ "action": "greet", "name": "ada" }));
    assert_eq!(connection.actions(4).await, ["opened", "subscribe", "waiting", "meanwhile"]);
    drop(connection);

    let mut connection = server.accept().await;
    connection.answer(json!("ada")).await;
    assert_eq!(connection.actions(3).await, ["greet", "opened", "subscribe"]);
    kept.let_go();
    drop(connection);

    let mut connection = server.accept().await;
    connection.answer(json!("ada")).await;
    assert_eq!(connection.actions(2).await, ["greet", "opened"]);
    call(&socket, "last").send().await.expect("there is room");
    assert_eq!(connection.actions(1).await, ["last"]);
    assert_eq!(opened.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn g4_a_sign_in_that_fails_or_panics_ends_the_connection_and_the_next_is_tried() {
    let mut server = Server::new().await;
    let tries = Arc::new(AtomicUsize::new(0));
    let socket = server.socket().with_sign_in(move |_: Socket| {
        let number = tries.fetch_add(1, Ordering::SeqCst);
        async move {
            match number {
                0 => Err("the token is bad"),
                1 => panic!("this is a part of the test"),
                _ => Ok(()),
            }
        }
    });
    let socket = socket.connect_lazy().expect("there is nothing to refuse");
    let mut states = socket.states();
    let waiting = call(&socket, "waiting").into_future();
    let serve = async {
        for reason in ["the token is bad", "a hook has panicked"] {
            let mut connection = server.accept().await;
            assert_eq!(connection.end().await.map(|frame| frame.code.into()), Some(1000));
            match until(&mut states, |state| matches!(state, State::Waiting { .. })).await {
                State::Waiting { last, .. } => assert_eq!((last.code, last.reason.as_str()), (4401, reason)),
                other => panic!("{other:?}"),
            }
        }
        let mut connection = server.accept().await;
        connection.answer(json!(1)).await;
    };
    let (answer, ()) = tokio::join!(waiting, serve);
    assert_eq!(answer.expect("it is answered"), 1);
}

#[tokio::test]
async fn g4_a_token_is_asked_for_anew_and_told_how_the_last_connection_ended() {
    let mut server = Server::new().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let socket = server.socket().with_token(move |last| {
        let mut log = log.lock().expect("no test panics with it");
        log.push(last.map(|last| (last.code, last.is_unauthorized())));
        let number = log.len();
        async move { if number == 2 { Err("no token") } else { Ok(Some(format!("t{number}"))) } }
    });
    let (_socket, mut connection) = server.connect(socket).await;
    assert_eq!(connection.header("sec-websocket-protocol"), "pikku.v1, bearer.t1");
    connection.close(4401, "nobody has signed in").await;
    assert_eq!(server.accept().await.header("sec-websocket-protocol"), "pikku.v1, bearer.t3");
    let asked = asked.lock().expect("no test panics with it");
    assert_eq!(asked[..3], [None, Some((4401, true)), Some((0, false))]);
}

#[tokio::test]
async fn g4_a_token_that_is_refused_is_refreshed_as_for_http() {
    let mut server = Server::new().await;
    let problem = json!({ "title": "Unauthorized", "status": 401, "code": "invalid_token", "request_id": "r1" });
    server.refuse(401, problem.clone());
    let http = server.http().with_bearer("stale").with_refresh(async || Ok::<_, NoError>(Some("fresh".to_owned())));
    let (_socket, mut connection) = server.connect(http.channel("/events").with_reconnect(at_once())).await;
    assert_eq!(connection.header("sec-websocket-protocol"), "pikku.v1, bearer.fresh");
    http.set_bearer("newer");
    connection.close(1001, "").await;
    assert_eq!(server.accept().await.header("sec-websocket-protocol"), "pikku.v1, bearer.newer");

    server.refuse(401, problem);
    let refused = soon(server.http().channel::<Socket>("/events").connect()).await.expect_err("it is refused");
    assert!(matches!(refused, Error::Unauthorized(_)), "{refused:?}");
    assert_eq!((refused.code(), refused.request_id()), (Some("invalid_token"), Some("r1")));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_or_waited_for() {
    let nowhere = Http::new("http://127.0.0.1:9").expect("it is an address");
    let error = soon(nowhere.channel::<Socket>("/events").connect()).await.expect_err("nobody is there");
    assert!(matches!(&error, Error::Transport(TransportError::Disconnected(closed)) if closed.code == 1006), "{error}");

    let mut server = Server::new().await;
    server.refuse(503, json!("the proxy says nothing of use"));
    let socket = server.socket().connect_lazy().expect("there is nothing to refuse");
    let mut states = socket.states();
    let waiting = until(&mut states, |state| matches!(state, State::Waiting { .. })).await;
    let State::Waiting { last, .. } = waiting else { panic!("{waiting:?}") };
    assert_eq!(last.problem.map(|problem| problem.status), Some(503));
    server.accept().await;
    until(&mut states, |state| *state == State::Open).await;
}

#[tokio::test]
async fn waits_are_bounded_and_grow_until_a_connection_holds() {
    let server = Server::new().await;
    for _ in 0..8 {
        server.refuse(503, Value::Null);
    }
    let reconnect =
        Retry { first_wait: Duration::from_millis(4), longest_wait: Duration::from_millis(20), ..at_once() };
    let socket = server.socket().with_reconnect(reconnect).connect_lazy().expect("there is nothing to refuse");
    let mut states = socket.states();
    for failed in 0..8 {
        let bound = Duration::from_millis(4 << failed).min(Duration::from_millis(20));
        match until(&mut states, |state| matches!(state, State::Waiting { .. })).await {
            State::Waiting { retry_in, .. } => assert!(retry_in <= bound, "{retry_in:?} after {failed}"),
            other => panic!("{other:?}"),
        }
    }
    let mut server = server;
    for _ in 0..10 {
        until(&mut states, |state| *state == State::Open).await;
        let mut connection = server.accept().await;
        // It has held for longer than the longest wait; slept in two parts, so that its own clock has struck before.
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        connection.close(1001, "").await;
        match until(&mut states, |state| matches!(state, State::Waiting { .. })).await {
            State::Waiting { retry_in, .. } => assert!(retry_in <= Duration::from_millis(4), "{retry_in:?}"),
            other => panic!("{other:?}"),
        }
    }

    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket().with_reconnect(Retry::never())).await;
    connection.close(1012, "the server restarts").await;
    assert_eq!(soon(socket.closed()).await.code, 1012);
    assert!(matches!(socket.state(), State::Closed(_)));
}

#[tokio::test]
async fn g4_so_many_messages_wait_and_the_next_is_refused() {
    let server = Server::new().await;
    // Until a connection has signed in, all has to wait.
    let lazy =
        server.socket().with_queue(2).with_sign_in(async |_: Socket| std::future::pending::<Result<(), Error>>().await);
    let lazy = lazy.connect_lazy().expect("there is nothing to refuse");
    call(&lazy, "one").send().await.expect("there is room");
    let mut two = call(&lazy, "two").into_future();
    assert!((&mut two).now_or_never().is_none());
    let refused = call(&lazy, "three").await.expect_err("there is no room");
    assert!(matches!(refused, Error::Transport(TransportError::QueueFull { waiting: 2 })), "{refused:?}");
    assert!(matches!(call(&lazy, "three").send().await, Err(Error::Transport(TransportError::QueueFull { .. }))));
    // Whoever gives a request up makes room.
    drop(two);
    call(&lazy, "three").send().await.expect("there is room");
}

#[tokio::test]
async fn an_open_connection_that_is_busy_is_waited_for() {
    let mut server = Server::new().await;
    for room in [0, 3] {
        let (socket, mut connection) = server.connect(server.socket().with_queue(room)).await;
        let sending = async {
            for number in 0..500 {
                let message = socket.call::<(), NoError>("count").input(&json!({ "number": number }));
                message.send().await.expect("it is open");
            }
        };
        let reading = async {
            for number in 0..500 {
                assert_eq!(connection.next().await["number"], number);
            }
        };
        soon(async { tokio::join!(sending, reading) }).await;
    }
}

#[tokio::test]
async fn g4_a_request_that_was_given_up_is_not_sent_and_its_reply_reaches_nobody() {
    let mut server = Server::new().await;
    let lazy = server.socket().connect_lazy().expect("there is nothing to refuse");
    let mut given_up = call(&lazy, "given_up").into_future();
    assert!((&mut given_up).now_or_never().is_none());
    drop(given_up);
    let mut timed_out = call(&lazy, "timed_out").timeout(Duration::from_millis(1)).into_future();
    let error = soon(&mut timed_out).await;
    // It may have been sent in time, but nobody has answered.
    assert!(matches!(error, Err(Error::Transport(TransportError::Timeout(_)))), "{error:?}");

    let mut connection = server.accept().await;
    let (messages, errors) = (lazy.messages::<Value>(), lazy.errors());
    let asked = call(&lazy, "asked").into_future();
    let (answer, ()) = tokio::join!(asked, async {
        let mut asked = connection.next().await;
        while asked["action"] == "timed_out" {
            connection.send(json!({ "action": "timed_out", "id": asked["id"], "result": 1 })).await;
            let error = json!({ "status": 500, "code": "late" });
            connection.send(json!({ "action": "timed_out", "id": asked["id"], "error": error })).await;
            asked = connection.next().await;
        }
        assert_eq!(asked["action"], "asked");
        connection.send(json!({ "action": "asked", "id": asked["id"], "result": 2 })).await;
    });
    assert_eq!(answer.expect("it is answered"), 2);
    lazy.close();
    let (mut messages, mut errors) = (messages, errors);
    assert!(next(&mut messages).await.is_none() && next(&mut errors).await.is_none());
}

#[tokio::test]
async fn a_slow_subscriber_is_told_what_it_missed_and_holds_up_nobody() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket().with_buffer(4)).await;
    let (mut slow, mut fast) = (socket.topic::<u32>("t"), socket.topic::<u32>("t"));
    for number in 0..10 {
        connection.send(json!({ "topic": "t", "data": number })).await;
        assert_eq!(next(&mut fast).await.expect("it goes on").expect("it is in time"), number);
    }
    assert!(matches!(next(&mut slow).await, Some(Err(SubscriptionError::Lagged(6)))));
    for number in 6..10 {
        assert_eq!(next(&mut slow).await.expect("it goes on").expect("it was kept"), number);
    }
    connection.send(json!({ "topic": "t", "data": "ten" })).await;
    connection.send(json!({ "topic": "t", "data": 11 })).await;
    let wrong = next(&mut slow).await.expect("it goes on").expect_err("it doesn't fit");
    assert!(wrong.to_string().starts_with("what the server sent doesn't fit the contract: "), "{wrong}");
    assert_eq!(next(&mut slow).await.expect("it goes on").expect("it fits"), 11);
}

#[tokio::test]
async fn a_subscriber_that_panics_stops_nobody_else() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket()).await;
    let (mut first, mut second) = (socket.topic::<u32>("t"), socket.topic::<u32>("t"));
    let panics = tokio::spawn(async move {
        let number = next(&mut first).await;
        panic!("this is a part of the test: {number:?}");
    });
    connection.send(json!({ "topic": "t", "data": 1 })).await;
    soon(panics).await.expect_err("it panics");
    connection.send(json!({ "topic": "t", "data": 2 })).await;
    for number in [1, 2] {
        assert_eq!(next(&mut second).await.expect("it goes on").expect("it fits"), number);
    }
    let (answer, _) = tokio::join!(call(&socket, "ask").into_future(), connection.answer(json!(3)));
    assert_eq!(answer.expect("it is answered"), 3);
}

#[tokio::test]
async fn what_comes_before_anybody_listens_is_kept() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket()).await;
    connection.send(json!("welcome")).await;
    connection.send_frame(Message::binary(vec![1, 2, 3])).await;
    connection.send(json!({ "error": { "status": 429, "code": "rate_limited" } })).await;
    connection.send_frame(Message::text("nope")).await;
    let (answer, _) = tokio::join!(call(&socket, "ask").into_future(), connection.answer(json!(1)));
    answer.expect("it is answered");
    assert_eq!(next(&mut socket.messages::<String>()).await.expect("it is there").expect("it fits"), "welcome");
    assert_eq!(
        next(&mut socket.binary()).await.expect("it is there").expect("it fits"),
        Bytes::from_static(&[1, 2, 3])
    );
    let mut errors = socket.errors();
    let error = next(&mut errors).await.expect("it is there").expect("none is missed");
    assert_eq!(error.code(), Some("rate_limited"));
    let error = next(&mut errors).await.expect("it is there").expect("none is missed");
    assert!(matches!(*error, Error::Decode(_)), "{error}");
}

#[tokio::test]
async fn texts_are_what_the_channel_says_by_itself_as_it_came() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket()).await;
    let (mut texts, mut messages, mut errors) = (socket.texts(), socket.messages::<Value>(), socket.errors());
    connection.send(json!({ "topic": "t", "data": 1 })).await;
    for text in ["no JSON", "", " 42 ", "{"] {
        connection.send_frame(Message::text(text)).await;
        assert_eq!(next(&mut texts).await.expect("it goes on").expect("none is missed"), text);
    }
    let (answer, _) = tokio::join!(call(&socket, "ask").into_future(), connection.answer(json!(1)));
    answer.expect("it is answered");

    // What is no JSON is an error again when nobody takes it any more.
    drop(texts);
    connection.send_frame(Message::text("nope")).await;
    let error = next(&mut errors).await.expect("it is there").expect("none is missed");
    assert!(matches!(*error, Error::Decode(_)), "{error}");
    assert_eq!(next(&mut messages).await.expect("it is there").expect("it fits"), 42);
    socket.close();
    assert!(next(&mut messages).await.is_none() && next(&mut errors).await.is_none());
}

#[tokio::test]
async fn bytes_and_whole_messages_go_out_as_they_are() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket()).await;
    socket.send_binary(vec![1, 2]).await.expect("it is sent");
    socket.send(&json!({ "text": "plain" })).await.expect("it is sent");
    socket.send_text("no JSON").await.expect("it is sent");
    assert_eq!(connection.frame().await, Some(Message::binary(vec![1, 2])));
    assert_eq!(connection.next().await, json!({ "text": "plain" }));
    assert_eq!(connection.frame().await, Some(Message::text("no JSON")));
    let error = call(&socket, "ask").input("text").await.expect_err("it has no members");
    assert!(matches!(error, Error::Encode(EncodeError::NotAMessage)), "{error:?}");
}

#[tokio::test]
async fn closing_lets_out_what_was_sent_and_fails_what_was_asked() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket()).await;
    let (mut topic, asked) = (socket.topic::<u32>("t"), call(&socket, "ask").into_future());
    let asked = tokio::spawn(asked);
    assert_eq!(connection.actions(1).await, ["ask"]);
    call(&socket, "last").send().await.expect("it is open");
    socket.close_with(4000, "enough");
    assert_eq!(lost(soon(asked).await.expect("it doesn't panic")), (4000, "enough".to_owned()));
    assert_eq!(connection.actions(1).await, ["last"]);
    let end = connection.end().await.expect("it says why");
    assert_eq!((u16::from(end.code), end.reason.as_str()), (4000, "enough"));
    assert!(next(&mut topic).await.is_none() && next(&mut socket.topic::<u32>("t")).await.is_none());
    assert_eq!(lost(call(&socket, "more").await), (4000, "enough".to_owned()));
    assert_eq!(soon(socket.closed()).await.code, 4000);
}

#[tokio::test]
async fn the_last_handle_takes_the_connection_with_it() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket()).await;
    let (clone, mut topic) = (socket.clone(), socket.topic::<u32>("t"));
    drop(socket);
    call(&clone, "last").send().await.expect("it is open");
    drop(clone);
    assert_eq!(connection.actions(1).await, ["last"]);
    assert_eq!(connection.end().await.map(|frame| frame.code.into()), Some(1000));
    assert!(next(&mut topic).await.is_none());

    // While there is no connection, there is nothing to say farewell to.
    let lazy = server.socket().connect_lazy().expect("there is nothing to refuse");
    let mut states = lazy.states();
    drop(lazy);
    until(&mut states, |state| matches!(state, State::Closed(_))).await;
}

#[tokio::test]
async fn c8_pings_are_answered_and_silence_is_noticed() {
    let mut server = Server::new().await;
    let limit = Duration::from_millis(100);
    let (socket, mut connection) = server.connect(server.socket().with_silence_limit(limit)).await;
    connection.send_frame(Message::Ping(Bytes::from_static(b"alive"))).await;
    loop {
        match connection.frame().await {
            Some(Message::Pong(data)) => break assert_eq!(data, Bytes::from_static(b"alive")),
            Some(_) => {}
            // On a slow machine the limit is over before.
            None => connection = server.accept().await,
        }
    }
    let mut states = socket.states();
    match until(&mut states, |state| matches!(state, State::Waiting { .. })).await {
        State::Waiting { last, .. } => assert_eq!(last.to_string(), "the server has fallen silent"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_too_large_or_no_text_ends_the_connection_with_the_code_for_it() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket().with_message_limit(1000)).await;
    let mut states = socket.states();
    connection.send(json!("x".repeat(990))).await;
    connection.send(json!("x".repeat(1000))).await;
    assert_eq!(connection.end().await.map(|frame| frame.code.into()), Some(1009));
    match until(&mut states, |state| matches!(state, State::Waiting { .. })).await {
        State::Waiting { last, .. } => assert_eq!(last.code, 1009),
        other => panic!("{other:?}"),
    }
    server.accept().await;
    let mut messages = socket.messages::<String>();
    assert_eq!(next(&mut messages).await.expect("it is there").expect("it fits").len(), 990);
}

/// A server that breaks the protocol may go on to do so. What it says is taken and thrown away, or else the system would
/// reset the connection, and the server would fail before it has read why it was closed.
#[tokio::test]
async fn c8_the_server_learns_why_it_is_closed_whatever_else_it_sends() {
    let mut server = Server::new().await;
    let (socket, mut connection) = server.connect(server.socket().with_message_limit(1000)).await;
    let mut states = socket.states();
    let too_large = [&[0x82, 127][..], &(4_u64 << 20).to_be_bytes()].concat();
    let faults: [(u16, &[u8]); 4] = [
        (1001, &[0x88, 2, 0x03, 0xe9]), // The server closes the connection, and still goes on.
        (1002, &[0x83, 0]),             // There is no opcode 3.
        (1007, &[0x81, 1, 0xff]),
        (1009, &too_large),
    ];
    for (code, fault) in faults {
        let stream = connection.socket.get_mut();
        stream.write_all(&[fault, &vec![0; 4 << 20]].concat()).await.expect("all of it is taken");
        assert_eq!(connection.end().await.map(|frame| frame.code.into()), Some(code));
        match until(&mut states, |state| matches!(state, State::Waiting { .. })).await {
            State::Waiting { last, .. } => assert_eq!(last.code, code),
            other => panic!("{other:?}"),
        }
        connection = server.accept().await;
    }
}

#[tokio::test]
async fn c7_credentials_that_can_not_travel_are_refused_and_headers_go_along() {
    let mut server = Server::new().await;
    for key in ["a b", "a,b", ""] {
        let error = server.http().with_api_key(key).channel::<Socket>("/events").connect_lazy();
        let error = error.expect_err("it can't be sent");
        assert!(matches!(error, EncodeError::Credential) && error.to_string().contains("; help: "), "{error}");
    }
    let error = server.http().with_bearer("a b").channel::<Socket>("/events").connect().await;
    assert!(
        matches!(&error, Err(Error::Transport(TransportError::Disconnected(closed))) if closed.code == 0),
        "{error:?}"
    );
    let error = server.http().with_header("x", "a\nb").channel::<Socket>("/events").connect().await;
    assert!(matches!(error, Err(Error::Encode(EncodeError::Header(_)))), "{error:?}");
    let error = server.http().channel::<Socket>("/rooms/{room}").connect().await;
    assert!(matches!(error, Err(Error::Encode(EncodeError::Path { .. }))), "{error:?}");

    let http = server.http().with_header("x-tenant", "one").with_header("sec-websocket-key", "mine");
    let http = http.with_api_key("hunter2").with_bearer("hunter3");
    let (socket, connection) = server.connect(http.channel("/events")).await;
    assert_eq!(
        (connection.header("x-tenant"), connection.header("sec-websocket-protocol")),
        ("one", "pikku.v1, bearer.hunter3")
    );
    assert_ne!(connection.header("sec-websocket-key"), "mine");
    let shown = format!(
        "{socket:?} {:?} {:?}",
        http.channel::<Socket>("/events"),
        call(&socket, "auth").input(&json!({ "password": "hunter4" }))
    );
    assert!(!shown.contains("hunter"), "{shown}");
}

/// What a runtime drops with the task of a socket fails, and does not wait for ever.
#[test]
fn requests_fail_when_the_task_is_gone() {
    let runtime = || tokio::runtime::Runtime::new().expect("a runtime");
    let (outer, inner) = (runtime(), runtime());
    let (socket, server) = inner.block_on(async {
        let server = Server::new().await;
        (server.socket().connect_lazy().expect("there is nothing to refuse"), server)
    });
    drop(inner);
    drop(server);
    lost(outer.block_on(async { soon(call(&socket, "ask").into_future()).await }));
}

/// Sockets and what comes of them can be used from tasks that move between threads.
#[test]
fn sockets_cross_threads() {
    fn assert_send<T: Send>(_: &T) {}
    fn assert_shared<T: Send + Sync + Clone>() {}
    assert_shared::<Socket>();
    let http = Http::new("http://localhost").expect("it is an address");
    let socket: Connect = http.channel("/events");
    assert_send(&socket.connect());
    fn check(socket: &Socket) {
        assert_send(&call(socket, "x").into_future());
        assert_send(&call(socket, "x").send());
        assert_send(&socket.states());
        assert_send(&socket.closed());
    }
    let _: fn(&Socket) = check;
}
