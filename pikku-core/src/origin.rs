//! Which pages may act for whoever is signed in.

use http::{HeaderMap, HeaderName, Method, StatusCode, header, request::Parts};

use crate::error::Problem;

/// Which pages may open a connection, and change things in the name of whom a cookie signs in.
///
/// Browsers say where a page is from, and send the server's cookies along whoever's page it is.
///
/// A page is of the server itself if it has the host and the port that were asked for. Whether that was over TLS is not
/// compared, since a proxy in front of the server may have ended it. Where a proxy changes `Host`, list the origin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origins {
    /// Those of the server itself.
    #[default]
    SameOrigin,
    /// Those of the server itself, and these: `https://app.example.com`.
    Listed(Vec<String>),
    /// Any may open a connection. It can't be together with [`auth_cookie`](crate::auth_cookie): any page could then act
    /// for whoever looks at it.
    Any,
}

/// What a browser says of the page that a request is from, in relation to the server.
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Origins {
    /// Whether a request may be upgraded. One without an origin is not from a page.
    pub(crate) fn allow(&self, parts: &Parts) -> bool {
        match origin(&parts.headers) {
            Sent::Nothing => true,
            Sent::One(origin) => *self == Self::Any || is_same(origin, parts) || self.lists(origin),
            Sent::Garbage => *self == Self::Any,
        }
    }

    /// Whether a request comes from a page that is none of ours.
    ///
    /// A browser of these days says so itself. Where it doesn't, its `Origin` is compared, and what has neither header is
    /// no browser, so that nobody's cookies are sent along against their will.
    pub(crate) fn is_cross_site(&self, parts: &Parts) -> bool {
        let origin = origin(&parts.headers);
        let listed = matches!(origin, Sent::One(origin) if self.lists(origin));
        match parts.headers.get(&SEC_FETCH_SITE).map(|site| site.as_bytes()) {
            Some(b"same-origin" | b"none") => false,
            Some(_) => !listed,
            None => match origin {
                Sent::Nothing => false,
                Sent::One(origin) => !listed && !is_same(origin, parts),
                Sent::Garbage => true,
            },
        }
    }

    fn lists(&self, origin: &str) -> bool {
        let Self::Listed(listed) = self else { return false };
        Origin::parse(origin).is_some_and(|origin| listed.iter().any(|listed| Origin::parse(listed) == Some(origin)))
    }

    /// What is wrong with the list, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self::Listed(listed) = self else { return Ok(()) };
        match listed.iter().find(|listed| Origin::parse(listed).is_none()) {
            Some(wrong) => Err(format!(
                "`{wrong}` is no origin; help: write the scheme, the host and the port if it isn't the scheme's own, `https://app.example.com`"
            )),
            None => Ok(()),
        }
    }
}

/// Refuses a request that changes something from a page that is none of ours.
pub(crate) fn check_cross_site(origins: &Origins, parts: &Parts) -> Result<(), Problem> {
    let is_safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    if is_safe || !origins.is_cross_site(parts) { Ok(()) } else { Err(cross_site()) }
}

pub(crate) fn cross_site() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "cross_site_request")
        .with_detail("pages of another site may not act for whoever is signed in")
}

/// What was sent as `Origin`.
enum Sent<'h> {
    Nothing,
    One(&'h str),
    Garbage,
}

fn origin(headers: &HeaderMap) -> Sent<'_> {
    let mut values = headers.get_all(header::ORIGIN).iter();
    match (values.next(), values.next()) {
        (None, _) => Sent::Nothing,
        (Some(value), None) => value.to_str().map_or(Sent::Garbage, Sent::One),
        (Some(_), Some(_)) => Sent::Garbage,
    }
}

/// Whether an origin is that of the host that was asked.
fn is_same(origin: &str, parts: &Parts) -> bool {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // HTTP/2 has no `Host`.
    let host = host.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
    match (Origin::parse(origin), host) {
        (Some(origin), Some(host)) => origin.has_authority(host),
        _ => false,
    }
}

/// An origin as browsers write it.
#[derive(Debug, Clone, Copy)]
struct Origin<'o> {
    is_tls: bool,
    host: &'o str,
    port: u16,
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_tls == other.is_tls && self.port == other.port && self.host.eq_ignore_ascii_case(other.host)
    }
}

impl<'o> Origin<'o> {
    fn parse(text: &'o str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let is_tls = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ => return None,
        };
        let (host, port) = split_authority(authority)?;
        Some(Self { is_tls, host, port: port.unwrap_or(default_port(is_tls)) })
    }

    fn has_authority(&self, authority: &str) -> bool {
        split_authority(authority).is_some_and(|(host, port)| {
            host.eq_ignore_ascii_case(self.host) && port.unwrap_or(default_port(self.is_tls)) == self.port
        })
    }
}

fn default_port(is_tls: bool) -> u16 {
    if is_tls { 443 } else { 80 }
}

/// Host and port of an authority without user information; none if it is no such thing.
fn split_authority(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address stand in brackets.
    let colon = authority.rfind(':').filter(|colon| authority.rfind(']').is_none_or(|bracket| *colon > bracket));
    let (host, port) = match colon {
        Some(colon) => (&authority[..colon], Some(authority[colon + 1..].parse().ok()?)),
        None => (authority, None),
    };
    let is_host =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte));
    is_host.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&'static str, &str)]) -> Parts {
        let mut request = http::Request::post("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn allowed(origins: &Origins, host: &str, origin: Option<&str>) -> bool {
        let mut headers = vec![("host", host)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        origins.allow(&parts(&headers))
    }

    // Seen to fail with the first of two origins taken.
    #[test]
    fn c7_only_pages_of_the_same_origin_unless_listed() {
        let same = Origins::SameOrigin;
        assert!(allowed(&same, "a.example", None));
        for (host, origin) in [
            ("a.example:8080", "http://A.example:8080"),
            ("a.example", "https://a.example"),
            ("a.example:443", "https://a.example"),
            ("a.example", "https://a.example:443"),
            ("[::1]:4002", "http://[::1]:4002"),
        ] {
            assert!(allowed(&same, host, Some(origin)), "{host} {origin}");
        }
        for foreign in [
            "http://b.example",
            "http://a.example.evil",
            "http://a.example:1",
            "https://a.example:80",
            "http://evil@a.example",
            "http://a.example/",
            "http://a.example#",
            "ftp://a.example",
            "a.example",
            "null",
            "",
            "garbage\u{80}",
        ] {
            assert!(!allowed(&same, "a.example", Some(foreign)), "{foreign}");
        }
        let listed = Origins::Listed(vec!["https://app.example".to_owned()]);
        assert!(allowed(&listed, "a.example", Some("https://app.example")));
        assert!(allowed(&listed, "a.example", Some("https://APP.example:443")));
        assert!(allowed(&listed, "a.example", Some("https://a.example")));
        assert!(!allowed(&listed, "a.example", Some("http://app.example")));
        assert!(!allowed(&same, "a.example", Some("http://a.example, http://b.example")));
        let two = parts(&[("host", "a.example"), ("origin", "http://a.example"), ("origin", "http://a.example")]);
        assert!(!same.allow(&two));
    }

    // Seen to fail with the header `Host` alone looked at.
    #[test]
    fn c7_without_a_host_header_the_target_counts() {
        let request = http::Request::get("https://a.example/x").header("origin", "https://a.example").body(());
        let (parts, ()) = request.expect("a request").into_parts();
        assert!(Origins::SameOrigin.allow(&parts));
    }

    #[test]
    fn a7_what_the_browser_says_comes_first_and_what_is_no_browser_passes() {
        let check = |origins: &Origins, site: Option<&str>, origin: Option<&str>, expect: bool| {
            let mut headers = vec![("host", "a.example")];
            headers.extend(site.map(|site| ("sec-fetch-site", site)));
            headers.extend(origin.map(|origin| ("origin", origin)));
            assert_eq!(origins.is_cross_site(&parts(&headers)), expect, "{site:?} {origin:?}");
        };
        let same = Origins::SameOrigin;
        check(&same, None, None, false);
        check(&same, Some("same-origin"), Some("null"), false);
        check(&same, Some("none"), None, false);
        check(&same, Some("cross-site"), None, true);
        check(&same, Some("same-site"), Some("https://b.a.example"), true);
        // The same host without TLS is another site.
        check(&same, Some("cross-site"), Some("http://a.example"), true);
        check(&same, Some("anything"), Some("https://a.example"), true);
        check(&same, None, Some("https://a.example"), false);
        check(&same, None, Some("null"), true);
        check(&same, None, Some("https://evil.example"), true);
        let listed = Origins::Listed(vec!["https://app.example".to_owned()]);
        check(&listed, Some("cross-site"), Some("https://app.example"), false);
        check(&listed, Some("cross-site"), Some("https://evil.example"), true);
        check(&listed, None, Some("https://app.example"), false);
    }

    // Seen to fail with the list taken as it is.
    #[test]
    fn c7_a_list_of_what_is_no_origin_is_refused() {
        for wrong in ["app.example", "https://app.example/", "null", "*", "https://*.example"] {
            let problem = Origins::Listed(vec!["https://a.example".to_owned(), wrong.to_owned()]).check();
            assert!(problem.is_err_and(|problem| problem.contains(wrong)), "{wrong}");
        }
        assert_eq!(Origins::Listed(vec!["http://localhost:4002".to_owned()]).check(), Ok(()));
    }
}
