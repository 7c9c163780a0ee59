//! Tokens that somebody made up (Z1).

use proptest::{collection::vec, prelude::*};

use super::*;

async fn check(header: &str, claims: &str, expect: JwtError) {
    let token = forge(&key(), header, claims);
    assert_eq!(service().verify(&token).await, Err(expect), "{header} {claims}");
}

#[tokio::test]
async fn z1_an_unsigned_token_is_refused() {
    let claims = json!({ "exp": soon() }).to_string();
    for none in ["none", "None", "NONE", "nOnE"] {
        let header = format!(r#"{{"alg":"{none}","kid":"k"}}"#);
        check(&header, &claims, JwtError::Malformed("it is not signed")).await;
        let parts = format!("{}.{}", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&claims));
        for token in [format!("{parts}."), parts] {
            assert!(matches!(service().verify(&token).await, Err(JwtError::Malformed(_))), "{token}");
        }
    }
    // A good header, and no signature.
    let signed = token_of(&json!({ "exp": soon() }));
    let (unsigned, _) = signed.rsplit_once('.').expect("three parts");
    assert_eq!(service().verify(&format!("{unsigned}.")).await, Err(JwtError::BadSignature));
    assert!(matches!(service().verify(unsigned).await, Err(JwtError::Malformed(_))));
}

#[tokio::test]
async fn z1_a_public_key_is_no_secret() {
    let public = [("rsa", Key::rs256_public("rsa", RSA_PUBLIC)), ("p256", Key::es256_public("p256", P256_PUBLIC))];
    let jwt = JwtService::with_keys(public.map(|(_, key)| key)).expect("good keys");
    let der = RSA_PUBLIC.lines().filter(|line| !line.contains(['-', ' '])).collect::<String>();
    for secret in [RSA_PUBLIC.as_bytes(), RSA_PUBLIC.trim().as_bytes(), der.as_bytes()] {
        let hmac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        for (header, expect) in [
            (r#"{"alg":"HS256","kid":"rsa"}"#, "its algorithm is not that of the key"),
            (r#"{"alg":"HS256"}"#, "its algorithm is not that of the key"),
        ] {
            let claims = json!({ "exp": soon() }).to_string();
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let signature = URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&hmac, signed.as_bytes()));
            assert_eq!(jwt.verify(&format!("{signed}.{signature}")).await, Err(JwtError::Malformed(expect)));
        }
    }
}

#[tokio::test]
async fn z1_a_header_that_can_not_be_understood_is_refused() {
    let claims = json!({ "exp": soon() }).to_string();
    let unreadable = || JwtError::Malformed("its header can't be read");
    for header in [
        "",
        "7",
        "null",
        "[]",
        r#"["HS256"]"#,
        "{}",
        r#"{"alg":256}"#,
        r#"{"alg":null}"#,
        r#"{"alg":"HS256","typ":1}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","x":1,"x":2}"#,
        r#"{"alg":"HS256","\u0061lg":"HS256"}"#,
        r#"{"alg":"HS256"}{}"#,
    ] {
        check(header, &claims, unreadable()).await;
    }
    for crit in [r#"["exp"]"#, "[]", "null", r#"["b64"],"b64":false"#] {
        let header = format!(r#"{{"alg":"HS256","crit":{crit}}}"#);
        check(&header, &claims, JwtError::Malformed("it has critical extensions")).await;
    }
    for algorithm in ["hs256", "HS256 ", "PS256", "ES384", "Ed25519", "A128KW", ""] {
        let header = format!(r#"{{"alg":"{algorithm}"}}"#);
        check(&header, &claims, JwtError::Malformed("its algorithm is not supported")).await;
    }
    // A key that a token brings along is nobody's.
    let evil = Key::hs256("evil", SECRET.to_uppercase()).expect("a good secret");
    let header = r#"{"alg":"HS256","kid":"k","jwk":{"kty":"oct","k":"MDEyMzQ1Njc4OUFCQ0RFRg"},"jku":"https://evil.example.com"}"#;
    assert_eq!(service().verify(&forge(&evil, header, &claims)).await, Err(JwtError::BadSignature));
}

#[tokio::test]
async fn z1_claims_that_can_be_read_in_two_ways_are_refused() {
    let (header, exp) = (r#"{"alg":"HS256"}"#, soon());
    let unreadable = || JwtError::Malformed("its claims can't be read");
    for claims in [
        String::new(),
        "null".to_owned(),
        format!("[{exp}]"),
        format!(r#""{exp}""#),
        format!(r#"{{"exp":{exp},"exp":{exp}}}"#),
        format!(r#"{{"exp":{exp},"user":"a","user":"b"}}"#),
        format!(r#"{{"exp":{exp},"user":"a","\u0075ser":"b"}}"#),
        format!(r#"{{"exp":{exp}}}{{}}"#),
        format!(r#"{{"exp":{exp},}}"#),
    ] {
        check(header, &claims, unreadable()).await;
    }
    let not_utf8 = [br#"{"exp":9999999999,"user":""#.as_slice(), b"\xff\xfe", br#""}"#].concat();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(not_utf8));
    let signature = URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes()).expect("the key can sign"));
    assert_eq!(service().verify(&format!("{signed}.{signature}")).await, Err(unreadable()));
}

#[tokio::test]
async fn z1_garbage_is_malformed() {
    let good = token_of(&json!({ "exp": soon() }));
    for token in [
        "".to_owned(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "a.b.c".to_owned(),
        "é.é.é".to_owned(),
        format!(".{good}"),
        format!("{good}."),
        format!("{good}.{good}"),
        format!(" {good}"),
        format!("{good}="),
        format!("{good}\n"),
        good.replace('.', ".."),
    ] {
        assert!(matches!(service().verify(&token).await, Err(JwtError::Malformed(_))), "{token}");
    }
    // The same signature with other bits after its end would be a second token for the same.
    let mut other = good.clone().into_bytes();
    let last = other.last_mut().expect("it has an end");
    *last = if *last == b'z' { b'y' } else { *last + 1 };
    let other = String::from_utf8(other).expect("ASCII");
    assert!(service().verify(&other).await.is_err());
}

#[tokio::test]
async fn z1_a_token_over_8_kib_is_not_even_decoded() {
    let name = "a".repeat(8 * 1024);
    let long = token_of(&json!({ "exp": soon(), "name": name }));
    for token in [long.as_str(), &"a".repeat(8 * 1024 + 1), &".".repeat(1 << 20)] {
        assert_eq!(service().verify(token).await, Err(JwtError::Malformed("it is too long")));
    }
    let fits = "a".repeat(8 * 1024);
    assert_eq!(service().verify(&fits).await, Err(JwtError::Malformed("it does not have three parts")));
}

#[tokio::test]
async fn z1_no_error_tells_the_token() {
    let good = token_of(&json!({ "exp": soon(), "user": "ada" }));
    let old = token_of(&json!({ "exp": 1, "user": "ada" }));
    let unknown = forge(&key(), r#"{"alg":"HS256","kid":"secret-kid"}"#, "{}");
    let broken = format!("{}AAAA", &good[..good.len() - 4]);
    let tokens = [good.as_str(), &old, &unknown, &broken, "hunter2", "hunter2.hunter2.hunter2"];
    let jwt = service().audience("todo");
    for token in tokens {
        let error = jwt.verify(token).await.expect_err("none of them is good");
        for text in [error.to_string(), format!("{error:?}")] {
            let parts = token.split('.').chain(["secret-kid", "ada"]);
            assert!(parts.into_iter().all(|part| !text.contains(part)), "{text}");
        }
    }
}

proptest! {
    #[test]
    fn z1_random_text_never_verifies(text in any::<String>(), parts in vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        let jwt = service();
        for token in [text, parts.join(".")] {
            prop_assert!(jwt.verified_now::<Value>(&token).is_some_and(|verified| verified.is_err()));
        }
    }

    #[test]
    fn z1_random_json_never_panics(header in "[{}\\[\\]\",:a-z0-9\\\\]{0,30}", claims in "[{}\\[\\]\",:a-z0-9.e-]{0,60}") {
        // Signed with the right key, so that everything behind the signature is reached.
        let jwt = service();
        let token = forge(&key(), &header, &claims);
        prop_assert!(jwt.verified_now::<Value>(&token).is_some_and(|verified| verified.is_err()));
        let token = forge(&key(), r#"{"alg":"HS256"}"#, &claims);
        prop_assert!(jwt.verified_now::<Value>(&token).is_some_and(|verified| verified.is_err()));
    }

    #[test]
    fn z1_a_changed_token_never_verifies(place in any::<prop::sample::Index>(), change in any::<char>(), how in 0..3) {
        let jwt = service();
        let good = token_of(&json!({ "exp": 9_999_999_999_u64, "user": "ada" }));
        prop_assert!(jwt.verified_now::<Value>(&good).is_some_and(|verified| verified.is_ok()));
        let place = place.index(good.len());
        let (before, after) = good.split_at(place);
        let changed = match how {
            0 => format!("{before}{change}{after}"),
            1 => format!("{before}{change}{}", &after[1..]),
            _ => format!("{before}{}", &after[1..]),
        };
        prop_assume!(changed != good);
        prop_assert!(jwt.verified_now::<Value>(&changed).is_some_and(|verified| verified.is_err()));
    }
}
