//! A JWT, and what one says that a key has signed.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pikku_core::__fuzz::fuzz_token(data));
