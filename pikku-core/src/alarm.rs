//! Timers and signals of one task, which cost next to nothing as long as nothing happens.
//!
//! A task that is polled for every packet would ask the timers of the runtime each time, and set them anew each time that
//! a deadline moves. These register once, and ask again only when there may be something to hear. So they must not be put
//! off when they register: the runtime does that to a task that has had its share, which is why they take none of it.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Instant,
};

use tokio::{sync::watch, task::unconstrained, time::Sleep};

/// A timer whose deadline may be another one each time that it is looked at.
///
/// The timer of the runtime stays set to the earliest of them; when it goes off too early it is set anew.
#[derive(Default)]
pub(crate) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom it wakes.
    waker: Option<Waker>,
}

impl Alarm {
    /// Ready when the deadline has passed.
    pub(crate) fn poll(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
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
            Some(sleep) => pin!(unconstrained(sleep)).poll(cx),
            None => Poll::Pending,
        }
    }
}

/// The word that the server is about to end. While it is held, the server waits.
pub(crate) struct EndSignal {
    told: watch::Receiver<()>,
    change: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl EndSignal {
    pub(crate) fn new(told: watch::Receiver<()>) -> Self {
        Self { told, change: None }
    }

    /// Ready when the server is about to end, and from then on.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // A server that is gone altogether ends its connections too.
        if !matches!(self.told.has_changed(), Ok(false)) {
            return Poll::Ready(());
        }
        if self.change.is_some() {
            return Poll::Pending;
        }
        let mut told = self.told.clone();
        let change = self.change.insert(Box::pin(unconstrained(async move { drop(told.changed().await) })));
        change.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
        time::Duration,
    };

    use tokio::task::coop;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_goes_off_at_the_deadline_that_it_was_given_last() {
        let start = tokio::time::Instant::now();
        let mut alarm = Alarm::default();
        let at = |seconds| (start + Duration::from_secs(seconds)).into_std();
        assert!(poll_fn(|cx| Poll::Ready(alarm.poll(at(5), cx))).await.is_pending());
        poll_fn(|cx| alarm.poll(at(8), cx)).await;
        assert_eq!(start.elapsed().as_secs(), 8);
        assert!(poll_fn(|cx| Poll::Ready(alarm.poll(at(60), cx))).await.is_pending());
        poll_fn(|cx| alarm.poll(at(10), cx)).await;
        assert_eq!(start.elapsed().as_secs(), 10);
        assert!(poll_fn(|cx| Poll::Ready(alarm.poll(at(9), cx))).await.is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_wakes_whoever_looked_last() {
        let start = tokio::time::Instant::now();
        let (mut alarm, first, second) = (Alarm::default(), Arc::<Count>::default(), Arc::<Count>::default());
        let deadline = (start + Duration::from_secs(1)).into_std();
        for count in [&first, &second] {
            let waker = Waker::from(Arc::clone(count));
            assert!(alarm.poll(deadline, &mut Context::from_waker(&waker)).is_pending());
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (0, 1));
    }

    /// Lets the task have all that the runtime gives it before the others get their turn.
    async fn take_the_whole_share() {
        while coop::has_budget_remaining() {
            coop::consume_budget().await;
        }
    }

    // Seen to fail with a timer that the runtime may put off.
    #[tokio::test(start_paused = true)]
    async fn an_alarm_goes_off_for_a_task_that_has_had_its_share() {
        let start = tokio::time::Instant::now();
        let mut alarm = Alarm::default();
        let deadline = (start + Duration::from_secs(1)).into_std();
        take_the_whole_share().await;
        // The other timer wakes the task in any case, but late.
        let _ = tokio::time::timeout(Duration::from_secs(60), poll_fn(|cx| alarm.poll(deadline, cx))).await;
        assert_eq!(start.elapsed().as_secs(), 1);
    }

    // Seen to fail with a signal that the runtime may put off.
    #[tokio::test(start_paused = true)]
    async fn the_end_is_heard_of_by_a_task_that_has_had_its_share() {
        let start = tokio::time::Instant::now();
        let (stop, told) = watch::channel(());
        let mut waits = EndSignal::new(told);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stop.send(())
        });
        take_the_whole_share().await;
        let _ = tokio::time::timeout(Duration::from_secs(60), poll_fn(|cx| waits.poll(cx))).await;
        assert_eq!(start.elapsed().as_secs(), 1);
    }

    #[tokio::test]
    async fn the_end_is_heard_of_by_who_waits_and_by_who_asks_later() {
        let (stop, told) = watch::channel(());
        let (mut waits, mut asks) = (EndSignal::new(told.clone()), EndSignal::new(told));
        assert!(poll_fn(|cx| Poll::Ready(waits.poll(cx))).await.is_pending());
        stop.send(()).expect("somebody listens");
        poll_fn(|cx| waits.poll(cx)).await;
        poll_fn(|cx| waits.poll(cx)).await;
        poll_fn(|cx| asks.poll(cx)).await;
    }
}
