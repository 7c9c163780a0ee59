//! What a socket is doing, and why its connection ended.

use std::{fmt, time::Duration};

use crate::problem::Problem;

/// What a socket is doing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum State {
    /// It opens a connection.
    Connecting,
    /// The connection is open, and signs in before anything else is sent.
    SigningIn,
    /// Messages are sent as they come.
    Open,
    /// The connection was lost, and another one will be tried.
    #[non_exhaustive]
    Waiting {
        /// Why it was lost.
        last: Closed,
        /// After how long the next one is tried.
        retry_in: Duration,
    },
    /// There will be no other connection.
    Closed(Closed),
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Closed {
    /// The code that it was closed with; 1006 if it broke off or was never open, and 0 if there was no token to open it
    /// with.
    pub code: u16,
    /// What happened, in words.
    pub reason: String,
    /// What the server answered in place of opening it. A browser doesn't tell.
    pub problem: Option<Box<Problem>>,
}

impl Closed {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), problem: None }
    }

    /// It broke off, or was never open.
    pub(super) fn lost(reason: impl fmt::Display) -> Self {
        Self::new(1006, reason.to_string())
    }

    /// Whether there is no use in coming back.
    pub(super) fn is_final(&self) -> bool {
        match self.code {
            // Who is signed in, or how much they did, can be another matter the next time.
            4401 | 4408 | 4429 => false,
            code => matches!(code, 1000 | 1008 | 4400..=4499),
        }
    }

    /// Whether the connection was refused, or ended, for want of a good credential.
    #[must_use]
    pub fn is_unauthorized(&self) -> bool {
        self.code == 4401 || self.problem.as_ref().is_some_and(|problem| problem.status == 401)
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, self.reason.as_str()) {
            (0 | 1006, reason) if !reason.is_empty() => formatter.write_str(reason),
            (code, "") => write!(formatter, "closed with {code}"),
            (code, reason) => write!(formatter, "{reason} ({code})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_an_end_has_the_reason_and_the_code() {
        for (code, reason, said) in [
            (1006, "the connection broke off", "the connection broke off"),
            (1012, "the server restarts", "the server restarts (1012)"),
            (1001, "", "closed with 1001"),
        ] {
            assert_eq!(Closed::new(code, reason).to_string(), said);
        }
    }
}
