//! Why a token, or a key, is no good.

/// Why a token, or a key, is no good.
///
/// The text of an error never holds the token, nor a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwtError {
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It will be good later.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It was signed with another key, or changed since.
    #[error("the signature does not fit")]
    BadSignature,
    /// Its `kid` is no key of ours.
    #[error("the token names a key that is not known")]
    UnknownKey,
    /// It is no token, or none that could ever be accepted.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// It is for another audience, or for none where there has to be one.
    #[error("the token is for another audience")]
    WrongAudience,
    /// Somebody else issued it, or it doesn't say who.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// It was made for another purpose: a link, say, where a session is asked for.
    #[error("the token is for another purpose")]
    WrongPurpose,
    /// A secret that could be guessed, or an RSA key that could be broken.
    #[error("the key `{id}` has {bits} bits, and its algorithm needs {least} at the least")]
    WeakKey {
        /// The key's id.
        id: String,
        /// How long it is.
        bits: usize,
        /// How long it has to be.
        least: usize,
    },
    /// A key that is none of its algorithm.
    #[error("the key `{id}` can't be used: {problem}")]
    InvalidKey {
        /// The key's id.
        id: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The source gave no keys.
    #[error("there is no key; the key source has to give one at the least")]
    NoKey,
    /// All keys are public ones, which only verify.
    #[error("there is no key to sign with; public keys can only verify")]
    CannotSign,
    /// The key source failed.
    #[error("the keys can't be had: {0}")]
    Source(String),
    /// The payload can't be that of a token.
    #[error("the token can't be made: {0}")]
    Payload(String),
}

impl JwtError {
    /// Whether it is not known if the token is good, since there are no keys to tell by.
    ///
    /// Everything else says that a token is bad. Nobody should be signed out by an outage, so a caller that can answer
    /// "try again" does so where this is true.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Source(_))
    }
}
