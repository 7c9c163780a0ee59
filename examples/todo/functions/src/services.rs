//! What the functions share.

use std::{fmt, io, path::PathBuf, str::FromStr, time::Duration};

use pikku_core::{JwtError, JwtService, Key};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::{secret, todos::TodoStore, users::UserStore};

/// How long a request waits for another one's write to be done.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What the services are opened with.
#[derive(Clone)]
pub struct Config {
    /// The database, `sqlite:todo.db` or `sqlite::memory:`. The file is made if it isn't there.
    pub database_url: String,
    /// What signs the session tokens. Without it a random one is made, and kept beside the database.
    pub jwt_secret: Option<String>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The secret stays out of logs.
        f.debug_struct("Config").field("database_url", &self.database_url).finish_non_exhaustive()
    }
}

/// Why the services could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none of SQLite's, or the file can't be opened.
    #[error("can't open the database: {0}\n  help: `DATABASE_URL` looks like `sqlite:todo.db`")]
    Database(#[from] sqlx::Error),
    /// The tables can't be brought up to date.
    #[error("can't bring the tables of the database up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// There is no secret to sign with.
    #[error("can't keep the secret in {}: {source}", .path.display())]
    Secret {
        /// The file that it would be kept in.
        path: PathBuf,
        /// What went wrong with it.
        source: io::Error,
    },
    /// The secret can't sign tokens.
    #[error("`JWT_SECRET` can't sign sessions: {0}\n  help: give it 32 characters or more, or leave it away")]
    Jwt(#[from] JwtError),
}

/// What every function gets as its first parameter.
#[derive(Debug)]
pub struct Services {
    /// The users, and where they are signed in.
    pub users: UserStore,
    /// What there is to do.
    pub todos: TodoStore,
    /// Makes and reads the session tokens.
    pub jwt: JwtService,
}

impl Services {
    /// Opens the database, which appears by itself, and brings its tables up to date.
    ///
    /// # Errors
    /// When the database or the secret can't be used.
    pub async fn open(config: &Config) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::from_str(&config.database_url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Enough for a log that is written ahead: a power cut may cost the last change, and never the file.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true);
        let in_memory = [":memory:", "mode=memory"].iter().any(|memory| config.database_url.contains(memory));
        let secret_path = options.get_filename().with_extension("secret");

        // A database in memory belongs to its connection: with a second one, or none, the tables would be gone.
        let pool = match in_memory {
            true => {
                SqlitePoolOptions::new().min_connections(1).max_connections(1).idle_timeout(None).max_lifetime(None)
            }
            false => SqlitePoolOptions::new(),
        };
        let pool = pool.connect_with(options).await?;
        sqlx::migrate!().run(&pool).await?;

        let secret = match &config.jwt_secret {
            Some(secret) => secret.clone(),
            None if in_memory => secret::random(),
            None => secret::keep(&secret_path).map_err(|source| OpenError::Secret { path: secret_path, source })?,
        };
        let jwt = JwtService::with_keys([Key::hs256("todo", &secret)])?;

        Ok(Self { users: UserStore::new(pool.clone()), todos: TodoStore::new(pool), jwt })
    }
}
