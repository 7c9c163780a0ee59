//! Sessions in the memory of one process.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use super::{SessionKey, SessionRecord, SessionStore};
use crate::error::Error;

/// Sessions in the memory of one process: a restart signs everybody out, and other nodes know nothing of them.
pub struct MemorySessionStore<S>(Mutex<HashMap<SessionKey, SessionRecord<S>>>);

impl<S> MemorySessionStore<S> {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self(Mutex::default())
    }

    fn records(&self) -> MutexGuard<'_, HashMap<SessionKey, SessionRecord<S>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &SessionKey) -> Option<SessionRecord<S>> {
        self.records().get(key).filter(|record| record.is_live()).cloned()
    }
}

impl<S> SessionRecord<S> {
    fn is_live(&self) -> bool {
        self.expires_at > SystemTime::now()
    }
}

impl<S> Default for MemorySessionStore<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> fmt::Debug for MemorySessionStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessionStore").field("sessions", &self.records().len()).finish()
    }
}

impl<S: Send + Sync + 'static> SessionStore<S> for MemorySessionStore<S> {
    async fn create(&self, record: SessionRecord<S>) -> Result<(), Error> {
        self.records().insert(record.key, record);
        Ok(())
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<SessionRecord<S>>, Error> {
        Ok(self.find(key))
    }

    fn load_now(&self, key: &SessionKey) -> Option<Result<Option<SessionRecord<S>>, Error>> {
        Some(Ok(self.find(key)))
    }

    async fn renew(&self, key: &SessionKey, expires_at: SystemTime) -> Result<bool, Error> {
        let mut records = self.records();
        let record = records.get_mut(key).filter(|record| record.is_live());
        Ok(record.map(|record| record.expires_at = expires_at).is_some())
    }

    async fn revoke(&self, key: &SessionKey) -> Result<(), Error> {
        self.records().remove(key);
        Ok(())
    }

    async fn revoke_all_of(&self, user: &str) -> Result<Vec<SessionKey>, Error> {
        Ok(self.records().extract_if(|_, record| record.user == user).map(|(key, _)| key).collect())
    }

    async fn list_of(&self, user: &str) -> Result<Vec<SessionRecord<S>>, Error> {
        Ok(self.records().values().filter(|record| record.user == user && record.is_live()).cloned().collect())
    }

    async fn ends_of(&self, keys: &[SessionKey]) -> Result<Vec<(SessionKey, SystemTime)>, Error> {
        let records = self.records();
        let live = keys.iter().filter_map(|key| Some((*key, records.get(key).filter(|record| record.is_live())?)));
        Ok(live.map(|(key, record)| (key, record.expires_at)).collect())
    }

    async fn purge(&self) -> Result<(), Error> {
        self.records().retain(|_, record| record.is_live());
        Ok(())
    }
}
