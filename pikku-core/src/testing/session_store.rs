//! The rules of a session store.

use std::{
    fmt::Debug,
    marker::PhantomData,
    time::{Duration, SystemTime},
};

use crate::{
    app::Session,
    session_store::{SessionKey, SessionRecord, SessionStore},
};

/// Checks that a store keeps sessions as [`SessionStore`] asks for.
///
/// `session_of` makes a session from the name of a user. The store may hold sessions of others, and loses none of them.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
/// use pikku_core::{MemorySessionStore, testing};
///
/// testing::session_store(&MemorySessionStore::new(), |user| user.to_owned()).await;
/// # });
/// ```
///
/// # Panics
/// When it doesn't.
pub async fn session_store<S, T>(store: &T, session_of: impl Fn(&str) -> S)
where
    S: Session + PartialEq + Debug,
    T: SessionStore<S>,
{
    let suite = Suite {
        store,
        session_of,
        session: PhantomData,
        run: random(),
        later: SystemTime::now() + Duration::from_secs(3600),
    };
    suite.what_is_created_is_loaded().await;
    suite.what_has_ended_is_gone().await;
    suite.a_renewed_session_ends_later_and_a_revoked_one_stays_away().await;
    suite.all_sessions_of_a_user_are_revoked_and_no_others().await;
    suite.many_ends_are_told_at_once().await;
    suite.many_at_once_are_no_trouble().await;
}

struct Suite<'s, S, T, F> {
    store: &'s T,
    session_of: F,
    session: PhantomData<fn() -> S>,
    /// Tells the users of this run from those of others, since a database may be used again.
    run: SessionKey,
    later: SystemTime,
}

fn random() -> SessionKey {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("there is randomness");
    bytes.into()
}

fn whole_millis(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970").as_millis()
}

impl<S, T, F> Suite<'_, S, T, F>
where
    S: Session + PartialEq + Debug,
    T: SessionStore<S>,
    F: Fn(&str) -> S,
{
    async fn create(&self, name: &str, expires_at: SystemTime) -> SessionKey {
        let (key, user) = (random(), self.user(name));
        let session = (self.session_of)(&user).into();
        let record = SessionRecord {
            key,
            user,
            session,
            created_at: SystemTime::now(),
            expires_at,
            renewable_until: self.latest(),
        };
        self.store.create(record).await.expect("it is created");
        key
    }

    fn latest(&self) -> SystemTime {
        self.later + Duration::from_secs(24 * 3600)
    }

    fn user(&self, name: &str) -> String {
        // A name is any text.
        format!("{name} ' \u{1f600} {}", self.run)
    }

    async fn is_there(&self, key: &SessionKey) -> bool {
        let loaded = self.store.load(key).await.expect("it is looked for").is_some();
        let listed = !self.store.ends_of(&[*key]).await.expect("its end is looked for").is_empty();
        assert_eq!(loaded, listed, "`load` and `ends_of` differ about a session");
        if let Some(now) = self.store.load_now(key) {
            assert_eq!(
                now.expect("it is looked for").is_some(),
                loaded,
                "`load` and `load_now` differ about a session"
            );
        }
        loaded
    }

    async fn what_is_created_is_loaded(&self) {
        let key = self.create("ada", self.later).await;
        let record = self.store.load(&key).await.expect("it is loaded").expect("it is there");
        assert_eq!(*record.session, (self.session_of)(&self.user("ada")));
        assert_eq!((record.key, record.user), (key, self.user("ada")));
        assert_eq!(whole_millis(record.expires_at), whole_millis(self.later));
        assert_eq!(whole_millis(record.renewable_until), whole_millis(self.latest()));
        assert!(record.created_at <= SystemTime::now(), "it was made in the future");
        assert!(!self.is_there(&random()).await, "a session is there that nobody made");
    }

    async fn what_has_ended_is_gone(&self) {
        let ended = self.create("eve", SystemTime::now() - Duration::from_secs(1)).await;
        let live = self.create("eve", self.later).await;
        assert!(!self.is_there(&ended).await, "a session is there after its end");
        assert!(!self.store.renew(&ended, self.later).await.expect("it is tried"), "an ended session was renewed");
        assert_eq!(self.listed("eve").await, [live], "ended sessions are no sessions");
        self.store.purge().await.expect("it is purged");
        assert!(self.is_there(&live).await, "a live session was purged");
    }

    async fn a_renewed_session_ends_later_and_a_revoked_one_stays_away(&self) {
        let (key, other) = (self.create("bob", self.later).await, self.create("bob", self.later).await);
        let much_later = self.later + Duration::from_secs(3600);
        assert!(self.store.renew(&key, much_later).await.expect("it is renewed"));
        let record = self.store.load(&key).await.expect("it is loaded").expect("it is there");
        assert_eq!(whole_millis(record.expires_at), whole_millis(much_later));
        for _ in 0..2 {
            self.store.revoke(&key).await.expect("it is revoked");
            assert!(!self.is_there(&key).await, "a revoked session is there");
        }
        assert!(!self.store.renew(&key, much_later).await.expect("it is tried"), "a revoked session was renewed");
        assert!(!self.is_there(&key).await, "renewing brought a revoked session back");
        assert!(self.is_there(&other).await, "another session was revoked too");
    }

    async fn all_sessions_of_a_user_are_revoked_and_no_others(&self) {
        let mut theirs = [self.create("cleo", self.later).await, self.create("cleo", self.later).await];
        let other = self.create("cleo's friend", self.later).await;
        theirs.sort_unstable();
        assert_eq!(self.listed("cleo").await, theirs);
        let mut revoked = self.store.revoke_all_of(&self.user("cleo")).await.expect("they are revoked");
        revoked.sort_unstable();
        assert_eq!(revoked, theirs);
        for key in &theirs {
            assert!(!self.is_there(key).await, "a revoked session is there");
        }
        assert!(self.is_there(&other).await, "the session of another user was revoked");
        assert_eq!(self.store.revoke_all_of(&self.user("nobody")).await.expect("it is tried"), []);
    }

    async fn many_ends_are_told_at_once(&self) {
        let live = [self.create("dan", self.later).await, self.create("dan", self.later).await];
        // More than any database takes as parameters of one statement.
        let mut keys: Vec<_> = std::iter::repeat_with(random).take(1200).collect();
        keys.insert(0, live[0]);
        keys.push(live[1]);
        let mut ends = self.store.ends_of(&keys).await.expect("they are told");
        ends.sort_unstable_by_key(|(key, _)| *key != live[0]);
        assert_eq!(ends.iter().map(|(key, _)| *key).collect::<Vec<_>>(), live);
        assert!(ends.iter().all(|(_, end)| whole_millis(*end) == whole_millis(self.later)));
        assert!(self.store.ends_of(&[]).await.expect("it is tried").is_empty());
    }

    async fn many_at_once_are_no_trouble(&self) {
        let creating = (0..20).map(|_| self.create("flo", self.later));
        let mut keys = futures_util::future::join_all(creating).await;
        keys.sort_unstable();
        assert_eq!(self.listed("flo").await, keys);
        let revoking = keys.iter().map(|key| self.store.revoke(key));
        for revoked in futures_util::future::join_all(revoking).await {
            revoked.expect("it is revoked");
        }
        assert!(self.listed("flo").await.is_empty());
    }

    async fn listed(&self, name: &str) -> Vec<SessionKey> {
        let listed = self.store.list_of(&self.user(name)).await.expect("they are listed");
        let mut keys: Vec<_> = listed.into_iter().map(|record| record.key).collect();
        keys.sort_unstable();
        keys
    }
}
