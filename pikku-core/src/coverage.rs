//! Which calls something was added for: all of them, those below a path, or those with a tag.

use crate::http::Route;

/// What middleware or a permission was added for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Everything,
    Prefix(&'static str),
    Tag(&'static str),
}

impl Scope {
    pub(crate) fn covers(self, route: &Route) -> bool {
        match self {
            Self::Everything => true,
            Self::Prefix(prefix) => is_below(prefix, route.path),
            Self::Tag(tag) => route.tags.contains(&tag),
        }
    }

    /// Wider scopes come first.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Everything => 0,
            Self::Prefix(_) => 1,
            Self::Tag(_) => 2,
        }
    }
}

/// Whether a path is the prefix or below it: `/admin` covers `/admin` and `/admin/x`, and not `/administrator`.
pub(crate) fn is_below(prefix: &str, path: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Something that holds on a route: for all functions there, or for those with a tag.
///
/// On a channel there are many functions behind one route, and each has tags of its own.
#[derive(Debug, Clone)]
pub(crate) struct Held<T> {
    tag: Option<&'static str>,
    pub(crate) value: T,
}

impl<T> Held<T> {
    /// Whether it holds for a function with these tags.
    pub(crate) fn covers(&self, tags: &[&str]) -> bool {
        self.tag.is_none_or(|tag| tags.contains(&tag))
    }
}

/// What holds on a route, wider scopes first and otherwise in the order in which it was added.
pub(crate) fn held_on<T: Clone>(route: &Route, scoped: impl Iterator<Item = (Scope, T)>) -> Vec<Held<T>> {
    let mut held: Vec<(u8, Held<T>)> = scoped
        .filter_map(|(scope, value)| {
            let tag = match scope {
                _ if scope.covers(route) => None,
                Scope::Tag(tag) => Some(tag),
                _ => return None,
            };
            Some((scope.rank(), Held { tag, value }))
        })
        .collect();
    held.sort_by_key(|(rank, _)| *rank);
    held.into_iter().map(|(_, held)| held).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Seen to fail with a prefix compared as text.
    #[test]
    fn h2_a_prefix_covers_whole_segments() {
        let covers = |prefix, path| Scope::Prefix(prefix).covers(&Route::new("GET", path, "f"));
        assert!(covers("/admin", "/admin"));
        assert!(covers("/admin", "/admin/x"));
        assert!(covers("/admin/", "/admin/x"));
        assert!(covers("/", "/anything"));
        assert!(!covers("/admin", "/administrator"));
        assert!(!covers("/admin", "/"));
    }

    // Seen to fail with what holds left in the order in which it was added, and with tags of functions not looked at.
    #[test]
    fn p3_what_holds_on_a_route_comes_from_the_wide_to_the_narrow() {
        let route = Route { tags: &["live"], ..Route::new("GET", "/admin/events", "Events") };
        let scoped = [
            (Scope::Tag("live"), "tag"),
            (Scope::Tag("billing"), "other tag"),
            (Scope::Prefix("/admin"), "prefix"),
            (Scope::Prefix("/other"), "other prefix"),
            (Scope::Everything, "first"),
            (Scope::Everything, "second"),
        ];
        let held = held_on(&route, scoped.into_iter());
        let of = |tags: &[&str]| -> Vec<&str> {
            held.iter().filter(|held| held.covers(tags)).map(|held| held.value).collect()
        };
        assert_eq!(of(&[]), ["first", "second", "prefix", "tag"]);
        assert_eq!(of(&["billing"]), ["first", "second", "prefix", "tag", "other tag"]);
    }
}
