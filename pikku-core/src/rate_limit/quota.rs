//! How much is allowed.

use std::{num::NonZeroU32, time::Duration};

/// How many calls are allowed in a while: `Quota::per_minute(60).burst(10)`.
///
/// It is a bucket that fills steadily: with 60 a minute a call every second is always allowed. What was not used may be
/// used at once, up to the burst, which is the whole of the quota unless [`burst`](Self::burst) says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    calls: NonZeroU32,
    period: Duration,
    burst: NonZeroU32,
}

impl Quota {
    /// So many calls a second.
    ///
    /// # Panics
    /// When it is none: a function that nobody may call should not be served.
    #[must_use]
    pub const fn per_second(calls: u32) -> Self {
        Self::per(calls, Duration::from_secs(1))
    }

    /// So many calls a minute.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub const fn per_minute(calls: u32) -> Self {
        Self::per(calls, Duration::from_secs(60))
    }

    /// So many calls an hour.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub const fn per_hour(calls: u32) -> Self {
        Self::per(calls, Duration::from_secs(60 * 60))
    }

    /// So many calls in any other while.
    ///
    /// # Panics
    /// When it is none, or the while is none.
    #[must_use]
    pub const fn per(calls: u32, period: Duration) -> Self {
        assert!(!period.is_zero(), "a quota is for a while; help: write how long it is, `Duration::from_secs(60)`");
        let calls = at_least_one(calls);
        Self { calls, period, burst: calls }
    }

    /// How many calls may come at once.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub const fn burst(mut self, calls: u32) -> Self {
        self.burst = at_least_one(calls);
        self
    }

    /// How many calls a full bucket has.
    pub(super) fn capacity(self) -> u32 {
        self.burst.get()
    }

    /// How long it takes until there is one call more.
    pub(super) fn interval(self) -> Duration {
        (self.period / self.calls.get()).max(Duration::from_nanos(1))
    }

    /// How long it takes to fill that many calls up.
    pub(super) fn time_for(self, calls: u32) -> Duration {
        self.interval().saturating_mul(calls)
    }

    pub(super) fn to_governor(self) -> governor::Quota {
        let quota = governor::Quota::with_period(self.interval()).expect("an interval is never zero");
        quota.allow_burst(self.burst)
    }
}

const fn at_least_one(calls: u32) -> NonZeroU32 {
    match NonZeroU32::new(calls) {
        Some(calls) => calls,
        None => panic!("a quota of none lets nobody in; help: write at least 1"),
    }
}
