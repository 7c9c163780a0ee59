//! JSON pointers, and the paths of validation reports made into them.

use std::fmt::Write as _;

use garde::{Path, Report, error::Kind};

use super::text::excerpt;
use crate::error::FieldError;

/// How many broken constraints are told. A list of many thousand bad items would else be answered with many megabytes.
const MOST: usize = 100;

/// The broken constraints of a report, one error for each, and one at the end that says how many are left out.
pub(super) fn field_errors(report: &Report) -> Vec<FieldError> {
    let mut errors = report.iter();
    let mut told: Vec<FieldError> = errors
        .by_ref()
        .take(MOST)
        .map(|(path, error)| FieldError { pointer: from_path(path), detail: excerpt(error.message()).into_owned() })
        .collect();
    match errors.count() {
        0 => {}
        more => told.push(FieldError { pointer: String::new(), detail: format!("{more} more errors are not listed") }),
    }
    told
}

/// Makes `tags[0].name` into `/tags/0/name`, part by part: a key of a map may have dots and brackets of its own.
fn from_path(path: &Path) -> String {
    let mut pointer = String::new();
    for (kind, name) in path.__iter().rev() {
        // The inside of an `Option` is a part without a name.
        if kind != Kind::None {
            push(&mut pointer, name);
        }
    }
    pointer
}

/// Appends one segment, escaped.
pub(super) fn push(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for c in excerpt(segment).chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// Appends an index.
pub(super) fn push_index(pointer: &mut String, index: usize) {
    // Writing to a string can't fail.
    let _ = write!(pointer, "/{index}");
}

/// Puts the wire's names for Rust's: of the patterns, the one that covers most of the pointer says what its segments are
/// called on the wire, and what is left of the pointer stays as it is.
///
/// A pattern is a pointer with `*` for each index and each key of a map; a `*` on the wire's side is what the same one
/// stands for on Rust's.
pub(super) fn rename(pointer: &str, renamed: &[(&str, &str)]) -> Option<String> {
    let fits = renamed.iter().filter_map(|(rust, wire)| Some((covered(rust, pointer)?, rust, wire)));
    let (covered, rust, wire) = fits.max_by_key(|(covered, ..)| *covered)?;
    let mut stars = segments(rust).zip(segments(pointer)).filter(|(name, _)| *name == "*").map(|(_, actual)| actual);
    let mut out = String::with_capacity(pointer.len() + wire.len());
    let names = segments(wire).map(|name| if name == "*" { stars.next().unwrap_or(name) } else { name });
    for segment in names.chain(segments(pointer).skip(covered.segments)) {
        out.push('/');
        out.push_str(segment);
    }
    Some(out)
}

/// How much of a pointer a pattern covers: more segments before fewer, and names before stars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Covered {
    segments: usize,
    names: usize,
}

fn covered(pattern: &str, pointer: &str) -> Option<Covered> {
    let mut covered = Covered { segments: 0, names: 0 };
    let mut actual = segments(pointer);
    for name in segments(pattern) {
        let segment = actual.next()?;
        covered.segments += 1;
        covered.names += usize::from(name != "*");
        if name != "*" && name != segment {
            return None;
        }
    }
    Some(covered)
}

fn segments(pointer: &str) -> impl Iterator<Item = &str> {
    pointer.split('/').skip(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_path_becomes_a_pointer() {
        assert_eq!(from_path(&Path::empty()), "");
        assert_eq!(from_path(&Path::new("title")), "/title");
        assert_eq!(from_path(&Path::new("tags").join(12_usize).join("name")), "/tags/12/name");
        assert_eq!(from_path(&Path::new("map").join("a.b[0]/c").join("")), "/map/a.b[0]~1c/");
    }

    #[test]
    fn a_long_report_is_cut_and_says_so() {
        let mut report = Report::new();
        for index in 0..MOST + 7 {
            report.append(Path::new(index), garde::Error::new("x".repeat(10_000)));
        }
        let errors = field_errors(&report);
        assert_eq!((errors.len(), errors[MOST - 1].pointer.as_str()), (MOST + 1, "/99"));
        assert!(errors[0].detail.len() < 600, "{}", errors[0].detail);
        assert_eq!((errors[MOST].pointer.as_str(), errors[MOST].detail.as_str()), ("", "7 more errors are not listed"));
    }

    #[test]
    fn names_are_those_of_the_place_in_the_data() {
        let renamed = &[
            ("/user_name", "/userName"),
            ("/parts/*/amount", "/parts/*/n"),
            ("/some_map", "/someMap"),
            ("/some_map/*/*/own_name", "/someMap/*/*/own-name"),
            ("/page/page_size", "/pageSize"),
            ("/page/first", "/first"),
            ("/pair/0/left_side", "/pair/0/leftSide"),
            ("/pair/*/left_side", "/pair/*/other"),
        ][..];
        for (rust, wire) in [
            ("/user_name", Some("/userName")),
            ("/user_name/0", Some("/userName/0")),
            ("/parts/12/amount", Some("/parts/12/n")),
            ("/parts/12/other", None),
            ("/amount", None),
            ("/parts/amount", None),
            ("/map/user_name/user_name", None),
            ("/user_name_too", None),
            ("/some_map/user_name", Some("/someMap/user_name")),
            ("/some_map/a~1b/3/own_name", Some("/someMap/a~1b/3/own-name")),
            ("/some_map/*/3/own_name/4", Some("/someMap/*/3/own-name/4")),
            ("/page/page_size", Some("/pageSize")),
            ("/page/first/1", Some("/first/1")),
            ("/pair/0/left_side", Some("/pair/0/leftSide")),
            ("/pair/1/left_side", Some("/pair/1/other")),
            ("", None),
        ] {
            assert_eq!(rename(rust, renamed).as_deref(), wire, "{rust}");
        }
    }

    #[test]
    fn segments_are_escaped() {
        let mut pointer = String::new();
        push(&mut pointer, "a/b~c");
        assert_eq!(pointer, "/a~1b~0c");
    }

    #[test]
    fn a_huge_key_is_not_given_back() {
        let mut pointer = String::new();
        push(&mut pointer, &"k".repeat(100_000));
        assert!(pointer.len() < 600, "{pointer}");
    }
}
