//! Keys: what each signs and verifies with, and by which algorithm.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, RsaParameters,
    },
};
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer, pem::PemObject};

use super::error::JwtError;

/// The sizes of RSA keys that are neither weak nor a burden, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// What every PEM document has in it.
const PEM_BEGIN: &[u8] = b"-----BEGIN ";

/// The algorithms that a key can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    const ALL: [Self; 6] = [Self::Hs256, Self::Hs384, Self::Hs512, Self::Rs256, Self::Es256, Self::EdDsa];

    /// Its name in a header or a key set, which is matched exactly.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A key that tokens are signed and verified with.
///
/// The algorithm belongs to the key, never to a token's header: a token that names another one is refused.
///
/// Private keys are PEM documents, PKCS#8 (`BEGIN PRIVATE KEY`) or the older forms of RSA and EC keys. A public key
/// (`BEGIN PUBLIC KEY`) verifies and can't sign; [`Key::from_jwks`] reads those that others publish.
#[derive(Clone)]
pub struct Key {
    id: Arc<str>,
    algorithm: Algorithm,
    material: Arc<Material>,
}

enum Material {
    Secret(Box<hmac::Key>),
    Asymmetric { verifying: ParsedPublicKey, signing: Option<KeyPair> },
}

enum KeyPair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    /// A shared secret for HS256, of 32 bytes at the least.
    ///
    /// # Errors
    /// [`JwtError::WeakKey`] when the secret is shorter than the digest.
    pub fn hs256(id: impl Into<String>, secret: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        Self::secret(id.into(), Algorithm::Hs256, hmac::HMAC_SHA256, secret.as_ref())
    }

    /// A shared secret for HS384, of 48 bytes at the least.
    ///
    /// # Errors
    /// [`JwtError::WeakKey`] when the secret is shorter than the digest.
    pub fn hs384(id: impl Into<String>, secret: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        Self::secret(id.into(), Algorithm::Hs384, hmac::HMAC_SHA384, secret.as_ref())
    }

    /// A shared secret for HS512, of 64 bytes at the least.
    ///
    /// # Errors
    /// [`JwtError::WeakKey`] when the secret is shorter than the digest.
    pub fn hs512(id: impl Into<String>, secret: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        Self::secret(id.into(), Algorithm::Hs512, hmac::HMAC_SHA512, secret.as_ref())
    }

    /// A private key for RS256, of 2048 to 8192 bits.
    ///
    /// # Errors
    /// [`JwtError::InvalidKey`] when the PEM document holds no such key.
    pub fn rs256(id: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        let id = id.into();
        let pair = match private_key(&id, pem.as_ref())? {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok(),
            _ => None,
        };
        let Some(pair) = pair else {
            return Err(JwtError::InvalidKey { id, problem: "it is no private RSA key of 2048 to 8192 bits" });
        };
        let verifying = rsa_key(&id, pair.public_key().as_ref())?;
        Ok(Self::asymmetric(id, Algorithm::Rs256, verifying, Some(KeyPair::Rsa(pair))))
    }

    /// A public key for RS256, of 2048 to 8192 bits. It can't sign.
    ///
    /// # Errors
    /// [`JwtError::WeakKey`] when the key is too short, [`JwtError::InvalidKey`] when the PEM document holds none.
    pub fn rs256_public(id: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        let id = id.into();
        let verifying = rsa_key(&id, public_key(&id, pem.as_ref())?.as_ref())?;
        Ok(Self::verifying(id, Algorithm::Rs256, verifying))
    }

    /// A private key for ES256, on the curve P-256.
    ///
    /// # Errors
    /// [`JwtError::InvalidKey`] when the PEM document holds no such key.
    pub fn es256(id: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        let id = id.into();
        let der = private_key(&id, pem.as_ref())?;
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_der());
        let Ok(pair) = pair else {
            return Err(JwtError::InvalidKey { id, problem: "it is no private key on the curve P-256" });
        };
        let verifying = p256_key(&id, pair.public_key().as_ref())?;
        Ok(Self::asymmetric(id, Algorithm::Es256, verifying, Some(KeyPair::Ecdsa(pair))))
    }

    /// A public key for ES256, on the curve P-256. It can't sign.
    ///
    /// # Errors
    /// [`JwtError::InvalidKey`] when the PEM document holds no such key.
    pub fn es256_public(id: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        let id = id.into();
        let verifying = p256_key(&id, public_key(&id, pem.as_ref())?.as_ref())?;
        Ok(Self::verifying(id, Algorithm::Es256, verifying))
    }

    /// A private key for EdDSA, on the curve Ed25519.
    ///
    /// # Errors
    /// [`JwtError::InvalidKey`] when the PEM document holds no such key.
    pub fn eddsa(id: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        let id = id.into();
        let der = private_key(&id, pem.as_ref())?;
        let Ok(pair) = Ed25519KeyPair::from_pkcs8(der.secret_der()) else {
            return Err(JwtError::InvalidKey { id, problem: "it is no private key on the curve Ed25519" });
        };
        let verifying = ed25519_key(&id, pair.public_key().as_ref())?;
        Ok(Self::asymmetric(id, Algorithm::EdDsa, verifying, Some(KeyPair::Ed25519(pair))))
    }

    /// A public key for EdDSA, on the curve Ed25519. It can't sign.
    ///
    /// # Errors
    /// [`JwtError::InvalidKey`] when the PEM document holds no such key.
    pub fn eddsa_public(id: impl Into<String>, pem: impl AsRef<[u8]>) -> Result<Self, JwtError> {
        let id = id.into();
        let verifying = ed25519_key(&id, public_key(&id, pem.as_ref())?.as_ref())?;
        Ok(Self::verifying(id, Algorithm::EdDsa, verifying))
    }

    /// The id by which tokens name the key, their `kid`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    fn secret(id: String, algorithm: Algorithm, digest: hmac::Algorithm, secret: &[u8]) -> Result<Self, JwtError> {
        let least = digest.tag_len();
        if secret.len() < least {
            return Err(JwtError::WeakKey { id, bits: secret.len() * 8, least: least * 8 });
        }
        // Everybody has the public key of a pair, so tokens that it signs as a secret are anybody's.
        if secret.windows(PEM_BEGIN.len()).any(|part| part == PEM_BEGIN) {
            return Err(JwtError::InvalidKey { id, problem: "it is a PEM document, and no shared secret" });
        }
        let material = Arc::new(Material::Secret(Box::new(hmac::Key::new(digest, secret))));
        Ok(Self { id: id.into(), algorithm, material })
    }

    /// A key that only verifies.
    pub(super) fn verifying(id: String, algorithm: Algorithm, key: ParsedPublicKey) -> Self {
        Self::asymmetric(id, algorithm, key, None)
    }

    fn asymmetric(id: String, algorithm: Algorithm, verifying: ParsedPublicKey, signing: Option<KeyPair>) -> Self {
        Self { id: id.into(), algorithm, material: Arc::new(Material::Asymmetric { verifying, signing }) }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn can_sign(&self) -> bool {
        matches!(&*self.material, Material::Secret(_) | Material::Asymmetric { signing: Some(_), .. })
    }

    /// The signature of a message; none if the key can't sign.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let pair = match &*self.material {
            Material::Secret(secret) => return Some(hmac::sign(secret, message).as_ref().to_vec()),
            Material::Asymmetric { signing, .. } => signing.as_ref()?,
        };
        match pair {
            KeyPair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            KeyPair::Ecdsa(pair) => Some(pair.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec()),
            KeyPair::Ed25519(pair) => Some(pair.try_sign(message).ok()?.as_ref().to_vec()),
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &*self.material {
            Material::Secret(secret) => hmac::verify(secret, message, signature).is_ok(),
            Material::Asymmetric { verifying, .. } => verifying.verify_sig(message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn private_key(id: &str, pem: &[u8]) -> Result<PrivateKeyDer<'static>, JwtError> {
    PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| JwtError::InvalidKey { id: id.to_owned(), problem: "it is no PEM document with a private key" })
}

fn public_key(id: &str, pem: &[u8]) -> Result<SubjectPublicKeyInfoDer<'static>, JwtError> {
    SubjectPublicKeyInfoDer::from_pem_slice(pem)
        .map_err(|_| JwtError::InvalidKey { id: id.to_owned(), problem: "it is no PEM document with a public key" })
}

/// An RSA key from its DER form, that of PKCS#1 or of X.509.
pub(super) fn rsa_key(id: &str, der: &[u8]) -> Result<ParsedPublicKey, JwtError> {
    let invalid = |problem| JwtError::InvalidKey { id: id.to_owned(), problem };
    let key = rsa::PublicKey::from_der(der).map_err(|_| invalid("it is no public RSA key"))?;
    let bits = RsaParameters::public_modulus_len(key.as_ref()).map_err(|_| invalid("it is no public RSA key"))?;
    let bits = usize::try_from(bits).unwrap_or(usize::MAX);
    if bits < *RSA_BITS.start() {
        return Err(JwtError::WeakKey { id: id.to_owned(), bits, least: *RSA_BITS.start() });
    }
    if bits > *RSA_BITS.end() {
        return Err(invalid("it is longer than 8192 bits"));
    }
    ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.as_ref()).map_err(|_| invalid("it is no public RSA key"))
}

/// A key on P-256, from its X.509 form or as an uncompressed point.
pub(super) fn p256_key(id: &str, bytes: &[u8]) -> Result<ParsedPublicKey, JwtError> {
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes)
        .map_err(|_| JwtError::InvalidKey { id: id.to_owned(), problem: "it is no public key on the curve P-256" })
}

/// A key on Ed25519, from its X.509 form or as it is.
pub(super) fn ed25519_key(id: &str, bytes: &[u8]) -> Result<ParsedPublicKey, JwtError> {
    ParsedPublicKey::new(&ED25519, bytes)
        .map_err(|_| JwtError::InvalidKey { id: id.to_owned(), problem: "it is no public key on the curve Ed25519" })
}
