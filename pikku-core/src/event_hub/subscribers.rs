//! Those who are subscribed to one topic.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, DefaultHasher},
    sync::Arc,
};

use crate::channel::Connection;

/// How many may be looked through for one who leaves.
const FEW: usize = 32;

/// Those who are subscribed to one topic, in a list that a publish goes through from one end to the other.
///
/// Where each of many stands is written down. Otherwise all who leave at once, as they do when their network fails, would be
/// looked for among all others, one by one.
#[derive(Default)]
pub(super) struct Subscribers {
    connections: Vec<Arc<Connection>>,
    /// Where each stands, by its address in memory, which no client chooses. It is empty until there are many.
    places: HashMap<usize, usize, BuildHasherDefault<DefaultHasher>>,
}

impl Subscribers {
    /// Adds one who is not there yet.
    pub(super) fn add(&mut self, connection: &Arc<Connection>) {
        self.connections.push(Arc::clone(connection));
        if self.connections.len() > FEW || !self.places.is_empty() {
            // All of them the first time, and from then on only the last.
            let known = self.places.len();
            let unknown = self.connections.iter().enumerate().skip(known);
            self.places.extend(unknown.map(|(place, connection)| (address(connection), place)));
        }
    }

    /// Takes one out, if it is there.
    pub(super) fn remove(&mut self, connection: &Arc<Connection>) {
        let place = match self.places.is_empty() {
            true => self.connections.iter().position(|known| Arc::ptr_eq(known, connection)),
            false => self.places.remove(&address(connection)),
        };
        let Some(place) = place else { return };
        self.connections.swap_remove(place);
        if let Some(moved) = self.connections.get(place)
            && let Some(known) = self.places.get_mut(&address(moved))
        {
            *known = place;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Connection>> {
        self.connections.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }
}

fn address(connection: &Arc<Connection>) -> usize {
    Arc::as_ptr(connection).addr()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::channel::{Outbound, SlowConsumer};

    fn connections(count: usize) -> Vec<Arc<Connection>> {
        let outbound = || Outbound::new(0, SlowConsumer::Disconnect);
        (0..count).map(|number| Arc::new(Connection::new(number.to_string(), outbound()))).collect()
    }

    fn ids(subscribers: &Subscribers) -> Vec<usize> {
        let mut ids: Vec<_> = subscribers.iter().map(|connection| connection.id.parse().expect("a number")).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn e1_whoever_leaves_is_taken_out_and_nobody_else_be_they_few_or_many() {
        for count in [3, FEW, FEW + 1, 4 * FEW] {
            let (connections, mut subscribers) = (connections(count), Subscribers::default());
            connections.iter().for_each(|connection| subscribers.add(connection));
            let mut there: Vec<usize> = (0..count).collect();
            // All but two leave, some come back, and then all leave.
            for (leave, come_back) in [(count - 2, count.min(5) - 2), (count, 0)] {
                let mut gone = Vec::new();
                for step in 0..leave.min(there.len()) {
                    // From the start, from the end and from between, and twice is once.
                    let last = there.len() - 1;
                    let leaver = there.remove([0, last, last / 2][step % 3]);
                    subscribers.remove(&connections[leaver]);
                    subscribers.remove(&connections[leaver]);
                    assert_eq!(ids(&subscribers), there);
                    gone.push(leaver);
                }
                for comer in gone.into_iter().take(come_back) {
                    subscribers.add(&connections[comer]);
                    there.push(comer);
                    there.sort_unstable();
                    assert_eq!(ids(&subscribers), there);
                }
            }
            assert!(subscribers.is_empty() && subscribers.places.is_empty());
        }
    }

    // Seen to take a hundred times as long with whoever leaves looked for among all others.
    #[test]
    fn z5_many_leave_as_fast_as_they_came() {
        let (connections, mut subscribers) = (connections(100_000), Subscribers::default());
        let start = Instant::now();
        connections.iter().for_each(|connection| subscribers.add(connection));
        let coming = start.elapsed();
        let start = Instant::now();
        connections.iter().rev().for_each(|connection| subscribers.remove(connection));
        let leaving = start.elapsed();
        assert!(subscribers.is_empty());
        assert!(leaving < 10 * coming, "they came in {coming:?} and left in {leaving:?}");
    }
}
