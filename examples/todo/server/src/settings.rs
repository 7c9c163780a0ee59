//! What the environment says.

use std::{
    env::{self, VarError},
    net::{Ipv4Addr, SocketAddr},
};

use todo_functions::Config;

const DEFAULT_PORT: u16 = 4002;

/// How the server is to run.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where it listens: on this machine only, since a name is all that one needs to sign in.
    pub(crate) address: SocketAddr,
    /// What the services are opened with.
    pub(crate) services: Config,
}

/// What is wrong with a variable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`PORT` is `{0}`, which is no port\n  help: a number up to 65535, or 0 for any that is free")]
    Port(String),
    #[error("`{0}` is not readable as text")]
    NotText(&'static str),
}

impl Settings {
    /// Reads `PORT`, `DATABASE_URL` and `JWT_SECRET`. One that is empty counts as not given.
    pub(crate) fn from_env() -> Result<Self, Error> {
        let port = match variable("PORT")? {
            Some(text) => text.parse().map_err(|_| Error::Port(text))?,
            None => DEFAULT_PORT,
        };
        Ok(Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            services: Config {
                database_url: variable("DATABASE_URL")?.unwrap_or_else(|| "sqlite:todo.db".to_owned()),
                jwt_secret: variable("JWT_SECRET")?,
            },
        })
    }
}

fn variable(name: &'static str) -> Result<Option<String>, Error> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Error::NotText(name)),
    }
}
