//! What the tests of the service share.

mod claims;
mod hostile;
mod keys;
mod purposes;
mod sources;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{JwtError, JwtService, Key, Verified, key_set::KeySet};

pub(super) const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
pub(super) const MINUTE: Duration = Duration::from_secs(60);

pub(super) const RSA: &str = include_str!("../testdata/rsa.pem");
pub(super) const RSA_PUBLIC: &str = include_str!("../testdata/rsa.pub.pem");
pub(super) const P256: &str = include_str!("../testdata/p256.pem");
pub(super) const P256_PUBLIC: &str = include_str!("../testdata/p256.pub.pem");
pub(super) const ED25519: &str = include_str!("../testdata/ed25519.pem");
pub(super) const ED25519_PUBLIC: &str = include_str!("../testdata/ed25519.pub.pem");

/// The key `k`, for HS256.
pub(super) fn key() -> Key {
    Key::hs256("k", SECRET).expect("a good secret")
}

/// A service with the key `k`.
pub(super) fn service() -> JwtService {
    JwtService::with_keys([key()]).expect("a good key")
}

/// A token of header and claims as they are, signed with a key whatever the header says.
pub(super) fn forge(key: &Key, header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key.sign(signed.as_bytes()).expect("the key can sign");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A token of the key `k` with these claims.
pub(super) fn token_of(claims: &Value) -> String {
    forge(&key(), r#"{"alg":"HS256","kid":"k"}"#, &claims.to_string())
}

/// Seconds since 1970, a little while from now.
pub(super) fn soon() -> u64 {
    now() + 60
}

pub(super) fn now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock that is set").as_secs()
}

/// What a service says of a token at a time.
pub(super) fn at<T: DeserializeOwned>(jwt: &JwtService, token: &str, now: u64) -> Result<Verified<T>, JwtError> {
    let claims = KeySet::new(vec![key()]).claims(token)?;
    jwt.accept(token, &claims, now)
}

pub(super) async fn encode(jwt: &JwtService, payload: &impl Serialize) -> String {
    jwt.encode(MINUTE, payload).await.expect("it can be signed")
}

/// Any payload.
pub(super) fn payload() -> Value {
    json!({ "user": "ada" })
}
