//! The address of a server, and the addresses under it.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use crate::error::EncodeError;

/// Everything but the characters that mean the same with and without an escape (RFC 3986, unreserved).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The address of a server isn't one that requests can be made to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}; help: write the server's address as in `http://127.0.0.1:4002`")]
pub struct BaseUrlError {
    fault: String,
}

/// The address of a server, perhaps with a path under which the application lies.
#[derive(Clone)]
pub(crate) struct BaseUrl {
    /// Without a slash at the end.
    text: String,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let fault = |fault: String| Err(BaseUrlError { fault });
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => return fault(format!("`{text}` is not a URL ({error})")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            // The address is not repeated, as it holds the secret.
            return fault("the URL holds a user name or a password, which belong into `with_header`".to_owned());
        }
        if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
            return fault(format!("`{text}` is not an http or https URL"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return fault(format!("`{text}` has a query or a fragment"));
        }
        // The address of a channel is one of the server's as well, but for the scheme.
        let address = url.as_str().trim_end_matches('/');
        Ok(Self { text: address.strip_prefix("ws").map_or_else(|| address.to_owned(), |rest| format!("http{rest}")) })
    }

    /// The address of a route: the path with its parameters filled in, and the query.
    ///
    /// # Errors
    ///
    /// If a value can't stand in a path: an empty one would be another route's path, and `.` and `..` are taken out of
    /// paths by every URL library on the way, however they are escaped.
    pub(crate) fn route(
        &self,
        path: &str,
        mut value: impl FnMut(&str) -> Result<String, EncodeError>,
        query: &[(String, String)],
    ) -> Result<Url, EncodeError> {
        let mut address = self.text.clone();
        for segment in path.split('/').skip(1) {
            address.push('/');
            let start = address.len();
            push_segment(&mut address, segment, &mut value)?;
            if let (Some(name), "." | "..") = (parameters(segment).next(), &address[start..]) {
                return Err(EncodeError::Path { field: name.to_owned(), fault: "can't be `.` or `..`" });
            }
        }
        for (index, (name, value)) in query.iter().enumerate() {
            address.push(if index == 0 { '?' } else { '&' });
            address.extend(utf8_percent_encode(name, RESERVED));
            address.push('=');
            address.extend(utf8_percent_encode(value, RESERVED));
        }
        Url::parse(&address).map_err(|error| EncodeError::Url(error.to_string()))
    }
}

#[cfg(feature = "socket")]
impl BaseUrl {
    /// The address of a channel, under that of the server or in place of it: it may name the channel already.
    ///
    /// # Errors
    ///
    /// As those of [`BaseUrl::route`].
    pub(crate) fn channel(
        &self,
        route: &str,
        value: impl FnMut(&str) -> Result<String, EncodeError>,
        query: &[(String, String)],
    ) -> Result<Url, EncodeError> {
        let url = Self { text: ROOT.to_owned() }.route(route, value, &[])?;
        let prefix = match url.path().trim_end_matches('/') {
            "" => None,
            path => self.path().strip_suffix(path).map(|before| before.len()),
        };
        let base = match prefix {
            Some(length) => &self.text[..self.text.len() - self.path().len() + length],
            None => &self.text,
        };
        let address = format!("{base}{}", url.path());
        let mut url = Url::parse(&address).map_err(|error| EncodeError::Url(error.to_string()))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // Between these schemes it can always be changed.
        let _ = url.set_scheme(scheme);
        Ok(url)
    }

    /// What follows the host, without a slash at the end.
    fn path(&self) -> &str {
        let host = self.text.find("://").map_or(0, |at| at + 3);
        self.text[host..].find('/').map_or("", |at| &self.text[host + at..])
    }
}

/// Some address, to read a path from.
#[cfg(feature = "socket")]
const ROOT: &str = "http://localhost";

/// One segment of a path, which is text with parameters in it.
fn push_segment(
    address: &mut String,
    segment: &str,
    value: &mut impl FnMut(&str) -> Result<String, EncodeError>,
) -> Result<(), EncodeError> {
    let mut rest = segment;
    while let Some((text, name, after)) = next_parameter(rest) {
        address.push_str(text);
        let (name, many) = name.strip_prefix('*').map_or((name, false), |name| (name, true));
        let value = value(name)?;
        let fault = |fault| EncodeError::Path { field: name.to_owned(), fault };
        if value.is_empty() {
            return Err(fault("can't be empty"));
        }
        if many {
            // A wildcard takes the rest of the path, slashes and all.
            if value.split('/').any(|part| matches!(part, "." | "..")) {
                return Err(fault("can't have `.` or `..` between slashes"));
            }
            let parts: Vec<_> = value.split('/').map(|part| utf8_percent_encode(part, RESERVED).to_string()).collect();
            address.push_str(&parts.join("/"));
        } else {
            address.extend(utf8_percent_encode(&value, RESERVED));
        }
        rest = after;
    }
    address.push_str(rest);
    Ok(())
}

/// The text before the next parameter, its name, and what follows.
fn next_parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The names of a path's parameters.
pub(crate) fn parameters(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        let (_, name, after) = next_parameter(rest)?;
        rest = after;
        Some(name.strip_prefix('*').unwrap_or(name))
    })
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(path: &str, value: &str) -> Result<String, String> {
        let base = BaseUrl::parse("http://localhost:1/api/").map_err(|error| error.to_string())?;
        let query = [("a b".to_owned(), "c&d+e".to_owned()), ("x".to_owned(), "ü".to_owned())];
        base.route(path, |_| Ok(value.to_owned()), &query).map(String::from).map_err(|error| error.to_string())
    }

    #[test]
    fn parameters_are_always_encoded() {
        let expected = "http://localhost:1/api/todos/a%2Fb%20%3F%23%25c/x?a%20b=c%26d%2Be&x=%C3%BC";
        assert_eq!(route("/todos/{todoId}/x", "a/b ?#%c").as_deref(), Ok(expected));
        assert!(route("/files/{name}.txt", "..").is_ok_and(|url| url.contains("/files/...txt?")));
        assert!(route("/files/{*path}", "a b/c").is_ok_and(|url| url.contains("/files/a%20b/c?")));
    }

    #[test]
    fn values_that_would_change_the_route_are_refused() {
        for value in ["", ".", ".."] {
            let error = route("/todos/{todoId}", value).expect_err("it must be refused");
            assert!(error.contains("`todoId`"), "{error}");
        }
        assert!(route("/files/{*path}", "a/../b").is_err());
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_help() {
        for text in ["", "localhost", "ftp://x", "http://x/?a=b", "http://user:hunter2@x"] {
            let error = BaseUrl::parse(text).expect_err("it must be refused").to_string();
            assert!(error.contains("; help: ") && !error.contains("hunter2"), "{error}");
        }
    }
}
