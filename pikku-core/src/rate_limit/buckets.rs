//! Where a limiter keeps what each key has used, in bounded memory.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use governor::{
    RateLimiter,
    clock::{Clock, DefaultClock, Reference},
    middleware::{StateInformationMiddleware, StateSnapshot},
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};

use super::Quota;

/// What each key has used.
///
/// A bucket that is full again is like one that never was, and goes when there is no room for a new one. Where all are in
/// use, new keys share one bucket: under a flood of keys a limiter never takes more memory and never lets more through.
#[derive(Debug)]
pub(super) struct Buckets<C: Clock = DefaultClock> {
    limiter: RateLimiter<u64, Store, C, StateInformationMiddleware>,
    clock: C,
    start: C::Instant,
    capacity: usize,
    /// When full buckets were last thrown out, in nanoseconds since the start.
    swept: AtomicU64,
}

/// What came of a call that was counted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// It is allowed, and so many more would be.
    Allowed(u32),
    /// It is not, for so long.
    Refused(Duration),
}

/// How often full buckets are looked for at most, since that looks at all of them.
const BETWEEN_SWEEPS: Duration = Duration::from_secs(1);

impl<C: Clock + Clone> Buckets<C> {
    pub(super) fn new(quota: Quota, capacity: usize, clock: C) -> Self {
        let limiter = RateLimiter::new(quota.to_governor(), Store::new(capacity), clock.clone());
        let start = clock.now();
        Self { limiter, clock, start, capacity, swept: AtomicU64::new(0) }
    }

    /// Takes one call out of the bucket of a key.
    pub(super) fn take(&self, key: u64) -> Counted {
        if self.limiter.len() >= self.capacity {
            self.sweep();
        }
        match self.limiter.check_key(&key) {
            Ok(snapshot) => Counted::Allowed(StateSnapshot::remaining_burst_capacity(&snapshot)),
            Err(until) => Counted::Refused(until.wait_time_from(self.clock.now())),
        }
    }

    /// Throws out the buckets that are full, if that was not done just now.
    fn sweep(&self) {
        let now = self.clock.now().duration_since(self.start).as_u64();
        let swept = self.swept.load(Ordering::Relaxed);
        let is_due = swept == 0 || now.saturating_sub(swept) >= Nanos::from(BETWEEN_SWEEPS).as_u64();
        // Whoever gets to write the time down sweeps; the others go on.
        if is_due && self.swept.compare_exchange(swept, now.max(1), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.limiter.len()
    }
}

/// The state of governor's algorithm for each key: the time at which its bucket will be full.
#[derive(Debug)]
struct Store {
    shards: Vec<Mutex<HashMap<u64, Nanos>>>,
    /// The bucket of all keys that there is no room for.
    overflow: Mutex<Option<Nanos>>,
    len: AtomicUsize,
    capacity: usize,
}

/// In how many parts the keys are kept, so that calls on different ones seldom wait for each other.
const SHARDS: usize = 16;

impl Store {
    fn new(capacity: usize) -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { shards, overflow: Mutex::default(), len: AtomicUsize::new(0), capacity }
    }

    fn shard(&self, key: u64) -> MutexGuard<'_, HashMap<u64, Nanos>> {
        // Keys are hashes, so any bits do.
        lock(&self.shards[(key % SHARDS as u64) as usize])
    }
}

impl StateStore for Store {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut shard = self.shard(*key);
        if let Some(full_at) = shard.get_mut(key) {
            let (allowed, next) = measure(Some(*full_at))?;
            *full_at = next;
            return Ok(allowed);
        }
        // Shards count together, and may each be one over where they fill up at the same time.
        if self.len.load(Ordering::Relaxed) >= self.capacity {
            drop(shard);
            let mut overflow = lock(&self.overflow);
            let (allowed, next) = measure(*overflow)?;
            *overflow = Some(next);
            return Ok(allowed);
        }
        let (allowed, next) = measure(None)?;
        shard.insert(*key, next);
        self.len.fetch_add(1, Ordering::Relaxed);
        Ok(allowed)
    }
}

impl ShrinkableKeyedStateStore<u64> for Store {
    fn retain_recent(&self, drop_below: Nanos) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            let before = shard.len();
            shard.retain(|_, full_at| *full_at > drop_below);
            self.len.fetch_sub(before - shard.len(), Ordering::Relaxed);
        }
    }

    fn shrink_to_fit(&self) {
        for shard in &self.shards {
            lock(shard).shrink_to_fit();
        }
    }

    fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code runs under the lock that could panic half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn buckets(quota: Quota, capacity: usize) -> (Buckets<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Buckets::new(quota, capacity, clock.clone()), clock)
    }

    #[test]
    fn a_bucket_empties_and_fills_with_time() {
        let (buckets, clock) = buckets(Quota::per_minute(2), 10);
        assert_eq!(buckets.take(1), Counted::Allowed(1));
        assert_eq!(buckets.take(1), Counted::Allowed(0));
        assert_eq!(buckets.take(1), Counted::Refused(Duration::from_secs(30)));
        assert_eq!(buckets.take(2), Counted::Allowed(1), "another key has a bucket of its own");
        clock.advance(Duration::from_secs(29));
        assert_eq!(buckets.take(1), Counted::Refused(Duration::from_secs(1)));
        clock.advance(Duration::from_secs(1));
        assert_eq!(buckets.take(1), Counted::Allowed(0));
        clock.advance(Duration::from_secs(3600));
        assert_eq!(buckets.take(1), Counted::Allowed(1), "a bucket holds no more than its burst");
    }

    #[test]
    fn a_burst_is_less_than_the_quota_or_more() {
        let (buckets, clock) = buckets(Quota::per_minute(60).burst(2), 10);
        assert_eq!([buckets.take(1), buckets.take(1)], [Counted::Allowed(1), Counted::Allowed(0)]);
        assert_eq!(buckets.take(1), Counted::Refused(Duration::from_secs(1)));
        clock.advance(Duration::from_secs(1));
        assert_eq!(buckets.take(1), Counted::Allowed(0));
    }

    #[test]
    fn a_flood_of_keys_takes_bounded_memory_and_shares_what_is_left() {
        let (buckets, clock) = buckets(Quota::per_minute(2), 100);
        let mut allowed = 0;
        for key in 0..10_000 {
            allowed += usize::from(matches!(buckets.take(key), Counted::Allowed(_)));
        }
        assert_eq!(buckets.len(), 100);
        assert_eq!(allowed, 102, "the keys without a bucket of their own have two calls together");
        assert_eq!(buckets.take(0), Counted::Allowed(0), "whoever came before keeps their own");
        // Once the others are full again there is room.
        clock.advance(Duration::from_secs(120));
        assert_eq!(buckets.take(20_000), Counted::Allowed(1));
        assert_eq!(buckets.len(), 1);
    }

    #[test]
    fn threads_together_get_no_more_than_the_quota() {
        let (buckets, _) = buckets(Quota::per_hour(1000), 4);
        let allowed = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let is_allowed = matches!(buckets.take(7), Counted::Allowed(_));
                        allowed.fetch_add(usize::from(is_allowed), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(allowed.into_inner(), 1000);
    }
}
