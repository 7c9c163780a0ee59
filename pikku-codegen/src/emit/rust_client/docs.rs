//! Doc comments, on their way from the functions crate into the client.

use proc_macro2::TokenStream;
use quote::quote;

/// Doc attributes for text that is ours, which pretty printing turns into `///` lines.
pub(super) fn doc(text: &str) -> TokenStream {
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}

/// Doc text of the user's that is to stand in another crate.
///
/// Its examples would become doctests of the client's crate, and its links to items would lead nowhere there, so that
/// code blocks are marked as such and links to items become plain text.
pub(super) fn carried(text: &str) -> String {
    let mut lines = Vec::new();
    let mut fence: Option<String> = None;
    for line in text.trim_end().lines() {
        let line = line.trim_end();
        let indent = line.len() - line.trim_start().len();
        let marks: String = line.trim_start().chars().take_while(|letter| matches!(letter, '`' | '~')).collect();
        match &fence {
            Some(open) => {
                if marks.starts_with(open.as_str()) && line.trim() == marks {
                    fence = None;
                }
                lines.push(line.to_owned());
            }
            None if marks.len() >= 3 => {
                let language = line.trim_start()[marks.len()..].trim();
                let language = match language.split([',', ' ']).next().unwrap_or_default() {
                    "" | "rust" | "should_panic" | "no_run" | "compile_fail" | "ignore" => "ignore",
                    other => other,
                };
                lines.push(format!("{}{marks}{language}", &line[..indent]));
                fence = Some(marks);
            }
            // Four spaces would begin a code block.
            None => lines.push(format!("{}{}", &line[..indent.min(3)], unlinked(line.trim_start()))),
        }
    }
    // A block that is never closed would swallow what is written below it.
    lines.extend(fence);
    lines.join("\n")
}

/// Escapes brackets that aren't followed by an address.
fn unlinked(line: &str) -> String {
    let mut result = String::with_capacity(line.len());
    let mut rest = line;
    let mut is_code = false;
    while let Some(at) = rest.find(['[', '`']) {
        let (before, after) = rest.split_at(at);
        result.push_str(before);
        rest = &after[1..];
        if after.starts_with('`') {
            is_code = !is_code;
            result.push('`');
            continue;
        }
        let has_address = rest.split_once(']').is_some_and(|(_, then)| then.starts_with("(http"));
        if !is_code && !has_address {
            result.push('\\');
        }
        result.push('[');
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_and_links_of_the_functions_crate_stay_there() {
        let text = "See [`Todo`], `a[0]` and [the site](https://example.org).\n\n```\nfn x() {}\n```\n\n    indented()\n\n```json\n[1]\n```\n~~~no_run\nx";
        let expected = "See \\[`Todo`], `a[0]` and [the site](https://example.org).\n\n```ignore\nfn x() {}\n```\n\n   indented()\n\n```json\n[1]\n```\n~~~ignore\nx\n~~~";
        assert_eq!(carried(text), expected);
    }
}
