//! Where keys come from, and when they are asked for again (J2).

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{sync::Semaphore, time::Instant};

use super::{
    super::source::{FETCH_TIMEOUT, KeyStore},
    *,
};

const TTL: Duration = Duration::from_secs(300);

/// A source that can be changed, and counts how often it is asked.
#[derive(Clone)]
struct Keys {
    keys: Arc<Mutex<Result<Vec<Key>, String>>>,
    asked: Arc<AtomicUsize>,
    /// As many may be answered as there are permits.
    answers: Arc<Semaphore>,
}

impl Keys {
    fn new(keys: impl IntoIterator<Item = Key>) -> Self {
        let keys = Arc::new(Mutex::new(Ok(keys.into_iter().collect())));
        Self { keys, asked: Arc::default(), answers: Arc::new(Semaphore::new(1000)) }
    }

    async fn service(&self) -> JwtService {
        let source = self.clone();
        let service = JwtService::new(move || source.clone().fetch()).await.expect("there are keys");
        // So that what comes next comes after the keys were loaded by any clock.
        service.keys.pass(Duration::from_millis(1));
        service
    }

    async fn fetch(self) -> Result<Vec<Key>, String> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answers.acquire().await.expect("it is never closed").forget();
        self.keys.lock().expect("nothing panics with it").clone()
    }

    fn set(&self, keys: Result<Vec<Key>, &str>) {
        *self.keys.lock().expect("nothing panics with it") = keys.map_err(str::to_owned);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until the source has been asked this often.
    async fn wait_until_asked(&self, times: usize) {
        let waiting = async {
            while self.asked() < times {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(MINUTE, waiting).await.expect("the source is asked");
    }
}

fn named(id: &str) -> Key {
    Key::hs256(id, SECRET).expect("a good secret")
}

/// A good token of the key with this id.
fn token_by(id: &str) -> String {
    let header = json!({ "alg": "HS256", "kid": id }).to_string();
    forge(&named(id), &header, &json!({ "exp": now() + 100_000 }).to_string())
}

/// What many callers at once are told of tokens, of which each has one of its own.
async fn flood(jwt: &JwtService, callers: usize, token: impl Fn(usize) -> String) -> Vec<Result<(), JwtError>> {
    let calls: Vec<_> = (0..callers)
        .map(|caller| {
            let (jwt, token) = (jwt.clone(), token(caller));
            tokio::spawn(async move { jwt.verify(&token).await })
        })
        .collect();
    futures_util::future::join_all(calls).await.into_iter().map(|call| call.expect("no call panics")).collect()
}

// Seen to fail with every unknown key looked up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j2_a_flood_of_unknown_keys_costs_one_fetch() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await;
    let bogus = |caller: usize| token_by(&format!("bogus-{caller}"));
    for fetches in [2, 3] {
        for answers in [flood(&jwt, 1000, bogus).await, flood(&jwt, 100, bogus).await] {
            assert!(answers.iter().all(|answer| *answer == Err(JwtError::UnknownKey)));
        }
        assert_eq!(keys.asked(), fetches);
        // Nobody has to wait, and those with good tokens never had to.
        assert_eq!(jwt.verified_now::<Value>(&bogus(0)), Some(Err(JwtError::UnknownKey)));
        assert!(jwt.verified_now::<Value>(&token_by("a")).is_some_and(|verified| verified.is_ok()));
        jwt.keys.pass(Duration::from_secs(10));
    }
}

// Seen to fail with whoever comes while the source is asked left with the keys at hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j2_all_who_come_during_a_fetch_get_what_it_brings() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await;
    keys.set(Ok(vec![named("b"), named("a")]));
    // The source takes its time until somebody has waited for it.
    keys.answers.forget_permits(1000);
    let calls = tokio::spawn({
        let jwt = jwt.clone();
        async move { flood(&jwt, 100, |_| token_by("b")).await }
    });
    keys.wait_until_asked(2).await;
    keys.answers.add_permits(1);
    let answers = calls.await.expect("no call panics");
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(keys.asked(), 2);
}

// Seen to fail with keys loaded for their age only.
#[tokio::test]
async fn j2_a_key_that_is_new_at_the_source_is_found_at_once() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await;
    assert_eq!(jwt.verified_now::<Value>(&token_by("b")), None, "it has to be asked for");
    keys.set(Ok(vec![named("b"), named("a")]));
    assert_eq!(jwt.verify(&token_by("b")).await, Ok(()));
    assert_eq!(jwt.verify(&token_by("a")).await, Ok(()));
    assert_eq!(keys.asked(), 2);
    // It signs from now on, and those who ask for others wait for theirs.
    let token = encode(&jwt, &payload()).await;
    assert_eq!(JwtService::with_keys([named("b")]).expect("a good key").verify(&token).await, Ok(()));
}

// Seen to fail with keys that are never loaded anew.
#[tokio::test]
async fn j2_a_key_that_is_removed_at_the_source_stops_verifying_within_the_ttl() {
    let keys = Keys::new([named("a"), named("b")]);
    let jwt = keys.service().await;
    let token = token_by("b");
    assert_eq!(jwt.verify(&token).await, Ok(()));
    keys.set(Ok(vec![named("a")]));
    jwt.keys.pass(TTL - MINUTE);
    assert_eq!(jwt.verify(&token).await, Ok(()));
    assert_eq!(keys.asked(), 1);
    jwt.keys.pass(MINUTE);
    assert_eq!(jwt.verified_now::<Value>(&token), None, "the keys have to be loaded");
    assert_eq!(jwt.verify(&token).await, Err(JwtError::UnknownKey));
    assert_eq!(jwt.verify(&token_by("a")).await, Ok(()));
    assert_eq!(keys.asked(), 2);
}

// Seen to fail with keys loaded only when they are too old.
#[tokio::test]
async fn j2_keys_are_loaded_before_anybody_has_to_wait() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await;
    let is_good = || jwt.verified_now::<Value>(&token_by("a")).is_some_and(|verified| verified.is_ok());
    keys.answers.forget_permits(1000);
    jwt.keys.pass(TTL - Duration::from_secs(20));
    assert!((0..100).all(|_| is_good()));
    keys.wait_until_asked(2).await;
    // One is on its way, and there is no second.
    assert!((0..100).all(|_| is_good()));
    keys.set(Ok(vec![named("b"), named("a")]));
    keys.answers.add_permits(1);
    let loaded = async {
        while jwt.verified_now::<Value>(&token_by("b")).is_none_or(|verified| verified.is_err()) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(MINUTE, loaded).await.expect("the keys are loaded");
    assert_eq!(keys.asked(), 2);
    jwt.keys.pass(TTL - MINUTE);
    assert!(is_good());
    assert_eq!(keys.asked(), 2);
}

// Seen to fail with a source held to be down only until it may be asked again.
#[tokio::test]
async fn j2_a_source_that_fails_keeps_nobody_waiting_while_the_keys_go_on() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await;
    let is_good = || jwt.verified_now::<Value>(&token_by("a")).is_some_and(|verified| verified.is_ok());
    keys.set(Err("it is down"));
    jwt.keys.pass(TTL);
    assert_eq!(jwt.verify(&token_by("a")).await, Ok(()));
    keys.answers.forget_permits(1000);
    jwt.keys.pass(Duration::from_secs(10));
    // It is asked again and doesn't answer.
    assert!(is_good());
    keys.wait_until_asked(3).await;
    assert!(is_good());
    assert_eq!(jwt.verify(&token_by("a")).await, Ok(()));
    assert_eq!(keys.asked(), 3);
}

// Seen to fail with a source held to be down until it gives keys.
#[tokio::test]
async fn j2_a_failure_long_ago_does_not_keep_a_removed_key() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await;
    keys.set(Err("it is down"));
    assert_eq!(jwt.verify(&token_by("bogus")).await, Err(JwtError::UnknownKey));
    assert_eq!(keys.asked(), 2);
    keys.set(Ok(vec![named("b")]));
    jwt.keys.pass(TTL);
    assert_eq!(jwt.verify(&token_by("a")).await, Err(JwtError::UnknownKey));
}

// Seen to fail with what was verified remembered from one load to the next.
#[tokio::test]
async fn j2_a_secret_that_is_changed_under_its_id_no_longer_verifies() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await.key_ttl(MINUTE);
    let token = token_by("a");
    assert_eq!(jwt.verify(&token).await, Ok(()));
    keys.set(Ok(vec![Key::hs256("a", SECRET.to_uppercase()).expect("a good secret")]));
    jwt.keys.pass(MINUTE);
    assert_eq!(jwt.verify(&token).await, Err(JwtError::BadSignature));
}

// Seen to fail with an empty list taken for a failure.
#[tokio::test]
async fn j2_an_empty_list_takes_all_keys_away() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await;
    keys.set(Ok(Vec::new()));
    jwt.keys.pass(TTL);
    assert_eq!(jwt.verify(&token_by("a")).await, Err(JwtError::UnknownKey));
    assert_eq!(jwt.encode(MINUTE, &payload()).await, Err(JwtError::NoKey));
}

// Seen to fail with keys that are too old at their TTL, whatever the source says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j2_keys_go_on_for_one_more_ttl_while_the_source_fails() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await;
    let token = token_by("a");
    keys.set(Err("it is down"));
    jwt.keys.pass(TTL);
    let answers = flood(&jwt, 100, |_| token_by("a")).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(keys.asked(), 2, "a source that fails is left alone for a while");
    // An unknown key is no reason to ask it either, and is the caller's fault.
    assert_eq!(jwt.verify(&token_by("bogus")).await, Err(JwtError::UnknownKey));
    assert_eq!(keys.asked(), 2);

    jwt.keys.pass(TTL);
    let down = JwtError::Source("it is down".to_owned());
    assert!(down.is_outage());
    let answers = flood(&jwt, 100, |_| token_by("a")).await;
    assert!(answers.iter().all(|answer| *answer == Err(down.clone())));
    assert_eq!(keys.asked(), 3);
    assert_eq!(jwt.verified_now::<Value>(&token), Some(Err(down.clone())));
    assert_eq!(jwt.encode(MINUTE, &payload()).await, Err(down));

    keys.set(Ok(vec![named("a")]));
    jwt.keys.pass(Duration::from_secs(5));
    assert_eq!(jwt.verify(&token).await, Ok(()));
    assert_eq!(keys.asked(), 4);
}

// Seen to fail with the source asked by the task of who needs the keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j2_a_caller_that_gives_up_does_not_end_the_fetch() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await;
    keys.set(Ok(vec![named("b")]));
    keys.answers.forget_permits(1000);
    let (waiting, token) = (jwt.clone(), token_by("b"));
    let impatient = tokio::spawn(async move { waiting.verify(&token).await });
    keys.wait_until_asked(2).await;
    impatient.abort();
    assert!(impatient.await.is_err_and(|error| error.is_cancelled()));
    keys.answers.add_permits(1);
    assert_eq!(jwt.verify(&token_by("b")).await, Ok(()));
    assert_eq!(keys.asked(), 2);
}

// Seen to fail with a panic of the source let through.
#[tokio::test]
async fn j2_a_source_that_hangs_or_panics_has_failed() {
    let load = |source: fn() -> Vec<Key>| async move {
        let source = Box::new(move || Box::pin(async move { Ok(source()) }) as _);
        let jwt = JwtService::from_store(
            KeyStore::new(vec![key()], Instant::now(), Some(source), FETCH_TIMEOUT).expect("a key"),
        );
        jwt.keys.pass(2 * TTL);
        jwt.verify(&token_of(&json!({ "exp": soon() }))).await
    };
    assert_eq!(load(|| panic!("on purpose")).await, Err(JwtError::Source("the source panicked".to_owned())));
    assert_eq!(load(|| vec![key()]).await, Ok(()));

    let source = Box::new(|| Box::pin(std::future::pending()) as _);
    let store = KeyStore::new(vec![key()], Instant::now(), Some(source), Duration::from_millis(1)).expect("a key");
    let jwt = JwtService::from_store(store);
    jwt.keys.pass(2 * TTL);
    let hung = jwt.verify(&token_of(&json!({ "exp": soon() }))).await;
    assert_eq!(hung, Err(JwtError::Source("the source took too long".to_owned())));
}

// Seen to fail with fixed keys that grow old.
#[tokio::test]
async fn j2_fixed_keys_are_never_asked_for() {
    let jwt = service();
    jwt.keys.pass(10 * TTL);
    assert!(jwt.verified_now::<Value>(&token_of(&json!({ "exp": soon() }))).is_some_and(|verified| verified.is_ok()));
    assert_eq!(jwt.verified_now::<Value>(&token_by("bogus")), Some(Err(JwtError::UnknownKey)));
}

// Seen to fail with keys asked for their age again once they are loaded.
#[tokio::test]
async fn j2_keys_that_are_good_for_no_time_are_loaded_each_time() {
    let keys = Keys::new([named("a")]);
    let jwt = keys.service().await.key_ttl(Duration::ZERO);
    for asked in 2..5 {
        assert_eq!(jwt.verify(&token_by("a")).await, Ok(()));
        assert_eq!(keys.asked(), asked);
    }
}

// Seen to fail with a source that may begin without keys.
#[tokio::test]
async fn j3_a_source_has_to_give_good_keys_at_the_start() {
    let weak = JwtError::WeakKey { id: "k".to_owned(), bits: 8, least: 256 };
    assert_eq!(JwtService::new(async || vec![Key::hs256("k", "x")]).await.err(), Some(weak.clone()));
    assert_eq!(JwtService::new(async || Ok::<_, JwtError>([Key::hs256("k", "x")?])).await.err(), Some(weak));
    assert_eq!(JwtService::new(async || Vec::<Key>::new()).await.err(), Some(JwtError::NoKey));
    let down = JwtService::new(async || Err::<Vec<Key>, _>("it is down")).await.err();
    assert_eq!(down, Some(JwtError::Source("it is down".to_owned())));
}
