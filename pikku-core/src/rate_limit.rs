//! Rate limits: how many calls a caller may make in a while.
//!
//! A limit is a layer like middleware, and it counts calls on every transport: requests, upgrades and messages. It is
//! governor's generic cell rate algorithm: a quota is a bucket that fills with time, and a call takes one out of it.

mod attempt;
mod buckets;
mod limiter;
mod quota;
mod standing;

pub use attempt::Attempt;
pub(crate) use attempt::{ApiKeyId, Caller};
pub(crate) use limiter::Limiter;
pub use limiter::{LimitMarker, RateLimit, rate_limit};
pub use quota::Quota;
pub(crate) use standing::{Standing, write_standings};
