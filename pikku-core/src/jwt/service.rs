//! The service: what an application signs and verifies tokens with.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use tokio::time::Instant;

use super::{
    claims::{Claims, NewClaims, system_time},
    error::JwtError,
    purpose::Purpose,
    source::{Available, FETCH_TIMEOUT, IntoKeys, KeyStore},
    token::sign_token,
};

/// Signs and verifies tokens.
///
/// The keys come from an async source. The first that can signs, all of them verify, and a token's `kid` says which
/// one; its algorithm is the key's. The source is asked again before the keys are five minutes old
/// ([`key_ttl`](Self::key_ttl)), and when a token names one that is not among them: once, however many such tokens
/// there are, and then not for another ten seconds. So a key that is removed at the source stops verifying within the
/// TTL. While the source fails, the keys go on for one more TTL, and then nothing is accepted until it is back; the log
/// tells of it.
///
/// A token is accepted only if it says when it expires, is for the service's [purpose](Self::for_purpose), and for its
/// [`audience`](Self::audience) and from its [`issuer`](Self::issuer) where they are given; a token for some audience
/// is refused where none is given.
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
///
/// let links = jwt.for_purpose("link");
/// assert_eq!(links.verify(&token).await, Err(JwtError::WrongPurpose));
/// # Ok::<(), JwtError>(()) }).expect("the example works");
/// ```
#[derive(Clone)]
pub struct JwtService {
    pub(super) keys: Arc<KeyStore>,
    key_ttl: Duration,
    leeway: u64,
    purpose: Purpose,
    audience: Option<Arc<str>>,
    issuer: Option<Arc<str>>,
}

/// What a good token holds, and until when it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified<T> {
    /// What was encoded.
    pub payload: T,
    /// When the token expires, by its own word; the leeway is not in it.
    pub expires_at: SystemTime,
    /// When it was signed, if it says so. Tokens of a [`JwtService`] do.
    pub issued_at: Option<SystemTime>,
}

impl JwtService {
    /// A service with the keys of `source`, which is asked for them here and then as often as need be.
    ///
    /// It gives a list of [`Key`](crate::Key)s, or a `Result` of one. A source with a state clones it for each call:
    /// `move || find_keys(pool.clone())`. [`jwks`](crate::jwks) is one for the key sets of others.
    ///
    /// # Errors
    /// When the source fails, gives no key, or gives a weak one.
    pub async fn new<S, F>(source: S) -> Result<Self, JwtError>
    where
        S: Fn() -> F + Send + Sync + 'static,
        F: Future<Output: IntoKeys> + Send + 'static,
    {
        let loaded = Instant::now();
        let keys = source().await.into_keys()?;
        let source = Box::new(move || {
            let keys = source();
            Box::pin(async move { keys.await.into_keys() }) as _
        });
        Ok(Self::from_store(KeyStore::new(keys, loaded, Some(source), FETCH_TIMEOUT)?))
    }

    /// A service with these keys, for good.
    ///
    /// # Errors
    /// When there is no key, or a weak one.
    pub fn with_keys(keys: impl IntoKeys) -> Result<Self, JwtError> {
        Ok(Self::from_store(KeyStore::new(keys.into_keys()?, Instant::now(), None, FETCH_TIMEOUT)?))
    }

    pub(super) fn from_store(keys: Arc<KeyStore>) -> Self {
        Self {
            keys,
            key_ttl: Duration::from_secs(5 * 60),
            leeway: 30,
            purpose: Purpose::Session,
            audience: None,
            issuer: None,
        }
    }

    /// How long keys are good before the source is asked again; five minutes if this is not called.
    #[must_use]
    pub fn key_ttl(mut self, ttl: Duration) -> Self {
        self.key_ttl = ttl;
        self
    }

    /// Allows clocks to differ by this much; 30 s if this is not called.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.as_secs();
        self
    }

    /// Whom the tokens are for: it is signed into them (`aud`), and one that is not for it is refused.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into().into());
        self
    }

    /// Who issues the tokens: it is signed into them (`iss`), and one of another issuer is refused.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into().into());
        self
    }

    /// A service with the same keys and rules whose tokens are for another purpose, such as `invitation`.
    ///
    /// It accepts its own tokens only, which say so in their header (`typ: "invitation+jwt"`), and no other service
    /// accepts them. Without this, tokens are for sessions: a `typ` of `JWT` or `at+jwt`, or none.
    ///
    /// # Panics
    /// When the purpose is no word of letters, digits, `-`, `.` and `_`, or is `at`: access tokens are sessions.
    #[must_use]
    pub fn for_purpose(&self, purpose: &str) -> Self {
        Self { purpose: Purpose::named(purpose), ..self.clone() }
    }

    /// A service whose tokens are API keys, as [`auth_api_key_jwt`](crate::auth_api_key_jwt) takes them: one
    /// [for the purpose](Self::for_purpose) `api-key`.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
    /// # use pikku_core::{JwtError, JwtService, Key, days};
    /// # let jwt = JwtService::new(async || vec![Key::hs256("2026", "a secret of thirty-two bytes or more")]).await?;
    /// # let session = std::collections::HashMap::from([("user_id", 7)]);
    /// let key = jwt.for_api_keys().encode(days(90), &session).await?;
    /// assert_eq!(jwt.verify(&key).await, Err(JwtError::WrongPurpose));
    /// # Ok::<(), JwtError>(()) }).expect("the example works");
    /// ```
    #[must_use]
    pub fn for_api_keys(&self) -> Self {
        self.for_purpose("api-key")
    }

    /// Signs `payload`, good for `expires_in` from now.
    ///
    /// # Errors
    /// [`JwtError::Payload`] when the payload is no JSON object, has one of the claims that are the service's own
    /// (`exp`, `iat`, `nbf`, `aud`, `iss`), or makes a token of more than 8 KiB; [`JwtError::CannotSign`] when all keys
    /// are public ones.
    pub async fn encode(&self, expires_in: Duration, payload: &impl Serialize) -> Result<String, JwtError> {
        let payload = serde_json::to_string(payload).map_err(|error| JwtError::Payload(error.to_string()))?;
        let keys = self.keys.keys(self.key_ttl).await?;
        let now = now();
        let claims = NewClaims {
            payload: NewClaims::payload(&payload)?,
            issued_at: now,
            expires_at: NewClaims::expiry(now, expires_in)?,
            audience: self.audience.as_deref(),
            issuer: self.issuer.as_deref(),
        };
        let claims = serde_json::to_vec(&claims).map_err(|error| JwtError::Payload(error.to_string()))?;
        sign_token(keys.signing_key()?, self.purpose.typ(), &claims)
    }

    /// The payload of a token that is good.
    ///
    /// It comes out as it was encoded. A type with a field for one of the service's own claims gets that as well.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn decode<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwtError> {
        self.verified(token).await.map(|verified| verified.payload)
    }

    /// Whether a token is good.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn verify(&self, token: &str) -> Result<(), JwtError> {
        self.verified::<IgnoredAny>(token).await.map(drop)
    }

    /// The payload of a token that is good, and until when it is.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn verified<T: DeserializeOwned>(&self, token: &str) -> Result<Verified<T>, JwtError> {
        let came = Instant::now();
        let keys = self.keys.keys(self.key_ttl).await?;
        let claims = match keys.claims(token) {
            Err(JwtError::UnknownKey) => self.keys.look_up(came).await.claims(token),
            claims => claims,
        };
        self.accept(token, &*claims?, now())
    }

    /// What [`verified`](Self::verified) says, if it need not wait for keys to be loaded.
    ///
    /// Almost always it need not, and then nothing is put on the heap for a future.
    pub fn verified_now<T: DeserializeOwned>(&self, token: &str) -> Option<Result<Verified<T>, JwtError>> {
        let keys = match self.keys.available(self.key_ttl) {
            Available::Now(keys) => keys,
            Available::Later => return None,
            Available::Not(error) => return Some(Err(error)),
        };
        match keys.claims(token) {
            Err(JwtError::UnknownKey) if self.keys.may_look_up(Instant::now()) => None,
            claims => Some(claims.and_then(|claims| self.accept(token, &claims, now()))),
        }
    }

    /// Applies the service's own rules to a token whose signature fits.
    pub(super) fn accept<T: DeserializeOwned>(
        &self,
        token: &str,
        claims: &Claims,
        now: u64,
    ) -> Result<Verified<T>, JwtError> {
        if !self.purpose.accepts(claims.typ.as_deref()) {
            return Err(JwtError::WrongPurpose);
        }
        if claims.expires_at.saturating_add(self.leeway) <= now {
            return Err(JwtError::Expired);
        }
        if claims.not_before.max(claims.issued_at).is_some_and(|from| from > now.saturating_add(self.leeway)) {
            return Err(JwtError::NotYetValid);
        }
        let is_for_us = match (&self.audience, &claims.audience) {
            (Some(own), Some(audience)) => audience.includes(own),
            (None, None) => true,
            // A token for somebody is not for one who doesn't say who that is (RFC 7519 section 4.1.3).
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !is_for_us {
            return Err(JwtError::WrongAudience);
        }
        if self.issuer.is_some() && self.issuer.as_deref() != claims.issuer.as_deref() {
            return Err(JwtError::WrongIssuer);
        }
        Ok(Verified {
            payload: claims.payload(token)?,
            expires_at: system_time(claims.expires_at),
            issued_at: claims.issued_at.map(system_time),
        })
    }
}

impl fmt::Debug for JwtService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtService")
            .field("purpose", &self.purpose)
            .field("audience", &self.audience)
            .field("issuer", &self.issuer)
            .field("leeway", &self.leeway)
            .field("key_ttl", &self.key_ttl)
            .finish_non_exhaustive()
    }
}

/// The time in seconds. By a clock from before 1970, which tells nothing, all tokens have expired.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs())
}
