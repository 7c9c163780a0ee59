//! Tokens whose signature was found to fit.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::claims::Claims;

/// How many tokens are remembered at the most.
const SLOTS: usize = 4096;

/// A token longer than this is verified each time, so that what is remembered takes 16 MiB at the most.
const LONGEST: usize = 2048;

/// Remembers what tokens say whose signature fits.
///
/// Each token has one slot, and takes it from the one that had it before: there is nothing to sweep, and no lock that
/// all requests share. It belongs to the keys that the signatures were checked with, and goes when they do. Whether a
/// token is good *now* is no part of what is remembered.
pub(super) struct Cache {
    slots: Box<[Mutex<Option<Entry>>]>,
    hasher: RandomState,
}

#[derive(Clone)]
struct Entry {
    hash: u64,
    known: Arc<Known>,
}

struct Known {
    token: Box<str>,
    claims: Arc<Claims>,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    pub(super) fn get(&self, token: &str) -> Option<Arc<Claims>> {
        let hash = self.hasher.hash_one(token);
        let Entry { hash: found, known } = lock(self.slot(hash)).clone()?;
        // The hash is keyed with a secret. Texts are compared only where it is the same, so how long that takes tells
        // nobody how much of a signature was guessed.
        (found == hash && *known.token == *token).then(|| Arc::clone(&known.claims))
    }

    pub(super) fn insert(&self, token: &str, claims: &Arc<Claims>) {
        if token.len() > LONGEST {
            return;
        }
        let hash = self.hasher.hash_one(token);
        let known = Arc::new(Known { token: token.into(), claims: Arc::clone(claims) });
        let replaced = lock(self.slot(hash)).replace(Entry { hash, known });
        // What was there is freed after the lock.
        drop(replaced);
    }

    fn slot(&self, hash: u64) -> &Mutex<Option<Entry>> {
        // The remainder is below the number of slots, so it always fits.
        &self.slots[usize::try_from(hash % SLOTS as u64).unwrap_or(0)]
    }
}

/// A slot is replaced as a whole, so a panic elsewhere leaves it sound.
fn lock(slot: &Mutex<Option<Entry>>) -> MutexGuard<'_, Option<Entry>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
