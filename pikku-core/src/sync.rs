//! Locks that a model checker can take the place of: with the feature `__loom` the tests try every order in which threads
//! can get them.

#[cfg(not(feature = "__loom"))]
pub(crate) use std::sync::{Mutex, MutexGuard};

#[cfg(feature = "__loom")]
pub(crate) use loom::sync::{Mutex, MutexGuard};
