//! Routes below a prefix and with a tag, for middleware to be around.

use axum::response::Response;
use pikku_core::{App, HttpCall, Middleware, Next, pikku_func};

use crate::{Services, TestApp, TestError};

/// Notes when it is entered and left.
#[derive(Debug)]
pub struct Noting(pub &'static str);

impl Middleware<TestApp> for Noting {
    async fn handle(&self, call: &mut HttpCall<TestApp>, next: Next<'_, TestApp>) -> Response {
        call.services().note(format!("> {}", self.0));
        let response = next.run(call).await;
        call.services().note(format!("< {}", self.0));
        response
    }
}

/// Answers by itself.
#[derive(Debug)]
pub struct Closed;

impl<A: App> Middleware<A> for Closed {
    async fn handle(&self, _: &mut HttpCall<A>, _: Next<'_, A>) -> Response {
        let mut response = Response::new("closed".into());
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        response
    }
}

/// Below the prefix, with a tag and with middleware of its own.
#[pikku_func(http(get = "/admin/x"), auth = false, tags("noted"), middleware(Noting("own")))]
pub async fn admin_x(services: &Services) -> Result<(), TestError> {
    services.note("ran");
    Ok(())
}

/// At the prefix.
#[pikku_func(http(get = "/admin"), auth = false)]
pub async fn admin(services: &Services) -> Result<(), TestError> {
    services.note("ran");
    Ok(())
}

/// Beside the prefix.
#[pikku_func(http(get = "/administrator"), auth = false)]
pub async fn administrator(services: &Services) -> Result<(), TestError> {
    services.note("ran");
    Ok(())
}

/// Behind a closed door.
#[pikku_func(http(get = "/closed"), auth = false, middleware(Closed))]
pub async fn closed(services: &Services) -> Result<(), TestError> {
    services.note("ran");
    Ok(())
}
