//! What the log is told, and what it must not be told.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use e2e::{Running, app, jwt, serve, socket::Socket};
use pikku_core::{MemorySessionStore, Sessions, auth_cookie};
use serde_json::json;
use test_functions::UserSession;
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter, util::SubscriberInitExt};

/// A log that can be read.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Everything that is logged on this thread, which is all that the server of a test does.
    fn open() -> (Self, impl Drop) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false);
        let guard = subscriber.with_writer(log.clone()).finish().set_default();
        (log, guard)
    }

    /// What was written since this was last asked.
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Sends a credential wherever one is looked at: to functions that are for everybody, that are not and that fail, and to
/// channels.
async fn send(server: &Running, headers: &[(&'static str, &str)], query: &str) {
    for path in ["/who", "/me", "/items/x", "/things/today", "/target", "/nowhere"] {
        server.send("GET", &format!("{path}{query}"), headers, "").await;
    }
    for path in ["/private", "/events", "/conformance/open"] {
        if let Ok(mut socket) = Socket::open(server, &format!("{path}{query}"), headers).await {
            socket.answer(json!({ "action": "whoami" })).await;
            socket.answer(json!({ "action": "fail", "how": "internal" })).await;
        }
    }
}

// Seen to fail with the reason of a refusal that quotes the credential, and with the
// target of a request logged before the key is taken out.
#[tokio::test(flavor = "current_thread")]
async fn a5_the_log_says_which_credential_failed_and_how_and_never_what_it_is() {
    let (log, _open) = Log::open();
    let sessions = Sessions::new(MemorySessionStore::new(), |session: &UserSession| session.user_id.clone());
    let server = serve(app().await.sessions(sessions).middleware(auth_cookie("s").store())).await;
    let session = UserSession { user_id: "ada".to_owned(), admin: false };
    let token = jwt().await.encode(Duration::from_secs(60), &session).await.expect("it is signed");
    let expired = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.opensesameopensesameopensesame";
    let bearer = |token: &str| format!("Bearer {token}");
    let signed_in = server.post("/login", r#"{"name": "ada"}"#).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let id = cookie.split('=').nth(1).expect("an id").to_owned();

    for (headers, query, credential, secret) in [
        (vec![("x-api-key", "opensesame")], "", "API key", "opensesame"),
        (vec![], "?apiKey=opensesame", "API key", "opensesame"),
        (vec![("sec-websocket-protocol", "pikku.v1, apiKey.opensesame")], "", "API key", "opensesame"),
        (vec![("authorization", bearer("opensesame").as_str())], "", "bearer token", "opensesame"),
        (vec![("authorization", bearer(expired).as_str())], "", "bearer token", expired),
        (vec![("authorization", bearer(&format!("{token}x")).as_str())], "", "bearer token", token.as_str()),
        (vec![("cookie", "__Host-s=opensesame")], "", "cookie", "opensesame"),
        // What is good is a secret all the more, and nothing to be told of.
        (vec![("x-api-key", "key-of-opensesame")], "", "", "key-of-opensesame"),
        (vec![], "?apiKey=key-of-opensesame", "", "key-of-opensesame"),
        (vec![("sec-websocket-protocol", "pikku.v1, apiKey.key-of-opensesame")], "", "", "key-of-opensesame"),
        (vec![("authorization", bearer(&token).as_str())], "", "", token.as_str()),
        (vec![("cookie", cookie.as_str())], "", "", id.as_str()),
    ] {
        log.take();
        send(&server, &headers, query).await;
        let logged = log.take();
        let refused: Vec<_> = logged.lines().filter(|line| line.contains("a credential was refused")).collect();
        let told = format!("credential=\"{credential}\" reason=");
        match credential {
            // That an error was told shows that there is a log.
            "" => assert!(refused.is_empty() && logged.contains("hunter2"), "{logged}"),
            _ => assert!(
                !refused.is_empty() && refused.iter().all(|line| line.contains(&told)),
                "{credential}: {refused:?}"
            ),
        }
        // Not even a part of it.
        let parts = secret.split('.').filter(|part| part.len() > 3);
        let leaks = |line: &&str| parts.clone().any(|part| line.contains(part));
        assert_eq!(logged.lines().find(leaks), None);
    }
}

// Seen to fail with the cause of a failure dropped where the frame is written.
#[tokio::test(flavor = "current_thread")]
async fn x3_what_fails_on_a_channel_is_told_to_the_log_under_an_id_that_the_client_has() {
    let (log, _open) = Log::open();
    let server = serve(app().await).await;
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    for how in ["internal", "panic"] {
        let answer = socket.answer(json!({ "action": "fail", "id": 1, "how": how })).await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!("internal_error")));
        assert!(!answer.to_string().contains("hunter2"), "{answer}");
        let id = answer["error"]["request_id"].as_str().expect("an id");
        let logged = log.take();
        let told = logged.lines().find(|line| line.contains(id)).expect("it is told");
        assert!(told.contains("hunter2") && told.contains("function=\"fail\""), "{told}");
    }
    // What is the client's own fault has nothing that could be looked up.
    let answer = socket.answer(json!({ "action": "fail", "how": "not_found" })).await;
    assert_eq!((&answer["error"]["status"], answer["error"].get("request_id")), (&json!(404), None));
}
