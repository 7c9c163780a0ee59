//! The timer of a connection that has to say something in time.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};

/// A timer for hyper that is cheap to set anew.
///
/// hyper sets one for the head of every request and drops it when the head is there, which is nearly always at once. Here
/// that costs nothing but the note of a deadline: the clock of the runtime is set once, and only when it goes off is it
/// looked whether there is still something to wait for.
pub(super) struct Watchdog(Arc<Mutex<Alarm>>);

/// The one alarm of a connection.
struct Alarm {
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
    /// Whom it wakes.
    waker: Option<Waker>,
}

/// A deadline on a watchdog.
struct Deadline {
    at: Instant,
    alarm: Arc<Mutex<Alarm>>,
}

impl Watchdog {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Alarm { sleep: None, waker: None })))
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

impl Alarm {
    fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let is_set = self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        match &mut self.sleep {
            // It goes off at the deadline or before, and then this is asked again.
            Some(sleep) if is_set && !sleep.is_elapsed() && sleep.deadline().into_std() <= deadline => {
                return Poll::Pending;
            }
            Some(sleep) => sleep.as_mut().reset(deadline.into()),
            None => self.sleep = Some(Box::pin(tokio::time::sleep_until(deadline.into()))),
        }
        self.waker = Some(cx.waker().clone());
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}
