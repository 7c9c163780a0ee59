//! What a caller is told of the limits that a call was counted against.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Quota;

/// How a caller stands with one limit.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(super) name: Arc<str>,
    pub(super) quota: Quota,
    pub(super) remaining: u32,
    /// How long it takes until the quota is full again, or until one more call is allowed where none is.
    pub(super) reset: Duration,
}

static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Writes `RateLimit-Policy` and `RateLimit`, as draft-ietf-httpapi-ratelimit-headers has them: lists of structured
/// fields, with one member for each limit.
pub(crate) fn write_standings(standings: &[Standing], headers: &mut HeaderMap) {
    let (mut policies, mut limits) = (String::new(), String::new());
    for (index, Standing { name, quota, remaining, reset }) in standings.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let capacity = quota.capacity();
        let window = whole_seconds(quota.time_for(capacity));
        // Writing to a string can't fail.
        let _ = write!(policies, "{comma}\"{name}\";q={capacity};w={window}");
        let _ = write!(limits, "{comma}\"{name}\";r={remaining};t={}", whole_seconds(*reset));
    }
    for (name, value) in [(&RATE_LIMIT_POLICY, policies), (&RATE_LIMIT, limits)] {
        match HeaderValue::from_str(&value) {
            Ok(value) => drop(headers.append(name, value)),
            Err(error) => tracing::error!(%error, "the name of a rate limit is no text for a header"),
        }
    }
}

/// Seconds, rounded up, so that whoever waits for so long has waited long enough.
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_a_member_of_both_lists() {
        let standing = |name: &str, quota, remaining, reset| Standing {
            name: name.into(),
            quota,
            remaining,
            reset: Duration::from_millis(reset),
        };
        let mut headers = HeaderMap::new();
        let of_minute = standing("address", Quota::per_minute(60).burst(10), 7, 2_001);
        write_standings(&[of_minute, standing("session", Quota::per_hour(5), 0, 720_000)], &mut headers);
        assert_eq!(headers["ratelimit-policy"], r#""address";q=10;w=10, "session";q=5;w=3600"#);
        assert_eq!(headers["ratelimit"], r#""address";r=7;t=3, "session";r=0;t=720"#);
    }
}
