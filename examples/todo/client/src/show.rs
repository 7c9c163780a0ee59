//! Todos as lines of text.

use std::fmt::Write;

use chrono::{DateTime, Local};
use uuid::Uuid;

use crate::api::{Todo, TodoPage};

/// How much of an id is shown. The end is the random part, so a little of it tells todos apart.
const SHOWN: usize = 6;

/// The end of an id, which commands take in its place.
pub(crate) fn short(id: &Uuid) -> String {
    let id = id.simple().to_string();
    id[id.len() - SHOWN..].to_owned()
}

/// A page of todos, one on each line.
pub(crate) fn page(page: &TodoPage) -> String {
    let mut lines: String = page.todos.iter().map(todo).collect();
    let more = (page.total as usize).saturating_sub(page.todos.len());
    if page.total == 0 {
        lines.push_str("nothing to do\n");
    } else if more > 0 {
        writeln!(lines, "and {more} more").expect("a string takes everything");
    }
    lines
}

/// One todo on a line.
pub(crate) fn todo(todo: &Todo) -> String {
    let mut line = format!("{}  [{}] {}", short(&todo.todo_id), if todo.completed { "x" } else { " " }, todo.title);
    for tag in &todo.tags {
        line.push_str(" #");
        line.push_str(tag);
    }
    if let Some(due) = &todo.due {
        line.push_str(" (due ");
        line.push_str(&day(due));
        line.push(')');
    }
    // A title may hold anything; what would move the cursor or start a new line is shown and not done.
    let mut line: String = line.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect();
    line.push('\n');
    line
}

/// The day of a point in time, where the user is.
fn day(time: &str) -> String {
    match DateTime::parse_from_rfc3339(time) {
        Ok(time) => time.with_timezone(&Local).date_naive().to_string(),
        Err(_) => time.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_todo_is_one_line_whatever_it_holds() {
        let todo_id = Uuid::from_u128(0xabc_def0_1234);
        let new = Todo {
            todo_id,
            title: "buy\nmilk\u{1b}[2J".to_owned(),
            tags: vec!["home".to_owned()],
            completed: true,
            due: Some("2030-01-31T12:00:00Z".to_owned()),
            created_by: Uuid::nil(),
            created_at: "2029-01-01T00:00:00Z".to_owned(),
        };
        let line = todo(&new);
        assert!(line.starts_with("f01234  [x] buy\u{fffd}milk\u{fffd}[2J #home (due 2030-0"), "{line}");
        assert!(todo_id.simple().to_string().ends_with(&short(&todo_id)));
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn a_page_says_what_it_leaves_out() {
        assert_eq!(page(&TodoPage { todos: Vec::new(), total: 0 }), "nothing to do\n");
        assert_eq!(page(&TodoPage { todos: Vec::new(), total: 3 }), "and 3 more\n");
    }
}
