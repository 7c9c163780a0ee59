//! JSON pointers, and the paths of validation reports made into them.

use std::fmt::Write as _;

use crate::error::FieldError;

/// The broken constraints of a report, one error for each.
pub(super) fn field_errors(report: &garde::Report) -> Vec<FieldError> {
    report
        .iter()
        .map(|(path, error)| FieldError { pointer: from_path(&path.to_string()), detail: error.to_string() })
        .collect()
}

/// Makes `tags[0].name` into `/tags/0/name`.
fn from_path(path: &str) -> String {
    let mut pointer = String::new();
    for segment in path.split(['.', '[']).filter(|segment| !segment.is_empty()) {
        push(&mut pointer, segment.strip_suffix(']').unwrap_or(segment));
    }
    pointer
}

/// Appends one segment, escaped.
pub(super) fn push(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for c in segment.chars() {
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

/// Puts other names for those listed.
pub(super) fn rename(pointer: &str, renamed: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(pointer.len());
    for segment in pointer.split('/').skip(1) {
        let name = renamed.iter().find(|(rust, _)| *rust == segment).map_or(segment, |(_, wire)| wire);
        out.push('/');
        out.push_str(name);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_path_becomes_a_pointer() {
        assert_eq!(from_path(""), "");
        assert_eq!(from_path("title"), "/title");
        assert_eq!(from_path("tags[12].name"), "/tags/12/name");
    }

    #[test]
    fn names_are_put_whole_segment_by_whole_segment() {
        assert_eq!(rename("/todo_id/0/todo_id_too", &[("todo_id", "todoId")]), "/todoId/0/todo_id_too");
    }

    #[test]
    fn segments_are_escaped() {
        let mut pointer = String::new();
        push(&mut pointer, "a/b~c");
        assert_eq!(pointer, "/a~1b~0c");
    }
}
