//! The keys of one load, and what they have verified.

use std::sync::Arc;

use super::{
    cache::Cache,
    claims::Claims,
    error::JwtError,
    key::Key,
    token::{LONGEST_TOKEN, Token},
};

/// The keys that the source gave when it was last asked.
///
/// What was verified with them is remembered here and nowhere else: with a key that is removed, so goes every token of
/// it.
pub(super) struct KeySet {
    keys: Vec<Key>,
    verified: Cache,
}

impl KeySet {
    pub(super) fn new(keys: Vec<Key>) -> Self {
        Self { keys, verified: Cache::new() }
    }

    /// The key that signs: the first that can.
    pub(super) fn signing_key(&self) -> Result<&Key, JwtError> {
        match self.keys.iter().find(|key| key.can_sign()) {
            Some(key) => Ok(key),
            None if self.keys.is_empty() => Err(JwtError::NoKey),
            None => Err(JwtError::CannotSign),
        }
    }

    /// What a token says, if one of the keys has signed it.
    pub(super) fn claims(&self, token: &str) -> Result<Arc<Claims>, JwtError> {
        if token.len() > LONGEST_TOKEN {
            return Err(JwtError::Malformed("it is too long"));
        }
        if let Some(claims) = self.verified.get(token) {
            return Ok(claims);
        }
        let claims = Arc::new(self.verify(token)?);
        self.verified.insert(token, &claims);
        Ok(claims)
    }

    fn verify(&self, token: &str) -> Result<Claims, JwtError> {
        let token = Token::parse(token)?;
        let named = |key: &&Key| token.header.kid.as_deref().is_none_or(|kid| kid == key.id());
        let mut failure = JwtError::UnknownKey;
        for key in self.keys.iter().filter(named) {
            if key.algorithm() != token.header.algorithm {
                // Another key may still have it, and then says more.
                if failure == JwtError::UnknownKey {
                    failure = JwtError::Malformed("its algorithm is not that of the key");
                }
            } else if token.is_signed_by(key) {
                return Claims::parse(token.header.typ.clone(), &token.claims()?);
            } else {
                failure = JwtError::BadSignature;
            }
        }
        Err(failure)
    }
}
