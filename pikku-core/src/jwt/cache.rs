//! Tokens whose signature was found to fit.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::claims::{Audience, Claims};

/// How many sets of tokens there are, and how many tokens each has room for.
const SETS: usize = 4096;
const WAYS: usize = 4;

/// A token longer than this, or for more audiences, is verified each time, so that what is remembered takes 64 MiB at the
/// most.
const LONGEST: usize = 2048;
const MOST_AUDIENCES: usize = 8;

/// Remembers what tokens say whose signature fits.
///
/// Each token belongs to one small set. When that is full, a new one takes the place of the one that has been in it for
/// longest, so that there is nothing to sweep, and no lock that all requests share. A cache belongs to the keys that the
/// signatures were checked with, and goes when they do. Whether a token is good *now* is no part of what is remembered.
pub(super) struct Cache {
    sets: Box<[Mutex<Set>]>,
    hasher: RandomState,
}

#[derive(Default)]
struct Set {
    entries: Vec<Entry>,
    /// The place of the entry that goes next, once all are taken.
    oldest: usize,
}

struct Entry {
    hash: u64,
    token: Box<str>,
    claims: Arc<Claims>,
}

impl Cache {
    pub(super) fn new() -> Self {
        Self { sets: (0..SETS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    pub(super) fn get(&self, token: &str) -> Option<Arc<Claims>> {
        let hash = self.hasher.hash_one(token);
        let set = lock(self.set(hash));
        // The hash is keyed with a secret. Texts are compared only where it is the same, so how long that takes tells
        // nobody how much of a signature was guessed.
        let entry = set.entries.iter().find(|entry| entry.hash == hash && *entry.token == *token)?;
        Some(Arc::clone(&entry.claims))
    }

    pub(super) fn insert(&self, token: &str, claims: &Arc<Claims>) {
        let audiences = match &claims.audience {
            Some(Audience::Several(several)) => several.len(),
            _ => 1,
        };
        if token.len() > LONGEST || audiences > MOST_AUDIENCES {
            return;
        }
        let hash = self.hasher.hash_one(token);
        let entry = Entry { hash, token: token.into(), claims: Arc::clone(claims) };
        let left_over = lock(self.set(hash)).insert(entry);
        // What has no place is freed after the lock.
        drop(left_over);
    }

    fn set(&self, hash: u64) -> &Mutex<Set> {
        // The remainder is below the number of sets, so it always fits.
        &self.sets[usize::try_from(hash % SETS as u64).unwrap_or(0)]
    }
}

impl Set {
    /// Takes an entry in, and gives back the one that there is no place for.
    fn insert(&mut self, entry: Entry) -> Option<Entry> {
        // Requests that come together with a new token all verify it.
        if self.entries.iter().any(|known| known.hash == entry.hash && known.token == entry.token) {
            return Some(entry);
        }
        if self.entries.len() < WAYS {
            self.entries.push(entry);
            return None;
        }
        let place = self.oldest;
        self.oldest = (place + 1) % WAYS;
        Some(mem::replace(&mut self.entries[place], entry))
    }
}

/// A set is sound after each step, so a panic elsewhere changes nothing.
fn lock(set: &Mutex<Set>) -> MutexGuard<'_, Set> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(cache: &Cache, tokens: &[String]) -> usize {
        tokens.iter().filter(|token| cache.get(token).is_some()).count()
    }

    // Seen to fail with a token that takes a place each time that it is verified.
    #[test]
    fn j3_a_token_takes_one_place() {
        let mut set = Set::default();
        let claims = Arc::new(Claims::parse(None, br#"{"exp":1}"#).expect("they are claims"));
        for (hash, token) in [(1, "a"), (2, "b"), (1, "c"), (1, "a"), (1, "a"), (1, "a")] {
            set.insert(Entry { hash, token: token.into(), claims: Arc::clone(&claims) });
        }
        assert_eq!(set.entries.iter().map(|entry| &*entry.token).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    // Seen to fail with tokens remembered however many audiences they have.
    #[test]
    fn j3_a_token_for_many_audiences_is_not_remembered() {
        let cache = Cache::new();
        for (audiences, expect) in [(1, true), (MOST_AUDIENCES, true), (MOST_AUDIENCES + 1, false)] {
            let json = serde_json::json!({ "exp": 1, "aud": vec!["a"; audiences] }).to_string();
            let claims = Claims::parse(None, json.as_bytes()).expect("they are claims");
            cache.insert(&json, &Arc::new(claims));
            assert_eq!(cache.get(&json).is_some(), expect, "{audiences}");
        }
    }

    // Seen to fail with room for one token in each set.
    #[test]
    fn j3_the_tokens_of_thousands_are_remembered_and_not_those_of_all() {
        let cache = Cache::new();
        let claims = Arc::new(Claims::parse(None, br#"{"exp":1}"#).expect("they are claims"));
        let tokens: Vec<_> = (0..5 * SETS * WAYS).map(|user| format!("the token of {user}")).collect();
        let few = &tokens[..SETS];
        few.iter().for_each(|token| cache.insert(token, &claims));
        assert!(remembered(&cache, few) > SETS * 98 / 100);
        tokens.iter().for_each(|token| cache.insert(token, &claims));
        let all = remembered(&cache, &tokens);
        assert!(all <= SETS * WAYS && all > SETS * WAYS * 99 / 100);
        // Most of those that came last have a place.
        assert!(remembered(&cache, &tokens[4 * SETS * WAYS..]) > SETS * WAYS * 3 / 4);
    }
}
