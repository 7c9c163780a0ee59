//! What a token is for, which its header says (`typ`, RFC 8725 section 3.11).

use std::sync::Arc;

/// What the tokens of a service are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A session, which is what a token is for that doesn't say.
    Session,
    /// Anything else, by its `typ`.
    Other(Arc<str>),
}

impl Purpose {
    /// The purpose of this name.
    ///
    /// # Panics
    /// When the name can't be one.
    pub(super) fn named(name: &str) -> Self {
        let is_word =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        assert!(is_word, "`{name}` can't be a purpose\n  help: take letters, digits, `-`, `.` and `_`");
        assert!(
            !name.eq_ignore_ascii_case("at"),
            "`at` can't be a purpose, since access tokens (`at+jwt`) are sessions\n  help: take another name"
        );
        Self::Other(format!("{}+jwt", name.to_ascii_lowercase()).into())
    }

    /// The `typ` of the tokens.
    pub(super) fn typ(&self) -> &str {
        match self {
            Self::Session => "JWT",
            Self::Other(typ) => typ,
        }
    }

    /// Whether a token of this `typ` is for it.
    pub(super) fn accepts(&self, typ: Option<&str>) -> bool {
        // It is a media type, so case means nothing, and `application/` is usually left away.
        let typ = typ.map(|typ| match typ.split_at_checked("application/".len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
            _ => typ,
        });
        match (self, typ) {
            (Self::Session, None) => true,
            (Self::Session, Some(typ)) => typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt"),
            (Self::Other(_), None) => false,
            (Self::Other(own), Some(typ)) => typ.eq_ignore_ascii_case(own),
        }
    }
}
