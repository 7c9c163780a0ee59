//! Tokens, made as the tables describe them: by hand, so that nothing is left out that a forger would write.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use pikku_core::{JwtError, Key};
use serde::Deserialize;
use serde_json::{Map, Value, json};

const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

const RSA: &str = include_str!("../../../../pikku-core/src/jwt/testdata/rsa.pem");
const RSA_PUBLIC: &str = include_str!("../../../../pikku-core/src/jwt/testdata/rsa.pub.pem");
const P256: &str = include_str!("../../../../pikku-core/src/jwt/testdata/p256.pem");
const P256_PUBLIC: &str = include_str!("../../../../pikku-core/src/jwt/testdata/p256.pub.pem");
const ED25519: &str = include_str!("../../../../pikku-core/src/jwt/testdata/ed25519.pem");
const ED25519_PUBLIC: &str = include_str!("../../../../pikku-core/src/jwt/testdata/ed25519.pub.pem");

/// A token of a table. Without a word it is a good one of ada's, signed with the key `hs`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// The key that it is signed with.
    #[serde(default = "Token::usual_key")]
    sign: String,
    /// What its header has beside, or instead of, the usual; a text is the header as it is.
    #[serde(default)]
    header: Value,
    /// The same of its claims.
    #[serde(default)]
    claims: Value,
    /// How much longer its claims are made.
    #[serde(default)]
    long: usize,
    /// How many of its parts are left.
    #[serde(default = "Token::all_parts")]
    parts: usize,
    /// What is written behind it.
    #[serde(default)]
    then: String,
}

impl Token {
    fn usual_key() -> String {
        "hs".to_owned()
    }

    fn all_parts() -> usize {
        3
    }

    pub(crate) fn make(&self) -> String {
        let algorithm = match self.sign.as_str() {
            "hs384" => "HS384",
            "hs512" => "HS512",
            "rsa" => "RS256",
            "p256" => "ES256",
            "ed25519" => "EdDSA",
            "nothing" => "none",
            _ => "HS256",
        };
        let usual_header = json!({ "alg": algorithm, "kid": self.sign, "typ": "JWT" });
        let mut usual_claims = json!({ "user_id": "ada", "iat": "+0", "exp": "+600" });
        if self.long > 0 {
            usual_claims["long"] = "x".repeat(self.long).into();
        }
        let header = written(usual_header, &self.header);
        let claims = written(usual_claims, &self.claims);
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(sign(&self.sign, signed.as_bytes()));
        let whole = format!("{signed}.{signature}");
        whole.split('.').take(self.parts).collect::<Vec<_>>().join(".") + &self.then
    }
}

/// The usual members with those of the table, of which a null takes one away.
fn written(usual: Value, own: &Value) -> String {
    let (mut members, own) = match (usual, own) {
        (_, Value::String(text)) => return text.replace("$soon", &(now() + 600).to_string()),
        (Value::Object(usual), Value::Object(own)) => (usual, own.clone()),
        (Value::Object(usual), Value::Null) => (usual, Map::new()),
        (_, own) => panic!("`{own}` is neither an object nor a text"),
    };
    for (name, value) in own {
        match value {
            Value::Null => drop(members.remove(&name)),
            value => drop(members.insert(name, value)),
        }
    }
    for name in ["exp", "iat", "nbf"] {
        if let Some(at) = members.get(name).and_then(from_now) {
            members.insert(name.to_owned(), at.into());
        }
    }
    Value::Object(members).to_string()
}

/// A time of a table, `+60` or `-31`, in seconds since 1970.
fn from_now(value: &Value) -> Option<u64> {
    let text = value.as_str().filter(|text| text.starts_with(['+', '-']))?;
    now().checked_add_signed(text.parse().ok()?)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set").as_secs()
}

fn sign(key: &str, message: &[u8]) -> Vec<u8> {
    let random = SystemRandom::new();
    let with_secret =
        |algorithm, secret: &[u8]| hmac::sign(&hmac::Key::new(algorithm, secret), message).as_ref().to_vec();
    match key {
        "nothing" => Vec::new(),
        "hs" | "second" => with_secret(hmac::HMAC_SHA256, secret_of(key).as_bytes()),
        "stranger" => with_secret(hmac::HMAC_SHA256, OTHER_SECRET.as_bytes()),
        "hs384" => with_secret(hmac::HMAC_SHA384, SECRET.as_bytes()),
        "hs512" => with_secret(hmac::HMAC_SHA512, SECRET.as_bytes()),
        "the public RSA key" => with_secret(hmac::HMAC_SHA256, RSA_PUBLIC.as_bytes()),
        "the public RSA key in DER" => with_secret(hmac::HMAC_SHA256, &der(RSA_PUBLIC)),
        "rsa" => {
            let pair = RsaKeyPair::from_pkcs8(&der(RSA)).expect("a key");
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("it signs");
            signature
        }
        "p256" => {
            let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(P256));
            pair.expect("a key").sign(&random, message).expect("it signs").as_ref().to_vec()
        }
        "ed25519" => Ed25519KeyPair::from_pkcs8(&der(ED25519)).expect("a key").sign(message).as_ref().to_vec(),
        other => panic!("there is no key `{other}`"),
    }
}

fn secret_of(key: &str) -> String {
    format!("{key}: {SECRET}")
}

fn der(pem: &str) -> Vec<u8> {
    let begun = pem.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1);
    let text: String = begun.take_while(|line| !line.starts_with("-----END")).collect();
    STANDARD.decode(text).expect("base64")
}

/// What the servers know of a key.
pub(crate) fn key(name: &str) -> Result<Key, JwtError> {
    match name {
        "hs" | "second" => Key::hs256(name, secret_of(name)),
        "hs384" => Key::hs384(name, SECRET),
        "hs512" => Key::hs512(name, SECRET),
        "hs, of another secret" => Key::hs256("hs", OTHER_SECRET),
        "rsa" => Key::rs256(name, RSA),
        "p256" => Key::es256(name, P256),
        "ed25519" => Key::eddsa(name, ED25519),
        "rsa, to verify only" => Key::rs256_public("rsa", RSA_PUBLIC),
        "p256, to verify only" => Key::es256_public("p256", P256_PUBLIC),
        "ed25519, to verify only" => Key::eddsa_public("ed25519", ED25519_PUBLIC),
        "HS256 of no byte" => Key::hs256(name, ""),
        "HS256 of 1 byte" => Key::hs256(name, "x"),
        "HS256 of 31 bytes" => Key::hs256(name, "x".repeat(31)),
        "HS384 of 47 bytes" => Key::hs384(name, "x".repeat(47)),
        "HS512 of 63 bytes" => Key::hs512(name, "x".repeat(63)),
        "HS256 with a public key for a secret" => Key::hs256(name, RSA_PUBLIC),
        other => panic!("there is no key `{other}`"),
    }
}
