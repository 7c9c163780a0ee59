//! A server of the functions under test, on a port of its own, for each test.

use std::{net::SocketAddr, time::Duration};

use pikku_core::__private::axum::Router;
use pikku_core::{ApiKeySource, JwtService, Key, Pikku, Server, auth_api_key, auth_bearer};
use serde_json::Value;
use test_functions::{Services, TestApp, UserSession};

pub mod socket;

pikku_core::include_generated!();

/// The generated Rust client.
pub mod client {
    pikku_client::include_generated!();
}

const SECRET: &str = "a secret of thirty-two bytes or more";

/// The JWT service of the servers here.
///
/// # Panics
/// When the key is refused, which it is not.
pub async fn jwt() -> JwtService {
    JwtService::new(async || vec![Key::hs256("test", SECRET)]).await.expect("a good key")
}

/// Whose an API key is: `key-of-ada` is that of ada.
///
/// # Errors
/// Never.
pub async fn find_session(_: &Services, key: &str) -> Result<Option<UserSession>, pikku_core::Error> {
    Ok(key.strip_prefix("key-of-").map(|user| UserSession { user_id: user.to_owned(), admin: user == "admin" }))
}

/// The application as most tests want it.
pub async fn app() -> Pikku<TestApp> {
    let jwt = jwt().await;
    Pikku::new(Services::new(jwt.clone()))
        .jwt(jwt)
        .middleware(auth_bearer().jwt())
        .middleware(auth_api_key(ApiKeySource::All, find_session))
        .body_timeout(Duration::from_millis(500))
}

/// A server that is listening.
#[derive(Debug, Clone)]
pub struct Running {
    /// Where.
    pub address: SocketAddr,
    http: reqwest::Client,
}

/// An answer, read to the end.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub text: String,
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Serves an application until the test ends.
///
/// # Panics
/// When there is no free port.
pub async fn serve(app: Pikku<TestApp>) -> Running {
    serve_at(app, SocketAddr::from(([127, 0, 0, 1], 0))).await
}

/// Serves an application at an address until the test ends.
///
/// # Panics
/// When the address is taken.
pub async fn serve_at(app: Pikku<TestApp>, address: SocketAddr) -> Running {
    serve_router(generated::router(app), address).await
}

/// Serves a router at an address until the test ends.
///
/// # Panics
/// When the address is taken.
pub async fn serve_router(router: Router, address: SocketAddr) -> Running {
    serve_on(Server::bind(address).await.expect("a free port"), router)
}

/// Serves a router on a server until the test ends.
///
/// # Panics
/// When the server is not bound.
#[must_use]
pub fn serve_on(server: Server, router: Router) -> Running {
    let address = server.local_addr().expect("it is bound");
    tokio::spawn(server.serve_until(router, std::future::pending()));
    Running { address, http: client() }
}

/// A client that takes a new connection for each request: the server closes an idle one after a while, and a request that
/// is sent just then fails.
///
/// # Panics
/// When the system has no certificates to read.
#[must_use]
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().pool_max_idle_per_host(0).build().expect("a client")
}

impl Running {
    /// Sends a request with a method, a path, headers and a body, each as it is.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.http.request(method.parse().expect("a method"), url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.body(body.to_owned());
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a whole answer") }
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    /// Sends a JSON body.
    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body).await
    }
}
