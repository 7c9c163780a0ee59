//! Sessions in PostgreSQL.

use std::time::SystemTime;

use sqlx::PgPool;

use super::{SessionKey, SessionRecord, sql};
use crate::error::Error;

/// Sessions in a table of a PostgreSQL database, `pikku_sessions`.
#[derive(Debug, Clone)]
pub struct PostgresSessionStore {
    pool: PgPool,
}

/// The statements are one transaction, and the lock lets one node at a time make the table.
const TABLE: &str = "
    SELECT pg_advisory_xact_lock(hashtext('pikku_sessions'));
    CREATE TABLE IF NOT EXISTS pikku_sessions (
        key BYTEA PRIMARY KEY,
        user_id TEXT NOT NULL,
        session TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        renewable_until BIGINT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS pikku_sessions_user_id ON pikku_sessions (user_id);
    CREATE INDEX IF NOT EXISTS pikku_sessions_expires_at ON pikku_sessions (expires_at);
";

impl PostgresSessionStore {
    /// The store in the database of `pool`. The table is made if it isn't there yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(pool: PgPool) -> Result<Self, Error> {
        sqlx::raw_sql(TABLE).execute(&pool).await.map_err(sql::failed)?;
        Ok(Self { pool })
    }
}

sql::implement_session_store!(PostgresSessionStore, sqlx::Postgres);
