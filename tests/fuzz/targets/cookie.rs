//! The header `Cookie`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pikku_core::__fuzz::fuzz_cookie(data));
