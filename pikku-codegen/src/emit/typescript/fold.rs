//! Long expressions, folded over several lines.

/// The longest line.
pub(super) const WIDTH: usize = 120;

/// Folds an expression that would not fit behind `before`: its outermost braces get a line for each item, and so on.
pub(super) fn fold(before: &str, expression: &str) -> String {
    fold_at(before.chars().count(), "", expression)
}

fn fold_at(column: usize, indent: &str, expression: &str) -> String {
    let Some(group) = (column + expression.chars().count() > WIDTH).then(|| find_group(expression)).flatten() else {
        return expression.to_owned();
    };
    let deeper = format!("{indent}  ");
    let items: String = group
        .items
        .iter()
        .map(|item| format!("{deeper}{},\n", fold_at(deeper.len() + 1, &deeper, item.trim())))
        .collect();
    let end = fold_at(indent.len() + 1, indent, group.after);
    format!("{}\n{items}{indent}{end}", group.before)
}

/// The first group in braces, or in square brackets where there are no braces.
struct Group<'a> {
    before: &'a str,
    items: Vec<&'a str>,
    after: &'a str,
}

fn find_group(expression: &str) -> Option<Group<'_>> {
    let (mut depth, mut start, mut item) = (0, None, 0);
    let mut items = Vec::new();
    let opening = if expression.contains("{ ") { '{' } else { '[' };
    let mut quoted = false;
    let mut letters = expression.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quoted => drop(letters.next()),
            '\'' => quoted = !quoted,
            _ if quoted => {}
            _ if start.is_none() && letter != opening => {}
            _ if start.is_none() => (start, item) = (Some(at + 1), at + 1),
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' if depth > 0 => depth -= 1,
            ',' if depth == 0 => {
                items.push(&expression[item..at]);
                item = at + 1;
            }
            '}' | ']' => {
                items.push(&expression[item..at]);
                return Some(Group { before: &expression[..start?], items, after: &expression[at..] });
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn short_expressions_stay_and_long_ones_are_folded_from_the_outside() {
        assert_eq!(fold("const a = ", "{ b: 1, c: 2 }"), "{ b: 1, c: 2 }");
        let long = "x".repeat(100);
        assert_eq!(
            fold("const a = ", &format!("f(v, {{ '}},': {long}, c: [1, 2] }}, 3)")),
            format!("f(v, {{\n  '}},': {long},\n  c: [1, 2],\n}}, 3)"),
        );
    }
}
