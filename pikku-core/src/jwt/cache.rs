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

struct Entry {
    hash: u64,
    token: Box<str>,
    claims: Arc<Claims>,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    pub(super) fn get(&self, token: &str) -> Option<Arc<Claims>> {
        let hash = self.hasher.hash_one(token);
        let slot = lock(self.slot(hash));
        // The hash is keyed with a secret. Texts are compared only where it is the same, so how long that takes tells
        // nobody how much of a signature was guessed.
        let entry = slot.as_ref().filter(|entry| entry.hash == hash && *entry.token == *token)?;
        Some(Arc::clone(&entry.claims))
    }

    pub(super) fn insert(&self, token: &str, claims: &Arc<Claims>) {
        if token.len() > LONGEST {
            return;
        }
        let hash = self.hasher.hash_one(token);
        let entry = Entry { hash, token: token.into(), claims: Arc::clone(claims) };
        let replaced = lock(self.slot(hash)).replace(entry);
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
