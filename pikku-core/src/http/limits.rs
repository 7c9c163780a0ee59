//! A request on its way past rate limits.

use std::net::IpAddr;

use super::HttpCall;
use crate::{
    app::App,
    auth::api_key_id,
    client_address::client_address,
    error::Problem,
    rate_limit::{Attempt, Caller, Limiter, write_standings},
};

impl<A: App> HttpCall<A> {
    /// Where the request comes from: the peer, or whoever a trusted proxy says
    /// ([`Pikku::trusted_proxies`](crate::Pikku::trusted_proxies)).
    ///
    /// There is none where the router is served by something that doesn't tell axum's `ConnectInfo`.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        let peer = self.context.peer_address()?.ip();
        Some(client_address(peer, self.headers(), self.runtime.config.proxies.as_ref()))
    }

    /// Who is calling, as far as limits go by it.
    pub(crate) fn caller(&self) -> Caller {
        Caller { address: self.address(), api_key: api_key_id(self) }
    }

    /// Counts the call against a limit.
    ///
    /// # Errors
    /// 429, if it is one too many.
    pub(crate) fn count(&mut self, limiter: &Limiter<A>) -> Result<(), Problem> {
        let attempt = Attempt {
            services: &self.runtime.services,
            session: self.sessions.get(),
            route: self.route,
            caller: self.caller(),
            request: Some(self.request()),
            channel_id: None,
            action: None,
        };
        let (standing, counted) = limiter.count(&attempt);
        self.standings.push(standing);
        counted
    }

    /// Adds what the caller has to know of the limits that the call was counted against.
    pub(crate) fn tell_standings(&mut self) {
        if !self.standings.is_empty() {
            write_standings(&self.standings, self.answer.headers_mut());
        }
    }
}
