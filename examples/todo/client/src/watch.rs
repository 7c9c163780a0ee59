//! What happens to todos, as it happens.

use std::io::{self, ErrorKind, Write};

use pikku_client::{State, Subscription, SubscriptionError};

use crate::{
    api::{EventsSocket, Subscribe, TodoClient},
    failure::Failure,
    show,
};

/// The topics that are watched, which everybody has to themselves.
const TOPICS: [&str; 3] = ["todo-created", "todo-updated", "todo-removed"];

/// Prints changes as they come, until ctrl-c or until the server wants no more of it.
pub(crate) async fn run(api: &TodoClient) -> Result<String, Failure> {
    let events = api.events().connect().await?;
    // Each connection to come is put on the topics as well.
    for topic in TOPICS {
        events.subscribe(&Subscribe { topic: topic.to_owned() }).keep()?;
    }
    say("watching; ctrl-c ends it\n")?;
    tokio::select! {
        ended = follow(&events) => match ended {
            // Whoever reads along has seen enough, as `head` has.
            Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(String::new()),
            ended => ended,
        },
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| String::new()).map_err(Failure::Output),
    }
}

async fn follow(events: &EventsSocket) -> Result<String, Failure> {
    let (mut created, mut updated, mut removed) =
        (events.on_todo_created(), events.on_todo_updated(), events.on_todo_removed());
    let (mut states, mut errors) = (events.socket().states(), events.socket().errors());
    let mut is_lost = false;
    loop {
        let line = tokio::select! {
            todo = next(&mut created) => format!("added    {}", todo?.map_or_else(missed, |todo| show::todo(&todo))),
            todo = next(&mut updated) => format!("changed  {}", todo?.map_or_else(missed, |todo| show::todo(&todo))),
            todo = next(&mut removed) => {
                format!("removed  {}", todo?.map_or_else(missed, |todo| format!("{}\n", show::short(&todo.todo_id))))
            }
            error = next(&mut errors) => match error? {
                Ok(error) => return Err(Failure::Other(error.to_string())),
                Err(_) => continue,
            },
            state = next(&mut states) => match state? {
                Ok(State::Waiting { last, .. }) if !is_lost => {
                    is_lost = true;
                    format!("the connection is lost ({last}); trying to get it back\n")
                }
                Ok(State::Open) if is_lost => {
                    is_lost = false;
                    "the connection is back; what happened meanwhile is in `list`\n".to_owned()
                }
                Ok(State::Closed(closed)) => return Err(Failure::Other(closed.to_string())),
                _ => continue,
            },
        };
        say(&line)?;
    }
}

/// The next of a kind, or how many were missed.
async fn next<T>(subscription: &mut Subscription<T>) -> Result<Result<T, u64>, Failure> {
    match subscription.next().await {
        Some(Ok(item)) => Ok(Ok(item)),
        Some(Err(SubscriptionError::Lagged(missed))) => Ok(Err(missed)),
        Some(Err(error)) => Err(Failure::Other(error.to_string())),
        // The state says why.
        None => std::future::pending().await,
    }
}

fn missed(count: u64) -> String {
    format!("and {count} more, which came too fast to be shown\n")
}

/// Prints at once, for whoever reads along.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)
}
