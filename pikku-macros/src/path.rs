//! The paths of routes, as far as each can be judged alone; codegen judges them beside each other.

use syn::LitStr;

/// Looks at one path.
pub(crate) fn check_path(path: &LitStr) -> syn::Result<()> {
    check(&path.value()).map_err(|message| syn::Error::new(path.span(), message))
}

fn check(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err(format!("a path begins with `/`\nhelp: write `\"/{path}\"`"));
    }
    if path.contains(['?', '#', ' ']) {
        return Err("a path has no query, fragment or blank\nhelp: leave it out; fields that are not in the path come from the query or the body by themselves".to_owned());
    }
    let mut names = Vec::new();
    for segment in path.split('/').skip(1) {
        let Some(name) = parameter(segment)? else { continue };
        if names.contains(&name) {
            return Err(format!(
                "the path parameter `{name}` stands twice\nhelp: give one of them the name of another field"
            ));
        }
        names.push(name);
    }
    Ok(())
}

/// The name of the parameter that a segment is, if it is one.
fn parameter(segment: &str) -> Result<Option<&str>, String> {
    if let Some(name) = segment.strip_prefix(':') {
        return Err(format!("a path parameter is written in braces\nhelp: write `{{{name}}}` in place of `:{name}`"));
    }
    let Some(name) = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) else {
        return match segment.contains(['{', '}', '*']) {
            true => {
                Err(format!("`{segment}` is no segment of a path\nhelp: a parameter is a whole segment, `/{{name}}`"))
            }
            false => Ok(None),
        };
    };
    if let Some(name) = name.strip_prefix('*') {
        return Err(format!(
            "a path parameter is one segment\nhelp: take `{name}` from the query, where it may hold `/`"
        ));
    }
    if name.is_empty() || name.contains(['{', '}', '*']) {
        return Err("a path parameter needs a name\nhelp: write `{name}`, after a field of the input".to_owned());
    }
    Ok(Some(name))
}
