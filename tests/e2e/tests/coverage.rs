//! Middleware where it would never run is refused at the start.

use std::convert::Infallible;

use pikku_core::__private::{Dispatch, Incoming, Layer, Problem, Route, axum::response::Response, router};
use pikku_core::{
    ApiKeySource, App, HttpCall, Middleware, Next, Pikku, Quota, auth_api_key, pikku_channel, pikku_channel_func,
    rate_limit,
};
use serde::{Deserialize, Serialize};

/// Who is signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User;

struct Passing;

impl<A: App> Middleware<A> for Passing {
    async fn handle(&self, call: &mut HttpCall<A>, next: Next<'_, A>) -> Response {
        next.run(call).await
    }
}

/// A function with middleware of its own, and one with a limit.
pub mod own {
    use super::*;

    /// Nothing.
    #[derive(Debug)]
    pub struct Services;

    pikku_core::registry!(OwnApp { services: Services, session: User });

    /// The channel.
    #[pikku_channel(route = "/live")]
    #[derive(Debug)]
    pub struct Own;

    /// Has middleware that never runs.
    #[pikku_channel_func(Own, action = "guarded", middleware(Passing))]
    pub async fn guarded(_services: &Services) -> Result<(), Infallible> {
        Ok(())
    }

    /// Has a limit, which counts.
    #[pikku_channel_func(Own, action = "limited", middleware(rate_limit(Quota::per_hour(1))))]
    pub async fn limited(_services: &Services) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Functions with tags, on a channel that has one of them.
pub mod tagged {
    use super::*;

    /// Nothing.
    #[derive(Debug)]
    pub struct Services;

    pikku_core::registry!(TaggedApp { services: Services, session: User });

    /// The channel.
    #[pikku_channel(route = "/live", tags("whole"))]
    #[derive(Debug)]
    pub struct Tagged;

    /// Has a tag of its own, and that of its channel.
    #[pikku_channel_func(Tagged, action = "part", tags("part", "whole"))]
    pub async fn part(_services: &Services) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The route of the channel, and one of some function.
struct Routes;

impl<A: App> Dispatch<A> for Routes {
    const ROUTES: &'static [Route] = &[
        Route { tags: &["whole"], ..Route::new("GET", "/live", "Live") },
        Route { tags: &["part"], ..Route::new("GET", "/part", "elsewhere") },
    ];

    async fn dispatch(_: usize, incoming: Incoming<'_, A>) -> Result<(), Problem> {
        incoming.unrouted()
    }

    fn middleware(_: usize) -> Vec<Layer<A>> {
        Vec::new()
    }
}

fn start<A: App>(app: Pikku<A>) {
    drop(router::<A, Routes>(app));
}

async fn find(_: &tagged::Services, _: &str) -> Result<Option<User>, Infallible> {
    Ok(None)
}

fn app() -> Pikku<tagged::TaggedApp> {
    Pikku::new(tagged::Services)
}

#[test]
#[should_panic(expected = "the middleware of `guarded` would never run")]
fn h1_middleware_of_a_function_that_only_messages_call_is_refused_at_the_start() {
    start(Pikku::<own::OwnApp>::new(own::Services));
}

#[test]
#[should_panic(expected = "the middleware for the tag `part` would not run for `part`")]
fn h1_middleware_for_a_tag_of_a_function_that_only_messages_call_is_refused_at_the_start() {
    start(app().middleware_for("part", Passing));
}

#[test]
#[should_panic(expected = "the middleware for the tag `part` would not run for `part`")]
fn h1_authentication_for_a_tag_of_a_function_that_only_messages_call_is_refused_at_the_start() {
    start(app().middleware_for("part", auth_api_key(ApiKeySource::Header, find)));
}

#[test]
fn h1_what_runs_for_messages_or_for_the_upgrade_of_their_channel_is_not_refused() {
    start(app().middleware_for("part", rate_limit(Quota::per_hour(1))));
    start(app().middleware_for("whole", Passing).middleware_at("/live", Passing).middleware(Passing));
}
