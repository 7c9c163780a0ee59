//! The connections that are open for each session.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use super::{SessionKey, Sessions};
use crate::{channel::Connection, session::UserSessionService};

/// The connections that are open for each session, on this node.
pub(super) struct LiveConnections<S>(Mutex<HashMap<SessionKey, Vec<Live<S>>>>);

struct Live<S> {
    connection: Arc<Connection>,
    session: UserSessionService<S>,
}

impl<S> Default for LiveConnections<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S> LiveConnections<S> {
    pub(super) fn add(&self, key: SessionKey, connection: Arc<Connection>, session: UserSessionService<S>) {
        self.by_key().entry(key).or_default().push(Live { connection, session });
    }

    fn remove(&self, key: &SessionKey, connection: &Arc<Connection>) {
        let mut by_key = self.by_key();
        if let Some(connections) = by_key.get_mut(key) {
            connections.retain(|live| !Arc::ptr_eq(&live.connection, connection));
            if connections.is_empty() {
                by_key.remove(key);
            }
        }
    }

    pub(super) fn keys(&self) -> Vec<SessionKey> {
        self.by_key().keys().copied().collect()
    }

    /// Signs the connections of a session out, and closes them. Those that somebody else has signed in on since stay.
    pub(super) fn end(&self, key: &SessionKey) {
        let connections = self.by_key().remove(key).unwrap_or_default();
        for Live { connection, session } in connections {
            if session.end(key) {
                connection.outbound.close(4401, "the session has ended");
            }
        }
    }

    /// Tells the connections of a session that it was renewed.
    pub(super) fn extend(&self, key: &SessionKey, until: SystemTime) {
        if let Some(connections) = self.by_key().get(key) {
            connections.iter().for_each(|live| live.session.extend(key, until));
        }
    }

    fn by_key(&self) -> MutexGuard<'_, HashMap<SessionKey, Vec<Live<S>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection among those of its session, for as long as this is held.
pub(crate) struct Attached<S> {
    pub(super) sessions: Sessions<S>,
    pub(super) key: SessionKey,
    pub(super) connection: Arc<Connection>,
}

impl<S> Drop for Attached<S> {
    fn drop(&mut self) {
        self.sessions.live().remove(&self.key, &self.connection);
    }
}
