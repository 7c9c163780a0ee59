//! Tests for what you implement yourself.
//!
//! Each is a function that panics where an implementation breaks the rules of its trait; call it from a test of yours.

mod session_store;

pub use session_store::session_store;
