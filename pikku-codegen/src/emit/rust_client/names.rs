//! Identifiers: from names on the wire to names in Rust, and back to the serde attributes that undo it.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span};

/// Every word that can't be an identifier as it is.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The keywords that can't be raw identifiers either.
const NEVER_RAW: &[&str] = &["_", "crate", "self", "super", "Self"];

/// An identifier that may be a keyword.
pub(super) fn ident(name: &str) -> Ident {
    let name = name.strip_prefix("r#").unwrap_or(name);
    if NEVER_RAW.contains(&name) {
        Ident::new(&format!("{name}_"), Span::call_site())
    } else if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// Names that must differ from each other.
#[derive(Debug, Default, Clone)]
pub(super) struct Scope {
    taken: BTreeSet<String>,
}

impl Scope {
    /// The name, or the name with the first number from 2 on that makes it a new one.
    pub(super) fn take(&mut self, wanted: &str) -> String {
        let numbered = (2..).map(|number| format!("{wanted}{number}"));
        let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
        let name = candidates.find(|name| !self.taken.contains(name)).unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.taken.contains(name)
    }
}

/// A field, method or parameter: `todoId`, `todo-id` and `TodoID` become `todo_id`.
pub(super) fn snake_case(name: &str) -> String {
    let words: Vec<_> = words(name).iter().map(|word| word.to_lowercase()).collect();
    valid(words.join("_"), "n", "field")
}

/// A type or variant: `not_found`, `NOT_FOUND` and `not-found` become `NotFound`.
pub(super) fn pascal_case(name: &str) -> String {
    let shouts = !name.chars().any(char::is_lowercase);
    let mut result = String::new();
    for word in words(name) {
        let mut letters = word.chars();
        result.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        result.push_str(&if shouts { letters.as_str().to_lowercase() } else { letters.as_str().to_owned() });
    }
    valid(result, "V", "Empty")
}

/// The words of a name, told apart by separators and by capitals.
fn words(name: &str) -> Vec<String> {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (index, &letter) in letters.iter().enumerate() {
        if let ('+' | '-', 0, Some('0'..='9')) = (letter, index, letters.get(1)) {
            // Otherwise `+1` and `-1` would be one name.
            words = vec![if letter == '+' { "Plus" } else { "Minus" }.to_owned(), String::new()];
            continue;
        }
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let follows = |offset: usize, is: fn(char) -> bool| letters.get(index + offset).copied().is_some_and(is);
        let before = index.checked_sub(1).map(|index| letters[index]);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && follows(1, char::is_lowercase))
            });
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Makes sure that a name can be an identifier, which may not be empty, begin with a digit or hold odd characters.
fn valid(name: String, before_digit: &str, empty: &str) -> String {
    let name = match name.chars().next() {
        None => return empty.to_owned(),
        Some(first) if first.is_numeric() => format!("{before_digit}{name}"),
        Some(_) => name,
    };
    let is_word = KEYWORDS.contains(&name.as_str()) || NEVER_RAW.contains(&name.as_str());
    if is_word || syn::parse_str::<Ident>(&name).is_ok() {
        return name;
    }
    let plain = name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
    valid(plain, before_digit, empty)
}

/// What serde makes of all the names of a struct or enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

impl Rule {
    /// The rule that takes the fewest attributes, its own and those of the names that it leaves to be renamed one by one.
    ///
    /// There is none where no rule takes fewer than it takes to rename all, unless a rule leaves none to be renamed.
    pub(super) fn choose(names: &[(Ident, &str)], apply: fn(Self, &str) -> String) -> Option<Self> {
        use Rule::{Camel, Kebab, Lower, Pascal, ScreamingKebab, ScreamingSnake, Snake, Upper};
        let is_ascii = names.iter().all(|(ident, _)| ident.to_string().is_ascii());
        let (mut best, mut fewest) = (None, names.iter().filter(|(ident, name)| plain_text(ident) != *name).count());
        for rule in [Snake, Camel, Kebab, Pascal, Lower, Upper, ScreamingSnake, ScreamingKebab] {
            let count = names.iter().filter(|(ident, name)| apply(rule, &plain_text(ident)) != *name).count();
            let attributes = if count == 0 { 0 } else { count + 1 };
            if is_ascii && attributes < fewest {
                (best, fewest) = (Some(rule), attributes);
            }
        }
        best
    }

    /// The value of `rename_all`.
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::Lower => "lowercase",
            Self::Upper => "UPPERCASE",
            Self::Pascal => "PascalCase",
            Self::Camel => "camelCase",
            Self::Snake => "snake_case",
            Self::ScreamingSnake => "SCREAMING_SNAKE_CASE",
            Self::Kebab => "kebab-case",
            Self::ScreamingKebab => "SCREAMING-KEBAB-CASE",
        }
    }

    /// The name on the wire of a field, as serde makes it.
    pub(super) fn of_field(self, field: &str) -> String {
        match self {
            Self::Lower | Self::Snake => field.to_owned(),
            Self::Upper | Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Pascal => field.split('_').map(capitalized).collect(),
            Self::Camel => uncapitalized(&Self::Pascal.of_field(field)),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }

    /// The name on the wire of a variant, as serde makes it.
    pub(super) fn of_variant(self, variant: &str) -> String {
        let snake = || {
            let mut name = String::new();
            for (index, letter) in variant.char_indices() {
                if index > 0 && letter.is_uppercase() {
                    name.push('_');
                }
                name.push(letter.to_ascii_lowercase());
            }
            name
        };
        match self {
            Self::Lower => variant.to_ascii_lowercase(),
            Self::Upper => variant.to_ascii_uppercase(),
            Self::Pascal => variant.to_owned(),
            Self::Camel => uncapitalized(variant),
            Self::Snake => snake(),
            Self::ScreamingSnake => snake().to_ascii_uppercase(),
            Self::Kebab => snake().replace('_', "-"),
            Self::ScreamingKebab => snake().to_ascii_uppercase().replace('_', "-"),
        }
    }
}

/// An identifier without the `r#` of a raw one, which is how serde sees it.
pub(super) fn plain_text(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn uncapitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_wire_become_identifiers() {
        for (name, snake, pascal) in [
            ("todoId", "todo_id", "TodoId"),
            ("todo-id", "todo_id", "TodoId"),
            ("TodoID", "todo_id", "TodoID"),
            ("HTTPServer", "http_server", "HTTPServer"),
            ("NOT_FOUND", "not_found", "NotFound"),
            ("line1", "line1", "Line1"),
            ("1st", "n1st", "V1st"),
            ("größe", "größe", "Größe"),
            ("a.b/c", "a_b_c", "ABC"),
            ("", "field", "Empty"),
            ("+1", "plus_1", "Plus1"),
            ("-1", "minus_1", "Minus1"),
            ("r#move", "move", "Move"),
            ("👍", "field", "Empty"),
        ] {
            assert_eq!((snake_case(name).as_str(), pascal_case(name).as_str()), (snake, pascal), "{name}");
        }
        assert_eq!(ident("type").to_string(), "r#type");
        assert_eq!(ident("self").to_string(), "self_");
        assert_eq!(ident("Self").to_string(), "Self_");
    }

    #[test]
    fn the_rule_with_the_fewest_exceptions_is_chosen() {
        let rule = |names: &[&'static str]| {
            let names: Vec<_> = names.iter().map(|name| (ident(&snake_case(name)), *name)).collect();
            Rule::choose(&names, Rule::of_field).map(Rule::attribute)
        };
        assert_eq!(rule(&["a", "todo_id", "type"]), None);
        assert_eq!(rule(&["todoId", "title"]), Some("camelCase"));
        assert_eq!(rule(&["todoId", "doneAt", "userID"]), Some("camelCase"));
        assert_eq!(rule(&["todoId", "userID", "title"]), None);
        assert_eq!(rule(&["Id", "title"]), None);
        assert_eq!(rule(&["todo-id", "done-at", "crate"]), Some("kebab-case"));
        let names = ["in_progress", "done"].map(|name| (ident(&pascal_case(name)), name));
        assert_eq!(Rule::choose(&names, Rule::of_variant), Some(Rule::Snake));
    }
}
