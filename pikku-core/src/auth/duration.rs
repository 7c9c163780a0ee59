//! Durations as people say them.

use std::time::Duration;

/// So many minutes.
#[must_use]
pub const fn minutes(minutes: u32) -> Duration {
    Duration::from_secs(minutes as u64 * 60)
}

/// So many hours.
#[must_use]
pub const fn hours(hours: u32) -> Duration {
    Duration::from_secs(hours as u64 * 60 * 60)
}

/// So many days of 24 hours.
#[must_use]
pub const fn days(days: u32) -> Duration {
    Duration::from_secs(days as u64 * 24 * 60 * 60)
}

/// So many weeks of seven days.
#[must_use]
pub const fn weeks(weeks: u32) -> Duration {
    Duration::from_secs(weeks as u64 * 7 * 24 * 60 * 60)
}
