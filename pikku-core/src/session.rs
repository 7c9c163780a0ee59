//! Who is calling: the session of one request or one socket.

use std::{
    fmt,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::SystemTime,
};

use crate::{
    error::{Error, Problem},
    session_store::{SessionKey, Sessions},
};

/// Who somebody turned out to be, and for how long that holds.
///
/// An [`Authenticator`](crate::Authenticator) makes one, and so may the function that finds the session of an API key or
/// a bearer token. A plain session turns into one that has no end of its own.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use pikku_core::Identity;
///
/// let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
/// let identity = Identity::from("ada").until(in_an_hour);
/// assert_eq!(*identity.session(), "ada");
/// ```
pub struct Identity<S> {
    pub(crate) session: Arc<S>,
    pub(crate) until: Option<SystemTime>,
    /// The time that a renewal can move `until` to at the latest, where it can be renewed.
    pub(crate) renewable_until: Option<SystemTime>,
    /// Where the session is written down, if it is.
    pub(crate) kept: Option<Kept<S>>,
}

impl<S> Identity<S> {
    /// Somebody with this session.
    pub fn new(session: impl Into<Arc<S>>) -> Self {
        Self { session: session.into(), until: None, renewable_until: None, kept: None }
    }

    /// The same, until then: a socket that lives longer has nobody signed in after it.
    #[must_use]
    pub fn until(mut self, until: SystemTime) -> Self {
        self.until = Some(until);
        self
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &S {
        &self.session
    }
}

impl<S> From<S> for Identity<S> {
    fn from(session: S) -> Self {
        Self::new(session)
    }
}

impl<S> Clone for Identity<S> {
    fn clone(&self) -> Self {
        Self {
            session: Arc::clone(&self.session),
            until: self.until,
            renewable_until: self.renewable_until,
            kept: self.kept.clone(),
        }
    }
}

impl<S> fmt::Debug for Identity<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("until", &self.until).finish_non_exhaustive()
    }
}

/// A session in a store.
pub(crate) struct Kept<S> {
    pub(crate) sessions: Sessions<S>,
    pub(crate) key: SessionKey,
}

impl<S> Clone for Kept<S> {
    fn clone(&self) -> Self {
        Self { sessions: self.sessions.clone(), key: self.key }
    }
}

/// Reads and changes the session of the call it was handed to, on HTTP and on channels alike.
///
/// A function asks for it by value, `sessions: UserSessionService<UserSession>`. It is a handle: its clones see the same
/// session, and a read sees every earlier change. A change counts once the function has returned `Ok`; when it fails,
/// everything is as it was before the call.
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
pub struct UserSessionService<S>(Arc<Mutex<State<S>>>);

struct State<S> {
    identity: Option<Identity<S>>,
    /// Who was signed in last, where their time is up.
    ended: Option<Identity<S>>,
    change: Option<SessionChange>,
    before: Option<Before<S>>,
}

/// Who was signed in before a change.
pub(crate) struct Before<S> {
    pub(crate) identity: Identity<S>,
    /// Whether they still were as the change was made.
    was_good: bool,
    /// When their credential ends, by what was known as the change was made.
    bound: Option<SystemTime>,
}

impl<S> Before<S> {
    fn new(identity: Identity<S>) -> Self {
        Self { was_good: identity.is_good(), bound: identity.until, identity }
    }

    /// Whether their session has been taken out of its store since.
    pub(crate) fn is_revoked(&self) -> bool {
        self.was_good && self.identity.until == Some(SystemTime::UNIX_EPOCH)
    }
}

impl<S> Clone for Before<S> {
    fn clone(&self) -> Self {
        Self { identity: self.identity.clone(), ..*self }
    }
}

/// How a function changed the session it was called with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionChange {
    /// It signed somebody in.
    Set,
    /// It signed the caller out.
    Cleared,
}

/// Whether somebody is signed in, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Nobody,
    SignedIn,
    Until(SystemTime),
}

/// The sessions of a call, made when somebody first has to do with them: most requests of the public never do.
pub(crate) struct LazySessions<S>(OnceLock<UserSessionService<S>>);

impl<S> LazySessions<S> {
    pub(crate) fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(crate) fn service(&self) -> &UserSessionService<S> {
        self.0.get_or_init(UserSessionService::new)
    }

    /// Who is calling, if they are signed in.
    pub(crate) fn get(&self) -> Option<Arc<S>> {
        self.0.get()?.get()
    }

    pub(crate) fn identity(&self) -> Option<Identity<S>> {
        self.0.get()?.identity()
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        self.0.get().is_some_and(UserSessionService::is_signed_in)
    }

    pub(crate) fn standing(&self) -> Standing {
        self.0.get().map_or(Standing::Nobody, UserSessionService::standing)
    }

    /// The same, unless there is a change that may yet be taken back.
    pub(crate) fn settled(&self) -> Option<Standing> {
        self.0.get().map_or(Some(Standing::Nobody), UserSessionService::settled)
    }

    pub(crate) fn kept(&self) -> Option<Kept<S>> {
        self.0.get()?.kept()
    }

    /// The change that is yet to be committed, and who was signed in before it.
    pub(crate) fn changed(&self) -> Option<(SessionChange, Option<Before<S>>)> {
        self.0.get()?.changed()
    }

    /// Takes a change back, and says whether the session that was there before was revoked meanwhile.
    pub(crate) fn roll_back(&self) -> bool {
        self.0.get().is_some_and(UserSessionService::roll_back)
    }
}

impl<S: Send + Sync + 'static> LazySessions<S> {
    /// Who is signed in. A session in a store is looked up anew, since it may have been revoked on another node.
    pub(crate) async fn look_up(&self) -> Result<Option<Arc<S>>, Problem> {
        let Some(service) = self.0.get() else { return Ok(None) };
        match service.kept() {
            // The question is on the heap, so that the future of a call that need not ask has no room for it.
            Some(kept) => Box::pin(service.look_up(kept)).await,
            None => Ok(service.get()),
        }
    }
}

/// Another handle on the same sessions, if anybody has had to do with them.
impl<S> Clone for LazySessions<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S> Deref for LazySessions<S> {
    type Target = UserSessionService<S>;

    fn deref(&self) -> &UserSessionService<S> {
        self.service()
    }
}

impl<S> UserSessionService<S> {
    /// A service with nobody signed in. Tests make one; functions are handed theirs.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State { identity: None, ended: None, change: None, before: None })))
    }

    /// Signs in: what follows sees `session`, and it is persisted when the function returns `Ok`.
    ///
    /// Over HTTP it is written into the cookie, and into the session store, of
    /// [`auth_cookie`](crate::auth_cookie) if there is one. On a channel it lasts as long as the connection,
    /// and no longer than the credential that somebody is signed in by at the time;
    /// [`set_until`](Self::set_until) gives it an end of its own. What either sets for a user whose session is in a store
    /// ends with that one, and is revoked with it. Where somebody else was signed in on it, the connection leaves the topics
    /// that it is on by then.
    ///
    /// # Errors
    /// None today; a service that fails may say so here.
    #[expect(clippy::unused_async, reason = "whoever signs in may have to wait for it one day")]
    pub async fn set(&self, session: S) -> Result<(), Error> {
        self.change_to(Some(Identity::new(session)), SessionChange::Set);
        Ok(())
    }

    /// Signs in until a certain time, such as that at which a token ends.
    ///
    /// On a channel nobody is signed in after it, nor after the session in a store, if it is one of the same user's that was
    /// there before. A cookie that is set ends then, if it would not have ended before.
    ///
    /// # Errors
    /// None today; a service that fails may say so here.
    #[expect(clippy::unused_async, reason = "whoever signs in may have to wait for it one day")]
    pub async fn set_until(&self, session: S, until: SystemTime) -> Result<(), Error> {
        self.change_to(Some(Identity::new(session).until(until)), SessionChange::Set);
        Ok(())
    }

    /// Says who is calling, and persists nothing: what authentication middleware uses.
    pub fn set_initial(&self, session: S) {
        self.start(Identity::new(session));
    }

    /// Signs out: what follows sees nobody, and it is persisted when the function returns `Ok`.
    ///
    /// The cookie expires, and a session in a store is revoked, which ends it everywhere. A connection leaves its topics.
    ///
    /// # Errors
    /// None today; a service that fails may say so here.
    #[expect(clippy::unused_async, reason = "whoever signs out may have to wait for it one day")]
    pub async fn clear(&self) -> Result<(), Error> {
        self.change_to(None, SessionChange::Cleared);
        Ok(())
    }

    /// Who is calling, if they are signed in.
    #[must_use]
    pub fn get(&self) -> Option<Arc<S>> {
        self.state().current().map(|identity| Arc::clone(&identity.session))
    }

    /// How the session was changed since the call began.
    #[must_use]
    pub fn change(&self) -> Option<SessionChange> {
        self.state().change
    }

    fn change_to(&self, identity: Option<Identity<S>>, change: SessionChange) {
        let mut state = self.state();
        let ended = state.ended.take();
        let before = std::mem::replace(&mut state.identity, identity);
        if state.change.replace(change).is_none() {
            // Whoever comes next comes after them, though their time was up.
            state.before = before.or(ended).map(Before::new);
        }
    }

    /// Says who is calling, and for how long.
    pub(crate) fn start(&self, identity: Identity<S>) {
        self.state().identity = Some(identity);
    }

    /// Takes back who is calling.
    pub(crate) fn forget(&self) {
        self.state().identity = None;
    }

    pub(crate) fn is_signed_in(&self) -> bool {
        self.state().current().is_some()
    }

    pub(crate) fn standing(&self) -> Standing {
        self.state().standing()
    }

    /// The same, unless there is a change that may yet be taken back.
    pub(crate) fn settled(&self) -> Option<Standing> {
        let mut state = self.state();
        if state.change.is_some() { None } else { Some(state.standing()) }
    }

    pub(crate) fn identity(&self) -> Option<Identity<S>> {
        self.state().current().cloned()
    }

    pub(crate) fn kept(&self) -> Option<Kept<S>> {
        self.state().current().and_then(|identity| identity.kept.clone())
    }

    /// What somebody is told who has to be signed in, and is not.
    pub(crate) fn nobody(&self) -> Problem {
        let problem = Problem::unauthorized();
        if self.state().ended.is_some() { problem.with_detail("the session has ended; sign in anew") } else { problem }
    }

    /// The change that is yet to be committed, and who was signed in before it.
    pub(crate) fn changed(&self) -> Option<(SessionChange, Option<Before<S>>)> {
        let state = self.state();
        Some((state.change?, state.before.clone()))
    }

    /// Lets a change stand, and says who was signed in before it. What was set is kept where that of who was before is, if
    /// they are `one` user.
    ///
    /// All of it happens at once, since a session that is revoked is looked for here.
    pub(crate) fn commit(&self, one: bool) -> Option<Before<S>> {
        let mut state = self.state();
        state.change = None;
        let before = state.before.take()?;
        if let Some(identity) = state.identity.as_mut().filter(|_| before.was_good) {
            if one {
                // It ends with that one, or before. A renewal of that one puts off no end of its own.
                let earlier = |end: Option<SystemTime>| identity.until.into_iter().chain(end).min();
                (identity.until, identity.renewable_until) =
                    (earlier(before.identity.until), earlier(before.identity.renewable_until));
                identity.kept.clone_from(&before.identity.kept);
            } else {
                // A credential does not last longer for what was made of it.
                identity.until = identity.until.or(before.bound);
            }
        }
        Some(before)
    }

    /// Takes a change back, and says whether the session that was there before was revoked meanwhile.
    pub(crate) fn roll_back(&self) -> bool {
        let mut state = self.state();
        if state.change.take().is_none() {
            return false;
        }
        let before = state.before.take();
        let is_revoked = before.as_ref().is_some_and(Before::is_revoked);
        state.identity = before.map(|before| before.identity);
        is_revoked
    }

    /// Ends a session of a store from outside. It says whether somebody was signed in by it right now.
    pub(crate) fn end(&self, key: &SessionKey) -> bool {
        let mut state = self.state();
        let State { identity, before, .. } = &mut *state;
        let before = before.as_mut().map(|before| &mut before.identity);
        let is_here = identity.as_ref().is_some_and(|identity| identity.is(key));
        // Its time is up, so that a call that fails later does not bring it back, and who comes next still comes after it.
        for ended in [identity.as_mut(), before].into_iter().flatten().filter(|identity| identity.is(key)) {
            ended.until = Some(SystemTime::UNIX_EPOCH);
        }
        state.current();
        is_here
    }

    /// Moves the end of a session of a store that was renewed elsewhere.
    pub(crate) fn extend(&self, key: &SessionKey, until: SystemTime) {
        if let Some(identity) = self.state().identity.as_mut().filter(|identity| identity.is(key)) {
            identity.until = Some(identity.renewable_until.map_or(until, |limit| until.min(limit)));
        }
    }

    /// Lets a session that has no end of its own end then.
    pub(crate) fn end_by(&self, until: SystemTime) {
        if let Some(identity) = &mut self.state().identity {
            identity.until.get_or_insert(until);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        // No code runs under the lock that could panic half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Send + Sync + 'static> UserSessionService<S> {
    /// Who is signed in by a session that a store has. It is looked up anew, since it may have been revoked on another node.
    async fn look_up(&self, Kept { sessions, key }: Kept<S>) -> Result<Option<Arc<S>>, Problem> {
        let end = sessions.end_of(&key).await;
        match end.map_err(|error| Problem::internal().caused_by("a session store", error))? {
            Some(until) => self.extend(&key, until),
            None => drop(self.end(&key)),
        }
        Ok(self.get())
    }
}

impl<S> Identity<S> {
    fn is(&self, key: &SessionKey) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.key == *key)
    }

    /// Whether its time is not up.
    pub(crate) fn is_good(&self) -> bool {
        self.until.is_none_or(|until| until > SystemTime::now())
    }
}

impl<S> State<S> {
    /// Who is signed in right now; whose time is up is not.
    fn current(&mut self) -> Option<&Identity<S>> {
        if !self.identity.as_ref()?.is_good() {
            self.ended = self.identity.take();
        }
        self.identity.as_ref()
    }

    fn standing(&mut self) -> Standing {
        match self.current().map(|identity| identity.until) {
            None => Standing::Nobody,
            Some(None) => Standing::SignedIn,
            Some(Some(until)) => Standing::Until(until),
        }
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

impl<S> fmt::Debug for UserSessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSessionService").field("standing", &self.standing()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::session_store::MemorySessionStore;

    #[tokio::test]
    async fn h7_what_a_failed_call_changed_is_taken_back() {
        let sessions = UserSessionService::new();
        sessions.set_initial("ada");
        for _ in 0..2 {
            sessions.set("eve").await.expect("it is set");
        }
        assert_eq!(sessions.get().as_deref(), Some(&"eve"));
        sessions.roll_back();
        assert_eq!(sessions.get().as_deref(), Some(&"ada"));
        sessions.clear().await.expect("it is cleared");
        assert_eq!(sessions.change(), Some(SessionChange::Cleared));
        assert_eq!(sessions.commit(false).map(|before| *before.identity.session), Some("ada"));
        sessions.roll_back();
        assert_eq!(sessions.get(), None);
    }

    // Seen to fail with the end of a session never looked at.
    #[tokio::test]
    async fn s4_nobody_is_signed_in_once_the_time_is_up() {
        let sessions = UserSessionService::new();
        sessions.set_until("ada", SystemTime::now() + Duration::from_secs(60)).await.expect("it is set");
        assert!(matches!(sessions.standing(), Standing::Until(_)));
        sessions.set_until("ada", SystemTime::now()).await.expect("it is set");
        assert_eq!((sessions.get(), sessions.standing()), (None, Standing::Nobody));
        assert_eq!(sessions.nobody().detail(), Some("the session has ended; sign in anew"));
        sessions.clear().await.expect("it is cleared");
        assert_eq!(sessions.nobody().detail(), Some("sign in first"));
    }

    // Seen to fail with those forgotten whose time is up.
    #[tokio::test]
    async fn s2_who_was_signed_in_before_is_known_though_their_time_is_up() {
        let sessions = UserSessionService::new();
        sessions.set_until("ada", SystemTime::now()).await.expect("it is set");
        sessions.commit(false);
        assert_eq!(sessions.get(), None);
        sessions.set("eve").await.expect("it is set");
        assert_eq!(sessions.commit(false).map(|before| *before.identity.session), Some("ada"));
    }

    // Seen to fail with only the session ended that there is right now.
    #[tokio::test]
    async fn s2_a_session_that_is_revoked_during_a_call_was_there_and_does_not_come_back() {
        let store = Sessions::new(MemorySessionStore::new(), |user: &&str| (*user).to_owned());
        let in_an_hour = SystemTime::now() + Duration::from_secs(3600);
        let id = store.create(Arc::new("ada"), in_an_hour, in_an_hour).await.expect("it is kept");
        for fails in [true, false] {
            let sessions = UserSessionService::new();
            sessions.start(store.find(&id).await.expect("it is looked for").expect("it is found"));
            sessions.set("eve").await.expect("it is set");
            assert!(!sessions.end(&SessionKey::of(&id)), "it is eve who is signed in");
            sessions.extend(&SessionKey::of(&id), in_an_hour);
            if fails {
                sessions.roll_back();
                assert_eq!((sessions.get(), sessions.standing()), (None, Standing::Nobody));
            } else {
                let before = sessions.commit(false).expect("ada");
                assert!(*before.identity.session == "ada" && before.is_revoked());
                // She ends when ada's session would have.
                assert_eq!((sessions.get(), sessions.standing()), (Some(Arc::new("eve")), Standing::Until(in_an_hour)));
            }
        }
    }

    // Seen to fail with an end of its own in place of that in the store, and put off by a renewal.
    #[tokio::test]
    async fn s4_what_is_set_for_the_same_user_ends_at_the_earlier_of_both_ends() {
        let store = Sessions::new(MemorySessionStore::new(), |user: &&str| (*user).to_owned());
        let now = SystemTime::now();
        let [one, two, three] = [1, 2, 3].map(|hours| now + Duration::from_secs(hours * 3600));
        let id = store.create(Arc::new("ada"), two, three).await.expect("it is kept");
        for (own, ends, renewed) in [(one, one, one), (three, two, three)] {
            let sessions = UserSessionService::new();
            sessions.start(store.find(&id).await.expect("it is looked for").expect("it is found"));
            sessions.set_until("ada", own).await.expect("it is set");
            sessions.commit(true);
            assert_eq!(sessions.standing(), Standing::Until(ends));
            sessions.extend(&SessionKey::of(&id), three);
            assert_eq!(sessions.standing(), Standing::Until(renewed));
            assert!(sessions.end(&SessionKey::of(&id)), "it is revoked with that in the store");
        }
    }
}
