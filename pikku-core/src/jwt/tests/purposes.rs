//! What tokens are for (A6).

use super::*;

// Seen to fail with one purpose for all tokens.
#[tokio::test]
async fn a6_a_token_is_accepted_for_its_purpose_only() {
    let sessions = service();
    let services = [sessions.clone(), sessions.for_purpose("api-key"), sessions.for_purpose("link")];
    for (made_by, service) in services.iter().enumerate() {
        let token = encode(service, &payload()).await;
        for (asked, other) in services.iter().enumerate() {
            let expect = if asked == made_by { Ok(payload()) } else { Err(JwtError::WrongPurpose) };
            assert_eq!(other.decode::<Value>(&token).await, expect, "of {made_by} for {asked}");
        }
    }
}

// Seen to fail with the type compared as it is written.
#[tokio::test]
async fn a6_the_type_says_what_a_token_is_for() {
    let sessions = service();
    let links = sessions.for_purpose("Link");
    for (typ, session, link) in [
        ("", true, false),
        (r#","typ":"JWT""#, true, false),
        (r#","typ":"jwt""#, true, false),
        (r#","typ":"application/jwt""#, true, false),
        (r#","typ":"at+jwt""#, true, false),
        (r#","typ":"AT+JWT""#, true, false),
        (r#","typ":"Application/at+jwt""#, true, false),
        (r#","typ":"link+jwt""#, false, true),
        (r#","typ":"LINK+JWT""#, false, true),
        (r#","typ":"application/link+jwt""#, false, true),
        (r#","typ":"link""#, false, false),
        (r#","typ":"application/application/jwt""#, false, false),
        (r#","typ":" JWT""#, false, false),
        (r#","typ":"""#, false, false),
        (r#","typ":"JOSE""#, false, false),
    ] {
        let header = format!(r#"{{"alg":"HS256","kid":"k"{typ}}}"#);
        let token = forge(&key(), &header, &json!({ "exp": soon() }).to_string());
        let expect = |accepted| if accepted { Ok(()) } else { Err(JwtError::WrongPurpose) };
        // Twice, since the second time the signature is remembered.
        for _ in 0..2 {
            assert_eq!(sessions.verify(&token).await, expect(session), "{typ}");
            assert_eq!(links.verify(&token).await, expect(link), "{typ}");
        }
    }
}

// Seen to fail with `at` allowed.
#[test]
fn a6_no_purpose_is_called_like_that_of_sessions() {
    for name in ["at", "AT", "", "application/at", "a b", "é"] {
        let refused = std::panic::catch_unwind(|| service().for_purpose(name));
        assert!(refused.is_err(), "{name}");
    }
}

// Seen to fail with a purpose that forgets the audience.
#[tokio::test]
async fn a6_a_purpose_keeps_the_other_rules() {
    let ours = service().audience("todo").issuer("us").leeway(Duration::ZERO);
    let links = ours.for_purpose("link");
    let token = encode(&links, &payload()).await;
    assert_eq!(links.decode::<Value>(&token).await, Ok(payload()));
    assert_eq!(links.clone().audience("other").verify(&token).await, Err(JwtError::WrongAudience));
    assert_eq!(service().for_purpose("link").verify(&token).await, Err(JwtError::WrongAudience));
    assert_eq!(links.issuer("other").verify(&token).await, Err(JwtError::WrongIssuer));
}
