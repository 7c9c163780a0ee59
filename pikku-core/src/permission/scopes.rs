//! Scopes: what a session was granted, by names such as `todos:write`.

use std::fmt;

/// A session that says which scopes it was granted.
///
/// ```
/// use pikku_core::HasScopes;
///
/// struct UserSession {
///     scopes: Vec<String>,
/// }
///
/// impl HasScopes for UserSession {
///     fn scopes(&self) -> impl Iterator<Item = &str> {
///         self.scopes.iter().map(String::as_str)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the session `{Self}` does not say which scopes it has",
    label = "this permission asks for the scopes of `{Self}`",
    note = "help: write `impl pikku_core::HasScopes for {Self} {{ fn scopes(&self) -> impl Iterator<Item = &str> {{ … }} }}`"
)]
pub trait HasScopes {
    /// The scopes, in any order.
    fn scopes(&self) -> impl Iterator<Item = &str>;
}

/// Whether the session was granted a scope: `permissions = has_scope("todos:write")`.
///
/// Scopes are words joined by `:`, from the general to the special. What a granted scope covers:
///
/// | granted | covers | does not cover |
/// |---|---|---|
/// | `todos:write` | `todos:write` | `todos`, `todos:write:own` |
/// | `todos:*` | `todos:write`, `todos:write:own` | `todos`, `todosx:write` |
/// | `*` | everything | |
///
/// A scope covers others by a `*` at its end and in no other way, so that `todos` is no more than it says. The scope that
/// is asked for is taken as it is, and one with an empty word (`""`, `"todos:"`) is covered by nothing. Who is not signed
/// in has no scopes.
///
/// ```
/// # use pikku_core::{HasScopes, has_scope};
/// # struct UserSession { scopes: Vec<String> }
/// # impl HasScopes for UserSession {
/// #     fn scopes(&self) -> impl Iterator<Item = &str> { self.scopes.iter().map(String::as_str) }
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
/// let session = UserSession { scopes: vec!["todos:*".to_owned()] };
/// assert!(has_scope(&(), "todos:write", Some(&session)).await);
/// assert!(!has_scope(&(), "billing:read", Some(&session)).await);
/// # });
/// ```
pub async fn has_scope<V: Sync, S: HasScopes + Sync>(_services: &V, scope: &str, session: Option<&S>) -> bool {
    session.is_some_and(|session| holds(session, scope))
}

/// The permission to hold a scope, for many functions at once: `app.permission_at("/billing", require_scope("billing:*"))`.
///
/// It is [`has_scope`] where [`Pikku::permission`](crate::Pikku::permission) and the like want a permission. Callers who
/// are not signed in are answered 401.
///
/// # Panics
/// When the scope has an empty word, since nobody could hold it.
#[must_use]
pub fn require_scope(scope: &'static str) -> RequiredScope {
    assert!(is_sound(scope), "nobody can hold the scope `{scope}`; help: write words joined by `:`, `todos:write`");
    RequiredScope(scope)
}

/// The permission to hold a scope; [`require_scope`] makes it.
#[derive(Debug, Clone, Copy)]
pub struct RequiredScope(&'static str);

impl RequiredScope {
    pub(super) fn is_held_by(self, session: &impl HasScopes) -> bool {
        holds(session, self.0)
    }
}

impl fmt::Display for RequiredScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "has_scope({:?})", self.0)
    }
}

fn holds(session: &impl HasScopes, scope: &str) -> bool {
    is_sound(scope) && session.scopes().any(|granted| covers(granted, scope))
}

/// Whether no word of a scope is empty.
fn is_sound(scope: &str) -> bool {
    scope.split(':').all(|word| !word.is_empty())
}

fn covers(granted: &str, scope: &str) -> bool {
    match granted.strip_suffix('*') {
        Some("") => true,
        // `todos:*` covers what begins with `todos:`; a `*` inside of a word is a letter like any other.
        Some(above) if above.ends_with(':') => scope.starts_with(above),
        _ => granted == scope,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Granted(&'static [&'static str]);

    impl HasScopes for Granted {
        fn scopes(&self) -> impl Iterator<Item = &str> {
            self.0.iter().copied()
        }
    }

    fn check(granted: &'static [&'static str], scope: &str, expect: bool) {
        assert_eq!(holds(&Granted(granted), scope), expect, "{granted:?} for {scope:?}");
    }

    #[test]
    fn p1_a_scope_covers_what_it_says_and_no_more() {
        check(&["todos:write"], "todos:write", true);
        check(&["todos:read", "todos:write"], "todos:write", true);
        check(&["todos:write"], "todos:write:own", false);
        check(&["todos:write"], "todos:writer", false);
        check(&["todos"], "todos:write", false);
        check(&["todos:write"], "todos", false);
        check(&[], "todos", false);
    }

    #[test]
    fn p1_a_star_at_the_end_covers_what_is_below() {
        check(&["todos:*"], "todos:write", true);
        check(&["todos:*"], "todos:write:own", true);
        check(&["todos:write:*"], "todos:write:own", true);
        check(&["todos:*"], "todos", false);
        check(&["todos:*"], "todosx:write", false);
        check(&["todos:write:*"], "todos:write", false);
        check(&["*"], "todos:write", true);
        check(&["*"], "todos", true);
    }

    #[test]
    fn p1_a_star_anywhere_else_is_a_letter() {
        check(&["*:write"], "todos:write", false);
        check(&["todos*"], "todos:write", false);
        check(&["todos:w*"], "todos:write", false);
        check(&["todos:write"], "todos:*", false);
        check(&["todos:*"], "todos:*", true);
    }

    // Seen to fail with scopes with empty words covered like others.
    #[test]
    fn p2_an_empty_scope_is_covered_by_nothing() {
        for scope in ["", ":", "todos:", ":write", "todos::write"] {
            check(&["*", "", ":", "todos:", ":*", "todos:*", "todos::*"], scope, false);
        }
        check(&[""], "todos", false);
        check(&[":*"], "todos", false);
    }
}
