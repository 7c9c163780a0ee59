//! Which pages may open a connection.

use http::{HeaderMap, Uri, header};

/// Which pages may open a connection: browsers say where a page is from, and send its cookies along.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origins {
    /// Those of the server itself.
    #[default]
    SameOrigin,
    /// Those of the server itself, and these: `https://app.example.com`.
    Listed(Vec<String>),
    /// Any. Where cookies sign in, any page can then act for whoever looks at it.
    Any,
}

impl Origins {
    /// Whether a request may be upgraded. One without an origin is not from a page.
    pub(super) fn allow(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        match self {
            Self::Any => true,
            Self::Listed(listed) if listed.iter().any(|listed| listed.eq_ignore_ascii_case(origin)) => true,
            _ => is_same(origin, headers),
        }
    }
}

/// Whether an origin is that of the host that was asked.
fn is_same(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().map(ToString::to_string));
    match (host, authority) {
        (Some(host), Some(authority)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &Origins, host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a header"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a header"));
        }
        origins.allow(&headers)
    }

    #[test]
    fn c7_only_pages_of_the_same_origin_unless_listed() {
        let same = Origins::SameOrigin;
        assert!(allowed(&same, "a.example", None));
        assert!(allowed(&same, "a.example:8080", Some("http://A.example:8080")));
        for foreign in ["http://b.example", "http://a.example.evil", "http://a.example:1", "null", "", "garbage\u{80}"]
        {
            assert!(!allowed(&same, "a.example", Some(foreign)), "{foreign}");
        }
        let listed = Origins::Listed(vec!["https://app.example".to_owned()]);
        assert!(allowed(&listed, "a.example", Some("https://app.example")));
        assert!(allowed(&listed, "a.example", Some("https://a.example")));
        assert!(!allowed(&listed, "a.example", Some("http://app.example")));
    }
}
