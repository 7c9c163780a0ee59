//! What a token says (J3), and what comes out of it (J4).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

// Seen to fail with a token that is good in the second in which it expires.
#[test]
fn j3_times_are_checked() {
    const NOW: u64 = 1_800_000_000;
    let no_time = |name| {
        Err(JwtError::Malformed(match name {
            "exp" => "its `exp` is no time",
            "nbf" => "its `nbf` is no time",
            _ => "its `iat` is no time",
        }))
    };
    for (claims, expect) in [
        (json!({ "exp": NOW + 1 }), Ok(())),
        (json!({ "exp": NOW as f64 + 1.5 }), Ok(())),
        (json!({ "exp": NOW }), Err(JwtError::Expired)),
        (json!({ "exp": NOW as f64 + 0.9 }), Err(JwtError::Expired)),
        (json!({ "exp": NOW - 1 }), Err(JwtError::Expired)),
        (json!({ "exp": 0 }), Err(JwtError::Expired)),
        (json!({}), Err(JwtError::Malformed("it has no `exp`"))),
        (json!({ "EXP": NOW + 1 }), Err(JwtError::Malformed("it has no `exp`"))),
        (json!({ "exp": null }), no_time("exp")),
        (json!({ "exp": (NOW + 1).to_string() }), no_time("exp")),
        (json!({ "exp": [NOW + 1] }), no_time("exp")),
        (json!({ "exp": true }), no_time("exp")),
        (json!({ "exp": -1 }), no_time("exp")),
        (json!({ "exp": 1e300 }), no_time("exp")),
        (json!({ "exp": u64::MAX }), no_time("exp")),
        (json!({ "exp": (NOW + 1) * 1000 }), no_time("exp")),
        (json!({ "exp": NOW + 1, "nbf": NOW, "iat": NOW }), Ok(())),
        (json!({ "exp": NOW + 9, "nbf": NOW + 1 }), Err(JwtError::NotYetValid)),
        (json!({ "exp": NOW + 9, "iat": NOW + 1 }), Err(JwtError::NotYetValid)),
        (json!({ "exp": NOW + 9, "iat": NOW - 9, "nbf": NOW + 1 }), Err(JwtError::NotYetValid)),
        (json!({ "exp": NOW + 9, "nbf": "now" }), no_time("nbf")),
        (json!({ "exp": NOW + 9, "iat": "now" }), no_time("iat")),
    ] {
        let exact = service().leeway(Duration::ZERO);
        assert_eq!(at::<Value>(&exact, &token_of(&claims), NOW).map(drop), expect, "{claims}");
    }
    // A number that no double can hold.
    let token = forge(&key(), r#"{"alg":"HS256"}"#, r#"{"exp":1e999}"#);
    assert!(matches!(at::<Value>(&service(), &token, NOW), Err(JwtError::Malformed(_))));
}

// Seen to fail with a leeway of a minute.
#[test]
fn j3_the_leeway_is_thirty_seconds_unless_it_is_set() {
    const EXP: u64 = 1_800_000_000;
    for (jwt, leeway) in
        [(service(), 30), (service().leeway(Duration::ZERO), 0), (service().leeway(Duration::from_secs(5)), 5)]
    {
        let token = token_of(&json!({ "exp": EXP, "nbf": EXP - 100 }));
        let check = |now| at::<Value>(&jwt, &token, now).map(drop);
        assert_eq!(check(EXP + leeway), Err(JwtError::Expired));
        assert_eq!(check(EXP + leeway - 1), Ok(()));
        assert_eq!(check(EXP - 100 - leeway), Ok(()));
        assert_eq!(check(EXP - 100 - leeway - 1), Err(JwtError::NotYetValid));
    }
}

// Seen to fail with the time looked at only when a token is first seen.
#[test]
fn j3_a_token_that_was_verified_before_still_expires() {
    let keys = KeySet::new(vec![key()]);
    let exp = 1_800_000_000;
    let token = token_of(&json!({ "exp": exp, "nbf": exp - 60 }));
    let (first, second) = (keys.claims(&token).expect("it fits"), keys.claims(&token).expect("it fits"));
    assert!(std::sync::Arc::ptr_eq(&first, &second), "the token is remembered");
    let exact = service().leeway(Duration::ZERO);
    let check = |now| exact.accept::<Value>(&token, &second, now).map(drop);
    assert_eq!(check(exp - 1), Ok(()));
    assert_eq!(check(exp), Err(JwtError::Expired));
    // The clock was set back.
    assert_eq!(check(exp - 1), Ok(()));
    assert_eq!(check(exp - 61), Err(JwtError::NotYetValid));
}

// Seen to fail with tokens of any length remembered.
#[test]
fn j3_failures_are_not_remembered_and_memory_is_bounded() {
    let keys = KeySet::new(vec![key()]);
    let good = token_of(&json!({ "exp": soon() }));
    let bad = format!("{}A", &good[..good.len() - 1]);
    let bad = if bad == good { format!("{}E", &good[..good.len() - 1]) } else { bad };
    for _ in 0..2 {
        assert!(keys.claims(&bad).is_err());
        assert!(keys.claims(&good).is_ok());
    }
    // Many more than there is room for, and each is found good again all the same.
    let tokens: Vec<_> = (0..6000).map(|user| token_of(&json!({ "exp": soon(), "user": user }))).collect();
    for token in tokens.iter().chain(&tokens) {
        assert!(keys.claims(token).is_ok());
    }
    // A long one is verified each time.
    let long = token_of(&json!({ "exp": soon(), "name": "a".repeat(3000) }));
    let (first, second) = (keys.claims(&long).expect("it fits"), keys.claims(&long).expect("it fits"));
    assert!(!std::sync::Arc::ptr_eq(&first, &second));
}

// Seen to fail with an audience that is not there, or is there unasked, taken for the right one.
#[tokio::test]
async fn j3_the_audience_and_the_issuer_are_checked() {
    let plain = service();
    let ours = service().audience("todo").issuer("https://id.example.com");
    let token = encode(&ours, &payload()).await;
    assert_eq!(ours.decode::<Value>(&token).await, Ok(payload()));
    assert_eq!(service().audience("todo").verify(&token).await, Ok(()));
    assert_eq!(plain.verify(&token).await, Err(JwtError::WrongAudience));
    assert_eq!(service().audience("other").verify(&token).await, Err(JwtError::WrongAudience));
    assert_eq!(ours.clone().issuer("https://evil.example.com").verify(&token).await, Err(JwtError::WrongIssuer));
    assert_eq!(ours.verify(&encode(&plain, &payload()).await).await, Err(JwtError::WrongAudience));

    let issuer = "https://id.example.com";
    let malformed = |problem| Err(JwtError::Malformed(problem));
    for (claims, expect) in [
        (json!({ "aud": ["a", "todo"], "iss": issuer }), Ok(())),
        (json!({ "aud": ["a", "b"], "iss": issuer }), Err(JwtError::WrongAudience)),
        (json!({ "aud": [], "iss": issuer }), Err(JwtError::WrongAudience)),
        (json!({ "aud": "todo " , "iss": issuer }), Err(JwtError::WrongAudience)),
        (json!({ "iss": issuer }), Err(JwtError::WrongAudience)),
        (json!({ "aud": "todo" }), Err(JwtError::WrongIssuer)),
        (json!({ "aud": "todo", "iss": "https://id.example.com/" }), Err(JwtError::WrongIssuer)),
        (json!({ "aud": 7, "iss": issuer }), malformed("its `aud` is no audience")),
        (json!({ "aud": null, "iss": issuer }), malformed("its `aud` is no audience")),
        (json!({ "aud": [["todo"]], "iss": issuer }), malformed("its `aud` is no audience")),
        (json!({ "aud": "todo", "iss": [issuer] }), malformed("its `iss` is no text")),
    ] {
        let mut claims = claims;
        claims["exp"] = soon().into();
        assert_eq!(ours.verify(&token_of(&claims)).await, expect, "{claims}");
    }
}

/// Encodes a payload, and checks that the same comes out, and nothing else.
async fn comes_out_as_it_was<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(payload: T) {
    let jwt = service().audience("todo").issuer("us");
    let token = encode(&jwt, &payload).await;
    let decoded = jwt.decode::<T>(&token).await.expect("it decodes");
    assert_eq!(decoded, payload);
    // What was decoded can be encoded again, as it is when a session is renewed.
    encode(&jwt, &decoded).await;
}

#[tokio::test]
async fn j4_a_payload_comes_out_as_it_was() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        id: u64,
        name: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Open {
        id: i64,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Kind {
        User { id: u64 },
        Guest,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapped(Strict);

    comes_out_as_it_was(json!({ "a": 1, "big": u64::MAX, "small": i64::MIN, "x": 0.1, "é\"\n": ["\u{1F600}"] })).await;
    comes_out_as_it_was(json!({})).await;
    comes_out_as_it_was(Strict { id: u64::MAX, name: None }).await;
    comes_out_as_it_was(Wrapped(Strict { id: 1, name: Some("é\"".to_owned()) })).await;
    comes_out_as_it_was(Open { id: i64::MIN, rest: [("b".to_owned(), json!([1]))].into() }).await;
    comes_out_as_it_was(Kind::User { id: 1 }).await;
    comes_out_as_it_was(Kind::Guest).await;
    comes_out_as_it_was(Some(Kind::Guest)).await;
    comes_out_as_it_was(BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)])).await;
}

#[tokio::test]
async fn j4_a_type_that_asks_for_registered_claims_gets_them() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        user: String,
        exp: u64,
        aud: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct User {
        user: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Flat {
        iat: u64,
        #[serde(flatten)]
        user: User,
    }

    let jwt = service().audience("todo");
    let (user, exp) = ("ada".to_owned(), soon());
    let token = token_of(&json!({ "user": user, "exp": exp, "iat": 7, "aud": "todo" }));
    let named = Named { user: user.clone(), exp, aud: Some("todo".to_owned()) };
    assert_eq!(jwt.decode::<Named>(&token).await, Ok(named));
    assert_eq!(jwt.decode::<Flat>(&token).await, Ok(Flat { iat: 7, user: User { user } }));
    let unexpected = Err(JwtError::Malformed("its claims are not the expected ones"));
    assert_eq!(jwt.decode::<Vec<u8>>(&token).await, unexpected);
}

#[tokio::test]
async fn j4_a_payload_has_none_of_the_services_own_claims() {
    let jwt = service();
    for payload in [
        json!({ "exp": 1 }),
        json!({ "a": 1, "iat": 1 }),
        json!({ "nbf": 1 }),
        json!({ "aud": "todo" }),
        json!({ "iss": null }),
        json!([1]),
        json!("text"),
        json!(null),
        json!({ "name": "a".repeat(8 * 1024) }),
    ] {
        let refused = jwt.encode(MINUTE, &payload).await;
        assert!(matches!(refused, Err(JwtError::Payload(_))), "{payload:.20}");
    }
    for forever in [Duration::MAX, Duration::from_secs(u64::MAX / 2), Duration::from_secs(300_000_000_000)] {
        assert!(matches!(jwt.encode(forever, &payload()).await, Err(JwtError::Payload(_))));
    }
    // Only at the top are those names the service's.
    encode(&jwt, &json!({ "nested": { "exp": 1 }, "sub": "ada", "jti": "1" })).await;
}

#[tokio::test]
async fn j4_a_verified_token_says_until_when_it_is_good() {
    let jwt = service();
    let before = now();
    let token = encode(&jwt, &payload()).await;
    let after = now();
    let verified = jwt.verified::<Value>(&token).await.expect("it is good");
    let seconds =
        |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).expect("a time after 1970").as_secs();
    let issued_at = seconds(verified.issued_at.expect("ours say so"));
    assert!((before..=after).contains(&issued_at));
    assert_eq!(seconds(verified.expires_at), issued_at + 60);
    assert_eq!(jwt.verified_now::<Value>(&token), Some(Ok(verified)));
    let foreign = token_of(&json!({ "exp": 253_402_300_799_u64 }));
    let verified = jwt.verified::<Value>(&foreign).await.expect("it is good");
    assert_eq!((seconds(verified.expires_at), verified.issued_at), (253_402_300_799, None));
}
