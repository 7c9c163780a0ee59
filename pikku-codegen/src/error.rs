//! What can go wrong, told all at once.

use std::{fmt, path::PathBuf};

/// The result of a build.
pub type Result<T> = std::result::Result<T, Error>;

/// Why nothing was generated.
#[derive(thiserror::Error)]
pub enum Error {
    /// The functions contradict each other, or themselves.
    #[error("{}", join(.0))]
    Rejected(Vec<Diagnostic>),
    /// A written file is not what would be generated now.
    #[error("{} stale; help: generate again and commit what changed", names(.0))]
    Stale(Vec<PathBuf>),
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A model can't be read.
    #[error("{}: {source}; help: generate it anew with the version of pikku that is used here", path.display())]
    Model {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A model is of another version.
    #[error(
        "the model is of contract version {found}, and this pikku-codegen is of {expected}; help: generate the model anew"
    )]
    Contract {
        /// The version that the model has.
        found: u32,
        /// The version that is read here.
        expected: u32,
    },
    /// It was not run by cargo.
    #[error("`{0}` is not set; help: call `emit` from a build script, or say where files go")]
    NotABuildScript(&'static str),
    /// An emitter failed, which is a mistake in pikku.
    #[error("a file can't be generated: {0}; help: this is a mistake in pikku-codegen, please report it")]
    Emit(String),
}

/// One thing that is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The function's place, `src/todos.rs:12`.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{}; help: {}", self.message, self.help)
    }
}

/// A build script that fails prints its error as `Debug`, so it is the same text.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn join(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn names(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}
