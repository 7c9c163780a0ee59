//! The timer of a connection that has to say something in time.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

use crate::alarm::Alarm;

/// A timer for hyper that is cheap to set anew.
///
/// hyper sets one for the head of every request and drops it when the head is there, which is nearly always at once. All
/// of them share the [`Alarm`] of the connection.
pub(super) struct Watchdog(Arc<Mutex<Alarm>>);

/// A deadline on a watchdog.
struct Deadline {
    at: Instant,
    alarm: Arc<Mutex<Alarm>>,
}

impl Watchdog {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }
}

impl Timer for Watchdog {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Deadline { at: deadline, alarm: Arc::clone(&self.0) })
    }
}

impl Sleep for Deadline {}

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner).poll(self.at, cx)
    }
}
