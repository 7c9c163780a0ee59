//! What holds for the bearer token of whatever request.

use http::{HeaderMap, HeaderValue, header};

use super::bearer::bearer_token;

/// Takes each line for an `Authorization` header.
pub fn fuzz_authorization(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for value in data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        headers.append(header::AUTHORIZATION, value);
    }
    let is_bearer = |value: &&HeaderValue| {
        let lower = value.as_bytes().to_ascii_lowercase();
        lower == b"bearer" || lower.starts_with(b"bearer ")
    };
    let bearers: Vec<_> = headers.get_all(header::AUTHORIZATION).iter().filter(is_bearer).collect();
    match (bearer_token(&headers), bearers.as_slice()) {
        (None, []) => {}
        (Some(None), [_, _, ..]) => {}
        (Some(None), [only]) => {
            let token = only.as_bytes()[6..].trim_ascii();
            assert!(token.is_empty() || !token.is_ascii(), "it can be read: {only:?}");
        }
        (Some(Some(token)), [only]) => {
            assert!(!token.is_empty() && token.is_ascii() && token.trim() == token, "{token:?}");
            assert_eq!(only.as_bytes()[6..].trim_ascii(), token.as_bytes());
        }
        (read, sent) => panic!("{read:?} of {sent:?}"),
    }
}
