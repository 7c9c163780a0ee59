//! A deadline and a net for panics, around every call.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::StatusCode;
use tokio::time::Sleep;

use crate::error::Problem;

/// How a guarded future ends.
pub(crate) enum Outcome<T> {
    Done(T),
    TimedOut,
    Panicked(String),
}

impl<T> Outcome<T> {
    /// What the future came to, where a deadline and a panic are problems.
    pub(crate) fn into_result(self, function: impl FnOnce() -> &'static str) -> Result<T, Problem> {
        match self {
            Self::Done(value) => Ok(value),
            Self::TimedOut => {
                let problem = Problem::new(StatusCode::GATEWAY_TIMEOUT, "deadline_exceeded");
                Err(problem.with_detail("the call took too long").caused_by(function(), "it ran out of time"))
            }
            Self::Panicked(message) => {
                Err(Problem::internal().caused_by(function(), format!("it panicked: {message}")))
            }
        }
    }
}

pin_project_lite::pin_project! {
    /// A future with a deadline, whose panics are caught.
    ///
    /// The timer is made when the future first has to wait, since most calls never do.
    pub(crate) struct Guarded<F> {
        #[pin]
        inner: F,
        timeout: Duration,
        deadline: Option<Pin<Box<Sleep>>>,
    }
}

impl<F> Guarded<F> {
    pub(crate) fn new(inner: F, timeout: Duration) -> Self {
        Self { inner, timeout, deadline: None }
    }
}

impl<F: Future> Future for Guarded<F> {
    type Output = Outcome<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_guarded(this.inner, *this.timeout, this.deadline, cx)
    }
}

/// Polls a future of any kind, so that net and timer are compiled once for what comes of them.
fn poll_guarded<T>(
    inner: Pin<&mut (dyn Future<Output = T> + '_)>,
    timeout: Duration,
    deadline: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
) -> Poll<Outcome<T>> {
    // The future is dropped after a panic and never polled again, so nothing sees it half-changed.
    match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
        Ok(Poll::Ready(value)) => return Poll::Ready(Outcome::Done(value)),
        Ok(Poll::Pending) => {}
        Err(panic) => return Poll::Ready(Outcome::Panicked(panic_message(&*panic))),
    }
    poll_deadline(timeout, deadline, cx).map(|()| Outcome::TimedOut)
}

fn poll_deadline(timeout: Duration, deadline: &mut Option<Pin<Box<Sleep>>>, cx: &mut Context<'_>) -> Poll<()> {
    deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout))).as_mut().poll(cx)
}

pin_project_lite::pin_project! {
    /// A future with a deadline, inside of one that is guarded. It comes to nothing when the time is up.
    pub(crate) struct Within<F> {
        #[pin]
        inner: F,
        timeout: Duration,
        deadline: Option<Pin<Box<Sleep>>>,
    }
}

impl<F> Within<F> {
    pub(crate) fn new(timeout: Duration, inner: F) -> Self {
        Self { inner, timeout, deadline: None }
    }
}

impl<F: Future> Future for Within<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.inner.poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => poll_deadline(*this.timeout, this.deadline, cx).map(|()| None),
        }
    }
}

pin_project_lite::pin_project! {
    /// A future that also tells how long it has waited. Nothing is measured of one that never does.
    pub(crate) struct Timed<F> {
        #[pin]
        inner: F,
        waits_since: Option<Instant>,
    }
}

impl<F> Timed<F> {
    pub(crate) fn new(inner: F) -> Self {
        Self { inner, waits_since: None }
    }
}

impl<F: Future> Future for Timed<F> {
    type Output = (F::Output, Duration);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Poll::Ready(output) = this.inner.poll(cx) else {
            this.waits_since.get_or_insert_with(Instant::now);
            return Poll::Pending;
        };
        Poll::Ready((output, this.waits_since.map_or(Duration::ZERO, |since| since.elapsed())))
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}
