//! Signed tokens: keys, signing, and verification that closes what the library leaves open.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, get_current_timestamp};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// A token longer than this is refused before anything of it is decoded.
const LONGEST_TOKEN: usize = 8 * 1024;

/// A key that tokens are signed and verified with. The algorithm belongs to the key, never to a token's header.
#[derive(Clone)]
pub struct Key {
    id: String,
    algorithm: Algorithm,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Key {
    /// A shared secret for HS256, of 32 bytes at the least.
    ///
    /// # Errors
    /// [`JwtError::WeakKey`] when the secret is shorter than the digest.
    pub fn hs256(id: impl Into<String>, secret: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        let (id, secret) = (id.into(), secret.as_ref());
        if secret.len() < 32 {
            return Err(JwtError::WeakKey { id, bytes: secret.len(), least: 32 });
        }
        Ok(Self {
            id,
            algorithm: Algorithm::HS256,
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// Why a token, or a key, is no good.
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
    /// It is no token, or not one for us.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// A shared secret that could be guessed.
    #[error("the key `{id}` has {bytes} bytes, and its algorithm needs {least} at the least")]
    WeakKey {
        /// The key's id.
        id: String,
        /// How long it is.
        bytes: usize,
        /// How long it has to be.
        least: usize,
    },
    /// There is nothing to sign with.
    #[error("there is no key; the key source has to give one at the least")]
    NoKey,
    /// The key source failed.
    #[error("the keys can't be had: {0}")]
    Source(String),
    /// The payload of a token has to be an object.
    #[error("the payload can't be the claims of a token: {0}")]
    Payload(String),
}

/// Signs and verifies tokens.
///
/// The keys come from an async source; the first of them signs, and all of them verify.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
/// use std::time::Duration;
///
/// use pikku_core::{JwtError, JwtService, Key};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Claims {
///     user_id: u64,
/// }
///
/// let jwt = JwtService::new(async || vec![Key::hs256("2026", "a secret of thirty-two bytes or more")]).await?;
/// let token = jwt.encode(Duration::from_secs(60), &Claims { user_id: 7 }).await?;
/// assert_eq!(jwt.decode::<Claims>(&token).await?, Claims { user_id: 7 });
/// assert_eq!(jwt.verify("not.a.token").await, Err(JwtError::Malformed("its header can't be read")));
/// # Ok::<(), JwtError>(()) }).expect("the example works");
/// ```
#[derive(Debug, Clone)]
pub struct JwtService {
    keys: Arc<[Key]>,
    leeway: u64,
}

/// What a key source gives: keys, or a reason why there are none.
pub trait IntoKeys {
    /// The keys.
    ///
    /// # Errors
    /// When they can't be had, or one of them is weak.
    fn into_keys(self) -> Result<Vec<Key>, JwtError>;
}

impl IntoKeys for Vec<Key> {
    fn into_keys(self) -> Result<Vec<Key>, JwtError> {
        Ok(self)
    }
}

impl IntoKeys for Vec<Result<Key, JwtError>> {
    fn into_keys(self) -> Result<Vec<Key>, JwtError> {
        self.into_iter().collect()
    }
}

impl<K: IntoKeys, E: fmt::Display> IntoKeys for Result<K, E> {
    fn into_keys(self) -> Result<Vec<Key>, JwtError> {
        self.map_err(|error| JwtError::Source(error.to_string()))?.into_keys()
    }
}

impl JwtService {
    /// A service with the keys of `source`.
    ///
    /// # Errors
    /// When the source fails, gives no key, or gives a weak one.
    pub async fn new<S, F>(source: S) -> Result<Self, JwtError>
    where
        S: FnOnce() -> F,
        F: Future<Output: IntoKeys>,
    {
        let keys = source().await.into_keys()?;
        if keys.is_empty() {
            return Err(JwtError::NoKey);
        }
        Ok(Self { keys: keys.into(), leeway: 30 })
    }

    /// Allows clocks to differ by this much; 30 s if this is not called.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.as_secs();
        self
    }

    /// Signs `payload`, good for `expires_in` from now.
    ///
    /// # Errors
    /// [`JwtError::Payload`] when the payload is no JSON object.
    #[expect(clippy::unused_async, reason = "the keys may have to be fetched anew")]
    pub async fn encode(&self, expires_in: Duration, payload: &impl Serialize) -> Result<String, JwtError> {
        let key = self.keys.first().ok_or(JwtError::NoKey)?;
        let payload = serde_json::to_value(payload).map_err(|error| JwtError::Payload(error.to_string()))?;
        let Value::Object(mut claims) = payload else {
            return Err(JwtError::Payload("it is no object".to_owned()));
        };
        let now = get_current_timestamp();
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), now.saturating_add(expires_in.as_secs()).into());
        let header = Header { kid: Some(key.id.clone()), ..Header::new(key.algorithm) };
        jsonwebtoken::encode(&header, &claims, &key.encoding).map_err(|error| JwtError::Payload(error.to_string()))
    }

    /// The payload of a token that is good.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn decode<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwtError> {
        self.decode_now(token)
    }

    /// Whether a token is good.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn verify(&self, token: &str) -> Result<(), JwtError> {
        self.claims(token).map(drop)
    }

    pub(crate) fn decode_now<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwtError> {
        let mut claims = self.claims(token)?;
        if let Ok(payload) = T::deserialize(&claims) {
            return Ok(payload);
        }
        // A type that takes no others than its own is handed none of those that every token has.
        for registered in ["exp", "iat", "nbf"] {
            claims.remove(registered);
        }
        T::deserialize(claims).map_err(|_| JwtError::Malformed("its claims are not the expected ones"))
    }

    fn claims(&self, token: &str) -> Result<Map<String, Value>, JwtError> {
        if token.len() > LONGEST_TOKEN {
            return Err(JwtError::Malformed("it is too long"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| JwtError::Malformed("its header can't be read"))?;
        // What `crit` lists has to be understood, and nothing beyond the plain header is.
        if header.crit.is_some() {
            return Err(JwtError::Malformed("it has critical extensions"));
        }
        let named = |key: &&Key| header.kid.as_ref().is_none_or(|kid| *kid == key.id);
        let mut failure = JwtError::UnknownKey;
        for key in self.keys.iter().filter(named) {
            match verified_claims(token, key) {
                Ok(claims) => return self.check_times(&claims).map(|()| claims),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn check_times(&self, claims: &Map<String, Value>) -> Result<(), JwtError> {
        let now = get_current_timestamp();
        let time = |name: &str, problem| match claims.get(name) {
            None => Ok(None),
            // A fraction of a second is allowed by the standard, and cut off to the caller's disadvantage.
            Some(value) => match value.as_u64().or_else(|| whole_seconds(value.as_f64()?)) {
                Some(seconds) => Ok(Some(seconds)),
                None => Err(JwtError::Malformed(problem)),
            },
        };
        let exp = time("exp", "its `exp` is no time")?.ok_or(JwtError::Malformed("it has no `exp`"))?;
        if exp.saturating_add(self.leeway) <= now {
            return Err(JwtError::Expired);
        }
        for (name, problem) in [("nbf", "its `nbf` is no time"), ("iat", "its `iat` is no time")] {
            if time(name, problem)?.is_some_and(|from| from > now.saturating_add(self.leeway)) {
                return Err(JwtError::NotYetValid);
            }
        }
        Ok(())
    }
}

/// The whole seconds of a time that has a fraction, if it is one that can be.
fn whole_seconds(seconds: f64) -> Option<u64> {
    // Beyond this, a double no longer holds every second, and no clock will ever show it.
    let sane = (0.0..9_007_199_254_740_992.0).contains(&seconds);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was just looked at")]
    sane.then_some(seconds as u64)
}

/// The claims of a token whose signature fits. The times are looked at by the caller.
fn verified_claims(token: &str, key: &Key) -> Result<Map<String, Value>, JwtError> {
    use jsonwebtoken::errors::ErrorKind;

    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    match jsonwebtoken::decode::<Map<String, Value>>(token, &key.decoding, &validation) {
        Ok(data) => Ok(data.claims),
        Err(error) => Err(match error.kind() {
            ErrorKind::InvalidSignature => JwtError::BadSignature,
            ErrorKind::InvalidAlgorithm => JwtError::Malformed("its algorithm is not that of the key"),
            _ => JwtError::Malformed("its claims can't be read"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    async fn service() -> JwtService {
        JwtService::new(async || vec![Key::hs256("k", SECRET)]).await.expect("a good key")
    }

    fn signed(claims: &Value, algorithm: Algorithm) -> String {
        let header = Header { kid: Some("k".to_owned()), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(SECRET.as_bytes())).expect("it signs")
    }

    #[tokio::test]
    async fn j3_times_are_checked() {
        let now = get_current_timestamp();
        for (claims, expect) in [
            (serde_json::json!({ "exp": now + 60 }), Ok(())),
            (serde_json::json!({ "exp": now as f64 + 60.5 }), Ok(())),
            (serde_json::json!({ "exp": now - 10 }), Ok(())),
            (serde_json::json!({ "exp": now - 30 }), Err(JwtError::Expired)),
            (serde_json::json!({}), Err(JwtError::Malformed("it has no `exp`"))),
            (serde_json::json!({ "exp": "soon" }), Err(JwtError::Malformed("its `exp` is no time"))),
            (serde_json::json!({ "exp": -1 }), Err(JwtError::Malformed("its `exp` is no time"))),
            (serde_json::json!({ "exp": 1e300 }), Err(JwtError::Malformed("its `exp` is no time"))),
            (serde_json::json!({ "exp": now + 60, "nbf": now + 50 }), Err(JwtError::NotYetValid)),
        ] {
            let token = signed(&claims, Algorithm::HS256);
            assert_eq!(service().await.verify(&token).await, expect, "{claims}");
        }
        let exact = service().await.leeway(Duration::ZERO);
        assert_eq!(
            exact.verify(&signed(&serde_json::json!({ "exp": now }), Algorithm::HS256)).await,
            Err(JwtError::Expired)
        );
    }

    #[tokio::test]
    async fn j1_the_algorithm_is_the_keys() {
        let claims = serde_json::json!({ "exp": get_current_timestamp() + 60 });
        let token = signed(&claims, Algorithm::HS512);
        assert_eq!(
            service().await.verify(&token).await,
            Err(JwtError::Malformed("its algorithm is not that of the key"))
        );
    }

    #[tokio::test]
    async fn j1_all_keys_verify_and_the_first_signs() {
        let old = service().await;
        let token = old.encode(Duration::from_secs(60), &serde_json::json!({ "a": 1 })).await.expect("it signs");
        let other = "another secret of thirty-two bytes";
        let both =
            JwtService::new(async || vec![Key::hs256("new", other), Key::hs256("k", SECRET)]).await.expect("good keys");
        assert_eq!(both.verify(&token).await, Ok(()));
        let renewed = both.encode(Duration::from_secs(60), &serde_json::json!({})).await.expect("it signs");
        assert_eq!(old.verify(&renewed).await, Err(JwtError::UnknownKey));
    }

    #[tokio::test]
    async fn j3_weak_keys_are_refused() {
        for secret in ["", "x", "31 bytes are not quite enough.."] {
            let refused = JwtService::new(async || vec![Key::hs256("k", secret)]).await;
            assert!(matches!(refused, Err(JwtError::WeakKey { .. })), "{secret}");
        }
        assert!(matches!(JwtService::new(async || Vec::<Key>::new()).await, Err(JwtError::NoKey)));
    }

    #[tokio::test]
    async fn z1_garbage_is_malformed() {
        let long = "a".repeat(LONGEST_TOKEN + 1);
        for token in ["", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", &long] {
            assert!(matches!(service().await.verify(token).await, Err(JwtError::Malformed(_))), "{token:.30}");
        }
    }
}
