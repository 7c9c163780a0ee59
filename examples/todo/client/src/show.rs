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
