//! Sessions that are written down, so that they can be taken back.
//!
//! A cookie carries a random id, and the store knows it by its digest only: whoever reads the store can sign in as nobody.
//! [`Sessions`] makes the ids, and knows which connections are open for which session; a [`SessionStore`] keeps the records.

mod live;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod sessions;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;

pub(crate) use live::Attached;
pub use memory::MemorySessionStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresSessionStore;
pub use sessions::Sessions;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteSessionStore;

use std::{fmt, str::FromStr, sync::Arc, time::SystemTime};

use sha2::{Digest, Sha256};

use crate::{error::Error, middleware::BoxFuture};

/// Where sessions are written down.
///
/// Implement it for a database of your own, and run [`testing::session_store`](crate::testing::session_store) on it.
/// Every method may be called from many nodes at once. A session whose end has come is not there any more.
pub trait SessionStore<S>: Send + Sync + 'static {
    /// Writes a new session down. Its key is random, so it is not there yet.
    fn create(&self, record: SessionRecord<S>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Reads a session.
    fn load(&self, key: &SessionKey) -> impl Future<Output = Result<Option<SessionRecord<S>>, Error>> + Send;

    /// What [`load`](Self::load) would come to, where that can be said without waiting.
    fn load_now(&self, _key: &SessionKey) -> Option<Result<Option<SessionRecord<S>>, Error>> {
        None
    }

    /// Moves the end of a session, and says whether it was there. A session that was revoked stays away.
    fn renew(&self, key: &SessionKey, expires_at: SystemTime) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Takes a session out.
    fn revoke(&self, key: &SessionKey) -> impl Future<Output = Result<(), Error>> + Send;

    /// Takes all sessions of a user out, and says which they were.
    fn revoke_all_of(&self, user: &str) -> impl Future<Output = Result<Vec<SessionKey>, Error>> + Send;

    /// The sessions of a user.
    fn list_of(&self, user: &str) -> impl Future<Output = Result<Vec<SessionRecord<S>>, Error>> + Send;

    /// Which of these sessions are still there, and when each ends.
    fn ends_of(&self, keys: &[SessionKey])
    -> impl Future<Output = Result<Vec<(SessionKey, SystemTime)>, Error>> + Send;

    /// Takes out what has ended by itself.
    fn purge(&self) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What is written down of a session.
pub struct SessionRecord<S> {
    /// What it is known by.
    pub key: SessionKey,
    /// Whose it is, to find all of theirs.
    pub user: String,
    /// The session itself.
    pub session: Arc<S>,
    /// When they signed in.
    pub created_at: SystemTime,
    /// When it ends, unless it is renewed.
    pub expires_at: SystemTime,
    /// When it ends whatever happens.
    pub renewable_until: SystemTime,
}

impl<S> Clone for SessionRecord<S> {
    fn clone(&self) -> Self {
        Self {
            key: self.key,
            user: self.user.clone(),
            session: Arc::clone(&self.session),
            created_at: self.created_at,
            expires_at: self.expires_at,
            renewable_until: self.renewable_until,
        }
    }
}

impl<S> fmt::Debug for SessionRecord<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRecord")
            .field("key", &self.key)
            .field("user", &self.user)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a store knows a session by: the SHA-256 of its id.
///
/// It signs nobody in, so that it may be shown, in a list of one's devices say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// The key of an id, as a cookie carries it.
    pub(crate) fn of(id: &str) -> Self {
        Self(Sha256::digest(id.as_bytes()).into())
    }

    /// The digest.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for SessionKey {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({self})")
    }
}

/// The text is no session key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session key is 64 hexadecimal digits")]
pub struct ParseSessionKeyError;

impl FromStr for SessionKey {
    type Err = ParseSessionKeyError;

    fn from_str(text: &str) -> Result<Self, ParseSessionKeyError> {
        let mut digest = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(ParseSessionKeyError);
        }
        for (byte, digits) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| ParseSessionKeyError)?;
            if digits.starts_with('+') {
                return Err(ParseSessionKeyError);
            }
            *byte = u8::from_str_radix(digits, 16).map_err(|_| ParseSessionKeyError)?;
        }
        Ok(Self(digest))
    }
}

/// [`SessionStore`] with its futures on the heap, so that any can stand behind [`Sessions`].
pub(crate) trait BoxedStore<S>: Send + Sync {
    fn create(&self, record: SessionRecord<S>) -> BoxFuture<'_, Result<(), Error>>;
    fn load<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<Option<SessionRecord<S>>, Error>>;
    fn load_now(&self, key: &SessionKey) -> Option<Result<Option<SessionRecord<S>>, Error>>;
    fn renew<'a>(&'a self, key: &'a SessionKey, expires_at: SystemTime) -> BoxFuture<'a, Result<bool, Error>>;
    fn revoke<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<(), Error>>;
    fn revoke_all_of<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<Vec<SessionKey>, Error>>;
    fn list_of<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<Vec<SessionRecord<S>>, Error>>;
    fn ends_of<'a>(&'a self, keys: &'a [SessionKey]) -> BoxFuture<'a, Result<Vec<(SessionKey, SystemTime)>, Error>>;
    fn purge(&self) -> BoxFuture<'_, Result<(), Error>>;
}

impl<S: Send + Sync + 'static, T: SessionStore<S>> BoxedStore<S> for T {
    fn create(&self, record: SessionRecord<S>) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(SessionStore::create(self, record))
    }

    fn load<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<Option<SessionRecord<S>>, Error>> {
        Box::pin(SessionStore::load(self, key))
    }

    fn load_now(&self, key: &SessionKey) -> Option<Result<Option<SessionRecord<S>>, Error>> {
        SessionStore::load_now(self, key)
    }

    fn renew<'a>(&'a self, key: &'a SessionKey, expires_at: SystemTime) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(SessionStore::<S>::renew(self, key, expires_at))
    }

    fn revoke<'a>(&'a self, key: &'a SessionKey) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(SessionStore::<S>::revoke(self, key))
    }

    fn revoke_all_of<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<Vec<SessionKey>, Error>> {
        Box::pin(SessionStore::<S>::revoke_all_of(self, user))
    }

    fn list_of<'a>(&'a self, user: &'a str) -> BoxFuture<'a, Result<Vec<SessionRecord<S>>, Error>> {
        Box::pin(SessionStore::list_of(self, user))
    }

    fn ends_of<'a>(&'a self, keys: &'a [SessionKey]) -> BoxFuture<'a, Result<Vec<(SessionKey, SystemTime)>, Error>> {
        Box::pin(SessionStore::<S>::ends_of(self, keys))
    }

    fn purge(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(SessionStore::<S>::purge(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Seen to fail with digits read as a number with its sign.
    #[test]
    fn s3_a_key_is_a_digest_and_can_be_written_and_read() {
        let key = SessionKey::of("abc");
        assert_eq!(key.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(key.to_string().parse(), Ok(key));
        for wrong in ["", "ba", &"+0".repeat(32), &"x".repeat(64), &"é".repeat(32)] {
            assert_eq!(wrong.parse::<SessionKey>(), Err(ParseSessionKeyError), "{wrong}");
        }
    }
}
