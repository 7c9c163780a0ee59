//! The bearer token, and how a fresh one is got.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::platform::{Hook, MaybeSend, MaybeSync};

/// What the hook's failures are kept as, so that everyone who waited for it can be told.
type Cause = Arc<dyn Error + Send + Sync>;

/// Gets a fresh token, or `None` if there can't be one until the user signs in again.
pub(crate) type Refresh = Hook<Result<Option<String>, Cause>>;

/// What gets a fresh bearer token: `async || …`, answering with a `Result<Option<String>, _>`.
///
/// Each call is one of a clone, so that an async closure may use up what it has moved in.
pub trait RefreshHook: Clone + MaybeSend + MaybeSync + 'static {
    #[doc(hidden)]
    fn into_hook(self) -> Arc<Refresh>;
}

impl<F, R, E> RefreshHook for F
where
    F: FnOnce() -> R + Clone + MaybeSend + MaybeSync + 'static,
    R: Future<Output = Result<Option<String>, E>> + MaybeSend + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn into_hook(self) -> Arc<Refresh> {
        Arc::new(move || {
            let token = self.clone()();
            Box::pin(async move { token.await.map_err(|cause| Arc::from(cause.into())) })
        })
    }
}

/// The bearer token that the clones of a client share.
#[derive(Default)]
pub(crate) struct Bearer {
    token: RwLock<Option<Arc<str>>>,
    /// How many times the hook has ended.
    ended: AtomicU64,
    /// Held by whoever runs the hook; the failure is that of the last run.
    turn: tokio::sync::Mutex<Option<Cause>>,
}

impl Bearer {
    pub(crate) fn new(token: Option<String>) -> Self {
        Self { token: RwLock::new(token.map(Into::into)), ..Self::default() }
    }

    pub(crate) fn get(&self) -> Option<Arc<str>> {
        self.token.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, token: Option<String>) {
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = token.map(Into::into);
    }

    /// Sees to it that there is another token than the stale one, and says whether there is.
    ///
    /// However many requests are refused at once, the hook runs once: the others wait for it and share its outcome. A
    /// refusal that arrives late, when the token has already changed, doesn't run it at all.
    pub(crate) async fn renew(&self, stale: Option<&Arc<str>>, refresh: &Refresh) -> Result<bool, Cause> {
        let ended_before = self.ended.load(Ordering::Acquire);
        let mut failure = self.turn.lock().await;
        if self.get().as_ref() != stale {
            return Ok(true);
        }
        if self.ended.load(Ordering::Acquire) != ended_before {
            return failure.clone().map_or(Ok(false), Err);
        }
        let outcome = refresh().await;
        self.ended.fetch_add(1, Ordering::Release);
        *failure = outcome.as_ref().err().cloned();
        let Some(token) = outcome? else { return Ok(false) };
        self.set(Some(token));
        Ok(true)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.get().is_some() { "[hidden]" } else { "none" })
    }
}
