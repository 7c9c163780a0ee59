//! What holds for the cookies of whatever request.

use http::{HeaderMap, HeaderValue, header};

use super::read::{Sent, cookie};

const NAME: &str = "__Host-s";

/// Takes each line for a `Cookie` header.
pub fn fuzz_cookie(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for value in data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        headers.append(header::COOKIE, value);
    }
    let mut sent = Vec::new();
    for pair in headers.get_all(header::COOKIE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';')) {
        let (name, value) = pair.split_at(pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len()));
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.trim_ascii() == NAME.as_bytes() && !value.is_empty() && !sent.contains(&value) {
            sent.push(value);
        }
    }
    match (cookie(&headers, NAME), sent.as_slice()) {
        (Sent::Nothing, []) => {}
        (Sent::One(value), [only]) => assert!(only.is_ascii() && value.as_bytes() == *only, "another value: {value:?}"),
        (Sent::Unclear, [only]) => assert!(!only.is_ascii(), "it is clear: {only:?}"),
        (Sent::Unclear, [_, _, ..]) => {}
        (read, sent) => panic!("{read:?} of {sent:?}"),
    }
}
