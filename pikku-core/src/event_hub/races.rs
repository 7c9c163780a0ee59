//! What happens on a hub at the same time, in every order that it can.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_util::FutureExt;
use loom::thread;

use super::EventHub;
use crate::channel::{Channel, Connection, Outbound, SlowConsumer, outbound::Next};

fn channel(id: &str) -> Channel {
    Channel::new(Arc::new(Connection::new(id.to_owned(), Outbound::new(1 << 20, SlowConsumer::Disconnect))))
}

/// What a connection does when it ends.
fn end(hub: &EventHub, channel: &Channel) {
    channel.connection().outbound.end();
    hub.leave(channel.connection());
}

fn publish(hub: &EventHub, data: u32) -> usize {
    hub.publish("t", None, &data).now_or_never().expect("it waits for nothing").expect("it is JSON")
}

/// The numbers that a channel was sent.
fn received(channel: &Channel) -> Vec<u32> {
    let mut context = Context::from_waker(Waker::noop());
    std::iter::from_fn(|| match channel.connection().outbound.poll_next(&mut context) {
        Poll::Ready(Next::Message(message)) => {
            let push: serde_json::Value = serde_json::from_str(message.to_text().ok()?).ok()?;
            u32::try_from(push["data"].as_u64()?).ok()
        }
        _ => None,
    })
    .collect()
}

// Seen to fail with the look whether the connection is open before its topics are locked.
#[test]
fn e1_who_closes_while_it_subscribes_is_on_no_topic() {
    loom::model(|| {
        let (hub, one) = (EventHub::new(), channel("1"));
        let subscriber = {
            let (hub, one) = (hub.clone(), one.clone());
            thread::spawn(move || hub.subscribe("t", &one).is_ok())
        };
        end(&hub, &one);
        let _ = subscriber.join().expect("it does not panic");
        assert_eq!((hub.topics(), publish(&hub, 1)), (0, 0));
    });
}

// Seen to fail with a connection that is taken off its own list before it is taken off the topic.
#[test]
fn e1_who_leaves_while_it_subscribes_is_on_the_topic_once_or_not_at_all() {
    loom::model(|| {
        let (hub, one) = (EventHub::new(), channel("1"));
        hub.subscribe("t", &one).expect("it is open");
        let leaver = {
            let (hub, one) = (hub.clone(), one.clone());
            thread::spawn(move || hub.unsubscribe("t", &one))
        };
        hub.subscribe("t", &one).expect("it is open");
        assert!(publish(&hub, 1) <= 1);
        assert!(leaver.join().expect("it does not panic"));
        let is_on_it = hub.unsubscribe("t", &one);
        assert_eq!((hub.topics(), publish(&hub, 2)), (0, 0), "it was on its own list: {is_on_it}");
    });
}

#[test]
fn e1_who_is_subscribed_hears_everything_while_others_come_and_go() {
    loom::model(|| {
        let (hub, other, stays) = (EventHub::new(), channel("1"), channel("2"));
        hub.subscribe("t", &other).expect("it is open");
        let leaver = {
            let (hub, other) = (hub.clone(), other.clone());
            // The topic may be empty for a moment, and is not the same one afterwards.
            thread::spawn(move || hub.unsubscribe("t", &other))
        };
        hub.subscribe("t", &stays).expect("it is open");
        let publisher = {
            let hub = hub.clone();
            thread::spawn(move || publish(&hub, 1))
        };
        assert!(publisher.join().expect("it does not panic") >= 1);
        assert!(leaver.join().expect("it does not panic"));
        assert_eq!(received(&stays), [1]);
        publish(&hub, 2);
        assert!(!received(&other).contains(&2));
    });
}

// Seen to fail with a publish that lets go of the topic before it has told everyone.
#[test]
fn e2_all_subscribers_hear_two_publishers_in_the_same_order() {
    loom::model(|| {
        let (hub, one, two) = (EventHub::new(), channel("1"), channel("2"));
        for channel in [&one, &two] {
            hub.subscribe("t", channel).expect("it is open");
        }
        let publisher = {
            let hub = hub.clone();
            thread::spawn(move || publish(&hub, 1))
        };
        publish(&hub, 2);
        publisher.join().expect("it does not panic");
        let heard = received(&one);
        assert_eq!(heard.len(), 2);
        assert_eq!(received(&two), heard);
    });
}

#[test]
fn e1_a_publish_reaches_who_closes_whole_or_not_at_all() {
    loom::model(|| {
        let (hub, one) = (EventHub::new(), channel("1"));
        hub.subscribe("t", &one).expect("it is open");
        let publisher = {
            let hub = hub.clone();
            thread::spawn(move || publish(&hub, 1))
        };
        end(&hub, &one);
        assert!(publisher.join().expect("it does not panic") <= 1);
        assert_eq!((hub.topics(), received(&one)), (0, Vec::new()));
    });
}
