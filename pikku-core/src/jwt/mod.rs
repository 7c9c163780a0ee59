//! Signed tokens: the keys, and what is asked of a token before it is believed.
//!
//! A token goes through [`token`] (its three parts), [`key_set`] (whose key has signed it, or [`cache`]), [`claims`]
//! (what it says) and at last the rules of the [`service`] that it was given to: purpose, time, audience and issuer,
//! each time.

mod cache;
mod claims;
mod error;
mod fields;
#[cfg(feature = "__fuzz")]
mod fuzz;
mod jwks;
mod key;
mod key_set;
mod members;
mod purpose;
mod service;
mod source;
mod token;

#[cfg(test)]
mod tests;

pub use error::JwtError;
#[cfg(feature = "__fuzz")]
pub use fuzz::fuzz_token;
pub use jwks::jwks;
pub use key::Key;
pub use service::{JwtService, Verified};
pub use source::IntoKeys;
