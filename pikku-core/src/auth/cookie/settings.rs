//! What a session cookie looks like.

use std::{borrow::Cow, time::Duration};

use cookie::{
    Cookie,
    time::{Duration as CookieDuration, OffsetDateTime},
};
use http::HeaderValue;

use crate::{
    auth::{days, weeks},
    error::Error,
};

/// Whether browsers send a cookie with requests from pages of another site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SameSite {
    /// Never, not even when somebody follows a link.
    Strict,
    /// When somebody follows a link, and at no other time.
    #[default]
    Lax,
    /// Always. The cookie has to be secure for that.
    None,
}

/// How a cookie is written, and how long it lasts.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) name: Cow<'static, str>,
    pub(super) expires_in: Duration,
    pub(super) at_most: Option<Duration>,
    pub(super) domain: Option<Cow<'static, str>>,
    pub(super) path: Cow<'static, str>,
    pub(super) same_site: SameSite,
    pub(super) is_secure: bool,
    pub(super) is_http_only: bool,
}

/// A name with it is taken from the very host only, over TLS, and for the whole of it.
const HOST: &str = "__Host-";
/// A name with it is taken over TLS only.
const SECURE: &str = "__Secure-";

/// Browsers forget a cookie that is larger, name and attributes included.
const LARGEST: usize = 4096;

impl Settings {
    pub(super) fn new(name: Cow<'static, str>) -> Self {
        Self {
            name,
            expires_in: weeks(1),
            at_most: None,
            domain: None,
            path: "/".into(),
            same_site: SameSite::Lax,
            is_secure: true,
            is_http_only: true,
        }
    }

    pub(super) fn at_most(&self) -> Duration {
        self.at_most.unwrap_or(days(90).max(self.expires_in))
    }

    /// The name that browsers know it by.
    pub(super) fn wire_name(&self) -> String {
        let name = &self.name;
        if !self.is_secure || name.starts_with(HOST) || name.starts_with(SECURE) {
            name.clone().into_owned()
        } else if self.is_of_host() {
            format!("{HOST}{name}")
        } else {
            format!("{SECURE}{name}")
        }
    }

    fn is_of_host(&self) -> bool {
        self.domain.is_none() && self.path == "/"
    }

    /// What is wrong with it, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        let name = &self.name;
        // A colon is no character of a token, and every browser takes it.
        let is_named = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_named) {
            return Err(format!(
                "`{name}` can't be the name of a cookie; help: write letters, digits and any of !#$%&'*+-.^_`|~:"
            ));
        }
        if name.starts_with(HOST) && !(self.is_secure && self.is_of_host()) {
            return Err(format!(
                "browsers refuse the cookie `{name}`; help: take `.domain(…)`, `.path(…)` and `.insecure()` away, or `{HOST}` out of its name"
            ));
        }
        if name.starts_with(SECURE) && !self.is_secure {
            return Err(format!(
                "browsers refuse the cookie `{name}`; help: take `.insecure()` away, or `{SECURE}` out of its name"
            ));
        }
        if self.same_site == SameSite::None && !self.is_secure {
            return Err(format!(
                "browsers refuse the cookie `{name}`; help: take `.insecure()` or `SameSite::None` away"
            ));
        }
        let is_attribute = |text: &str| text.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b';');
        if !self.path.starts_with('/') || !is_attribute(&self.path) {
            return Err(format!("`{}` can't be the path of a cookie; help: begin it with `/`", self.path));
        }
        if let Some(domain) = self.domain.as_ref().filter(|domain| domain.is_empty() || !is_attribute(domain)) {
            return Err(format!("`{domain}` can't be the domain of a cookie; help: write a host, `example.com`"));
        }
        if self.expires_in < Duration::from_secs(1) {
            return Err(format!("the cookie `{name}` ends at once; help: write `.expires_in(weeks(4))`"));
        }
        if self.at_most.is_some_and(|at_most| at_most < self.expires_in) {
            return Err(format!(
                "a session of the cookie `{name}` lasts longer unused than at the most; help: let `.at_most(…)` be no less than `.expires_in(…)`"
            ));
        }
        Ok(())
    }

    /// The header that sets the cookie for some time.
    pub(super) fn set(&self, value: &str, life: Duration) -> Result<HeaderValue, Error> {
        let life = CookieDuration::seconds(i64::try_from(life.as_secs()).unwrap_or(i64::MAX));
        self.write(value, life, None)
    }

    /// The header that takes the cookie away.
    pub(super) fn expire(&self) -> Result<HeaderValue, Error> {
        self.write("", CookieDuration::ZERO, Some(OffsetDateTime::UNIX_EPOCH))
    }

    fn write(&self, value: &str, life: CookieDuration, at: Option<OffsetDateTime>) -> Result<HeaderValue, Error> {
        let mut cookie = Cookie::build((self.wire_name(), value))
            .path(self.path.as_ref())
            .http_only(self.is_http_only)
            .secure(self.is_secure)
            .same_site(match self.same_site {
                SameSite::Strict => cookie::SameSite::Strict,
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::None => cookie::SameSite::None,
            })
            .max_age(life);
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain.as_ref());
        }
        if let Some(at) = at {
            cookie = cookie.expires(at);
        }
        let text = cookie.build().to_string();
        if text.len() > LARGEST {
            return Err(Error::new(
                "the session is too large for a cookie; help: keep it in a store, `auth_cookie(…).store()`",
            ));
        }
        let header = HeaderValue::try_from(text);
        let mut header = header.map_err(|error| Error::new("the cookie can't be a header").because(error))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &'static str) -> Settings {
        Settings::new(name.into())
    }

    fn written(settings: &Settings) -> String {
        settings.set("x", weeks(1)).expect("it is written").to_str().expect("it is text").to_owned()
    }

    #[test]
    fn a3_a_cookie_is_of_the_host_http_only_secure_and_lax() {
        assert_eq!(written(&settings("s")), "__Host-s=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=604800");
        assert_eq!(
            settings("s").expire().expect("it is written"),
            "__Host-s=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        );
        let domain = Settings { domain: Some("example.com".into()), ..settings("s") };
        assert_eq!(
            written(&domain),
            "__Secure-s=x; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=example.com; Max-Age=604800"
        );
        let plain = Settings { is_secure: false, same_site: SameSite::Strict, ..settings("pikku:session") };
        assert_eq!(written(&plain), "pikku:session=x; HttpOnly; SameSite=Strict; Path=/; Max-Age=604800");
        assert_eq!(settings("__Host-s").wire_name(), "__Host-s");
        assert_eq!(Settings { path: "/x".into(), ..settings("s") }.wire_name(), "__Secure-s");
    }

    #[test]
    fn a3_what_browsers_refuse_is_refused_at_the_start() {
        assert_eq!(settings("pikku:session").check(), Ok(()));
        let insecure = |name| Settings { is_secure: false, ..settings(name) };
        for (wrong, says) in [
            (settings(""), "can't be the name"),
            (settings("a b"), "can't be the name"),
            (settings("a=b"), "can't be the name"),
            (settings("é"), "can't be the name"),
            (insecure("__Host-s"), "`__Host-` out of its name"),
            (Settings { domain: Some("a.example".into()), ..settings("__Host-s") }, "`__Host-` out of its name"),
            (Settings { path: "/x".into(), ..settings("__Host-s") }, "`__Host-` out of its name"),
            (insecure("__Secure-s"), "`__Secure-` out of its name"),
            (Settings { same_site: SameSite::None, ..insecure("s") }, "`SameSite::None` away"),
            (Settings { path: "x".into(), ..settings("s") }, "path of a cookie"),
            (Settings { path: "/; Domain=evil".into(), ..settings("s") }, "path of a cookie"),
            (Settings { domain: Some("a; b".into()), ..settings("s") }, "domain of a cookie"),
            (Settings { expires_in: Duration::ZERO, ..settings("s") }, "ends at once"),
            (Settings { at_most: Some(days(1)), ..settings("s") }, "at the most"),
        ] {
            assert!(wrong.check().is_err_and(|problem| problem.contains(says)), "{wrong:?}");
        }
    }

    #[test]
    fn a3_a_session_that_no_browser_would_keep_is_an_error() {
        assert!(settings("s").set(&"x".repeat(LARGEST), weeks(1)).is_err());
    }
}
