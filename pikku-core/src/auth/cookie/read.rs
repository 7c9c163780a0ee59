//! Reading cookies, byte by byte.
//!
//! Nothing is decoded: a name that only looks like the right one is another name, and what else a browser has been made
//! to send along can't be in the way.

use http::{HeaderMap, header};

/// A cookie of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent<'h> {
    Nothing,
    One(&'h str),
    /// There are two of different values, and no way to tell which is ours; or its value is no text.
    Unclear,
}

/// The cookie of this very name.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Sent<'h> {
    let mut values = values(headers, name);
    let Some(value) = values.next() else { return Sent::Nothing };
    if values.any(|other| other != value) {
        return Sent::Unclear;
    }
    // HTTP leaves no room for more than ASCII.
    match std::str::from_utf8(value) {
        Ok(value) if value.is_ascii() => Sent::One(value),
        _ => Sent::Unclear,
    }
}

/// Everything that was sent under this very name. An empty value is that of a cookie that was taken away.
pub(super) fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h [u8]> {
    let pairs = headers.get_all(header::COOKIE).iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let value = pair[equals + 1..].trim_ascii();
        (pair[..equals].trim_ascii() == name.as_bytes() && !value.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cookies: &[&'static [u8]], expect: Sent<'_>) {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, http::HeaderValue::from_bytes(cookie).expect("a header"));
        }
        assert_eq!(cookie(&headers, "__Host-s"), expect, "{cookies:?}");
    }

    #[test]
    fn z3_a_name_is_compared_byte_by_byte() {
        check(&[b"a=b; __Host-s=x; c=d"], Sent::One("x"));
        check(&[b"a=b", b"__Host-s=x"], Sent::One("x"));
        check(&[b" __Host-s = x "], Sent::One("x"));
        check(&[b"__Host-s=x=y"], Sent::One("x=y"));
        for other in
            [&b"__%48ost-s=x"[..], b"__host-s=x", b"__Host-s", b"x__Host-s=x", b"=__Host-s=x", b"__Host-s=", b""]
        {
            check(&[other], Sent::Nothing);
        }
    }

    #[test]
    fn z3_what_else_is_sent_is_not_in_the_way() {
        check(&[b"other=\xff\xfe; __Host-s=x"], Sent::One("x"));
        check(&[b"\xff=1", b"__Host-s=x", b";;=;"], Sent::One("x"));
        check(&[b"__Host-s=\xff"], Sent::Unclear);
    }

    #[test]
    fn z3_two_of_one_name_are_unclear_unless_they_are_the_same() {
        check(&[b"__Host-s=x; __Host-s=x"], Sent::One("x"));
        check(&[b"__Host-s=x; __Host-s=y"], Sent::Unclear);
        check(&[b"__Host-s=x", b"__Host-s=y"], Sent::Unclear);
        check(&[b"__Host-s=; __Host-s=y"], Sent::One("y"));
    }
}
