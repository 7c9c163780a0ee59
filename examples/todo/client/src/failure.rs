//! What went wrong, in words that say what to do about it.

use std::{io, path::PathBuf};

use pikku_client::{BaseUrlError, EncodeError, Error, Problem, TransportError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Address(#[from] BaseUrlError),
    #[error("{0}\n  help: start it with `cargo run -p todo-server`, or say where it is with `--server`")]
    Unreachable(TransportError),
    #[error(
        "you are not signed in any more\n  help: sign in with `login NAME`; where `TODO_API_KEY` is set, it comes first"
    )]
    SignedOut,
    #[error("only its creator may do that")]
    Forbidden,
    #[error("{}", fields(.0))]
    Invalid(Box<Problem>),
    #[error("{0}")]
    Other(String),
    #[error("there is no name to sign in with\n  help: give one, `login NAME`")]
    NoName,
    #[error("no todo's id ends in `{0}`\n  help: `list` shows the ids")]
    NoTodo(String),
    #[error("the ids of {count} todos end in `{id}`\n  help: give more of it, or all: `{example}`")]
    ManyTodos { id: String, count: usize, example: String },
    #[error("can't keep the key in {}: {source}\n  help: set `TODO_API_KEY` instead", .path.display())]
    Key { path: PathBuf, source: io::Error },
    #[error("can't write: {0}")]
    Output(io::Error),
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error("there is no place for the key\n  help: set `XDG_CONFIG_HOME`, or give the key as `TODO_API_KEY`")]
    NoConfigFolder,
}

impl<E: std::error::Error> From<Error<E>> for Failure {
    fn from(error: Error<E>) -> Self {
        match error {
            Error::Transport(error @ (TransportError::Connect(_) | TransportError::Disconnected(_))) => {
                Self::Unreachable(error)
            }
            Error::Unauthorized(_) => Self::SignedOut,
            Error::Forbidden(_) => Self::Forbidden,
            Error::Invalid(problem) if !problem.errors.is_empty() => Self::Invalid(problem),
            other => Self::Other(other.to_string()),
        }
    }
}

/// One line for each field that is wrong.
fn fields(problem: &Problem) -> String {
    let line = |field: &pikku_client::FieldError| {
        format!("{}: {}", field.pointer.trim_start_matches('/').replace('/', " "), field.detail)
    };
    problem.errors.iter().map(line).collect::<Vec<_>>().join("\n       ")
}
