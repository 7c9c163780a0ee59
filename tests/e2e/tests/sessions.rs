//! Sessions that are taken back or end, on every transport and node.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant, SystemTime},
};

use e2e::{
    Running, app, jwt, serve,
    socket::{Next, Socket},
};
use pikku_core::{
    ApiKeySource, EventHub, Identity, MemorySessionStore, Pikku, Sessions, SqliteSessionStore, auth_api_key,
    auth_cookie,
};
use serde_json::{Value, json};
use sqlx::sqlite::SqlitePool;
use test_functions::{Services, TestApp, UserSession};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

fn user_of(session: &UserSession) -> String {
    session.user_id.clone()
}

async fn stored(sessions: &Sessions<UserSession>) -> Running {
    serve(app().await.sessions(sessions.clone()).middleware(auth_cookie("s").store())).await
}

/// A database in a file, since one in memory belongs to one connection.
struct Database {
    pool: SqlitePool,
    _folder: tempfile::TempDir,
}

async fn database() -> Database {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("sessions.db").display());
    Database { pool: SqlitePool::connect(&url).await.expect("it opens"), _folder: folder }
}

impl Database {
    /// What another node has of the same sessions.
    async fn node(&self) -> (Sessions<UserSession>, Running) {
        let store = SqliteSessionStore::open(self.pool.clone()).await.expect("it opens");
        let sessions = Sessions::new(store, user_of);
        let server = stored(&sessions).await;
        (sessions, server)
    }
}

async fn sign_in(server: &Running, user: &str, cookie: &str) -> String {
    let headers = [("content-type", "application/json"), ("cookie", cookie)];
    let answer = server.send("POST", "/login", &headers, &json!({ "name": user }).to_string()).await;
    answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
}

async fn who(server: &Running, cookie: &str) -> Value {
    let answer = server.send("GET", "/me", &[("cookie", cookie)], "").await;
    let answer = answer.json();
    if answer.is_string() { answer } else { answer["code"].clone() }
}

async fn connect(server: &Running, path: &str, cookie: &str) -> Socket {
    Socket::open(server, path, &[("cookie", cookie)]).await.expect("it opens")
}

fn whoami() -> Value {
    json!({ "action": "whoami" })
}

fn id_of(cookie: &str) -> &str {
    cookie.split_once('=').expect("a cookie").1
}

// Seen to fail with the cookie expired and the session left in the store.
#[tokio::test]
async fn s3_a_replayed_cookie_of_a_session_that_was_signed_out_is_refused_on_every_transport() {
    let server = stored(&Sessions::new(MemorySessionStore::new(), user_of)).await;
    let cookie = sign_in(&server, "ada", "").await;
    let other = sign_in(&server, "ada", "").await;
    let (mut socket, mut others) =
        (connect(&server, "/private", &cookie).await, connect(&server, "/private", &other).await);
    assert_eq!(socket.answer(whoami()).await["result"], "ada");
    assert_eq!(server.send("POST", "/logout", &[("cookie", &cookie)], "").await.status, 204);
    assert_eq!(who(&server, &cookie).await, "invalid_token");
    let refused = Socket::open(&server, "/private", &[("cookie", &cookie)]).await.err().unwrap_or_default();
    assert_eq!((refused.0, &refused.1["code"]), (401, &json!("invalid_token")));
    assert_eq!(socket.next().await, Next::Closed(4401));
    // Nobody else is signed out.
    assert_eq!(who(&server, &other).await, "ada");
    assert_eq!(others.answer(whoami()).await["result"], "ada");
}

// Seen to fail with messages answered by what was known when the connection opened, and with idle ones left alone.
#[tokio::test]
async fn s3_a_session_that_is_revoked_on_another_node_is_refused_here() {
    let database = database().await;
    let ((here, server), (there, other)) = (database.node().await, database.node().await);
    let cookie = sign_in(&server, "ada", "").await;
    assert_eq!(who(&other, &cookie).await, "ada");
    let (mut busy, mut idle) = (connect(&other, "/private", &cookie).await, connect(&other, "/rooms/1", &cookie).await);
    assert_eq!(busy.answer(whoami()).await["result"], "ada");
    assert!(matches!(idle.next().await, Next::Message(_)), "it was welcomed");
    assert_eq!(here.revoke_all_of("eve").await.expect("it is tried"), 0);
    assert_eq!(here.revoke_all_of("ada").await.expect("they are revoked"), 1);
    let revoked = Instant::now();
    // The next message already meets a session that is gone.
    assert_eq!(busy.ask(whoami()).await, Next::Closed(4401));
    assert_eq!(who(&other, &cookie).await, "invalid_token");
    assert_eq!(who(&server, &cookie).await, "invalid_token");
    assert_eq!(idle.next().await, Next::Closed(4401));
    // A second is promised; a busy machine may take its time to notice.
    assert!(revoked.elapsed() < Duration::from_secs(10), "{:?}", revoked.elapsed());
    drop(there);
}

// Seen to fail with `revoke_of` asking for the session's key alone.
#[tokio::test]
async fn s3_one_of_several_sessions_can_be_found_and_revoked() {
    let sessions = Sessions::new(MemorySessionStore::new(), user_of);
    let server = stored(&sessions).await;
    let (phone, laptop) = (sign_in(&server, "ada", "").await, sign_in(&server, "ada", "").await);
    let mut listed = sessions.list_of("ada").await.expect("they are listed");
    listed.sort_by_key(|record| record.created_at);
    let first = &listed[0];
    assert_eq!((listed.len(), &*first.user, &*first.session.user_id), (2, "ada", "ada"));
    // It is not eve's to take back.
    assert_eq!(sessions.revoke_of("eve", &first.key).await.ok(), Some(false));
    assert_eq!((who(&server, &phone).await, who(&server, &laptop).await), (json!("ada"), json!("ada")));
    assert_eq!(sessions.revoke_of("ada", &first.key).await.ok(), Some(true));
    assert_eq!(sessions.revoke_of("ada", &first.key).await.ok(), Some(false));
    assert_eq!((who(&server, &phone).await, who(&server, &laptop).await), (json!("invalid_token"), json!("ada")));
}

// Seen to fail with what is set on a channel left without an end.
#[tokio::test]
async fn s4_a_session_that_is_set_on_a_channel_ends_with_the_credential_of_who_set_it() {
    async fn find(_: &Services, _: &str) -> Result<Option<Identity<UserSession>>, pikku_core::Error> {
        let session = UserSession { user_id: "ada".to_owned(), admin: false };
        Ok(Some(Identity::new(session).until(SystemTime::now() + Duration::from_secs(2))))
    }
    let server =
        serve(Pikku::new(Services::new(jwt().await)).middleware(auth_api_key(ApiKeySource::Header, find))).await;
    let mut socket = Socket::open(&server, "/events", &[("x-api-key", "key")]).await.expect("it opens");
    let sign_in = json!({ "action": "auth", "user": "eve" });
    assert_eq!(socket.answer(sign_in.clone()).await["authResult"], true);
    assert_eq!(socket.answer(whoami()).await["result"], "eve");
    let ended = async {
        while socket.answer(whoami()).await["error"]["code"] != "unauthorized" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), ended).await.expect("it ends");
    // Whoever signs in after that has nothing to do with it.
    assert_eq!(socket.answer(sign_in).await["authResult"], true);
    assert_eq!(socket.answer(whoami()).await["result"], "eve");
}

/// Sessions of keys that hold long enough for a message to begin.
async fn for_two_seconds(_: &Services, key: &str) -> Result<Option<Identity<UserSession>>, pikku_core::Error> {
    let session = UserSession { user_id: key.to_owned(), admin: false };
    Ok(Some(Identity::new(session).until(SystemTime::now() + Duration::from_secs(2))))
}

// Seen to fail with a session left without an end where the credential ran out before the message was done.
#[tokio::test]
async fn s4_a_session_that_is_set_while_the_credential_runs_out_ends_with_it() {
    let app: Pikku<TestApp> = Pikku::new(Services::new(jwt().await));
    let server = serve(app.middleware(auth_api_key(ApiKeySource::Header, for_two_seconds))).await;
    for user in ["ada", "eve"] {
        let mut socket = Socket::open(&server, "/events", &[("x-api-key", "ada")]).await.expect("it opens");
        let lingering = json!({ "action": "auth_and_linger", "user": user, "lingers": 2500 });
        assert_eq!(socket.answer(lingering).await, "changed");
        assert_eq!(socket.next().await, Next::Message(json!({ "action": "auth_and_linger" })));
        assert_eq!(socket.answer(whoami()).await["error"]["code"], "unauthorized", "{user}");
    }
}

// Seen to fail with the message answered, and the connection signed in for good; and with one left open whose message failed.
#[tokio::test]
async fn s3_a_session_that_is_set_while_that_of_the_same_user_is_revoked_ends_with_it() {
    let sessions = Sessions::new(MemorySessionStore::new(), user_of);
    let server = stored(&sessions).await;
    for (user, fails) in [("ada", false), ("ada", true), ("eve", false), ("eve", true)] {
        let cookie = sign_in(&server, "ada", "").await;
        let mut socket = connect(&server, "/events", &cookie).await;
        let lingering = json!({ "action": "auth_and_linger", "user": user, "lingers": 1000, "fails": fails });
        assert_eq!(socket.answer(lingering).await, "changed");
        assert_eq!(sessions.revoke_all_of("ada").await.expect("it is revoked"), 1);
        if user == "ada" || fails {
            assert_eq!(socket.next().await, Next::Closed(4401));
        } else {
            assert_eq!(socket.next().await, Next::Message(json!({ "action": "auth_and_linger" })));
            assert_eq!(socket.answer(whoami()).await["result"], "eve");
        }
    }
}

// Seen to fail with streams that outlive the session by which they were asked for.
#[tokio::test]
async fn s3_a_stream_ends_when_its_session_is_revoked() {
    let (hub, sessions) = (EventHub::new(), Sessions::new(MemorySessionStore::new(), user_of));
    let app = app().await.event_hub(hub.clone()).sessions(sessions.clone()).middleware(auth_cookie("s").store());
    let server = serve(app).await;
    let cookie = sign_in(&server, "ada", "").await;
    let headers = [("cookie", &*cookie)];
    let revoked = async {
        while hub.topics() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        sessions.revoke_all_of("ada").await.expect("they are revoked")
    };
    let both = async { tokio::join!(server.send("GET", "/notices", &headers, ""), revoked) };
    let (stream, revoked) = timeout(Duration::from_secs(30), both).await.expect("it ends");
    assert_eq!((stream.status, revoked), (200, 1));
}

// Seen to fail with streams that go on whatever becomes of their session.
#[tokio::test]
async fn s4_a_stream_ends_with_the_credential_of_who_listens() {
    async fn find(_: &Services, _: &str) -> Result<Option<Identity<UserSession>>, pikku_core::Error> {
        let session = UserSession { user_id: "ada".to_owned(), admin: false };
        Ok(Some(Identity::new(session).until(SystemTime::now() + Duration::from_millis(300))))
    }
    let server =
        serve(Pikku::new(Services::new(jwt().await)).middleware(auth_api_key(ApiKeySource::Header, find))).await;
    let key = [("x-api-key", "key")];
    let stream = timeout(Duration::from_secs(30), server.send("GET", "/notices", &key, "")).await.expect("it ends");
    assert_eq!(stream.status, 200);
}

// Seen to fail with streams bound only where somebody with an end is signed in as they begin.
#[tokio::test]
async fn s4_a_stream_ends_with_the_credential_that_ran_out_or_was_replaced_before_it_began() {
    let app: Pikku<TestApp> = Pikku::new(Services::new(jwt().await));
    let server = serve(app.middleware(auth_api_key(ApiKeySource::Header, for_two_seconds))).await;
    let key = [("x-api-key", "ada")];
    for path in ["/notices/late?takes=2500", "/notices/late?takes=0&user=eve", "/notices/late?takes=2500&user=eve"] {
        let stream = timeout(Duration::from_secs(30), server.send("GET", path, &key, "")).await;
        assert_eq!(stream.unwrap_or_else(|_| panic!("{path} never ends")).status, 200, "{path}");
    }
}

// Seen to fail with streams that know nothing of the session that was made for their cookie.
#[tokio::test]
async fn s3_a_stream_ends_when_the_session_is_revoked_that_its_function_has_made() {
    let (hub, sessions) = (EventHub::new(), Sessions::new(MemorySessionStore::new(), user_of));
    let app = app().await.event_hub(hub.clone()).sessions(sessions.clone()).middleware(auth_cookie("s").store());
    let server = serve(app).await;
    let cookie = sign_in(&server, "ada", "").await;
    let headers = [("cookie", &*cookie)];
    let revoked = async {
        while hub.topics() == 0 || sessions.revoke_all_of("eve").await.expect("it is tried") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let both = async { tokio::join!(server.send("GET", "/notices/late?takes=0&user=eve", &headers, ""), revoked) };
    let (stream, ()) = timeout(Duration::from_secs(30), both).await.expect("it ends");
    assert_eq!(stream.status, 200);
}

// Seen to fail with the id of the cookie used again.
#[tokio::test]
async fn s3_signing_in_makes_a_new_id_and_ends_the_old_one() {
    let server = stored(&Sessions::new(MemorySessionStore::new(), user_of)).await;
    // Somebody has made the browser of their victim send an id that they know.
    let planted = "__Host-s=00112233445566778899aabbccddeeff";
    let first = sign_in(&server, "ada", planted).await;
    assert_ne!(id_of(&first), id_of(planted));
    let second = sign_in(&server, "eve", &first).await;
    assert_ne!(id_of(&first), id_of(&second));
    assert_eq!((who(&server, &first).await, who(&server, &second).await), (json!("invalid_token"), json!("eve")));
    assert_eq!(id_of(&second).len(), 64, "256 bits in hexadecimal digits");
}

// Seen to fail with ids written down as they are.
#[tokio::test]
async fn s3_who_reads_the_table_can_sign_in_as_nobody() {
    let database = database().await;
    let (_, server) = database.node().await;
    let cookie = sign_in(&server, "ada", "").await;
    let query = sqlx::query_as::<_, (String, String)>("SELECT hex(key), user_id || session FROM pikku_sessions");
    let rows = query.fetch_all(&database.pool).await.expect("it is read");
    assert_eq!(rows.len(), 1);
    let (key, rest) = &rows[0];
    assert!(!key.eq_ignore_ascii_case(id_of(&cookie)) && !rest.contains(id_of(&cookie)));
    for forged in [key.clone(), key.to_lowercase()] {
        assert_eq!(who(&server, &format!("__Host-s={forged}")).await, "invalid_token");
    }
}

// Seen to fail with an outage taken for a session that is gone.
#[tokio::test]
async fn a5_an_outage_of_the_store_signs_nobody_out() {
    let database = database().await;
    let (_, server) = database.node().await;
    let cookie = sign_in(&server, "ada", "").await;
    let mut socket = connect(&server, "/private", &cookie).await;
    sqlx::query("ALTER TABLE pikku_sessions RENAME TO gone").execute(&database.pool).await.expect("it is done");
    assert_eq!(who(&server, &cookie).await, "internal_error");
    assert_eq!(server.send("GET", "/who", &[("cookie", &cookie)], "").await.status, 200);
    assert_eq!(socket.answer(whoami()).await["error"]["code"], "internal_error");
    sqlx::query("ALTER TABLE gone RENAME TO pikku_sessions").execute(&database.pool).await.expect("it is done");
    assert_eq!(who(&server, &cookie).await, "ada");
    assert_eq!(socket.answer(whoami()).await["result"], "ada");
}

// Seen to fail with `clear` on a channel left to the connection.
#[tokio::test]
async fn s1_signing_out_on_a_channel_ends_the_session_everywhere() {
    let server = stored(&Sessions::new(MemorySessionStore::new(), user_of)).await;
    let cookie = sign_in(&server, "ada", "").await;
    let mut socket = connect(&server, "/events", &cookie).await;
    let mut other = connect(&server, "/private", &cookie).await;
    assert_eq!(socket.answer(json!({ "action": "sign_out" })).await, json!({ "action": "sign_out" }));
    assert_eq!(who(&server, &cookie).await, "invalid_token");
    assert_eq!(other.next().await, Next::Closed(4401));
    // The one that it was asked for on stays, and somebody else may sign in there.
    assert_eq!(socket.answer(whoami()).await["error"]["code"], "unauthorized");
    assert_eq!(socket.answer(json!({ "action": "auth", "user": "eve" })).await["authResult"], true);
}

// Seen to fail with connections closed by what they were opened with.
#[tokio::test]
async fn s3_who_has_signed_in_anew_on_a_connection_is_not_concerned() {
    let sessions = Sessions::new(MemorySessionStore::new(), user_of);
    let server = stored(&sessions).await;
    let cookie = sign_in(&server, "ada", "").await;
    let mut socket = connect(&server, "/events", &cookie).await;
    assert_eq!(socket.answer(json!({ "action": "auth", "user": "eve" })).await["authResult"], true);
    assert_eq!(sessions.revoke_all_of("ada").await.expect("it is revoked"), 1);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(socket.answer(whoami()).await["result"], "eve");
}

// Seen to fail with a session that is set on a channel taken for one of its own.
#[tokio::test]
async fn s3_what_is_set_for_the_same_user_on_a_connection_ends_with_their_session() {
    let sessions = Sessions::new(MemorySessionStore::new(), user_of);
    let server = stored(&sessions).await;
    let cookie = sign_in(&server, "ada", "").await;
    let mut socket = connect(&server, "/events", &cookie).await;
    assert_eq!(socket.answer(json!({ "action": "auth", "user": "ada" })).await["authResult"], true);
    assert_eq!(socket.answer(whoami()).await["result"], "ada");
    assert_eq!(sessions.revoke_all_of("ada").await.expect("it is revoked"), 1);
    assert_eq!(socket.next().await, Next::Closed(4401));
}

// Seen to fail with a session that has an end of its own out of reach of those who revoke.
#[tokio::test]
async fn s3_what_is_set_for_the_same_user_until_a_time_ends_with_their_session_too() {
    let sessions = Sessions::new(MemorySessionStore::new(), user_of);
    let server = stored(&sessions).await;
    let cookie = sign_in(&server, "ada", "").await;
    let mut socket = connect(&server, "/events", &cookie).await;
    let for_a_while = |milliseconds: u32| json!({ "action": "auth_for", "user": "ada", "milliseconds": milliseconds });
    assert_eq!(socket.answer(for_a_while(60_000)).await, json!({ "action": "auth_for" }));
    assert_eq!(socket.answer(whoami()).await["result"], "ada");
    let mut brief = connect(&server, "/events", &cookie).await;
    assert_eq!(brief.answer(for_a_while(400)).await, json!({ "action": "auth_for" }));
    // The session in the store lasts longer, and is none of its own.
    assert_eq!(until_refused(&mut brief).await, ENDED);
    assert_eq!(sessions.revoke_all_of("ada").await.expect("it is revoked"), 1);
    assert_eq!(socket.next().await, Next::Closed(4401));
}

// Seen to fail with who is calling asked for only before the input.
#[tokio::test]
async fn s3_a_request_whose_body_is_slow_to_come_meets_a_session_that_was_revoked_meanwhile() {
    let sessions = Sessions::new(MemorySessionStore::new(), user_of);
    let patient = app().await.body_timeout(Duration::from_secs(60)).timeout(Duration::from_secs(60));
    let server = serve(patient.sessions(sessions.clone()).middleware(auth_cookie("s").store())).await;
    let cookie = sign_in(&server, "ada", "").await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let (begin, rest) = (r#"{"owner": "#, r#""ada"}"#);
    let head = format!(
        "POST /things HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncookie: {cookie}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{begin}",
        server.address,
        begin.len() + rest.len()
    );
    stream.write_all(head.as_bytes()).await.expect("it is sent");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(sessions.revoke_all_of("ada").await.expect("it is revoked"), 1);
    stream.write_all(rest.as_bytes()).await.expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

// Seen to fail with topics kept whoever signs in.
#[tokio::test]
async fn s2_what_one_was_subscribed_to_is_not_for_who_signs_in_next() {
    let server = serve(app().await).await;
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    let auth = |user: &str| json!({ "action": "auth", "user": user });
    let notices = json!({ "action": "notices" });
    let notify = async || server.post("/notify", r#"{"user": "ada", "text": "secret"}"#).await.json();
    socket.answer(auth("ada")).await;
    socket.answer(notices.clone()).await;
    // Signing in anew as the same changes nothing.
    socket.answer(auth("ada")).await;
    assert_eq!(notify().await, 1);
    assert!(matches!(socket.next().await, Next::Message(_)));
    socket.answer(auth("eve")).await;
    assert_eq!(notify().await, 0);
    socket.answer(auth("ada")).await;
    socket.answer(notices).await;
    socket.answer(json!({ "action": "sign_out" })).await;
    assert_eq!(notify().await, 0);
}

/// Sessions of keys that hold for a moment.
async fn for_a_moment(_: &Services, key: &str) -> Result<Option<Identity<UserSession>>, pikku_core::Error> {
    let session = UserSession { user_id: key.to_owned(), admin: false };
    Ok(Some(Identity::new(session).until(SystemTime::now() + Duration::from_millis(300))))
}

async fn momentary(sign_in: Duration) -> Running {
    let app: Pikku<TestApp> = Pikku::new(Services::new(jwt().await));
    serve(app.middleware(auth_api_key(ApiKeySource::Header, for_a_moment)).sign_in_timeout(sign_in)).await
}

/// What somebody is told whose time is up.
const ENDED: &str = "the session has ended; sign in anew";

/// Asks until somebody is signed in no longer.
async fn until_refused(socket: &mut Socket) -> Value {
    for _ in 0..1000 {
        let answer = socket.answer(whoami()).await;
        if answer["error"].is_object() {
            assert_eq!(answer["error"]["code"], "unauthorized");
            return answer["error"]["detail"].clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never ends");
}

// Seen to fail with the session of an upgrade kept for as long as the connection.
#[tokio::test]
async fn s4_the_session_of_a_live_socket_ends_with_its_credential() {
    let server = momentary(Duration::from_secs(60)).await;
    let mut socket = Socket::open(&server, "/events", &[("x-api-key", "ada")]).await.expect("it opens");
    assert_eq!(socket.answer(whoami()).await["result"], "ada");
    assert_eq!(until_refused(&mut socket).await, ENDED);
    // It isn't too late to sign in anew.
    assert_eq!(socket.answer(json!({ "action": "auth", "user": "ada" })).await["authResult"], true);
    assert_eq!(socket.answer(whoami()).await["result"], "ada");
}

// Seen to fail with no deadline for signing in.
#[tokio::test]
async fn s4_a_socket_whose_session_has_ended_is_closed_if_nobody_signs_in() {
    let server = momentary(Duration::from_millis(300)).await;
    let mut silent = Socket::open(&server, "/events", &[("x-api-key", "ada")]).await.expect("it opens");
    assert_eq!(silent.next().await, Next::Closed(4401));
}

// Seen to fail with `set_until` the same as `set`.
#[tokio::test]
async fn s4_a_session_that_is_set_on_a_channel_until_a_time_ends_then() {
    let server = serve(app().await).await;
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    let signed_in = socket.answer(json!({ "action": "auth_for", "user": "ada", "milliseconds": 400 })).await;
    assert_eq!(signed_in, json!({ "action": "auth_for" }));
    assert_eq!(until_refused(&mut socket).await, ENDED);
}

// Seen to fail with those forgotten whose time is up.
#[tokio::test]
async fn s2_what_one_was_subscribed_to_is_not_for_who_signs_in_after_the_end_of_their_session() {
    let server = serve(app().await.sign_in_timeout(Duration::from_secs(60))).await;
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    let for_a_while = |milliseconds: u32| json!({ "action": "auth_for", "user": "ada", "milliseconds": milliseconds });
    let notify = async || server.post("/notify", r#"{"user": "ada", "text": "secret"}"#).await.json();
    socket.answer(for_a_while(2000)).await;
    assert_eq!(socket.answer(json!({ "action": "notices" })).await, json!({ "action": "notices" }));
    until_refused(&mut socket).await;
    // Whoever signs in anew as the same keeps them.
    socket.answer(for_a_while(1)).await;
    assert_eq!(notify().await, 1);
    assert!(matches!(socket.next().await, Next::Message(_)));
    until_refused(&mut socket).await;
    socket.answer(json!({ "action": "auth", "user": "eve" })).await;
    assert_eq!(notify().await, 0);
}

// Seen to fail with topics left only when the session ends, and not when what was begun by then is done.
#[tokio::test]
async fn s2_what_is_subscribed_to_while_the_session_ends_is_not_for_anybody_on_a_public_channel() {
    let hub = EventHub::new();
    let app: Pikku<TestApp> = Pikku::new(Services::new(jwt().await)).event_hub(hub.clone());
    let server = serve(app.middleware(auth_api_key(ApiKeySource::Header, for_a_moment))).await;
    let mut socket = Socket::open(&server, "/rooms/1?name=b", &[("x-api-key", "ada")]).await.expect("it opens");
    assert!(matches!(socket.next().await, Next::Message(_)));
    let listen = |topic: &str, takes: u32| json!({ "kind": "listen", "topic": topic, "takes": takes });
    socket.answer(listen("early", 0)).await;
    assert_eq!(hub.topics(), 1);
    socket.answer(listen("late", 1000)).await;
    assert_eq!(hub.topics(), 0);
    // What comes after that is anybody's, as everything here.
    socket.answer(listen("later", 0)).await;
    assert_eq!(hub.topics(), 1);
}

#[tokio::test]
async fn h7_a_message_that_fails_signs_nobody_in() {
    let server = serve(app().await).await;
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    let failing = |user: &str| json!({ "action": "auth_for", "user": user, "milliseconds": 60_000, "fails": true });
    assert_eq!(socket.answer(failing("eve")).await["error"]["code"], "not_found");
    assert_eq!(socket.answer(whoami()).await["error"]["code"], "unauthorized");
    assert_eq!(socket.answer(json!({ "action": "auth", "user": "ada" })).await["authResult"], true);
    assert_eq!(socket.answer(failing("eve")).await["error"]["code"], "not_found");
    assert_eq!(socket.answer(whoami()).await["result"], "ada");
}

// Seen to fail with the change taken back before the call was dropped.
#[tokio::test]
async fn h7_a_message_that_runs_out_of_time_leaves_nobody_behind() {
    let server = serve(app().await.timeout(Duration::from_millis(100))).await;
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    for _ in 0..2 {
        assert_eq!(socket.answer(json!({ "action": "haunt" })).await["error"]["code"], "deadline_exceeded");
        assert_eq!(socket.answer(whoami()).await["error"]["code"], "unauthorized");
    }
}

// Seen to fail with topics left as soon as a function signs out.
#[tokio::test]
async fn h7_a_message_that_signs_out_and_fails_leaves_the_topics_alone() {
    let hub = EventHub::new();
    let server = serve(app().await.event_hub(hub.clone())).await;
    let ada = [("x-api-key", "key-of-ada")];
    let mut socket = Socket::open(&server, "/rooms/1?name=b", &ada).await.expect("it opens");
    assert!(matches!(socket.next().await, Next::Message(_)));
    socket.answer(json!({ "kind": "listen", "topic": "news", "takes": 0 })).await;
    for fails in [true, false] {
        assert_eq!(hub.topics(), 1);
        let lingering = json!({ "kind": "sign_out_and_linger", "lingers": 300, "fails": fails });
        assert_eq!(socket.answer(lingering).await, "changed");
        // What comes meanwhile makes the connection look at who is signed in.
        let answer = socket.answer(json!({ "kind": "count" })).await;
        assert_eq!((&answer["kind"], answer["error"].is_object()), (&json!("sign_out_and_linger"), fails));
        assert_eq!(socket.next().await, Next::Message(json!({ "kind": "count", "result": if fails { 1 } else { 2 } })));
    }
    assert_eq!(hub.topics(), 0);
}

// Seen to fail with the time to sign in counted anew from each attempt, and with it looked at between two of them only.
#[tokio::test]
async fn c2_attempts_to_sign_in_that_fail_put_nothing_off() {
    let server = serve(app().await.sign_in_timeout(Duration::from_secs(1))).await;
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    let attempt = json!({ "action": "auth_and_linger", "user": "eve", "lingers": 300, "fails": true });
    let closed = async {
        loop {
            // What comes meanwhile makes the connection look at who is signed in.
            let heard = [socket.ask(attempt.clone()).await, socket.ask(whoami()).await, socket.next().await];
            if let Some(Next::Closed(code)) = heard.into_iter().find(|next| matches!(next, Next::Closed(_))) {
                return code;
            }
        }
    };
    assert_eq!(timeout(Duration::from_secs(15), closed).await, Ok(4401));
    // Nor do those of which one always waits for the other: each is told of twice, and a new one is sent each time.
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    let closed = async {
        loop {
            if let Next::Closed(code) = socket.ask(attempt.clone()).await {
                return code;
            }
        }
    };
    assert_eq!(timeout(Duration::from_secs(6), closed).await, Ok(4401));
}

// Seen to fail with the time counted from when the connection opened.
#[tokio::test]
async fn c2_who_signs_out_late_gets_the_time_to_sign_in_anew() {
    let server = serve(app().await.sign_in_timeout(Duration::from_secs(2))).await;
    let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
    assert_eq!(socket.answer(json!({ "action": "auth", "user": "ada" })).await["authResult"], true);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(socket.answer(json!({ "action": "sign_out" })).await, json!({ "action": "sign_out" }));
    assert_eq!(socket.answer(whoami()).await["error"]["code"], "unauthorized");
    assert_eq!(socket.answer(json!({ "action": "auth", "user": "eve" })).await["authResult"], true);
    assert_eq!(socket.answer(whoami()).await["result"], "eve");
    assert_eq!(socket.answer(json!({ "action": "sign_out" })).await, json!({ "action": "sign_out" }));
    assert_eq!(socket.next().await, Next::Closed(4401));
}

// Seen to fail with a sign-out that is taken back after its message.
#[tokio::test]
async fn s2_nothing_sees_who_has_signed_out_not_even_the_end_of_the_connection() {
    let server = serve(app().await).await;
    for (sign_out, ended) in [(false, "ended as ada"), (true, "ended as nobody")] {
        let mut socket = Socket::open(&server, "/events", &[]).await.expect("it opens");
        socket.answer(json!({ "action": "auth", "user": "ada" })).await;
        if sign_out {
            socket.answer(json!({ "action": "sign_out" })).await;
        }
        drop(socket);
        let noted = AtomicBool::new(false);
        for _ in 0..1000 {
            let notes = server.get("/notes").await.json();
            if notes.as_array().is_some_and(|notes| !notes.is_empty()) {
                assert_eq!(notes, json!([ended]));
                noted.store(true, Ordering::Relaxed);
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(noted.into_inner(), "the end was not noted");
    }
}
