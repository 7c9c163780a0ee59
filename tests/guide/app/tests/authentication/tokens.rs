//! The JWT service: where its keys come from, and which tokens it takes.

use std::{future::pending, io, net::SocketAddr, path::PathBuf};

use axum::{Router, routing::get};
use guide_app::{jwt, serve, who};
use guide_functions::{Services, TodoApp, UserSession};
use pikku_core::{JwtError, JwtService, Key, Pikku, Server, auth_bearer, hours, jwks, minutes};
use serde::{Deserialize, Serialize};

use crate::Outcome;

/// Reads the keys anew each time, so that they may change while the server runs.
async fn keys(folder: PathBuf) -> io::Result<Vec<Result<Key, JwtError>>> {
    let present = tokio::fs::read(folder.join("2026-11")).await?;
    let former = tokio::fs::read(folder.join("2026-05")).await?;
    Ok(vec![Key::hs256("2026-11", present), Key::hs256("2026-05", former)])
}

#[tokio::test]
async fn j1_the_first_key_signs_and_all_verify() -> Outcome {
    let folder = tempfile::tempdir()?;
    let (present, former) = ("thirty-two bytes drawn in November", "thirty-two bytes that were drawn in May");
    std::fs::write(folder.path().join("2026-11"), present)?;
    std::fs::write(folder.path().join("2026-05"), former)?;
    let secrets = folder.path().to_owned();
    let jwt = JwtService::new(move || keys(secrets.clone())).await?;

    let session = UserSession { user_id: "ada".to_owned(), scopes: vec![] };
    let token = JwtService::with_keys([Key::hs256("2026-05", former)])?.encode(hours(1), &session).await?;
    assert_eq!(jwt.decode::<UserSession>(&token).await?, session);
    let present = JwtService::with_keys([Key::hs256("2026-11", present)])?;
    assert_eq!(present.verify(&jwt.encode(hours(1), &session).await?).await, Ok(()));
    assert_eq!(present.verify(&token).await, Err(JwtError::UnknownKey));
    Ok(())
}

/// Whom a link lets in.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Invitation {
    email: String,
}

#[tokio::test]
async fn a6_a_token_is_good_for_its_purpose_only() -> Outcome {
    let jwt = jwt().await;
    let invitation = Invitation { email: "ada@example.com".to_owned() };
    let links = jwt.for_purpose("invitation");
    let token = links.encode(hours(48), &invitation).await?;
    assert_eq!(links.decode::<Invitation>(&token).await?, invitation);
    assert_eq!(jwt.verify(&token).await, Err(JwtError::WrongPurpose));
    Ok(())
}

/// The key pair of RFC 8037, which is nobody's secret.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
const PUBLISHED: &str = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "2026",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// An identity provider that publishes its keys; the URL of them.
async fn identity_provider() -> Result<String, std::io::Error> {
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let url = format!("http://{}/.well-known/jwks.json", server.local_addr()?);
    let router = Router::new().route("/.well-known/jwks.json", get(async || PUBLISHED));
    tokio::spawn(server.serve_until(router, pending()));
    Ok(url)
}

async fn fetch(url: String) -> reqwest::Result<String> {
    reqwest::get(url).await?.error_for_status()?.text().await
}

#[tokio::test]
async fn j1_the_keys_may_be_those_of_an_identity_provider() -> Outcome {
    let jwks_url = identity_provider().await?;
    let jwt = JwtService::new(jwks(move || fetch(jwks_url.clone())))
        .await?
        .issuer("https://id.example.com")
        .audience("todo")
        .key_ttl(minutes(10));
    let app = Pikku::<TodoApp>::new(Services::new(jwt.clone())).jwt(jwt).middleware(auth_bearer().jwt());
    let server = serve(app).await;

    let session = UserSession { user_id: "ada".to_owned(), scopes: vec![] };
    let theirs = JwtService::with_keys([Key::eddsa("2026", PRIVATE)])?.issuer("https://id.example.com");
    let said = async |token: String| who(&server, &[("authorization", &format!("Bearer {token}"))]).await;
    let good = theirs.clone().audience("todo").encode(hours(1), &session).await?;
    assert_eq!(said(good).await, (200, "ada".to_owned()));
    for bad in [theirs.clone(), theirs.clone().audience("chat"), theirs.audience("todo").issuer("https://else.where")] {
        assert_eq!(said(bad.encode(hours(1), &session).await?).await, (401, "invalid_token".to_owned()));
    }
    Ok(())
}
