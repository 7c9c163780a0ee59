//! Subscriptions: what comes over a socket, to whoever listens.
//!
//! Everyone who listens reads at a pace of their own from a buffer that is bounded, and what they make of it happens in
//! their own task: nobody can hold up or break the connection, nor any other listener.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

use super::state::State;
use crate::error::{DecodeError, Error};

/// What comes over a socket of one kind, one after another.
///
/// It is a [`Stream`], and can also be used without one:
///
/// ```no_run
/// # use pikku_client::{Subscription, SubscriptionError};
/// # async fn example(mut created: Subscription<String>) -> Result<(), SubscriptionError> {
/// while let Some(title) = created.next().await {
///     match title {
///         Err(SubscriptionError::Lagged(missed)) => println!("and {missed} more"),
///         title => println!("{}", title?),
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// It goes on over all connections of the socket, and ends when that is closed for good. It does not keep the socket
/// open. Whoever falls behind by more than the socket's buffer misses the oldest, and is told how many; what doesn't fit
/// the contract is an error; after either it goes on.
pub struct Subscription<T> {
    /// What comes before all else.
    first: Option<Notice>,
    notices: BroadcastStream<Notice>,
    read: fn(Notice) -> serde_json::Result<T>,
}

/// Why an item of a subscription is missing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// So many were missed, as more came than the buffer holds before they were taken.
    #[error("{0} were missed; help: take them faster, or give the socket a larger buffer, `with_buffer`")]
    Lagged(u64),
    /// What came doesn't fit the contract.
    #[error(transparent)]
    Decode(DecodeError),
}

/// Something that somebody may listen to.
#[derive(Debug, Clone)]
pub(super) enum Notice {
    Json(Arc<RawValue>),
    Text(Arc<String>),
    Binary(Bytes),
    State(State),
    Error(Arc<Error>),
}

impl<T> Subscription<T> {
    /// The next one, or `None` once the socket is closed for good.
    pub async fn next(&mut self) -> Option<Result<T, SubscriptionError>> {
        StreamExt::next(self).await
    }
}

impl<T> Stream for Subscription<T> {
    type Item = Result<T, SubscriptionError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let notice = match this.first.take() {
            Some(notice) => Ok(notice),
            None => match ready!(this.notices.poll_next_unpin(context)) {
                Some(notice) => notice,
                None => return Poll::Ready(None),
            },
        };
        Poll::Ready(Some(match notice {
            Ok(notice) => (this.read)(notice).map_err(|cause| SubscriptionError::Decode(decode_error(cause))),
            Err(BroadcastStreamRecvError::Lagged(missed)) => Err(SubscriptionError::Lagged(missed)),
        }))
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Subscription").finish_non_exhaustive()
    }
}

/// What came over a socket and doesn't fit.
pub(super) fn decode_error(cause: serde_json::Error) -> DecodeError {
    DecodeError { status: None, request_id: None, cause }
}

/// Notices are read as the kind that their source has.
fn unexpected<T>() -> serde_json::Result<T> {
    Err(serde::de::Error::custom("it is of another kind"))
}

pub(super) fn read_json<T: DeserializeOwned>(notice: Notice) -> serde_json::Result<T> {
    match notice {
        Notice::Json(json) => serde_json::from_str(json.get()),
        _ => unexpected(),
    }
}

pub(super) fn read_text(notice: Notice) -> serde_json::Result<String> {
    match notice {
        // The only one who listens gets it without a copy.
        Notice::Text(text) => Ok(Arc::unwrap_or_clone(text)),
        _ => unexpected(),
    }
}

pub(super) fn read_binary(notice: Notice) -> serde_json::Result<Bytes> {
    match notice {
        Notice::Binary(bytes) => Ok(bytes),
        _ => unexpected(),
    }
}

pub(super) fn read_state(notice: Notice) -> serde_json::Result<State> {
    match notice {
        Notice::State(state) => Ok(state),
        _ => unexpected(),
    }
}

pub(super) fn read_error(notice: Notice) -> serde_json::Result<Arc<Error>> {
    match notice {
        Notice::Error(error) => Ok(error),
        _ => unexpected(),
    }
}

/// What there is to listen to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Topic(String),
    Replies(String),
    Messages,
    Texts,
    Binary,
    States,
    Errors,
}

impl Source {
    /// Whether it is kept for the first who listens. What a channel says by itself, it says as soon as a connection is
    /// open, when nobody can have asked for it yet. Texts are not, as hardly anybody ever takes them.
    fn is_kept(&self) -> bool {
        matches!(self, Self::Messages | Self::Binary | Self::Errors)
    }
}

/// Who listens to what.
#[derive(Debug)]
pub(super) struct Listeners {
    capacity: usize,
    senders: HashMap<Source, broadcast::Sender<Notice>>,
    /// What is kept for the first who listens.
    kept: HashMap<Source, broadcast::Receiver<Notice>>,
    /// What somebody has listened to.
    claimed: HashSet<Source>,
    is_closed: bool,
}

impl Listeners {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, senders: HashMap::new(), kept: HashMap::new(), claimed: HashSet::new(), is_closed: false }
    }

    pub(super) fn subscribe<T>(
        &mut self,
        source: Source,
        first: Option<Notice>,
        read: fn(Notice) -> serde_json::Result<T>,
    ) -> Subscription<T> {
        let receiver = match self.kept.remove(&source) {
            Some(kept) => kept,
            None => match self.senders.get(&source) {
                Some(sender) => sender.subscribe(),
                None => self.open(source.clone()),
            },
        };
        if source.is_kept() {
            self.claimed.insert(source);
        }
        Subscription { first, notices: BroadcastStream::new(receiver), read }
    }

    fn open(&mut self, source: Source) -> broadcast::Receiver<Notice> {
        let (sender, receiver) = broadcast::channel(self.capacity);
        // Without its sender it ends at once.
        if !self.is_closed {
            self.senders.retain(|_, sender| sender.receiver_count() > 0);
            self.senders.insert(source, sender);
        }
        receiver
    }

    /// Tells everyone who listens, and says whether anybody will hear of it.
    pub(super) fn tell(&mut self, source: &Source, notice: Notice) -> bool {
        if self.is_closed {
            return false;
        }
        if !self.senders.contains_key(source) && source.is_kept() && !self.claimed.contains(source) {
            let receiver = self.open(source.clone());
            self.kept.insert(source.clone(), receiver);
        }
        self.senders.get(source).is_some_and(|sender| sender.send(notice).is_ok())
            && (!source.is_kept() || self.claimed.contains(source))
    }

    /// Ends all subscriptions, once they have been read to their end.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.senders.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u8) -> Notice {
        Notice::Binary(Bytes::from(vec![number]))
    }

    async fn rest(mut subscription: Subscription<Bytes>) -> Vec<Result<u8, u64>> {
        let mut items = Vec::new();
        while let Some(item) = subscription.next().await {
            items.push(match item {
                Ok(bytes) => Ok(bytes[0]),
                Err(SubscriptionError::Lagged(missed)) => Err(missed),
                Err(other) => panic!("{other}"),
            });
        }
        items
    }

    #[tokio::test]
    async fn who_falls_behind_misses_the_oldest_and_is_told() {
        let mut listeners = Listeners::new(2);
        let (slow, fast) = (Source::Topic("t".to_owned()), Source::Topic("u".to_owned()));
        let slow_one = listeners.subscribe(slow.clone(), None, read_binary);
        let mut fast_one = listeners.subscribe(fast.clone(), None, read_binary);
        for sent in 0..5 {
            listeners.tell(&slow, number(sent));
            listeners.tell(&fast, number(sent));
            let item = fast_one.next().await.expect("it goes on").expect("nothing is missed");
            assert_eq!(item[0], sent);
        }
        listeners.close();
        assert_eq!(rest(slow_one).await, [Err(3), Ok(3), Ok(4)]);
        assert_eq!(rest(listeners.subscribe(slow, None, read_binary)).await, []);
    }

    #[tokio::test]
    async fn what_came_before_anybody_listened_is_kept_for_the_first() {
        let mut listeners = Listeners::new(2);
        assert!(!listeners.tell(&Source::Binary, number(1)));
        assert!(!listeners.tell(&Source::Topic("t".to_owned()), number(1)));
        let first = listeners.subscribe(Source::Binary, None, read_binary);
        let second = listeners.subscribe(Source::Binary, None, read_binary);
        assert!(listeners.tell(&Source::Binary, number(2)));
        let topic = listeners.subscribe(Source::Topic("t".to_owned()), None, read_binary);
        listeners.close();
        assert_eq!(rest(first).await, [Ok(1), Ok(2)]);
        assert_eq!((rest(second).await, rest(topic).await), (vec![Ok(2)], vec![]));
    }

    #[test]
    fn who_no_longer_listens_is_forgotten() {
        let mut listeners = Listeners::new(2);
        for topic in 0..100 {
            drop(listeners.subscribe(Source::Topic(topic.to_string()), None, read_binary));
        }
        assert_eq!(listeners.senders.len(), 1);
    }
}
