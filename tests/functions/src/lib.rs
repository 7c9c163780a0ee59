//! The functions that pikku's own tests serve: every rule of HTTP, and every shape that serde can give a value.

use std::sync::{Mutex, PoisonError};

use pikku_core::{JwtService, PikkuError};
use serde::{Deserialize, Serialize};

pub mod admin;
pub mod channels;
pub mod conformance;
pub mod guide;
pub mod input;
pub mod limits;
pub mod output;
pub mod permissions;
pub mod sessions;
pub mod shapes;

/// What every function shares.
#[derive(Debug)]
pub struct Services {
    /// Signs tokens.
    pub jwt: JwtService,
    /// What ran, in order.
    pub log: Mutex<Vec<String>>,
    /// The database of the authentication guide.
    pub guide: guide::Database,
}

impl Services {
    /// Services with this JWT service.
    #[must_use]
    pub fn new(jwt: JwtService) -> Self {
        Self { jwt, log: Mutex::default(), guide: guide::Database::default() }
    }

    /// Notes that something ran.
    pub fn note(&self, what: impl Into<String>) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(what.into());
    }

    /// What ran since this was last asked.
    #[must_use]
    pub fn noted(&self) -> Vec<String> {
        std::mem::take(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserSession {
    /// The user.
    pub user_id: String,
    /// Whether they may do anything.
    #[serde(default)]
    pub admin: bool,
}

pikku_core::registry!(
    /// The application under test.
    TestApp { services: Services, session: UserSession }
);

/// How the functions fail.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum TestError {
    /// It is not there.
    #[error("there is no such thing")]
    #[pikku(status = 404)]
    NotFound,
    /// It is there already.
    #[error("`{name}` is taken")]
    #[pikku(status = 409, code = "name_taken")]
    Taken {
        /// What it is called.
        name: String,
        /// What would be free.
        free: Vec<String>,
    },
    /// Too much was asked for.
    #[error("at most {0}")]
    #[pikku(status = 429, code = "too_many")]
    TooMany(u32),
    /// Something that callers are not told.
    #[error("the secret is {secret}")]
    Internal {
        /// What must not be told.
        secret: &'static str,
    },
    /// A service failed.
    #[error(transparent)]
    Service(#[from] pikku_core::Error),
}
