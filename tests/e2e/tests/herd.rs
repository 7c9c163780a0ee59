//! What many clients do when their server is killed: they come back one by one, and nothing is done twice.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use e2e::client::{Answer, Emit, EventsSocket, SignIn, Subscribe, TestClient};
use futures_util::future::join_all;
use pikku_client::{Error, State, Subscription, TransportError};
use serde_json::Value;
use tokio::{sync::oneshot, time::timeout};

const CLIENTS: usize = 500;

/// How long all of them may take for one step. It is a bound for a hopeless case; they need a small part of it.
const SOON: Duration = Duration::from_secs(120);

/// A server in a process of its own, which can be killed as only a process can.
struct Server(Child);

impl Server {
    /// Starts one, and says where it is.
    fn start(address: &str) -> (Self, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_test-server"));
        command.arg(address).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it is");
        (Self(child), line.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().expect("it is still there");
        self.0.wait().expect("it has ended");
    }
}

/// One client, and all that it hears.
struct Client {
    events: EventsSocket,
    name: String,
    states: Subscription<State>,
    subscribed: Subscription<Value>,
    who: Subscription<String>,
    said: Subscription<Value>,
    messages: Subscription<String>,
}

async fn next<T>(subscription: &mut Subscription<T>) -> T {
    let item = timeout(SOON, subscription.next()).await.expect("it has to come");
    item.expect("it goes on").expect("it fits, and nothing is missed")
}

impl Client {
    async fn new(api: &TestClient, number: usize) -> Self {
        let name = format!("client-{number}");
        let sign_in = SignIn { user: name.clone(), takes: None };
        let connect = api.events().with_timeout(None).with_sign_in(async move |events| events.auth(&sign_in).await);
        let events = connect.connect_lazy().expect("there is nothing to refuse");
        let socket = events.socket();
        let (states, subscribed) = (socket.states(), socket.replies("subscribe"));
        let (who, said, messages) = (socket.replies("whoami"), socket.topic("herd"), socket.messages());
        events.subscribe(&Subscribe { topic: "herd".to_owned() }).keep().expect("it is a message");
        let mut client = Self { events, name, states, subscribed, who, said, messages };
        assert_eq!(next(&mut client.subscribed).await["subscribed"], true);
        client
    }

    /// Loses its server, with a request under way, and comes back. Gives the first wait.
    async fn come_back(mut self, waits: oneshot::Sender<()>) -> (Self, Duration) {
        let hold = self.events.fail(&Answer { how: "hold".to_owned() }).into_future();
        let hold = tokio::spawn(hold);
        assert_eq!(next(&mut self.messages).await, "holding");
        let _ = waits.send(());
        let lost = timeout(SOON, hold).await.expect("it ends").expect("it doesn't panic").expect_err("it is lost");
        assert!(matches!(lost, Error::Transport(TransportError::Disconnected(_))), "{lost:?}");
        let first_wait = loop {
            if let State::Waiting { retry_in, .. } = next(&mut self.states).await {
                break retry_in;
            }
        };
        assert_eq!(next(&mut self.subscribed).await["subscribed"], true);
        assert_eq!(self.events.whoami().await.expect("it has signed in"), self.name);
        (self, first_wait)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c9_a_herd_comes_back_one_by_one_and_nothing_is_done_twice() {
    let (server, url) = Server::start("127.0.0.1:0");
    let api = TestClient::new(&url).expect("it is an address");
    let clients = join_all((0..CLIENTS).map(|number| Client::new(&api, number))).await;
    let (ready, come_back): (Vec<_>, Vec<_>) = clients
        .into_iter()
        .map(|client| {
            let (waits, ready) = oneshot::channel();
            (ready, tokio::spawn(client.come_back(waits)))
        })
        .unzip();
    for ready in ready {
        ready.await.expect("it waits");
    }
    drop(server);
    let (_server, _) = Server::start(url.trim_start_matches("http://"));
    let back = timeout(SOON, join_all(come_back)).await.expect("all come back");
    let (mut clients, waits): (Vec<_>, Vec<_>) = back.into_iter().map(|back| back.expect("it doesn't panic")).unzip();

    // Without jitter all would come in one bin; with it each of the five has a fifth, give or take what chance does.
    let mut bins = [0; 5];
    for wait in waits {
        assert!(wait <= Duration::from_millis(500), "{wait:?}");
        bins[(wait.as_millis() / 100).min(4) as usize] += 1;
    }
    assert!(bins.iter().all(|count| (CLIENTS / 20..CLIENTS * 2 / 5).contains(count)), "{bins:?}");

    // All are on the topic again, each once: everyone hears everything once, and in order.
    for message in ["first", "last"] {
        let emit = Emit { name: "herd".to_owned(), message: message.to_owned() };
        assert_eq!(clients[0].events.emit(&emit).await.expect("it is sent"), CLIENTS - 1);
    }
    for client in &mut clients[1..] {
        for message in ["first", "last"] {
            assert_eq!(next(&mut client.said).await["message"], message);
        }
    }
    // Nothing was asked again by itself: each has asked once who it is, and once to be held, and was told once.
    for client in clients {
        let Client { events, name, mut who, mut subscribed, mut messages, .. } = client;
        events.socket().close();
        assert_eq!(next(&mut who).await, name);
        assert!(timeout(SOON, who.next()).await.expect("it ends").is_none());
        assert!(timeout(SOON, subscribed.next()).await.expect("it ends").is_none());
        assert!(timeout(SOON, messages.next()).await.expect("it ends").is_none());
    }
}
