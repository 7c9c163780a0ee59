//! Where keys come from, and when they are asked for again.

use std::{
    any::Any,
    fmt, mem,
    panic::AssertUnwindSafe,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard},
    time::Instant,
};

use super::{error::JwtError, key::Key, key_set::KeySet};
use crate::middleware::BoxFuture;

/// How long a source may take to give its keys.
pub(super) const FETCH_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a source that failed is left alone.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How long a source that failed is held to be down, so that nobody waits for it. It is longer than it takes to ask
/// again.
const DOWN_AFTER_FAILURE: Duration = Duration::from_secs(30);

/// How long after keys that nobody knew were asked for no others are.
const UNKNOWN_KEY_INTERVAL: Duration = Duration::from_secs(10);

/// What a key source gives: keys, or a reason why there are none.
///
/// A list may hold the results of [`Key`]'s constructors as they are, so `vec![Key::hs256("2026", secret)]` is one.
pub trait IntoKeys {
    /// The keys.
    ///
    /// # Errors
    /// When they can't be had, or one of them is weak.
    fn into_keys(self) -> Result<Vec<Key>, JwtError>;
}

impl IntoKeys for Vec<Key> {
    fn into_keys(self) -> Result<Vec<Key>, JwtError> {
        Ok(self)
    }
}

impl IntoKeys for Vec<Result<Key, JwtError>> {
    fn into_keys(self) -> Result<Vec<Key>, JwtError> {
        self.into_iter().collect()
    }
}

impl<const N: usize> IntoKeys for [Key; N] {
    fn into_keys(self) -> Result<Vec<Key>, JwtError> {
        Ok(self.into())
    }
}

impl<const N: usize> IntoKeys for [Result<Key, JwtError>; N] {
    fn into_keys(self) -> Result<Vec<Key>, JwtError> {
        self.into_iter().collect()
    }
}

impl<K: IntoKeys, E: fmt::Display + 'static> IntoKeys for Result<K, E> {
    fn into_keys(self) -> Result<Vec<Key>, JwtError> {
        let keys = self.map_err(|error| match (&error as &dyn Any).downcast_ref::<JwtError>() {
            Some(known) => known.clone(),
            None => JwtError::Source(error.to_string()),
        });
        keys?.into_keys()
    }
}

/// The function that gives the keys, however often it is called.
pub(super) type Source = Box<dyn Fn() -> BoxFuture<'static, Result<Vec<Key>, JwtError>> + Send + Sync>;

/// The keys, and the source that gives them anew.
pub(super) struct KeyStore {
    /// None if the keys are fixed.
    source: Option<Source>,
    timeout: Duration,
    state: RwLock<State>,
    /// Held by whoever asks the source. All others wait for what it says.
    flight: Arc<Mutex<()>>,
}

struct State {
    keys: Arc<KeySet>,
    loaded: Instant,
    /// When the source failed last, if it did not give keys since.
    failure: Option<(Instant, JwtError)>,
    /// When the source was last asked for a key that nobody knew. Not which: a flood of them takes no memory.
    looked_up: Option<Instant>,
}

/// Whether there are keys that may be used.
pub(super) enum Available {
    Now(Arc<KeySet>),
    /// They have to be loaded first.
    Later,
    /// They can't be loaded.
    Not(JwtError),
}

impl KeyStore {
    pub(super) fn new(
        keys: Vec<Key>,
        loaded: Instant,
        source: Option<Source>,
        timeout: Duration,
    ) -> Result<Arc<Self>, JwtError> {
        if keys.is_empty() {
            return Err(JwtError::NoKey);
        }
        let keys = Arc::new(KeySet::new(keys));
        let state = State { keys, loaded, failure: None, looked_up: None };
        Ok(Arc::new(Self { source, timeout, state: RwLock::new(state), flight: Arc::default() }))
    }

    /// The keys, if nobody has to wait for them.
    ///
    /// Keys are good for `ttl`, and are loaded in the background in the last tenth of that. Once it has passed, one has
    /// to wait. But while the source is down they go on for as long again, and it is asked every few seconds.
    pub(super) fn available(self: &Arc<Self>, ttl: Duration) -> Available {
        let state = self.read();
        let age = state.loaded.elapsed();
        if self.source.is_none() || age < ttl - ttl / 10 {
            return Available::Now(Arc::clone(&state.keys));
        }
        let failed_within = |time| state.failure.as_ref().is_some_and(|(at, _)| at.elapsed() < time);
        let may_ask = !failed_within(RETRY_AFTER);
        // That it failed long ago says nothing of now.
        if age < ttl || (age < ttl.saturating_mul(2) && failed_within(DOWN_AFTER_FAILURE)) {
            if may_ask {
                self.load_in_background();
            }
            return Available::Now(Arc::clone(&state.keys));
        }
        match &state.failure {
            Some((_, error)) if !may_ask => Available::Not(error.clone()),
            _ => Available::Later,
        }
    }

    /// The keys, loaded if they have to be.
    pub(super) async fn keys(self: &Arc<Self>, ttl: Duration) -> Result<Arc<KeySet>, JwtError> {
        let mut available = self.available(ttl);
        if matches!(available, Available::Later) {
            self.load_if(|store| matches!(store.available(ttl), Available::Later), Reason::Age).await;
            available = self.available(ttl);
        }
        match available {
            Available::Now(keys) => Ok(keys),
            Available::Not(error) => Err(error),
            // The load took longer than keys are good for. What it has brought is as new as can be.
            Available::Later => {
                let state = self.read();
                state.failure.clone().map_or_else(|| Ok(Arc::clone(&state.keys)), |(_, error)| Err(error))
            }
        }
    }

    /// Whether the source may be asked for a key that nobody knows, which a token names that came at this time.
    pub(super) fn may_look_up(&self, came: Instant) -> bool {
        let state = self.read();
        // There is no use in asking if the keys were loaded since.
        self.source.is_some()
            && state.loaded < came
            && state.looked_up.is_none_or(|at| at.elapsed() >= UNKNOWN_KEY_INTERVAL)
            && state.failure.as_ref().is_none_or(|(at, _)| at.elapsed() >= RETRY_AFTER)
    }

    /// The keys after the source was asked for one that nobody knows, if it may be.
    pub(super) async fn look_up(self: &Arc<Self>, came: Instant) -> Arc<KeySet> {
        if self.may_look_up(came) {
            self.load_if(|store| store.may_look_up(came), Reason::UnknownKey).await;
        }
        Arc::clone(&self.read().keys)
    }

    /// Loads the keys, unless they no longer have to be when it is one's turn.
    async fn load_if(self: &Arc<Self>, due: impl Fn(&Arc<Self>) -> bool, reason: Reason) {
        let flight = Arc::clone(&self.flight).lock_owned().await;
        if !due(self) {
            return;
        }
        // A task of its own: a caller that gives up must not have the next one start all over again.
        let load = tokio::spawn(Arc::clone(self).fly(reason, flight));
        // It fails only when the runtime shuts down, and then nobody is left to be told.
        let _ = load.await;
    }

    /// Loads the keys, unless somebody does already. Nobody waits for it.
    fn load_in_background(self: &Arc<Self>) {
        if let (Ok(runtime), Ok(flight)) = (Handle::try_current(), Arc::clone(&self.flight).try_lock_owned()) {
            runtime.spawn(Arc::clone(self).fly(Reason::Age, flight));
        }
    }

    async fn fly(self: Arc<Self>, reason: Reason, flight: OwnedMutexGuard<()>) {
        self.load(reason).await;
        drop(flight);
    }

    async fn load(&self, reason: Reason) {
        let Some(source) = &self.source else { return };
        let began = Instant::now();
        let fetch = AssertUnwindSafe(async { source().await }).catch_unwind();
        let fetched = match tokio::time::timeout(self.timeout, fetch).await {
            Ok(Ok(fetched)) => fetched,
            Ok(Err(_)) => Err(JwtError::Source("the source panicked".to_owned())),
            Err(_) => Err(JwtError::Source("the source took too long".to_owned())),
        };
        // Keys and what they have verified are made, and thrown away, where nobody waits for the lock.
        let fetched = fetched.map(|keys| {
            if keys.is_empty() {
                tracing::warn!("the key source gives no keys any more; no token is good until it does");
            }
            Arc::new(KeySet::new(keys))
        });
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if reason == Reason::UnknownKey {
            state.looked_up = Some(Instant::now());
        }
        let old = match fetched {
            Ok(keys) => {
                state.loaded = began;
                state.failure = None;
                Some(mem::replace(&mut state.keys, keys))
            }
            Err(error) => {
                tracing::error!(%error, "the keys can't be loaded anew; those at hand are used until they are too old");
                let error = match error {
                    JwtError::Source(_) => error,
                    unusable => JwtError::Source(unusable.to_string()),
                };
                state.failure = Some((Instant::now(), error));
                None
            }
        };
        drop(state);
        drop(old);
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        // The state is changed only by plain assignments, so a panic elsewhere leaves it sound.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes it so much later.
    #[cfg(test)]
    pub(super) fn pass(&self, time: Duration) {
        let mut state = self.state.write().expect("nothing panics in these tests");
        state.loaded -= time;
        state.looked_up = state.looked_up.map(|at| at - time);
        state.failure = state.failure.take().map(|(at, error)| (at - time, error));
    }
}

/// Why keys are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Age,
    UnknownKey,
}
