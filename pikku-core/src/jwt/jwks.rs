//! Key sets that others publish (RFC 7517).

use std::{fmt, future::Future};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::Value;

use super::{
    error::JwtError,
    key::{Algorithm, Key, ed25519_key, p256_key, rsa_key},
};
use crate::middleware::BoxFuture;

/// A key source for [`JwtService::new`](crate::JwtService::new) that reads the key set of an identity provider.
///
/// `fetch` gives the text of the JWKS document. With which HTTP client it does so is its own affair; it is called again
/// when the keys have to be reloaded.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
/// use pikku_core::{JwtError, JwtService, jwks};
///
/// async fn fetch() -> Result<String, std::io::Error> {
///     // reqwest::get("https://id.example.com/.well-known/jwks.json").await?.text().await
/// #   Ok(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#.to_owned())
/// }
///
/// let jwt = JwtService::new(jwks(fetch)).await?.issuer("https://id.example.com").audience("todo");
/// # assert_eq!(jwt.encode(std::time::Duration::from_secs(1), &serde_json::json!({})).await, Err(JwtError::CannotSign));
/// # Ok::<(), JwtError>(()) }).expect("the example works");
/// ```
pub fn jwks<S, F, D, E>(fetch: S) -> impl Fn() -> BoxFuture<'static, Result<Vec<Key>, JwtError>> + Send + Sync + 'static
where
    S: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = Result<D, E>> + Send + 'static,
    D: AsRef<str>,
    E: fmt::Display,
{
    move || {
        let fetched = fetch();
        Box::pin(async move {
            let document = fetched.await.map_err(|error| JwtError::Source(error.to_string()))?;
            Key::from_jwks(document.as_ref())
        })
    }
}

/// The key of a set, as far as it matters here.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Key {
    /// The keys of a JWKS document. They verify, and can't sign.
    ///
    /// A key that is no use here is left out, as the standard wants it: one for encryption, one that doesn't say its
    /// algorithm (`alg`) or has another one than RS256, ES256 and EdDSA, and an RSA key of less than 2048 bits. So is a
    /// symmetric one, since a document that others can read holds no secrets. What is left out goes to the log.
    ///
    /// # Errors
    /// [`JwtError::Source`] when the document is no key set.
    pub fn from_jwks(document: &str) -> Result<Vec<Self>, JwtError> {
        #[derive(Deserialize)]
        struct Document {
            keys: Vec<Value>,
        }
        // The text of the error would quote the document.
        let document: Document = serde_json::from_str(document)
            .map_err(|_| JwtError::Source("the document is no JSON Web Key Set".to_owned()))?;
        let keys = document.keys.iter().filter_map(|jwk| {
            parse_jwk(jwk)
                .inspect_err(|reason| {
                    let kid = jwk.get("kid").and_then(Value::as_str);
                    tracing::debug!(kid, reason, "a key of the set is left out");
                })
                .ok()
        });
        Ok(keys.collect())
    }
}

/// The key of a JWK, or why it is left out.
pub(super) fn parse_jwk(jwk: &Value) -> Result<Key, String> {
    let jwk = Jwk::deserialize(jwk).map_err(|_| "it can't be read")?;
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return Err("it is not for signatures".to_owned());
    }
    if jwk.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
        return Err("it is not for verifying".to_owned());
    }
    let algorithm = jwk.alg.as_deref().ok_or("it has no `alg`")?;
    let algorithm = Algorithm::from_name(algorithm).ok_or("its `alg` is not supported")?;
    let id = jwk.kid.clone().unwrap_or_default();
    let key = match (jwk.kty.as_str(), jwk.crv.as_deref(), algorithm) {
        ("RSA", _, Algorithm::Rs256) => {
            // The library takes the numbers without leading zeros, which some publish.
            let (n, e) = (number(&bytes(jwk.n)?), number(&bytes(jwk.e)?));
            let key = RsaPublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
            rsa_key(&id, key.map_err(|_| "it is no RSA key")?.as_ref())
        }
        ("EC", Some("P-256"), Algorithm::Es256) => {
            let (x, y) = (bytes(jwk.x)?, bytes(jwk.y)?);
            p256_key(&id, &[&[0x04], x.as_slice(), y.as_slice()].concat())
        }
        ("OKP", Some("Ed25519"), Algorithm::EdDsa) => ed25519_key(&id, &bytes(jwk.x)?),
        _ => return Err("its type and its `alg` don't go together".to_owned()),
    };
    key.map(|key| Key::verifying(id, algorithm, key)).map_err(|error| error.to_string())
}

fn bytes(value: Option<String>) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD.decode(value.ok_or("a part of it is missing")?).map_err(|_| "a part of it can't be read")
}

fn number(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().skip_while(|byte| *byte == 0).collect()
}
