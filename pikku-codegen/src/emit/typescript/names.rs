//! What things are called in TypeScript, and how names and texts are written down.

use std::collections::BTreeSet;

/// Words that a module can't export a constant under, and the modules that operations are written with.
const RESERVED: [&str; 52] = [
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "codecs",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "readers",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "async",
];

/// What every client has already, or what the language looks for in an object.
const MEMBERS: [&str; 22] = [
    "call",
    "constructor",
    "delete",
    "fetch",
    "get",
    "hasOwnProperty",
    "headers",
    "isPrototypeOf",
    "patch",
    "post",
    "propertyIsEnumerable",
    "put",
    "serverUrl",
    "setAPIKey",
    "setAuthorizationJWT",
    "setHeader",
    "setServerUrl",
    "then",
    "toJSON",
    "toLocaleString",
    "toString",
    "valueOf",
];

/// The name of the method for a Rust function, `renameTodo` for `rename_todo`, apart from all that are taken.
pub(super) fn take_method(function: &str, taken: &mut BTreeSet<String>) -> String {
    take(camel_case(function), &MEMBERS, taken)
}

/// The name of the constant for a Rust function, apart from all that are taken.
pub(super) fn take_constant(function: &str, taken: &mut BTreeSet<String>) -> String {
    take(camel_case(function), &RESERVED, taken)
}

/// The name of a type, apart from all that are taken.
pub(super) fn take_type(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    take(wanted.to_owned(), &[], taken)
}

fn take(mut wanted: String, reserved: &[&str], taken: &mut BTreeSet<String>) -> String {
    if reserved.contains(&wanted.as_str()) {
        wanted.push('_');
    }
    let mut name = wanted.clone();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}{number}");
        number += 1;
    }
    name
}

/// `rename_todo` in camel case.
fn camel_case(name: &str) -> String {
    let pascal = pascal_case(name);
    let mut letters = pascal.chars();
    letters.next().map(char::to_lowercase).into_iter().flatten().chain(letters).collect()
}

/// `rename_todo` in Pascal case.
pub(super) fn pascal_case(name: &str) -> String {
    let mut result = String::new();
    for word in name.split('_') {
        let mut letters = word.chars();
        result.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        result.push_str(letters.as_str());
    }
    result
}

/// The key of an object or interface, in quotes where it is no plain identifier.
pub(super) fn key(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '$')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$');
    match name {
        // As a plain key it would set the prototype.
        "__proto__" => "['__proto__']".to_owned(),
        _ if plain => name.to_owned(),
        _ => string(name),
    }
}

/// A string literal.
pub(super) fn string(text: &str) -> String {
    let mut literal = String::from("'");
    for letter in text.chars() {
        match letter {
            '\'' | '\\' => literal.extend(['\\', letter]),
            '\n' => literal.push_str("\\n"),
            control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
                literal.push_str(&format!("\\u{:04x}", control as u32));
            }
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// A doc comment that ends with a line break, or nothing.
pub(super) fn docs(text: &str, deprecated: bool, indent: &str) -> String {
    // A comment inside the comment must not end it.
    let text = text.replace("*/", "*\\/");
    let mut lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    if deprecated {
        lines.push("@deprecated");
    }
    match lines.as_slice() {
        [] => String::new(),
        [only] => format!("{indent}/** {only} */\n"),
        several => {
            let lines: String = several
                .iter()
                .map(|line| format!("{indent} *{}{line}\n", if line.is_empty() { "" } else { " " }))
                .collect();
            format!("{indent}/**\n{lines}{indent} */\n")
        }
    }
}
