//! Who is calling: the session of one request or one socket.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;

/// Reads and changes the session of the call it was handed to, on HTTP and on channels alike.
///
/// A function asks for it by value, `sessions: UserSessionService<UserSession>`. It is a handle: its clones see the same
/// session, and a read sees every earlier change.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
/// use pikku_core::UserSessionService;
///
/// let sessions = UserSessionService::new();
/// sessions.set("ada".to_owned()).await?;
/// assert_eq!(sessions.get().as_deref(), Some(&"ada".to_owned()));
/// sessions.clear().await?;
/// assert_eq!(sessions.get(), None);
/// # Ok::<(), pikku_core::Error>(()) }).expect("nothing fails in memory");
/// ```
#[derive(Debug)]
pub struct UserSessionService<S>(Arc<Mutex<State<S>>>);

#[derive(Debug)]
struct State<S> {
    session: Option<Arc<S>>,
    change: Option<SessionChange>,
}

/// How a function changed the session it was called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionChange {
    /// It signed somebody in.
    Set,
    /// It signed the caller out.
    Cleared,
}

impl<S> UserSessionService<S> {
    /// A service with nobody signed in. Tests make one; functions are handed theirs.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State { session: None, change: None })))
    }

    /// Signs in: what follows sees `session`, and it is persisted when the function returns `Ok`.
    ///
    /// # Errors
    /// When the session can't be written down where sessions are kept.
    #[expect(clippy::unused_async, reason = "a session store is asked here once there is one")]
    pub async fn set(&self, session: S) -> Result<(), Error> {
        let mut state = self.state();
        state.session = Some(Arc::new(session));
        state.change = Some(SessionChange::Set);
        Ok(())
    }

    /// Says who is calling, and persists nothing: what authentication middleware uses.
    pub fn set_initial(&self, session: S) {
        self.state().session = Some(Arc::new(session));
    }

    /// Signs out: what follows sees nobody, and it is persisted when the function returns `Ok`.
    ///
    /// # Errors
    /// When the session can't be taken out of where sessions are kept.
    #[expect(clippy::unused_async, reason = "a session store is asked here once there is one")]
    pub async fn clear(&self) -> Result<(), Error> {
        let mut state = self.state();
        state.session = None;
        state.change = Some(SessionChange::Cleared);
        Ok(())
    }

    /// Who is calling, if they are signed in.
    #[must_use]
    pub fn get(&self) -> Option<Arc<S>> {
        self.state().session.clone()
    }

    /// How the session was changed since the call began.
    #[must_use]
    pub fn change(&self) -> Option<SessionChange> {
        self.state().change
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        // No code runs under the lock that could panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Clone for UserSessionService<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Default for UserSessionService<S> {
    fn default() -> Self {
        Self::new()
    }
}
