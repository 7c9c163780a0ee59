//! Users and their devices in the database.

use sha2::{Digest, Sha256};
use sqlx::{Result, SqlitePool};
use uuid::Uuid;

use super::User;
use crate::secret;

/// More devices than anyone has. It is here so that a loop that signs in forever can't fill the disk.
const MOST_DEVICES: i64 = 1000;

/// The users, and where they are signed in.
///
/// Every sign-in makes an API key of its own, and only the key's digest is stored: whoever reads the database can't
/// sign in with what they find. One key for all of a user's devices would have to be stored in the clear, for the next
/// sign-in to answer with it, or be changed each time, which would sign out the others. A key for each place has
/// neither fault, and signing out ends exactly one.
#[derive(Debug, Clone)]
pub struct UserStore {
    pool: SqlitePool,
}

impl UserStore {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self { pool }
    }

    /// The user of that name, in upper or lower case, who is created if there is none yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_or_create(&self, name: &str) -> Result<User> {
        // One statement that always has a row to return, so that two first visits at once make one user.
        let sql = "INSERT INTO users (user_id, name, name_folded) VALUES (?, ?, ?)
                   ON CONFLICT (name_folded) DO UPDATE SET name = name RETURNING user_id, name";
        sqlx::query_as(sql).bind(Uuid::now_v7()).bind(name).bind(name.to_lowercase()).fetch_one(&self.pool).await
    }

    /// The user of that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find(&self, user_id: &Uuid) -> Result<Option<User>> {
        let sql = "SELECT user_id, name FROM users WHERE user_id = ?";
        sqlx::query_as(sql).bind(user_id).fetch_optional(&self.pool).await
    }

    /// Renames a user; `None` if there is no such user.
    ///
    /// # Errors
    /// A unique violation if another user has the name already, and when the database fails.
    pub async fn rename(&self, user_id: &Uuid, name: &str) -> Result<Option<User>> {
        let sql = "UPDATE users SET name = ?, name_folded = ? WHERE user_id = ? RETURNING user_id, name";
        sqlx::query_as(sql).bind(name).bind(name.to_lowercase()).bind(user_id).fetch_optional(&self.pool).await
    }

    /// Signs a user in on one more device, and returns its id and its API key. It is the only time that the key is known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_device(&self, user_id: &Uuid) -> Result<(Uuid, String)> {
        let (device_id, key) = (Uuid::now_v7(), secret::random());
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("INSERT INTO devices (device_id, user_id, key_digest) VALUES (?, ?, ?)")
            .bind(device_id)
            .bind(user_id)
            .bind(digest(&key))
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "DELETE FROM devices WHERE device_id IN
             (SELECT device_id FROM devices WHERE user_id = ? ORDER BY device_id DESC LIMIT -1 OFFSET ?)",
        )
        .bind(user_id)
        .bind(MOST_DEVICES)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok((device_id, key))
    }

    /// The user and the device that an API key belongs to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_device(&self, key: &str) -> Result<Option<(Uuid, Uuid)>> {
        // What the index compares are digests, so the time it takes tells nothing about the key.
        let sql = "SELECT user_id, device_id FROM devices WHERE key_digest = ?";
        sqlx::query_as(sql).bind(digest(key)).fetch_optional(&self.pool).await
    }

    /// Signs a device out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_device(&self, device_id: &Uuid) -> Result<()> {
        sqlx::query("DELETE FROM devices WHERE device_id = ?").bind(device_id).execute(&self.pool).await?;
        Ok(())
    }
}

/// A plain hash is enough here: keys are random, so there is no dictionary to try.
fn digest(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}
