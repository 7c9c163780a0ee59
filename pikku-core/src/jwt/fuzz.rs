//! What holds for whatever token, and for whatever a key has signed.

use std::{collections::BTreeMap, sync::LazyLock};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, value::RawValue};

use super::{JwtService, Key};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

static KEY: LazyLock<Key> = LazyLock::new(|| Key::hs256("k", SECRET).expect("a good secret"));
static SERVICE: LazyLock<JwtService> = LazyLock::new(|| JwtService::with_keys([KEY.clone()]).expect("a good key"));

/// Takes all of it for a token, and then its first line for a header and the rest for claims that a key has signed, so
/// that what is behind the signature is reached as well.
pub fn fuzz_token(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(!is_good(text), "a signature was made without the key: {text}");
    }
    let line = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (header, claims) = (&data[..line], data.get(line + 1..).unwrap_or_default());
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let Some(signature) = KEY.sign(signed.as_bytes()) else { return };
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    if !is_good(&token) {
        return;
    }
    // What nothing looks at may be whatever JSON can write, so it stays as it is written.
    let (header, claims) = (members(header), members(claims));
    assert_eq!(header.get("alg"), Some(&Some(Value::from("HS256"))));
    assert!(!header.contains_key("crit"));
    assert!(header.get("kid").is_none_or(|kid| *kid == Some("k".into())));
    let exp = claims.get("exp").and_then(Option::as_ref).and_then(Value::as_f64);
    assert!(exp.is_some_and(|exp| exp > 1.7e9), "{exp:?}");
    assert!(claims.get("aud").is_none_or(|audience| *audience == Some(Value::Null)));
}

/// The members of an object; none for a value that is too large, or too deep.
fn members(json: &[u8]) -> BTreeMap<String, Option<Value>> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(json).expect("an object in JSON");
    members.into_iter().map(|(name, value)| (name, serde_json::from_str(value.get()).ok())).collect()
}

fn is_good(token: &str) -> bool {
    SERVICE.verified_now::<Value>(token).is_some_and(|verified| verified.is_ok())
}
