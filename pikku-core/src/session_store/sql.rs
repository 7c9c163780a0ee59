//! What the stores in SQL databases have in common, which is everything but the database.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{SessionKey, SessionRecord};
use crate::{app::Session, error::Error};

/// A session as it stands in the table: key, user, session, when it was made, when it ends, and at the latest.
pub(super) type Row = (Vec<u8>, String, String, i64, i64, i64);

pub(super) const LOAD: &str = "SELECT key, user_id, session, created_at, expires_at, renewable_until \
                               FROM pikku_sessions WHERE key = $1 AND expires_at > $2";
pub(super) const CREATE: &str = "INSERT INTO pikku_sessions (key, user_id, session, created_at, expires_at, renewable_until) \
                                 VALUES ($1, $2, $3, $4, $5, $6)";
pub(super) const RENEW: &str = "UPDATE pikku_sessions SET expires_at = $1 WHERE key = $2 AND expires_at > $3";
pub(super) const REVOKE: &str = "DELETE FROM pikku_sessions WHERE key = $1";
pub(super) const REVOKE_ALL: &str = "DELETE FROM pikku_sessions WHERE user_id = $1 RETURNING key";
pub(super) const LIST: &str = "SELECT key, user_id, session, created_at, expires_at, renewable_until \
                               FROM pikku_sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY created_at";
pub(super) const ENDS: &str = "SELECT key, expires_at FROM pikku_sessions WHERE expires_at > ";
pub(super) const PURGE: &str = "DELETE FROM pikku_sessions WHERE expires_at <= $1";

/// How many keys are asked for at once; databases allow for some thousands of parameters.
pub(super) const KEYS_AT_ONCE: usize = 500;

/// Implements [`SessionStore`](super::SessionStore) with the statements above.
macro_rules! implement_session_store {
    ($store:ident, $database:ty) => {
        impl<S: $crate::app::Session> super::SessionStore<S> for $store {
            async fn create(&self, record: SessionRecord<S>) -> Result<(), Error> {
                let query = sqlx::query(sql::CREATE).bind(record.key.as_bytes().to_vec()).bind(record.user);
                let query = query.bind(sql::to_json(&*record.session)?).bind(sql::millis(record.created_at));
                let query = query.bind(sql::millis(record.expires_at)).bind(sql::millis(record.renewable_until));
                query.execute(&self.pool).await.map_err(sql::failed)?;
                Ok(())
            }

            async fn load(&self, key: &SessionKey) -> Result<Option<SessionRecord<S>>, Error> {
                let query = sqlx::query_as::<_, sql::Row>(sql::LOAD).bind(key.as_bytes().to_vec()).bind(sql::now());
                let row = query.fetch_optional(&self.pool).await.map_err(sql::failed)?;
                Ok(row.and_then(sql::record))
            }

            async fn renew(&self, key: &SessionKey, expires_at: SystemTime) -> Result<bool, Error> {
                let query = sqlx::query(sql::RENEW).bind(sql::millis(expires_at)).bind(key.as_bytes().to_vec());
                let done = query.bind(sql::now()).execute(&self.pool).await.map_err(sql::failed)?;
                Ok(done.rows_affected() > 0)
            }

            async fn revoke(&self, key: &SessionKey) -> Result<(), Error> {
                let query = sqlx::query(sql::REVOKE).bind(key.as_bytes().to_vec());
                query.execute(&self.pool).await.map_err(sql::failed)?;
                Ok(())
            }

            async fn revoke_all_of(&self, user: &str) -> Result<Vec<SessionKey>, Error> {
                let query = sqlx::query_as::<_, (Vec<u8>,)>(sql::REVOKE_ALL).bind(user);
                let rows = query.fetch_all(&self.pool).await.map_err(sql::failed)?;
                Ok(rows.into_iter().filter_map(|(key,)| sql::key(&key)).collect())
            }

            async fn list_of(&self, user: &str) -> Result<Vec<SessionRecord<S>>, Error> {
                let query = sqlx::query_as::<_, sql::Row>(sql::LIST).bind(user).bind(sql::now());
                let rows = query.fetch_all(&self.pool).await.map_err(sql::failed)?;
                Ok(rows.into_iter().filter_map(sql::record).collect())
            }

            async fn ends_of(&self, keys: &[SessionKey]) -> Result<Vec<(SessionKey, SystemTime)>, Error> {
                let mut ends = Vec::with_capacity(keys.len());
                for keys in keys.chunks(sql::KEYS_AT_ONCE) {
                    let mut query = sqlx::QueryBuilder::<$database>::new(sql::ENDS);
                    query.push_bind(sql::now()).push(" AND key IN (");
                    let mut list = query.separated(", ");
                    for key in keys {
                        list.push_bind(key.as_bytes().to_vec());
                    }
                    query.push(")");
                    let rows = query.build_query_as::<(Vec<u8>, i64)>().fetch_all(&self.pool).await;
                    let rows = rows.map_err(sql::failed)?;
                    ends.extend(rows.into_iter().filter_map(|(key, end)| Some((sql::key(&key)?, sql::time(end)))));
                }
                Ok(ends)
            }

            async fn purge(&self) -> Result<(), Error> {
                sqlx::query(sql::PURGE).bind(sql::now()).execute(&self.pool).await.map_err(sql::failed)?;
                Ok(())
            }
        }
    };
}

pub(super) use implement_session_store;

pub(super) fn failed(error: sqlx::Error) -> Error {
    Error::new("the session store failed").because(error)
}

pub(super) fn to_json(session: &impl Session) -> Result<String, Error> {
    serde_json::to_string(session).map_err(|error| Error::new("a session can't be written down").because(error))
}

pub(super) fn key(bytes: &[u8]) -> Option<SessionKey> {
    <[u8; 32]>::try_from(bytes).ok().map(SessionKey::from)
}

/// The record of a row. One that can't be read signs nobody in, as after the session's type has changed.
pub(super) fn record<S: Session>(row: Row) -> Option<SessionRecord<S>> {
    let (key, user, session, created_at, expires_at, renewable_until) = row;
    let key = self::key(&key)?;
    match serde_json::from_str(&session) {
        Ok(session) => Some(SessionRecord {
            key,
            user,
            session: Arc::new(session),
            created_at: time(created_at),
            expires_at: time(expires_at),
            renewable_until: time(renewable_until),
        }),
        Err(error) => {
            tracing::warn!(%key, %error, "a session in the store can't be read, and signs nobody in");
            None
        }
    }
}

pub(super) fn now() -> i64 {
    millis(SystemTime::now())
}

/// Milliseconds since 1970, for a column.
pub(super) fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn time(millis: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
