//! Limits, and whom they are for.

use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    sync::Arc,
};

use governor::clock::DefaultClock;

use super::{
    Attempt, Quota, Standing,
    buckets::{Buckets, Counted},
};
use crate::{
    app::App,
    error::Problem,
    middleware::{IntoLayer, Kind, Layer},
};

/// Limits how often callers may call: `rate_limit(Quota::per_minute(60)).per_session()`.
///
/// It is added like middleware, around everything, a path, a tag or one function, and it counts calls on every transport:
/// requests, upgrades to channels, and the messages of channels. What is over the quota is refused as `rate_limited`: over
/// HTTP with 429, `Retry-After` and the `RateLimit` headers, on a channel with an error frame whose `data` says
/// `retry_after`, in seconds.
///
/// The order in which layers are added is the order in which they see a call. A limit that is added before authentication
/// is what slows down the guessing of credentials, and goes by the address, since nobody is known yet; one that goes by
/// session or API key comes after it.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # pub struct Services;
/// # #[derive(Clone, Serialize, Deserialize)] pub struct UserSession { pub user_id: String }
/// # pikku_core::registry!(DemoApp { services: Services, session: UserSession });
/// # fn main() {
/// use pikku_core::{Pikku, Quota, auth_bearer, rate_limit};
///
/// let app = Pikku::<DemoApp>::new(Services)
///     .middleware(rate_limit(Quota::per_second(50)))
///     .middleware(auth_bearer().jwt())
///     .middleware(rate_limit::<DemoApp>(Quota::per_minute(600)).named("user").by(|attempt| {
///         attempt.session().map(|session| session.user_id.clone())
///     }));
/// # let _ = app;
/// # }
/// ```
pub fn rate_limit<A: App>(quota: Quota) -> RateLimit<A> {
    RateLimit { quota, name: None, per: Per::Address, capacity: 100_000 }
}

/// A limit; [`rate_limit`] makes it. It is for each address, unless it is told otherwise.
#[must_use]
pub struct RateLimit<A: App> {
    quota: Quota,
    name: Option<&'static str>,
    per: Per<A>,
    capacity: usize,
}

/// What tells callers apart.
enum Per<A: App> {
    Address,
    Session,
    ApiKey,
    Custom(CustomKey<A>),
}

type CustomKey<A> = Box<dyn Fn(&Attempt<'_, A>, &RandomState) -> Option<u64> + Send + Sync>;

impl<A: App> Per<A> {
    fn name(&self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Session => "session",
            Self::ApiKey => "api-key",
            Self::Custom(_) => "key",
        }
    }
}

impl<A: App> RateLimit<A> {
    /// For each address, which it is anyway. Addresses of IPv6 count by their network, the first 64 bits.
    ///
    /// It is that of the peer, unless [`Pikku::trusted_proxies`](crate::Pikku::trusted_proxies) says that others speak for
    /// it. Where no address is known, all callers share one quota.
    pub fn per_address(mut self) -> Self {
        self.per = Per::Address;
        self
    }

    /// For each session, whatever the transport and however many connections it has. Callers who are not signed in, or not
    /// yet, count by their address.
    ///
    /// Sessions are told apart by their data. Where it holds something that is new with each sign-in, a caller would have a
    /// fresh quota each time; then go [`by`](Self::by) the user.
    pub fn per_session(mut self) -> Self {
        self.per = Per::Session;
        self
    }

    /// For each API key that [`auth_api_key`](crate::auth_api_key) has signed somebody in by. All other callers count by
    /// their address, since anybody can make up keys.
    pub fn per_api_key(mut self) -> Self {
        self.per = Per::ApiKey;
        self
    }

    /// For each key that `key` finds; callers for whom it finds none count by their address.
    ///
    /// A closure has to know whose sessions it reads: `rate_limit::<TodoApp>(quota).by(|attempt| …)`.
    pub fn by<F, K>(mut self, key: F) -> Self
    where
        F: Fn(&Attempt<'_, A>) -> Option<K> + Send + Sync + 'static,
        K: Hash,
    {
        self.per = Per::Custom(Box::new(move |attempt, hasher| key(attempt).map(|key| hasher.hash_one(key))));
        self
    }

    /// What the `RateLimit` headers call it; `address`, `session`, `api-key` or `key` if this is not called.
    ///
    /// # Panics
    /// When it is not made of letters, digits, `-` and `_`.
    pub fn named(mut self, name: &'static str) -> Self {
        let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert!(
            !name.is_empty() && name.bytes().all(is_sound),
            "a limit can't be called `{name}`; help: use letters, digits, `-` and `_`"
        );
        self.name = Some(name);
        self
    }

    /// How many callers are told apart at a time, at about 20 bytes each; 100,000 if this is not called.
    ///
    /// Where more than so many have used a part of their quota, those that come new share one until there is room.
    ///
    /// # Panics
    /// When it is none.
    pub fn max_keys(mut self, keys: usize) -> Self {
        assert!(keys > 0, "a limit has to tell callers apart; help: write at least 1");
        self.capacity = keys;
        self
    }
}

impl<A: App> fmt::Debug for RateLimit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.unwrap_or(self.per.name());
        f.debug_struct("RateLimit").field("name", &name).field("quota", &self.quota).finish_non_exhaustive()
    }
}

/// Marks a limit for [`IntoLayer`].
#[derive(Debug)]
pub enum LimitMarker {}

impl<A: App> IntoLayer<A, LimitMarker> for RateLimit<A> {
    fn into_layer(self) -> Layer<A> {
        Layer(Kind::Limit(Arc::new(Limiter {
            name: self.name.unwrap_or(self.per.name()).into(),
            quota: self.quota,
            per: self.per,
            buckets: Buckets::new(self.quota, self.capacity, DefaultClock::default()),
            hasher: RandomState::new(),
        })))
    }
}

/// A limit at work.
pub(crate) struct Limiter<A: App> {
    name: Arc<str>,
    quota: Quota,
    per: Per<A>,
    buckets: Buckets,
    hasher: RandomState,
}

impl<A: App> Limiter<A> {
    /// Counts a call.
    ///
    /// # Errors
    /// 429, if it is one too many.
    pub(crate) fn count(&self, attempt: &Attempt<'_, A>) -> (Standing, Result<(), Problem>) {
        let standing =
            |remaining, reset| Standing { name: Arc::clone(&self.name), quota: self.quota, remaining, reset };
        match self.buckets.take(self.key_of(attempt)) {
            Counted::Allowed(remaining) => {
                let used = self.quota.capacity().saturating_sub(remaining);
                (standing(remaining, self.quota.time_for(used)), Ok(()))
            }
            Counted::Refused(wait) => (standing(0, wait), Err(Problem::rate_limited(wait))),
        }
    }

    fn key_of(&self, attempt: &Attempt<'_, A>) -> u64 {
        let key = match &self.per {
            Per::Custom(key) => key(attempt, &self.hasher),
            Per::Address => None,
            Per::ApiKey => attempt.caller.api_key.map(|key| self.hasher.hash_one(key)),
            Per::Session => attempt.session().map(|session| self.hasher.hash_one(session_text(session))),
        };
        // The kinds are told apart, so that nobody can be signed in as somebody's address.
        match key {
            Some(key) => self.hasher.hash_one((true, key)),
            None => self.hasher.hash_one((false, attempt.address().map(network))),
        }
    }
}

impl<A: App> fmt::Debug for Limiter<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("name", &self.name).field("quota", &self.quota).finish_non_exhaustive()
    }
}

/// The data of a session, always in the same order.
fn session_text<S: serde::Serialize>(session: &S) -> Option<String> {
    let mut value = serde_json::to_value(session)
        .inspect_err(|error| tracing::error!(%error, "a session is not JSON, so limits can't tell it from others"))
        .ok()?;
    value.sort_all_objects();
    Some(value.to_string())
}

/// What an address counts as: with IPv6 a single subscriber has a whole network of addresses to call from.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv6_counts_by_its_network() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
        assert_ne!(network("10.0.0.2"), network("10.0.0.1"));
    }

    #[test]
    fn the_data_of_a_session_is_always_in_the_same_order() {
        let forwards = std::collections::HashMap::from([("a", 1), ("b", 2), ("c", 3)]);
        let backwards: std::collections::HashMap<_, _> = [("c", 3), ("b", 2), ("a", 1)].into_iter().collect();
        assert_eq!(session_text(&forwards), session_text(&backwards));
    }
}
