//! A message on its way past rate limits.

use std::sync::Arc;

use super::message::Connected;
use crate::{
    app::App,
    error::Problem,
    function::Facts,
    middleware::{Kind, Layer},
    rate_limit::{Attempt, Limiter},
};

impl<A: App> Connected<A> {
    /// Counts a message for a function against the limits of its channel, of the function's tags, and of the function itself.
    ///
    /// # Errors
    /// 429, if it is one too many.
    pub(super) fn count(&self, function: &Facts<A>, action: Option<&str>) -> Result<(), Problem> {
        let limits = &self.runtime.limits[self.number];
        if limits.is_empty() && function.middleware.is_none() {
            return Ok(());
        }
        let count = |limiter: &Arc<Limiter<A>>| {
            let attempt = Attempt {
                services: &self.runtime.services,
                session: self.sessions.get(),
                route: self.route,
                caller: self.caller,
                request: None,
                channel_id: Some(&self.connection.id),
                action,
            };
            limiter.count(&attempt).1
        };
        for limit in limits.iter().filter(|limit| limit.covers(function.tags)) {
            count(&limit.value)?;
        }
        for layer in self.runtime.own.of_function(function).iter() {
            if let Layer(Kind::Limit(limiter)) = layer {
                count(limiter)?;
            }
        }
        Ok(())
    }
}
