//! Keys and their algorithms (J1), and which are refused (J3).

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, jwk::Jwk};
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer, pem::PemObject};

use super::{super::jwks::parse_jwk, *};

/// Every algorithm: a key that signs, one that verifies, and the same for the other implementation.
fn all() -> Vec<(Algorithm, Key, Key, EncodingKey, DecodingKey)> {
    let spki = |pem: &str| SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).expect("a public key").to_vec();
    let der = |pem: &str| PrivateKeyDer::from_pem_slice(pem.as_bytes()).expect("a private key").secret_der().to_vec();
    let secret = |key: fn(&'static str, &'static str) -> Result<Key, JwtError>| key("k", SECRET).expect("a secret");
    let (encoding, decoding) =
        (EncodingKey::from_secret(SECRET.as_bytes()), DecodingKey::from_secret(SECRET.as_bytes()));
    let mut all: Vec<_> = [
        (Algorithm::HS256, secret(Key::hs256)),
        (Algorithm::HS384, secret(Key::hs384)),
        (Algorithm::HS512, secret(Key::hs512)),
    ]
    .into_iter()
    .map(|(algorithm, key)| (algorithm, key.clone(), key, encoding.clone(), decoding.clone()))
    .collect();
    all.push((
        Algorithm::RS256,
        Key::rs256("k", RSA).expect("a private key"),
        Key::rs256_public("k", RSA_PUBLIC).expect("a public key"),
        EncodingKey::from_rsa_der(&der(include_str!("../testdata/rsa.pkcs1.pem"))),
        DecodingKey::from_rsa_der(&spki(RSA_PUBLIC)),
    ));
    all.push((
        Algorithm::ES256,
        Key::es256("k", P256).expect("a private key"),
        Key::es256_public("k", P256_PUBLIC).expect("a public key"),
        EncodingKey::from_ec_der(&der(P256)),
        DecodingKey::from_ec_der(&spki(P256_PUBLIC)),
    ));
    all.push((
        Algorithm::EdDSA,
        Key::eddsa("k", ED25519).expect("a private key"),
        Key::eddsa_public("k", ED25519_PUBLIC).expect("a public key"),
        EncodingKey::from_ed_der(&der(ED25519)),
        DecodingKey::from_ed_der(&spki(ED25519_PUBLIC)),
    ));
    all
}

#[tokio::test]
async fn j1_every_algorithm_signs_and_verifies_as_others_do() {
    for (algorithm, signing, verifying, encoding, decoding) in all() {
        let ours = JwtService::with_keys([signing]).expect("a good key");
        let token = encode(&ours, &payload()).await;
        assert_eq!(ours.decode::<Value>(&token).await, Ok(payload()), "{algorithm:?}");
        let theirs = jsonwebtoken::decode::<Value>(&token, &decoding, &Validation::new(algorithm));
        let theirs = theirs.expect("the other implementation accepts it");
        assert_eq!(theirs.claims["user"], "ada");
        assert_eq!((theirs.header.kid.as_deref(), theirs.header.typ.as_deref()), (Some("k"), Some("JWT")));

        let header = Header { kid: Some("k".to_owned()), ..Header::new(algorithm) };
        let claims = json!({ "user": "ada", "exp": soon() });
        let token = jsonwebtoken::encode(&header, &claims, &encoding).expect("the other implementation signs");
        let ours = JwtService::with_keys([verifying]).expect("a good key");
        assert_eq!(ours.decode::<Value>(&token).await, Ok(payload()), "{algorithm:?}");
        let mut changed = token.into_bytes();
        let last = changed.len() - 10;
        changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert_eq!(ours.verify(&changed).await, Err(JwtError::BadSignature), "{algorithm:?}");
    }
}

#[tokio::test]
async fn j1_a_public_key_can_not_sign() {
    for (algorithm, signing, verifying, ..) in all().split_off(3) {
        let public = JwtService::with_keys([verifying.clone()]).expect("a good key");
        assert_eq!(public.encode(MINUTE, &payload()).await, Err(JwtError::CannotSign), "{algorithm:?}");
        // The first that can sign does.
        let both = JwtService::with_keys([verifying, signing]).expect("good keys");
        assert_eq!(public.verify(&encode(&both, &payload()).await).await, Ok(()));
    }
}

#[tokio::test]
async fn j1_older_forms_of_private_keys_are_read() {
    let rsa = Key::rs256("k", include_str!("../testdata/rsa.pkcs1.pem")).expect("a key of PKCS#1");
    let p256 = Key::es256("k", include_str!("../testdata/p256.sec1.pem")).expect("a key of SEC1");
    for (older, public) in [(rsa, Key::rs256_public("k", RSA_PUBLIC)), (p256, Key::es256_public("k", P256_PUBLIC))] {
        let token = encode(&JwtService::with_keys([older]).expect("a good key"), &payload()).await;
        assert_eq!(JwtService::with_keys([public]).expect("a good key").verify(&token).await, Ok(()));
    }
}

#[tokio::test]
async fn j1_all_keys_verify_and_the_first_signs() {
    let old = service();
    let token = encode(&old, &payload()).await;
    let both = JwtService::with_keys([Key::hs256("new", SECRET.to_uppercase()), Ok(key())]).expect("good keys");
    assert_eq!(both.verify(&token).await, Ok(()));
    let renewed = encode(&both, &payload()).await;
    assert_eq!(both.verify(&renewed).await, Ok(()));
    assert_eq!(old.verify(&renewed).await, Err(JwtError::UnknownKey));
}

#[tokio::test]
async fn j1_the_kid_chooses_and_without_one_every_key_is_tried() {
    let other = Key::hs256("other", SECRET.to_uppercase()).expect("a good secret");
    let both = JwtService::with_keys([key(), other.clone()]).expect("good keys");
    let claims = json!({ "exp": soon() }).to_string();
    for (header, expect) in [
        (r#"{"alg":"HS256"}"#, Ok(())),
        (r#"{"alg":"HS256","kid":"other"}"#, Ok(())),
        (r#"{"alg":"HS256","kid":"k"}"#, Err(JwtError::BadSignature)),
        (r#"{"alg":"HS256","kid":"K"}"#, Err(JwtError::UnknownKey)),
        (r#"{"alg":"HS256","kid":""}"#, Err(JwtError::UnknownKey)),
        (r#"{"alg":"HS256","kid":7}"#, Err(JwtError::Malformed("its header can't be read"))),
    ] {
        assert_eq!(both.verify(&forge(&other, header, &claims)).await, expect, "{header}");
    }
}

#[tokio::test]
async fn j1_the_algorithm_is_the_keys() {
    let claims = json!({ "exp": soon() }).to_string();
    let mismatch = Err(JwtError::Malformed("its algorithm is not that of the key"));
    let hs512 = Key::hs512("k", SECRET).expect("a good secret");
    for header in [r#"{"alg":"HS512","kid":"k"}"#, r#"{"alg":"HS512"}"#] {
        assert_eq!(service().verify(&forge(&hs512, header, &claims)).await, mismatch, "{header}");
    }
    // The header says what the key has, and the signature is another's.
    let token = forge(&hs512, r#"{"alg":"HS256","kid":"k"}"#, &claims);
    assert_eq!(service().verify(&token).await, Err(JwtError::BadSignature));
}

// Seen to fail with any secret taken that is not empty.
#[test]
fn j3_weak_keys_are_refused() {
    type Secret = fn(&'static str, &'static str) -> Result<Key, JwtError>;
    for (secret, least) in [(Key::hs256 as Secret, 32), (Key::hs384, 48), (Key::hs512, 64)] {
        for bytes in [0, 1, least - 1] {
            let weak = JwtError::WeakKey { id: "k".to_owned(), bits: bytes * 8, least: least * 8 };
            let refused = JwtService::with_keys([secret("k", &SECRET[..bytes])]).err();
            assert_eq!(refused, Some(weak), "{bytes}");
        }
        assert!(secret("k", &SECRET[..least]).is_ok(), "{least}");
    }
    let weak = JwtError::WeakKey { id: "k".to_owned(), bits: 1024, least: 2048 };
    assert_eq!(Key::rs256_public("k", include_str!("../testdata/rsa-1024.pub.pem")).err(), Some(weak));
    assert!(Key::rs256("k", include_str!("../testdata/rsa-1024.pem")).is_err());
    assert_eq!(JwtService::with_keys(Vec::<Key>::new()).err(), Some(JwtError::NoKey));
}

// Seen to fail with a PEM document taken for a secret.
#[test]
fn j3_a_key_has_to_be_one_of_its_algorithm() {
    let p384 = include_str!("../testdata/p384.pem");
    let p384_public = include_str!("../testdata/p384.pub.pem");
    for (case, key) in [
        ("a public key can't sign", Key::rs256("k", RSA_PUBLIC)),
        ("a private key is not to be spread", Key::rs256_public("k", RSA)),
        ("a public key is no secret", Key::hs256("k", RSA_PUBLIC)),
        ("RSA is not P-256", Key::es256("k", RSA)),
        ("RSA is not P-256", Key::es256_public("k", RSA_PUBLIC)),
        ("P-384 is not P-256", Key::es256("k", p384)),
        ("P-384 is not P-256", Key::es256_public("k", p384_public)),
        ("P-256 is not Ed25519", Key::eddsa("k", P256)),
        ("P-256 is not Ed25519", Key::eddsa_public("k", P256_PUBLIC)),
        ("Ed25519 is not RSA", Key::rs256("k", ED25519)),
        ("Ed25519 is not RSA", Key::rs256_public("k", ED25519_PUBLIC)),
        ("no PEM", Key::rs256("k", SECRET)),
        ("no PEM", Key::eddsa_public("k", "")),
    ] {
        assert!(matches!(key, Err(JwtError::InvalidKey { .. })), "{case}: {key:?}");
    }
}

/// The members of the public keys' JWKs.
fn published() -> [Value; 3] {
    let spki = |pem: &str| SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).expect("a public key").to_vec();
    let (rsa, p256, ed25519) = (spki(RSA_PUBLIC), spki(P256_PUBLIC), spki(ED25519_PUBLIC));
    let jwk = |key: DecodingKey, algorithm, kid| {
        let jwk = Jwk::from_decoding_key(&key, Some(algorithm)).expect("a key that can be published");
        let mut jwk = serde_json::to_value(jwk).expect("a JWK is JSON");
        jwk["kid"] = Value::from(kid);
        jwk
    };
    [
        jwk(DecodingKey::from_rsa_der(&rsa), Algorithm::RS256, "rsa"),
        jwk(DecodingKey::from_ec_der(&p256[p256.len() - 65..]), Algorithm::ES256, "p256"),
        jwk(DecodingKey::from_ed_der(&ed25519[ed25519.len() - 32..]), Algorithm::EdDSA, "ed25519"),
    ]
}

#[tokio::test]
async fn j1_the_keys_of_a_jwks_verify() {
    let document = json!({ "keys": published() }).to_string();
    let source = super::super::jwks(move || std::future::ready(Ok::<_, JwtError>(document.clone())));
    let jwt = JwtService::new(source).await.expect("good keys");
    for key in [Key::rs256("rsa", RSA), Key::es256("p256", P256), Key::eddsa("ed25519", ED25519)] {
        let token = encode(&JwtService::with_keys([key]).expect("a good key"), &payload()).await;
        assert_eq!(jwt.verify(&token).await, Ok(()));
    }
    assert_eq!(jwt.encode(MINUTE, &payload()).await, Err(JwtError::CannotSign));
}

#[test]
fn j1_a_jwks_is_read_without_what_can_not_be_used() {
    let [rsa, p256, ed25519] = published();
    let changed = |jwk: &Value, name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk
    };
    let spki = SubjectPublicKeyInfoDer::from_pem_slice(include_bytes!("../testdata/rsa-1024.pub.pem"));
    let weak = DecodingKey::from_rsa_der(&spki.expect("a public key"));
    let weak = Jwk::from_decoding_key(&weak, Some(Algorithm::RS256)).expect("a key that can be published");
    let weak = serde_json::to_value(weak).expect("a JWK is JSON");
    let used = "";
    for (case, jwk, expect) in [
        ("as it is", rsa.clone(), used),
        ("for signatures", changed(&rsa, "use", json!("sig")), used),
        ("for encryption", changed(&rsa, "use", json!("enc")), "it is not for signatures"),
        ("to verify", changed(&rsa, "key_ops", json!(["verify"])), used),
        ("to encrypt", changed(&rsa, "key_ops", json!(["encrypt"])), "it is not for verifying"),
        ("no algorithm", changed(&rsa, "alg", Value::Null), "it has no `alg`"),
        ("another algorithm", changed(&rsa, "alg", json!("RS512")), "not supported"),
        ("an algorithm for encryption", changed(&rsa, "alg", json!("RSA-OAEP")), "not supported"),
        ("a secret's algorithm", changed(&rsa, "alg", json!("HS256")), "don't go together"),
        ("too short", weak, "has 1024 bits, and its algorithm needs 2048"),
        ("an exponent of one", changed(&rsa, "e", json!("AQ")), "RSA key"),
        ("no exponent", changed(&rsa, "e", Value::Null), "is missing"),
        ("not base64", changed(&rsa, "n", json!("%")), "can't be read"),
        ("leading zeros", changed(&rsa, "e", json!("AAEAAQ")), used),
        ("no id", changed(&rsa, "kid", Value::Null), used),
        ("another curve", changed(&p256, "crv", json!("P-384")), "don't go together"),
        ("not on the curve", changed(&p256, "x", p256["y"].clone()), "no public key on the curve P-256"),
        ("half a point", changed(&p256, "y", json!("")), "no public key on the curve P-256"),
        ("another type", changed(&ed25519, "kty", json!("EC")), "don't go together"),
        ("half a key", changed(&ed25519, "x", json!("11qYAYKxCrfVS_7TyWQHOg")), "no public key on the curve Ed25519"),
        ("a secret", json!({ "kty": "oct", "alg": "HS256", "kid": "k", "k": SECRET }), "don't go together"),
        ("not a key", json!("key"), "it can't be read"),
    ] {
        match parse_jwk(&jwk) {
            Ok(_) => assert_eq!(expect, used, "{case}"),
            Err(reason) => assert!(expect != used && reason.contains(expect), "{case}: {reason}"),
        }
        // One that can't be used doesn't take the others with it.
        let document = json!({ "keys": [jwk, ed25519] }).to_string();
        let expect = if expect == used { 2 } else { 1 };
        assert_eq!(Key::from_jwks(&document).expect("a key set").len(), expect, "{case}");
    }
    for document in ["", "{}", "[]", r#"{"keys":7}"#, "<html>"] {
        assert!(matches!(Key::from_jwks(document), Err(JwtError::Source(_))), "{document}");
    }
}
