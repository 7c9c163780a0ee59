//! Declaration maps, which lead an editor from a method of the client to the Rust function.

use std::path::Path;

use serde_json::json;

use super::super::File;
use crate::model::Function;

/// The map of a file of declarations: `marks` say with what the line of each function begins.
///
/// Functions of crates outside the workspace have no place in it, because their paths are those of one machine.
pub(super) fn render<'a>(
    declarations: &File,
    root: Option<&str>,
    marks: impl Iterator<Item = (String, &'a Function)>,
) -> File {
    let marks: Vec<_> = marks.filter(|(_, function)| Path::new(&function.file).is_relative()).collect();
    let mut sources: Vec<&str> = marks.iter().map(|(_, function)| function.file.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();

    let mut mappings = Vec::new();
    let (mut last_source, mut last_line) = (0, 0);
    for line in declarations.text.lines() {
        let Some((mark, function)) = marks.iter().find(|(mark, _)| line.starts_with(mark.as_str())) else {
            mappings.push(String::new());
            continue;
        };
        // The name is the last word before the bracket or colon that ends the mark.
        let name = mark[..mark.len() - 1].rfind(' ').map_or(0, |space| space + 1);
        let source = sources.iter().position(|source| *source == function.file).unwrap_or_default();
        let target = function.line.saturating_sub(1);
        let column = number(mark[..name].encode_utf16().count());
        let fields = [column, number(source) - last_source, i64::from(target) - last_line, 0];
        mappings.push(fields.into_iter().map(base64_vlq).collect::<String>());
        (last_source, last_line) = (number(source), i64::from(target));
    }

    let path = declarations.path.to_string_lossy();
    let map = json!({
        "version": 3,
        "file": path,
        "sourceRoot": root.unwrap_or_default(),
        "sources": sources,
        "names": [],
        "mappings": mappings.join(";"),
    });
    File { path: format!("{path}.map").into(), text: format!("{map}\n") }
}

fn number(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number as source maps write it: the sign in the lowest bit, five bits to a digit, the lowest first.
fn base64_vlq(value: i64) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut rest = (value.unsigned_abs() << 1) | u64::from(value < 0);
    let mut text = String::new();
    loop {
        let digit = rest & 31;
        rest >>= 5;
        let more = if rest > 0 { 32 } else { 0 };
        text.push(char::from(DIGITS[usize::try_from(digit | more).unwrap_or_default()]));
        if rest == 0 {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::base64_vlq;

    #[test]
    fn numbers_are_written_as_source_maps_have_them() {
        for (value, expect) in [(0, "A"), (1, "C"), (-1, "D"), (15, "e"), (16, "gB"), (-17, "jB"), (1000, "w+B")] {
            assert_eq!(base64_vlq(value), expect, "{value}");
        }
    }
}
