//! Path, query, form and body, made into one document.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pikku_core::__fuzz::fuzz_merge(data));
