//! What a token says: the claims that all have, and the payload.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned, ser::SerializeMap};
use serde_json::Number;

use super::{error::JwtError, fields::fields_of, members::Members, token::claims_of};

/// The claims that are the service's own, and no part of a payload.
const REGISTERED: [&str; 5] = ["exp", "iat", "nbf", "aud", "iss"];

/// The last second of the year 9999: a later time is a mistake, such as one in milliseconds.
const LAST_SECOND: u64 = 253_402_300_799;

/// What a token with a good signature says.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) typ: Option<String>,
    pub(super) expires_at: u64,
    pub(super) issued_at: Option<u64>,
    pub(super) not_before: Option<u64>,
    /// Whom it is for: nobody in particular, if there is no such claim.
    pub(super) audience: Option<Audience>,
    pub(super) issuer: Option<String>,
    /// All other claims, an object in JSON.
    payload: Box<[u8]>,
}

/// One audience, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(super) fn includes(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

impl Claims {
    /// Reads claims. Whether they are good now is for the caller to find out.
    pub(super) fn parse(typ: Option<String>, json: &[u8]) -> Result<Self, JwtError> {
        let malformed = JwtError::Malformed;
        let members: Members<'_> = serde_json::from_slice(json).map_err(|_| malformed("its claims can't be read"))?;
        let time = |name, problem| members.get(name).map(|json| seconds(json).ok_or(malformed(problem))).transpose();
        let audience = members.get("aud").map(serde_json::from_str).transpose();
        let issuer = members.get("iss").map(serde_json::from_str).transpose();
        Ok(Self {
            typ,
            expires_at: time("exp", "its `exp` is no time")?.ok_or(malformed("it has no `exp`"))?,
            issued_at: time("iat", "its `iat` is no time")?,
            not_before: time("nbf", "its `nbf` is no time")?,
            audience: audience.map_err(|_| malformed("its `aud` is no audience"))?,
            issuer: issuer.map_err(|_| malformed("its `iss` is no text"))?,
            payload: serde_json::to_vec(&members.without(&REGISTERED))
                .map_err(|_| malformed("its claims can't be read"))?
                .into(),
        })
    }

    /// The payload as it was encoded; of the registered claims it has those that `T` has fields for.
    pub(super) fn payload<T: DeserializeOwned>(&self, token: &str) -> Result<T, JwtError> {
        let unexpected = |_| JwtError::Malformed("its claims are not the expected ones");
        let fields = fields_of::<T>();
        let mut hidden: Vec<_> = REGISTERED.into_iter().filter(|name| !fields.contains(name)).collect();
        if hidden.len() == REGISTERED.len() {
            if let Ok(payload) = serde_json::from_slice(&self.payload) {
                return Ok(payload);
            }
            // A type that flattens another into itself can't list its fields, and may have missed one of these.
            hidden.clear();
        }
        let all = claims_of(token).ok_or(JwtError::Malformed("its claims can't be read"))?;
        let members: Members<'_> = serde_json::from_slice(&all).map_err(unexpected)?;
        let wanted = serde_json::to_vec(&members.without(&hidden)).map_err(unexpected)?;
        serde_json::from_slice(&wanted).map_err(unexpected)
    }
}

/// The claims of a token that is to be signed.
pub(super) struct NewClaims<'c> {
    pub(super) payload: Members<'c>,
    pub(super) issued_at: u64,
    pub(super) expires_at: u64,
    pub(super) audience: Option<&'c str>,
    pub(super) issuer: Option<&'c str>,
}

impl<'c> NewClaims<'c> {
    /// The members of a payload in JSON, which has none of the claims that are the service's own.
    pub(super) fn payload(json: &'c str) -> Result<Members<'c>, JwtError> {
        let members: Members<'c> = serde_json::from_str(json)
            .map_err(|_| JwtError::Payload("the payload is no object, or has a member twice".to_owned()))?;
        match members.any_of(&REGISTERED) {
            Some(name) => Err(JwtError::Payload(format!("the payload has a member `{name}`, which the service sets"))),
            None => Ok(members),
        }
    }

    /// When a token expires that is good for this long.
    pub(super) fn expiry(now: u64, expires_in: Duration) -> Result<u64, JwtError> {
        let expires_at = now.checked_add(expires_in.as_secs()).filter(|expires_at| *expires_at <= LAST_SECOND);
        expires_at.ok_or_else(|| JwtError::Payload("it would be good for too long".to_owned()))
    }
}

impl Serialize for NewClaims<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.payload.iter() {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("iat", &self.issued_at)?;
        map.serialize_entry("exp", &self.expires_at)?;
        if let Some(audience) = self.audience {
            map.serialize_entry("aud", audience)?;
        }
        if let Some(issuer) = self.issuer {
            map.serialize_entry("iss", issuer)?;
        }
        map.end()
    }
}

/// The seconds of a time in JSON, if it is one that can be.
fn seconds(json: &str) -> Option<u64> {
    let number: Number = serde_json::from_str(json).ok()?;
    let whole = number.as_u64().or_else(|| {
        let fraction = number.as_f64()?;
        // A fraction of a second is allowed by the standard, and cut off to the caller's disadvantage.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is looked at")]
        (0.0..=1e12).contains(&fraction).then_some(fraction as u64)
    });
    whole.filter(|seconds| *seconds <= LAST_SECOND)
}

/// The time of a number of seconds, none of which is after [`LAST_SECOND`].
pub(super) fn system_time(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}
