//! When a request is made again, and after how long.

use std::time::Duration;

use reqwest::{
    StatusCode,
    header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER},
};

use crate::platform;

/// How often and how soon a safe request (`GET` or `HEAD`) that failed for want of a server is made again.
///
/// The wait before each further attempt is anything between nothing and a bound that doubles each time, so that many
/// clients which fail together don't come back together. Where the server names a time (`Retry-After`), it is waited
/// for; if it is longer than the longest wait, the answer is given to the caller instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How many attempts there are at most, the first included.
    pub attempts: u32,
    /// The bound of the first wait.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for Retry {
    /// Three attempts, with waits from 200 milliseconds to 10 seconds.
    fn default() -> Self {
        Self { attempts: 3, first_wait: Duration::from_millis(200), longest_wait: Duration::from_secs(10) }
    }
}

impl Retry {
    /// Every request is made once.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// How long to wait before the next attempt, or `None` if there is to be none; `failed` attempts have been made.
    pub(crate) fn wait(&self, failed: u32, asked: Option<Duration>) -> Option<Duration> {
        if failed >= self.attempts {
            return None;
        }
        let bound = self.first_wait.saturating_mul(1 << (failed - 1).min(16)).min(self.longest_wait);
        let jitter = bound.mul_f64(platform::chance());
        match asked {
            // The jitter comes on top, as everyone was told the same time.
            Some(asked) => (asked <= self.longest_wait).then(|| asked + jitter),
            None => Some(jitter),
        }
    }
}

/// Whether an answer means that another attempt could fare better.
pub(crate) fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 502 | 503 | 504)
}

/// How long the server asks to be left alone, in seconds or up to a date.
///
/// A date counts from the server's own `Date`, so that the clocks needn't agree.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |value: &HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok();
    let (until, now) = (httpdate::parse_http_date(text).ok()?, headers.get(DATE).and_then(date)?);
    Some(until.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_stay_under_a_bound_that_doubles() {
        let retry =
            Retry { attempts: 40, first_wait: Duration::from_millis(100), longest_wait: Duration::from_secs(1) };
        for failed in 1..40 {
            let bound = Duration::from_millis(100 << (failed - 1).min(10)).min(Duration::from_secs(1));
            assert!(retry.wait(failed, None).is_some_and(|wait| wait <= bound));
        }
        assert_eq!(retry.wait(40, None), None);
        assert_eq!(Retry::never().wait(1, None), None);
    }

    #[test]
    fn the_servers_wish_is_honoured_or_the_caller_told() {
        let retry = Retry::default();
        let wait = retry.wait(1, Some(Duration::from_secs(2))).expect("there is another attempt");
        assert!((Duration::from_secs(2)..Duration::from_millis(2201)).contains(&wait));
        assert_eq!(retry.wait(1, Some(Duration::from_secs(60))), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let after = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (reqwest::header::HeaderName::from_static(name), HeaderValue::from_static(value)));
            retry_after(&headers.collect())
        };
        let (date, later) = (("date", "Sun, 06 Nov 1994 08:49:37 GMT"), "Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(after(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(after(&[date, ("retry-after", later)]), Some(Duration::from_secs(30)));
        assert_eq!(after(&[("retry-after", later)]), None);
        assert_eq!(after(&[("retry-after", "soon")]), None);
    }
}
