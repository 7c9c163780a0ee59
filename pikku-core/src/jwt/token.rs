//! The text of a token: three parts in base64 with dots between (RFC 7515).

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use super::{
    error::JwtError,
    key::{Algorithm, Key},
    members::Members,
};

/// A token longer than this is refused before anything of it is decoded.
pub(super) const LONGEST_TOKEN: usize = 8 * 1024;

/// A token that has been taken apart. Nothing of it is to be believed before its signature is found to fit.
pub(super) struct Token<'t> {
    /// What is signed: header and claims, as they came.
    signed: &'t str,
    signature: Vec<u8>,
    claims: &'t str,
    pub(super) header: Header,
}

/// What a header says that matters. All else in it is never looked at, such as a key that it brings along.
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
}

impl<'t> Token<'t> {
    pub(super) fn parse(token: &'t str) -> Result<Self, JwtError> {
        if token.len() > LONGEST_TOKEN {
            return Err(JwtError::Malformed("it is too long"));
        }
        let mut parts = token.splitn(4, '.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JwtError::Malformed("it does not have three parts"));
        };
        let signed = &token[..header.len() + 1 + claims.len()];
        let header = Header::parse(header)?;
        let signature =
            URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwtError::Malformed("its signature can't be read"))?;
        Ok(Self { signed, signature, claims, header })
    }

    /// Whether the token was signed with this key.
    pub(super) fn is_signed_by(&self, key: &Key) -> bool {
        key.verifies(self.signed.as_bytes(), &self.signature)
    }

    /// The JSON of the claims.
    pub(super) fn claims(&self) -> Result<Vec<u8>, JwtError> {
        URL_SAFE_NO_PAD.decode(self.claims).map_err(|_| JwtError::Malformed("its claims can't be read"))
    }
}

impl Header {
    fn parse(header: &str) -> Result<Self, JwtError> {
        let unreadable = || JwtError::Malformed("its header can't be read");
        let json = URL_SAFE_NO_PAD.decode(header).map_err(|_| unreadable())?;
        let members: Members<'_> = serde_json::from_slice(&json).map_err(|_| unreadable())?;
        // What `crit` lists has to be understood, and nothing beyond the plain header is.
        if members.get("crit").is_some() {
            return Err(JwtError::Malformed("it has critical extensions"));
        }
        let text = |name| members.text(name).transpose().map_err(|_| unreadable());
        let algorithm = text("alg")?.ok_or_else(unreadable)?;
        if algorithm.eq_ignore_ascii_case("none") {
            return Err(JwtError::Malformed("it is not signed"));
        }
        let Some(algorithm) = Algorithm::from_name(&algorithm) else {
            return Err(JwtError::Malformed("its algorithm is not supported"));
        };
        Ok(Self { algorithm, kid: text("kid")?.map(Cow::into_owned), typ: text("typ")?.map(Cow::into_owned) })
    }
}

/// Signs claims, which are an object in JSON.
pub(super) fn sign_token(key: &Key, typ: &str, claims: &[u8]) -> Result<String, JwtError> {
    #[derive(Serialize)]
    struct Signed<'k> {
        typ: &'k str,
        alg: &'k str,
        #[serde(skip_serializing_if = "str::is_empty")]
        kid: &'k str,
    }
    let header = Signed { typ, alg: key.algorithm().name(), kid: key.id() };
    let header = serde_json::to_vec(&header).map_err(|error| JwtError::Payload(error.to_string()))?;
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = key.sign(token.as_bytes()).ok_or(JwtError::CannotSign)?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    match token.len() > LONGEST_TOKEN {
        true => Err(JwtError::Payload("the payload is too large; no token longer than 8 KiB is accepted".to_owned())),
        false => Ok(token),
    }
}

/// The JSON of the claims of a token that was found good before.
pub(super) fn claims_of(token: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()
}
