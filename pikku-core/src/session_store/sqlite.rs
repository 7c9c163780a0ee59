//! Sessions in SQLite.

use std::time::SystemTime;

use sqlx::SqlitePool;

use super::{SessionKey, SessionRecord, sql};
use crate::error::Error;

/// Sessions in a table of a SQLite database, `pikku_sessions`.
///
/// ```no_run
/// # async fn open(pool: sqlx::SqlitePool) -> Result<(), pikku_core::Error> {
/// # struct UserSession { user_id: u64 }
/// let store = pikku_core::SqliteSessionStore::open(pool).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct SqliteSessionStore {
    pool: SqlitePool,
}

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS pikku_sessions (
        key BLOB PRIMARY KEY,
        user_id TEXT NOT NULL,
        session TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        renewable_until BIGINT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS pikku_sessions_user_id ON pikku_sessions (user_id);
    CREATE INDEX IF NOT EXISTS pikku_sessions_expires_at ON pikku_sessions (expires_at);
";

impl SqliteSessionStore {
    /// The store in the database of `pool`. The table is made if it isn't there yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(pool: SqlitePool) -> Result<Self, Error> {
        sqlx::raw_sql(TABLE).execute(&pool).await.map_err(sql::failed)?;
        Ok(Self { pool })
    }
}

sql::implement_session_store!(SqliteSessionStore, sqlx::Sqlite);
