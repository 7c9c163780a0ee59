//! What callgrind counts: entering or leaving one of these functions switches counting on or off.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// The pattern of their names, for callgrind.
pub(crate) const PATTERN: &str = "*counting::switch_*";

/// Counts what is done within.
#[inline(never)]
pub(crate) fn switch_on<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn switch_off<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// A future that is not counted, though it runs among others that are.
pub(crate) struct Uncounted<F>(Pin<Box<F>>);

impl<F: Future> Uncounted<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for Uncounted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        switch_off(|| self.0.as_mut().poll(cx))
    }
}
