//! Tokens as text that reads well.

use proc_macro2::TokenStream;

use super::RustClientError;

/// Prints items with an empty line between them.
pub(super) fn print(items: &[TokenStream]) -> Result<String, RustClientError> {
    let printed: Result<Vec<_>, _> = items.iter().map(print_item).collect();
    Ok(printed?.join("\n"))
}

fn print_item(item: &TokenStream) -> Result<String, RustClientError> {
    let file = syn::parse2(item.clone())
        .map_err(|error| RustClientError::Syntax { fault: error.to_string(), tokens: item.to_string() })?;
    Ok(spread(&prettyplease::unparse(&file)))
}

/// Sets methods and what follows a closing brace apart, which pretty printing doesn't.
fn spread(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + text.len() / 16);
    let (mut closed, mut ended) = (None, None);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let follows_block = closed == Some(indent) && line.trim() != "}";
        let follows_constant = ended == Some(indent) && line.trim_start().starts_with("fn ");
        if follows_block || follows_constant {
            result.push('\n');
        }
        closed = (line.trim() == "}").then_some(indent);
        ended = line.ends_with(';').then_some(indent);
        result.push_str(line);
        result.push('\n');
    }
    result
}
