//! Who hears of what: topics, and everybody who is subscribed to them.

mod stream;
mod subscribers;

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::RandomState},
    fmt,
    hash::BuildHasher,
    sync::{Arc, PoisonError},
};

use serde::Serialize;
use tungstenite::{Message, Utf8Bytes};

pub use stream::TopicStream;
use subscribers::Subscribers;

use crate::{
    channel::{Channel, Connection},
    error::Error,
    sync::{Mutex, MutexGuard},
};

/// Publishes to everyone on a topic.
///
/// A function asks for it by value, `hub: EventHub`. A subscriber gets `{"topic": …, "data": …}`, which is put into JSON
/// once, however many there are. For each topic, everyone gets what is published in the same order. A connection that
/// closes leaves all its topics.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
/// use pikku_core::EventHub;
///
/// let hub = EventHub::new();
/// let reached = hub.publish("news", None, &"hello").await?;
/// assert_eq!(reached, 0);
/// # Ok::<(), pikku_core::Error>(()) }).expect("nothing fails in process");
/// ```
#[derive(Clone)]
pub struct EventHub(Arc<Hub>);

struct Hub {
    /// Topics by their keys, in shards, so that topics don't wait for each other.
    shards: [Mutex<HashMap<String, Arc<Mutex<Subscribers>>>>; SHARDS],
    hasher: RandomState,
}

/// A model checker is shown one, where all meet.
const SHARDS: usize = if cfg!(feature = "__loom") { 1 } else { 32 };

/// How many topics one connection may be on.
const TOPICS_PER_CONNECTION: usize = 1000;

/// How long the name of a topic may be.
const LONGEST_TOPIC: usize = 256;

/// A typed event: its topic, and who of those on the topic it is for.
///
/// Derive it: `#[derive(Serialize, JsonSchema, Topic)] #[topic("todo-created")]`. With `#[topic("todo-created", scope =
/// owner)]` it goes to those only who are subscribed within the scope that the field `owner` names.
pub trait Topic: Serialize {
    /// The topic.
    const NAME: &'static str;

    /// Whose topic it is, where everybody has one of their own.
    fn scope(&self) -> Option<Cow<'_, str>> {
        None
    }
}

impl EventHub {
    /// A hub with nobody on it.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Hub { shards: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new() }))
    }

    /// Puts a channel on a topic. It may be on it already.
    ///
    /// # Errors
    /// When the channel is closed, is on too many topics, or the topic's name is too long.
    pub fn subscribe<Out>(&self, topic: &str, channel: &Channel<Out>) -> Result<(), Error> {
        self.subscribe_key(key(topic, None), channel.connection())
    }

    /// Puts a channel on a topic within a scope, such as a user's own.
    ///
    /// # Errors
    /// Those of [`subscribe`](Self::subscribe).
    pub fn subscribe_scoped<Out>(&self, topic: &str, scope: &str, channel: &Channel<Out>) -> Result<(), Error> {
        self.subscribe_key(key(topic, Some(scope)), channel.connection())
    }

    /// Takes a channel off a topic. Says whether it was on it.
    pub fn unsubscribe<Out>(&self, topic: &str, channel: &Channel<Out>) -> bool {
        self.unsubscribe_key(&key(topic, None), channel.connection())
    }

    /// Takes a channel off a topic within a scope. Says whether it was on it.
    pub fn unsubscribe_scoped<Out>(&self, topic: &str, scope: &str, channel: &Channel<Out>) -> bool {
        self.unsubscribe_key(&key(topic, Some(scope)), channel.connection())
    }

    /// Publishes to everyone on a topic but the excluded channel, and says to how many.
    ///
    /// # Errors
    /// When the data can't be JSON.
    pub async fn publish(&self, topic: &str, exclude: Option<&str>, data: &impl Serialize) -> Result<usize, Error> {
        self.publish_key(&key(topic, None), exclude, &Push { topic, data })
    }

    /// Sends a value to everyone on a topic but the excluded channel, and says to how many.
    ///
    /// They get the value as it is, which does not say what topic it is on: for clients that speak something else.
    ///
    /// # Errors
    /// When the value can't be JSON.
    pub async fn broadcast(&self, topic: &str, exclude: Option<&str>, value: &impl Serialize) -> Result<usize, Error> {
        self.publish_key(&key(topic, None), exclude, value)
    }

    /// Publishes a typed event to everyone on its topic, within its scope, but the excluded channel.
    ///
    /// # Errors
    /// When the event can't be JSON.
    pub async fn emit<T: Topic>(&self, event: &T, exclude: Option<&str>) -> Result<usize, Error> {
        let key = key(T::NAME, event.scope().as_deref());
        self.publish_key(&key, exclude, &Push { topic: T::NAME, data: event })
    }

    /// How many topics there are that somebody is on.
    #[must_use]
    pub fn topics(&self) -> usize {
        self.0.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn publish_key(&self, key: &str, exclude: Option<&str>, value: &impl Serialize) -> Result<usize, Error> {
        let found = lock(self.shard(key)).get(key).cloned();
        let Some(subscribers) = found else { return Ok(0) };
        let json = serde_json::to_string(value);
        let json = json.map_err(|error| Error::new("an event can't be JSON").because(error))?;
        let message = Message::Text(Utf8Bytes::from(json));
        let mut reached = 0;
        // The lock is the topic's own: it keeps the order, and no other topic waits for it.
        for connection in lock(&subscribers).iter().filter(|connection| exclude != Some(connection.id.as_str())) {
            if connection.outbound.push(message.clone()).is_ok() {
                reached += 1;
            }
        }
        Ok(reached)
    }

    fn subscribe_key(&self, key: String, connection: &Arc<Connection>) -> Result<(), Error> {
        if key.len() > LONGEST_TOPIC {
            return Err(Error::new("the name of a topic is too long"));
        }
        // The connection's own list is locked around both changes, so that a close sees all of them or none.
        let mut topics = lock(&connection.topics);
        if !connection.outbound.is_open() {
            return Err(Error::new("the channel is closed"));
        }
        if topics.contains(&key) {
            return Ok(());
        }
        if topics.len() >= TOPICS_PER_CONNECTION {
            return Err(Error::new("the channel is on too many topics"));
        }
        let mut shard = lock(self.shard(&key));
        lock(shard.entry(key.clone()).or_default()).add(connection);
        topics.insert(key);
        Ok(())
    }

    fn unsubscribe_key(&self, key: &str, connection: &Arc<Connection>) -> bool {
        // As with a subscribe, the connection's own list is locked around both changes.
        let mut topics = lock(&connection.topics);
        let was_on_it = topics.remove(key);
        if was_on_it {
            self.remove(key, connection);
        }
        was_on_it
    }

    /// Takes a connection off all its topics.
    pub(crate) fn leave(&self, connection: &Arc<Connection>) {
        let mut topics = lock(&connection.topics);
        for topic in std::mem::take(&mut *topics) {
            self.remove(&topic, connection);
        }
    }

    fn remove(&self, key: &str, connection: &Arc<Connection>) {
        let mut shard = lock(self.shard(key));
        let Some(topic) = shard.get(key) else { return };
        let mut subscribers = lock(topic);
        subscribers.remove(connection);
        let is_empty = subscribers.is_empty();
        drop(subscribers);
        if is_empty {
            shard.remove(key);
        }
    }

    fn shard(&self, key: &str) -> &Mutex<HashMap<String, Arc<Mutex<Subscribers>>>> {
        let hash = self.0.hasher.hash_one(key);
        // The remainder is below the number of shards, so it always fits.
        &self.0.shards[usize::try_from(hash % SHARDS as u64).unwrap_or(0)]
    }
}

/// What a subscriber gets.
#[derive(Serialize)]
struct Push<'p, T> {
    topic: &'p str,
    data: &'p T,
}

/// The key of a topic within a scope. No topic's name has the separator in it that a caller could have chosen.
fn key(topic: &str, scope: Option<&str>) -> String {
    match scope {
        Some(scope) => format!("{topic}\u{0}{scope}"),
        None => topic.replace('\u{0}', "\u{fffd}"),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for EventHub {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for EventHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventHub").field("topics", &self.topics()).finish()
    }
}

#[cfg(all(test, feature = "__loom"))]
mod races;

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::channel::{Outbound, SlowConsumer, outbound::Next};

    fn channel(id: &str) -> Channel {
        Channel::new(Arc::new(Connection::new(id.to_owned(), Outbound::new(1 << 20, SlowConsumer::Disconnect))))
    }

    fn received(channel: &Channel) -> Vec<String> {
        let mut context = Context::from_waker(Waker::noop());
        std::iter::from_fn(|| match channel.connection().outbound.poll_next(&mut context) {
            Poll::Ready(Next::Message(message)) => message.to_text().ok().map(str::to_owned),
            _ => None,
        })
        .collect()
    }

    #[tokio::test]
    async fn e1_everyone_on_a_topic_gets_it_but_the_excluded() {
        let (hub, one, two, other) = (EventHub::new(), channel("1"), channel("2"), channel("3"));
        for channel in [&one, &two] {
            hub.subscribe("t", channel).expect("it is open");
            hub.subscribe("t", channel).expect("twice is once");
        }
        hub.subscribe("u", &other).expect("it is open");
        assert_eq!(hub.publish("t", Some("1"), &7).await.expect("it is JSON"), 1);
        assert_eq!(hub.publish("t", None, &8).await.expect("it is JSON"), 2);
        assert_eq!(received(&one), [r#"{"topic":"t","data":8}"#]);
        assert_eq!(received(&two), [r#"{"topic":"t","data":7}"#, r#"{"topic":"t","data":8}"#]);
        assert!(received(&other).is_empty());
    }

    #[tokio::test]
    async fn e1_a_scope_is_a_topic_of_its_own() {
        let (hub, ada, eve) = (EventHub::new(), channel("ada"), channel("eve"));
        hub.subscribe_scoped("t", "ada", &ada).expect("it is open");
        hub.subscribe("t\u{0}ada", &eve).expect("it is open");
        hub.subscribe("t", &eve).expect("it is open");
        assert_eq!(hub.publish_key(&key("t", Some("ada")), None, &1).expect("it is JSON"), 1);
        assert_eq!(received(&ada), ["1"]);
        assert!(received(&eve).is_empty());
    }

    #[tokio::test]
    async fn e1_a_closed_channel_leaves_all_its_topics() {
        let (hub, one) = (EventHub::new(), channel("1"));
        for topic in ["a", "b", "c"] {
            hub.subscribe(topic, &one).expect("it is open");
        }
        assert_eq!(hub.topics(), 3);
        assert!(hub.unsubscribe("a", &one) && !hub.unsubscribe("a", &one));
        one.close(1000, "");
        hub.leave(one.connection());
        assert_eq!(hub.topics(), 0);
        assert!(hub.subscribe("a", &one).is_err());
    }

    #[test]
    fn z5_long_names_and_too_many_topics_are_refused() {
        let (hub, one) = (EventHub::new(), channel("1"));
        assert!(hub.subscribe(&"x".repeat(10_000), &one).is_err());
        for number in 0..TOPICS_PER_CONNECTION {
            hub.subscribe(&number.to_string(), &one).expect("there is room");
        }
        assert!(hub.subscribe("one more", &one).is_err());
    }
}
